import { assert } from "#base";
import type { DebugInfo, NodeProperties, PropagationMode } from "./properties.ts";
import type { Serving } from "../nodes/serving.ts";

/** Sums over a node and everything below it, kept up to date by every change, so that questions cost nothing. */
export interface SubtreeCounters {
  nodes: number;
  /** Nodes whose serving object is a token, collection or group: not an orphan. */
  connected: number;
  collections: number;
  tokens: number;
  /** Nodes not ready for allocation. */
  unready: number;
  /** As `unready`, without what lies in attached subtrees below: nothing in them delays this subtree. */
  unreadyPruned: number;
}

/** What a serving object contributes to the counters. */
interface Contribution {
  readonly connected: number;
  readonly collections: number;
  readonly tokens: number;
  readonly unready: number;
}

/**
 * A position in a collection's tree. It stays the same object from creation to deletion; what serves it changes.
 * All traversals are loops: a chain of nodes may be thousands long.
 */
export class Node {
  readonly properties: NodeProperties;
  readonly parent: Node | undefined;
  readonly depth: number;
  /** Children in creation order; for a group that is the order of preference. Those that failed are gone from here. */
  readonly #children: Node[] = [];
  readonly #counters: SubtreeCounters;
  #serving: Serving;
  #contribution: Contribution;
  #isDoomed = false;
  #isDeleted = false;

  constructor(parent: Node | undefined, properties: NodeProperties, serving: Serving) {
    this.parent = parent;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.properties = properties;
    this.#serving = serving;
    this.#contribution = contributionOf(this, serving);
    this.#counters = { nodes: 0, connected: 0, collections: 0, tokens: 0, unready: 0, unreadyPruned: 0 };
    if (parent !== undefined) {
      assert(!parent.#isDeleted, "a node is created under a live parent");
      parent.#children.push(this);
    }
    this.#add(1, this.#contribution);
  }

  get id(): number {
    return this.properties.nodeId;
  }
  get children(): readonly Node[] {
    return this.#children;
  }
  get counters(): Readonly<SubtreeCounters> {
    return this.#counters;
  }
  get serving(): Serving {
    return this.#serving;
  }
  get isDeleted(): boolean {
    return this.#isDeleted;
  }
  /** Whether this node alone holds allocation back. */
  get isReady(): boolean {
    return this.#contribution.unready === 0;
  }

  /** Replaces what serves this node, or takes note of a change of its state. */
  setServing(serving: Serving): void {
    assert(!this.#isDeleted, "a deleted node is not served");
    const before = this.#contribution;
    this.#serving = serving;
    this.#contribution = contributionOf(this, serving);
    const after = this.#contribution;
    if (this.#isDoomed) return;
    this.#add(0, {
      connected: after.connected - before.connected,
      collections: after.collections - before.collections,
      tokens: after.tokens - before.tokens,
      unready: after.unready - before.unready,
    });
  }

  /** Recounts after something that readiness depends on has changed. */
  touch(): void {
    this.setServing(this.#serving);
  }

  /**
   * Announces that this whole subtree is about to be deleted: it stops counting above at once. Without this, taking down a
   * chain of n nodes would walk n times up to the root.
   */
  doom(subtree: Iterable<Node>): void {
    const c = this.#counters;
    let isPrunedAway = this.properties.isAttached;
    for (let node = this.parent; node !== undefined; node = node.parent) {
      const counters = node.#counters;
      counters.nodes -= c.nodes;
      counters.connected -= c.connected;
      counters.collections -= c.collections;
      counters.tokens -= c.tokens;
      counters.unready -= c.unready;
      if (!isPrunedAway) counters.unreadyPruned -= c.unreadyPruned;
      if (node.properties.isAttached) isPrunedAway = true;
    }
    for (const node of subtree) node.#isDoomed = true;
  }

  /** Takes this node out of the tree. Its children must be gone, and its subtree doomed. */
  delete(): void {
    assert(this.#children.length === 0, "a subtree is deleted from its leaves up");
    assert(this.#isDoomed && !this.#isDeleted, "a node is deleted once, after its subtree was doomed");
    this.#isDeleted = true;
    if (this.parent === undefined) return;
    // From the end, since subtrees are taken down in reverse.
    const siblings = this.parent.#children;
    siblings.splice(siblings.lastIndexOf(this), 1);
  }

  #add(nodes: number, by: Contribution): void {
    let isPrunedAway = false;
    for (let node: Node | undefined = this; node !== undefined; node = node.parent) {
      const counters = node.#counters;
      counters.nodes += nodes;
      counters.connected += by.connected;
      counters.collections += by.collections;
      counters.tokens += by.tokens;
      counters.unready += by.unready;
      if (!isPrunedAway) counters.unreadyPruned += by.unready;
      // A node counts in its own pruned subtree, and an attached one in nobody else's.
      if (node.properties.isAttached) isPrunedAway = true;
    }
  }
}

function contributionOf(node: Node, serving: Serving): Contribution {
  switch (serving.kind) {
    case "token":
      return { connected: 1, collections: 0, tokens: 1, unready: 1 };
    case "collection":
      return { connected: 1, collections: 1, tokens: 0, unready: node.properties.constraints === undefined ? 1 : 0 };
    case "group":
      return { connected: 1, collections: 0, tokens: 0, unready: serving.state === "open" ? 1 : 0 };
    case "orphan":
      return { connected: 0, collections: 0, tokens: 0, unready: 0 };
  }
}

/** What a new child takes over from the node that creates it, at that moment (lifecycle contract 2.2, 9.1). */
export function inheritedProperties(
  parent: Node,
  own: {
    readonly nodeId: number;
    readonly isGroup: boolean;
    readonly rightsMask: number;
    readonly isAttached: boolean;
    readonly debugInfo?: DebugInfo;
  },
): NodeProperties {
  const from = parent.properties;
  const mode: PropagationMode = own.isAttached ? "do-not-propagate" : "propagate";
  return {
    nodeId: own.nodeId,
    isGroup: own.isGroup,
    rightsMask: own.rightsMask,
    isAttached: own.isAttached,
    debugInfo: own.debugInfo ?? from.debugInfo,
    pid: undefined,
    mode,
    isWeak: from.isWeak,
    isWeakOk: from.isWeakOkForChildren,
    isWeakOkForChildren: from.isWeakOkForChildren,
    isWeakOkFromParent: from.isWeakOkForChildren,
    constraints: undefined,
    isLogicallyAllocated: false,
    selectedChild: undefined,
    nodeRef: undefined,
    nodeTracking: [],
  };
}

/** Properties of a tree's root. */
export function rootProperties(nodeId: number, debugInfo: DebugInfo, rightsMask: number): NodeProperties {
  return {
    nodeId,
    isGroup: false,
    rightsMask,
    isAttached: false,
    debugInfo,
    pid: undefined,
    mode: "propagate",
    isWeak: false,
    isWeakOk: false,
    isWeakOkForChildren: false,
    isWeakOkFromParent: false,
    constraints: undefined,
    isLogicallyAllocated: false,
    selectedChild: undefined,
    nodeRef: undefined,
    nodeTracking: [],
  };
}
