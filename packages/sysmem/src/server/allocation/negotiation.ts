/** Between the tree of nodes and the pure negotiation: what goes in, and what its answer means here. */
import { assert } from "#base";
import type { Heap } from "#heaps";
import {
  type Environment,
  describeReason,
  explainLate,
  explainTree,
  NegotiationError,
  negotiateLate as negotiateLateTree,
  negotiateTree,
  type Participant,
  type TreeNode,
  type TreeOutcome,
} from "#negotiate";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import type { ServerContext } from "../context.ts";
import type { Inquiry } from "../debug/failure-log.ts";
import type { DomainError } from "../domain-error.ts";
import type { Node } from "../tree/node.ts";
import { breadthFirst, prunedSubtree } from "../tree/traversal.ts";
import type { CollectionSettings } from "../types.ts";
import { negotiationWork } from "./work.ts";

/** Settings were found. */
export interface Decision {
  readonly kind: "decided";
  readonly decided: CollectionSettings;
  readonly heap: Heap;
  /** For the heap: what physical addresses are multiples of. */
  readonly baseAlignmentBytes: number;
  /** The chosen child of every group that takes part. */
  readonly selection: ReadonlyMap<Node, Node>;
  /** How many of the groups' combinations were tried to get here. */
  readonly combinationsTried: number;
}

export type NegotiationOutcome =
  | Decision
  | {
      readonly kind: "failed";
      readonly error: DomainError;
      readonly reason: string;
      readonly inquiry: Inquiry | undefined;
    }
  | { readonly kind: "postponed" };

/** What decides besides the participants, at this moment. */
export function environmentOf(context: ServerContext): Environment {
  const contiguous = context.heaps.contiguousSystemRam;
  return {
    heaps: context.heaps.list().map((heap) => ({
      heapType: heap.id.heapType,
      id: heap.id.id,
      domains: heap.properties.coherencyDomainSupport,
      secure: heap.properties.isSecure,
    })),
    contiguousSystemRam: contiguous?.properties.coherencyDomainSupport,
    whyNoContiguousSystemRam: context.heaps.whyNoContiguousSystemRam,
    costs: context.costs,
    secureMemory: context.heaps.secureMemory,
    maxAllocationSize: context.maxAllocationSize,
    rules: { lateAttachmentWithPadding: context.lateAttachmentWithPadding },
  };
}

/** Negotiates the initial allocation: the pruned subtree of the tree's root. */
export function negotiateInitial(collection: LogicalBufferCollection, root: Node): NegotiationOutcome {
  const tooMuch = refuseWork(collection, root, []);
  if (tooMuch !== undefined) return tooMuch;
  const { tree, nodes } = inputTree(root);
  const environment = environmentOf(collection.context);
  const outcome = negotiateTree(tree, environment);
  return interpret(collection, outcome, nodes, { explain: () => explainTree(tree, environment) });
}

/** Negotiates whether an attached subtree fits into what was decided. The initial allocation must have succeeded. */
export function negotiateLate(collection: LogicalBufferCollection, subtree: Node): NegotiationOutcome {
  const { root, allocation, context } = collection;
  assert(root !== undefined && allocation.kind === "allocated", "late allocation follows the initial one");
  const members = breadthFirst(root, (child) => child.properties.isLogicallyAllocated);
  const tooMuch = refuseWork(collection, subtree, members);
  if (tooMuch !== undefined) return tooMuch;
  const allocated = members.flatMap((node) => participantOf(node) ?? []);
  const { tree, nodes } = inputTree(subtree);
  const environment = environmentOf(context);
  const existing = { bufferCount: allocation.decided.bufferCount, settings: allocation.decided.settings };
  const input = { existing, allocated, tree, environment };
  return interpret(collection, negotiateLateTree(input), nodes, { explain: () => explainLate(input) });
}

