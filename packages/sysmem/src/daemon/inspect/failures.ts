/** Recent failures of all kinds, newest first. */
import { Error as ErrorCode } from "#gen/fuchsia_sysmem2";
import { type Failure, FailureKind, type InspectorGetFailureResponse } from "#gen/sysmem_inspect";
import { type DomainFailureRecord, type FailedTree, type FailureRecord, type Server, v2Error } from "#server";
import { explanationOf } from "./explanations.ts";
import { Names, withPid } from "./names.ts";
import { clip } from "./pages.ts";
import { isRunning } from "./processes.ts";

/** Negotiations and the rest have numbers of their own in the server. Here the former are even and the latter odd. */
const negotiationId = (failureId: number): bigint => BigInt(failureId) * 2n;
const domainId = (id: number): bigint => BigInt(id) * 2n + 1n;

/** What an event calls a failed negotiation. */
export { negotiationId };

/** All that are remembered, newest first. */
export function recentFailures(server: Server): Failure[] {
  const { failures, domainFailures } = server.context;
  const all = [...failures.records.map(negotiationFailure), ...domainFailures.records.map(domainFailure)];
  return all.sort(
    (a, b) => Number((b.atNs ?? 0n) - (a.atNs ?? 0n)) || Number((b.failureId ?? 0n) - (a.failureId ?? 0n)),
  );
}

/** One of them, explained. */
export function explainedFailure(server: Server, failureId: bigint): InspectorGetFailureResponse | undefined {
  const { failures, domainFailures } = server.context;
  const record = failures.records.find((one) => negotiationId(one.failureId) === failureId);
  if (record === undefined) {
    const other = domainFailures.records.find(({ id }) => domainId(id) === failureId);
    return other === undefined ? undefined : { failure: domainFailure(other) };
  }
  const tree = server.explainFailure(record.failureId);
  const explanation = tree && explanationOf(tree, new Names(record.participants));
  return { failure: negotiationFailure(record), explanation };
}

/** The nodes that failed, as they were; undefined when that is not known (any more). */
export function treeOfFailure(server: Server, failureId: bigint | undefined): FailedTree | undefined {
  if (failureId === undefined) return undefined;
  const { failures, domainFailures } = server.context;
  // An id is as long as a client makes it: one that is no number of ours is found in neither log.
  const number = Number(failureId / 2n);
  return failureId % 2n === 0n ? failures.tree(number) : domainFailures.tree(number);
}

function negotiationFailure(record: FailureRecord): Failure {
  const names = new Names(record.participants);
  const quota = quotaIn(record.reason);
  return {
    failureId: negotiationId(record.failureId),
    kind: record.error === "NO_MEMORY" ? FailureKind.MEMORY : FailureKind.NEGOTIATION,
    atNs: BigInt(record.atNs),
    collectionId: record.collectionId,
    collectionName: record.name === undefined ? undefined : clip(record.name),
    error: ErrorCode.from(v2Error(record.error)),
    attempt: record.attempt,
    cause: record.attempt === "initial" ? "initial allocation failed" : "late logical allocation failed",
    reason: clip(names.shorten(record.reason)),
    participantCount: record.participants.length,
    pid: quota?.pid,
    field: quota?.name,
  };
}

function domainFailure(record: DomainFailureRecord): Failure {
  const { nodeId, client, pid, fault } = record;
  const isAllocator = record.collectionId === undefined;
  const participant = client === "" ? (nodeId === undefined ? "a client" : `node ${nodeId}`) : client;
  return {
    failureId: domainId(record.id),
    kind: isAllocator ? FailureKind.ALLOCATOR : FailureKind.PARTICIPANT,
    atNs: BigInt(record.atNs),
    collectionId: record.collectionId,
    collectionName: record.name === undefined ? undefined : clip(record.name),
    error: ErrorCode.from(v2Error(record.error)),
    cause: record.cause,
    reason: clip(`${withPid(participant, pid)} ${whatItDid(record)}`),
    participant: clip(participant),
    nodeId: nodeId === undefined ? undefined : BigInt(nodeId),
    pid,
    field: clip(fieldOf(fault, record.cause), 256),
    nodeCount: record.nodeCount,
  };
}

/** The quota where that is it, or the message. */
function fieldOf(fault: DomainFailureRecord["fault"], cause: string): string {
  if (fault === undefined) return cause === "unclean close" ? "Node.Release" : "";
  return quotaIn(fault.detail)?.name ?? fault.message;
}

/** The quota that a sentence of the server is about, by its name in `GetServer`, and the process whose account it is. */
function quotaIn(sentence: string): { readonly name: string; readonly pid?: number } | undefined {
  const [, kind, itself, ofUser] =
    /quota of (\w+) is used up by (?:process (\d+)|.*?by process (\d+))/.exec(sentence) ?? [];
  if (kind !== undefined)
    return { name: `${ofUser === undefined ? "perProcess" : "perUser"}.${kind}`, pid: Number(itself ?? ofUser) };
  const name = /quota (max\w+)/.exec(sentence)?.[1];
  return name === undefined ? undefined : { name };
}

function whatItDid({ cause, fault, pid }: DomainFailureRecord): string {
  switch (cause) {
    case "unclean close":
      return pid === undefined || isRunning(pid)
        ? "closed its channel without Release"
        : "ended without Release: its process is gone";
    case "deviation":
      return fault === undefined ? "broke the rules of the protocol" : `sent ${fault.message}: ${fault.detail}`;
    case "malformed message":
      return `sent what is no message: ${fault?.detail ?? "it does not decode"}`;
    case "no resources":
      return `could not be served, the machine has not enough: ${fault?.detail ?? "the server's log has more"}`;
    case "no strong node before allocation":
      return "was the last strong participant, and went before there were buffers";
    case "no connected client":
      return "was the last to leave, before there were buffers";
    case "heap gone":
      return "lost its memory: the heap is gone";
    case "internal error":
      return "met an error in the server: its log has more";
    default:
      return `failed: ${cause}`;
  }
}
