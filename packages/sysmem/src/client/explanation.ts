/** Why there are no buffers, as data: the same whether the server is in this process or behind a socket. */
import { join } from "node:path";
import { type Channel, EXPLANATION_TIMEOUT_MS } from "#base";
import type { Explanation } from "#gen/sysmem_inspect";
import { type Failure, FailureKind, Inspector } from "#gen/sysmem_inspect";
import type { Kernel } from "#kernel";
import type { TreeExplanation } from "#negotiate";
import type { DomainFailureRecord, FailureRecord, Server } from "#server";

/** A demand of one participant that takes part in a conflict. */
export interface FailedRequirement {
  /** As in `setDebugClientInfo`, with a number where two have the same name. */
  readonly participant: string;
  /** FIDL path inside its constraints: `image_format_constraints[0].min_size.width`. */
  readonly field: string;
  /** As in JSON. */
  readonly value: unknown;
  /** To be read after "requires". */
  readonly text: string;
}

/** A change that would have helped. */
export interface SuggestedRelaxation {
  readonly participant: string;
  readonly field: string;
  readonly before: unknown;
  /** Undefined: only without the demand. */
  readonly after: unknown;
  /** Whether this alone is enough; otherwise another conflict is behind it. */
  readonly isEnough: boolean;
  readonly text: string;
}

/** Why a collection failed. */
export interface FailureExplanation {
  /** Constraints without a common solution, too little memory, or a participant that went or broke the rules. */
  readonly kind: "negotiation" | "memory" | "participant";
  /** In one sentence: participants, field, values. */
  readonly summary: string;
  /** Demands that cannot be met together; without any one of them the others can. Empty where it is not about demands. */
  readonly requirements: readonly FailedRequirement[];
  /** What would have worked; what is enough and near comes first. */
  readonly relaxations: readonly SuggestedRelaxation[];
}

/**
 * @internal Finds out why a collection failed. Best effort: undefined when nothing is known. Never rejects.
 * `kind` is what the failure was when the server said so; without it the newest failure of the collection is taken.
 */
export type Explainer = (
  collectionId: bigint,
  kind: FailureExplanation["kind"] | undefined,
) => Promise<FailureExplanation | undefined>;

/** @internal Explains by asking a server in this process. */
export function embeddedExplainer(server: Server): Explainer {
  return async (collectionId, kind) => {
    const { failures, domainFailures } = server.context;
    const isOurs = (one: { readonly collectionId: bigint | undefined }) => one.collectionId === collectionId;
    const failed = failures.records.findLast((one) => isOurs(one) && (kind ?? kindOf(one)) === kindOf(one));
    const departed = kind === undefined ? domainFailures.records.findLast(isOurs) : undefined;
    if (departed !== undefined && departed.atNs >= (failed?.atNs ?? Number.NEGATIVE_INFINITY))
      return ofRecord(departed);
    return failed && ofNegotiation(failed, server.explainFailure(failed.failureId));
  };
}

const kindOf = (record: FailureRecord) => (record.error === "NO_MEMORY" ? "memory" : "negotiation");

function ofNegotiation(record: FailureRecord, tree: TreeExplanation | undefined): FailureExplanation {
  const short = shortener(record.participants);
  const { requirements = [], relaxations = [] } = tree?.explanation ?? {};
  return {
    kind: kindOf(record),
    summary: short(tree?.summary ?? record.reason),
    requirements: requirements.map(({ participant, field, value, text }) => ({
      participant: short(participant),
      field,
      value,
      text: short(text),
    })),
    relaxations: relaxations.map(({ participant, field, from, to, isEnough, text }) => ({
      participant: short(participant),
      field,
      before: from,
      after: to,
      isEnough,
      text: short(text),
    })),
  };
}

/** The server calls participants `camera (0, node 3)`, which nobody needs whose names are different. */
function shortener(participants: FailureRecord["participants"]): (text: string) => string {
  const counts = new Map<string, number>();
  for (const { client } of participants) counts.set(client, (counts.get(client) ?? 0) + 1);
  const names = participants.flatMap(({ client, clientId, nodeId }): [string, string][] => {
    if (client === "") return [];
    const name = counts.get(client) === 1 ? client : `${client} (node ${nodeId})`;
    return [[`${client} (${clientId}, node ${nodeId})`, name]];
  });
  return (text) => names.reduce((short, [long, name]) => short.replaceAll(long, name), text);
}

function ofRecord({ client, pid, cause, fault }: DomainFailureRecord): FailureExplanation {
  const who = `${client === "" ? "a participant" : client}${pid === undefined ? "" : ` (pid ${pid})`}`;
  const what = fault === undefined ? cause : `${fault.message}: ${fault.detail}`;
  const did = cause === "unclean close" ? "went without Release" : `failed: ${what}`;
  return { kind: "participant", summary: `${who} ${did}`, requirements: [], relaxations: [] };
}

/** @internal Explains by asking the server of a service directory, which answers its own user and whom it trusts. */
export function socketExplainer(kernel: Kernel, svc: string): Explainer {
  const path = join(svc, Inspector.discoverableName as string);
  return async (collectionId, kind) => {
    try {
      return await askInspector(kernel.connect(path), collectionId, kind);
    } catch {
      // No such service, not for this user, too slow, of another version: the failure itself is known all the same.
      return undefined;
    }
  };
}

async function askInspector(
  channel: Channel,
  collectionId: bigint,
  kind: FailureExplanation["kind"] | undefined,
): Promise<FailureExplanation | undefined> {
  const deadline = AbortSignal.timeout(EXPLANATION_TIMEOUT_MS);
  const inspector = Inspector.bind(channel);
  try {
    const { failures = [] } = await inspector.listFailures({ collectionId }, { signal: deadline });
    const newest = failures.find((one) => kind === undefined || kindOfFailure(one) === kind);
    if (newest?.failureId === undefined) return undefined;
    const answer = await inspector.getFailure({ failureId: newest.failureId }, { signal: deadline });
    return answer.ok ? ofInspection(answer.value.failure ?? newest, answer.value.explanation) : undefined;
  } finally {
    inspector.close();
  }
}

function kindOfFailure({ kind }: Failure): FailureExplanation["kind"] {
  if (kind === FailureKind.NEGOTIATION) return "negotiation";
  return kind === FailureKind.MEMORY ? "memory" : "participant";
}

function ofInspection(failure: Failure, explanation: Explanation | undefined): FailureExplanation {
  return {
    kind: kindOfFailure(failure),
    summary: explanation?.summary ?? failure.reason ?? "",
    requirements: (explanation?.requirements ?? []).map(({ participant = "", field = "", value, text = "" }) => ({
      participant,
      field,
      value: valueOf(value),
      text,
    })),
    relaxations: (explanation?.relaxations ?? []).map(
      ({ participant = "", field = "", before, after, isEnough = false, text = "" }) => ({
        participant,
        field,
        before: valueOf(before),
        after: valueOf(after),
        isEnough,
        text,
      }),
    ),
  };
}

/** JSON, unless the server had to shorten it. */
function valueOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