/** Negotiation blocks the event loop: what would take long is not begun. */
function refuseWork(
  collection: LogicalBufferCollection,
  top: Node,
  others: readonly Node[],
): NegotiationOutcome | undefined {
  const { maxNegotiationWork } = collection.context.limits;
  const work = Math.round(negotiationWork(top, prunedSubtree(top), others));
  if (work <= maxNegotiationWork) return undefined;
  const reason = `quota maxNegotiationWork (${maxNegotiationWork}) is used up: these constraints need ${work}`;
  return { kind: "failed", error: "UNSPECIFIED", reason, inquiry: undefined };
}

/** The pruned subtree as negotiation wants it, and the way back from its nodes to ours. */
function inputTree(top: Node): { readonly tree: TreeNode; readonly nodes: Map<TreeNode, Node> } {
  const inputs = new Map<Node, TreeNode & { children: TreeNode[] }>();
  const nodes = new Map<TreeNode, Node>();
  for (const node of prunedSubtree(top)) {
    const input = inputNode(node);
    inputs.set(node, input);
    nodes.set(input, node);
    if (node !== top && node.parent !== undefined) inputs.get(node.parent)?.children.push(input);
  }
  return { tree: inputs.get(top) as TreeNode, nodes };
}

function inputNode(node: Node): TreeNode & { children: TreeNode[] } {
  const name = nameOf(node);
  if (node.properties.isGroup) return { kind: "group", name, children: [] };
  const participant = participantOf(node);
  if (participant === undefined) return { kind: "plain", name, children: [] };
  return { kind: "participant", participant, children: [] };
}

function participantOf(node: Node): Participant | undefined {
  const entry = node.properties.constraints;
  if (entry === undefined) return undefined;
  // Constraints that were not set at all take part as an empty table: no usage, no VMOs, and still a word on nothing.
  return { name: nameOf(node), constraints: entry.constraints ?? {}, mustMatch: entry.mustMatch };
}

/** How explanations name a node. */
function nameOf(node: Node): string {
  const { name, id } = node.properties.debugInfo;
  return name === "" ? `node ${node.id}` : `${name} (${id}, node ${node.id})`;
}

function interpret(
  collection: LogicalBufferCollection,
  outcome: TreeOutcome,
  nodes: ReadonlyMap<TreeNode, Node>,
  inquiry: Inquiry,
): NegotiationOutcome {
  if (!outcome.ok) {
    if (outcome.error === NegotiationError.PENDING) return { kind: "postponed" };
    return {
      kind: "failed",
      error: domainErrorOf(outcome.error),
      reason: describeReason(outcome.reason),
      inquiry,
    };
  }
  const { bufferCount, settings, contiguous, baseAlignment, combinationsTried } = outcome;
  const heap = collection.context.heaps.find(outcome.heap, { isPhysicallyContiguous: contiguous });
  if (heap === undefined) {
    return {
      kind: "failed",
      error: "CONSTRAINTS_INTERSECTION_EMPTY",
      reason: `the heap ${outcome.heap.heapType} is not there`,
      inquiry: undefined,
    };
  }
  const selection = new Map<Node, Node>();
  for (const selected of outcome.selected) {
    const node = nodes.get(selected);
    if (node?.parent?.properties.isGroup === true && selected !== outcome.selected[0]) selection.set(node.parent, node);
  }
  return {
    kind: "decided",
    decided: { settings, bufferCount },
    heap,
    baseAlignmentBytes: baseAlignment,
    selection,
    combinationsTried,
  };
}

function domainErrorOf(error: NegotiationError): DomainError {
  switch (error) {
    case NegotiationError.PROTOCOL_DEVIATION:
      return "PROTOCOL_DEVIATION";
    case NegotiationError.CONSTRAINTS_INTERSECTION_EMPTY:
      return "CONSTRAINTS_INTERSECTION_EMPTY";
    case NegotiationError.TOO_MANY_GROUP_CHILD_COMBINATIONS:
      return "TOO_MANY_GROUP_CHILD_COMBINATIONS";
    default:
      return "UNSPECIFIED";
  }
}
