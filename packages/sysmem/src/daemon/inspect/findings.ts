/** What is the matter with a collection, as a person would say it. */
import { Rights } from "#base";
import { Awaited, type Finding, Severity } from "#gen/sysmem_inspect";
import { describeUsage, getsVmo, hasWriteUsage } from "#negotiate";
import type { CollectionSnapshot, NodeSnapshot } from "#server";
import { type Names, namesOf, withPid } from "./names.ts";
import { clip } from "./pages.ts";
import { isRunning } from "./processes.ts";
import { awaitedOf } from "./summaries.ts";

interface Matter {
  readonly severity: Severity;
  readonly field: string;
  readonly text: string;
}

/** Findings, those that hold allocation back first. */
export function findingsOf(collection: CollectionSnapshot): Finding[] {
  const names = namesOf(collection.nodes);
  const parents = new Map(collection.nodes.map((node) => [node.nodeId, node]));
  const findings: Finding[] = [];
  for (const node of collection.nodes) {
    const who = withPid(names.of(node.nodeId), node.pid);
    const matters = [awaits(node, who), weakness(node, who), rights(node, who, parents, names), processOf(node, who)];
    for (const matter of matters) {
      if (matter === undefined) continue;
      const { severity, field, text } = matter;
      findings.push({
        severity,
        nodeId: BigInt(node.nodeId),
        participant: clip(names.of(node.nodeId)),
        pid: node.pid,
        field,
        text: clip(text),
      });
    }
  }
  for (const buffer of collection.buffers) {
    if (!buffer.isStrongSideGone || buffer.weakVmos === 0) continue;
    const vmos = buffer.weakVmos === 1 ? "1 weak VMO is" : `${buffer.weakVmos} weak VMOs are`;
    findings.push({
      severity: Severity.PROBLEM,
      field: "close_weak_asap",
      text: `buffer ${buffer.index}: ${vmos} still held although close_weak_asap was signalled`,
    });
  }
  if (collection.nodes.length === 0 && collection.existingBuffers > 0) {
    const text = "no participant is left, and VMOs keep its buffers alive: `why-alive` says whose";
    findings.push({ severity: Severity.NOTE, field: "", text });
  }
  return findings.sort((a, b) => weight(a) - weight(b));
}

function weight({ severity }: Finding): number {
  return severity === Severity.WAITING ? 0 : severity === Severity.PROBLEM ? 1 : 2;
}

function awaits(node: NodeSnapshot, who: string): Matter | undefined {
  const severity = Severity.WAITING;
  // Nodes of a late subtree hold up that subtree only, which is to be said all the same.
  switch (awaitedOf(node)) {
    case Awaited.BIND_OR_RELEASE:
      return {
        severity,
        field: "Allocator.BindSharedCollection",
        text: `${who}: its token is neither bound nor released`,
      };
    case Awaited.CLOSE:
      return { severity, field: "Node.Release", text: `${who}: its token is released, and its channel is not closed` };
    case Awaited.END_OF_TOKEN:
      return {
        severity,
        field: "Allocator.BindSharedCollection",
        text: `${who}: its token is being bound, and somebody else still holds the token's channel`,
      };
    case Awaited.SET_CONSTRAINTS:
      return { severity, field: "BufferCollection.SetConstraints", text: `${who} has not sent SetConstraints` };
    case Awaited.ALL_CHILDREN_PRESENT:
      return {
        severity,
        field: "BufferCollectionTokenGroup.AllChildrenPresent",
        text: `${who} has not sent AllChildrenPresent to its group`,
      };
    default:
      return undefined;
  }
}

function weakness(node: NodeSnapshot, who: string): Matter | undefined {
  if (!node.isWeak || node.isWeakOk || !node.state.startsWith("collection")) return undefined;
  return {
    severity: Severity.PROBLEM,
    field: "Node.SetWeakOk",
    text: `${who} is weak and has not sent SetWeakOk: WaitForAllBuffersAllocated will fail it`,
  };
}

function rights(
  node: NodeSnapshot,
  who: string,
  parents: ReadonlyMap<number, NodeSnapshot>,
  names: Names,
): Matter | undefined {
  const usage = node.constraints?.usage;
  if (usage === undefined || !getsVmo(usage)) return undefined;
  const needed = hasWriteUsage(usage) ? Rights.WRITE : Rights.READ;
  if ((node.rightsMask & needed) !== 0) return undefined;
  // The highest node without the right: it was taken away when that token was made from its parent.
  let taken = node;
  for (;;) {
    const parent = taken.parentId === undefined ? undefined : parents.get(taken.parentId);
    if (parent === undefined || (parent.rightsMask & needed) !== 0) break;
    taken = parent;
  }
  const giver = taken.parentId === undefined ? undefined : names.of(taken.parentId);
  const by = giver === undefined ? "" : ` by ${giver}, who made ${taken === node ? "its" : `the`} token`;
  const through = taken === node ? "" : ` of ${names.of(taken.nodeId)}`;
  const [right, effect] =
    needed === Rights.WRITE ? ["WRITE", "its VMOs cannot be written"] : ["READ", "it gets none it can read"];
  return {
    severity: Severity.PROBLEM,
    field: "rights_attenuation_mask",
    text: `${who} has ${describeUsage(usage)} usage, but ${effect}: the right ${right} was taken away${by}${through}`,
  };
}

function processOf(node: NodeSnapshot, who: string): Matter | undefined {
  if (node.pid === undefined || node.pid === 0 || node.state === "orphan" || isRunning(node.pid)) return undefined;
  return {
    severity: Severity.NOTE,
    field: "",
    text: `${who}: that process is gone, and another one holds its channel`,
  };
}
