/** Which subtree fails when a node does. Lifecycle contract 5.1. */
import type { Node } from "./node.ts";
import { breadthFirst } from "./traversal.ts";

/** Climbs from the failing node to the root of the subtree that fails with it. */
export function failureDomainOf(node: Node): Node {
  let at = node;
  while (at.parent !== undefined && propagatesToParent(at)) at = at.parent;
  return at;
}

/** Whether a failure of this node is also its parent's. */
function propagatesToParent(node: Node): boolean {
  switch (node.properties.mode) {
    case "propagate":
      return true;
    case "propagate-before-allocation":
      return !node.properties.isLogicallyAllocated;
    case "do-not-propagate":
      return false;
  }
}

/** The order in which a failing subtree is taken down: deepest level first. */
export function takeDownOrder(root: Node): Node[] {
  return breadthFirst(root).reverse();
}

/** True for nodes that begin a failure domain: the tree's root, dispensable nodes, attached nodes. */
function isFailureDomainRoot(node: Node): boolean {
  return node.parent === undefined || node.properties.mode !== "propagate";
}

/**
 * A failure domain without a connected client, the deepest one (the last in breadth-first order), or undefined.
 * Lifecycle contract 5.2, noticed at an allocation check.
 */
export function deepestAbandonedDomain(root: Node): Node | undefined {
  // A subtree has an abandoned part only if some node in it is an orphan.
  if (root.counters.connected === root.counters.nodes) return undefined;
  const nodes = breadthFirst(root);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node;
    if (node.counters.connected === 0 && isFailureDomainRoot(node)) return node;
  }
  return undefined;
}
