/** Which subtrees may be attempted now. Lifecycle contract 6.1, steps 2 and 3. */
import type { Node } from "./node.ts";
import { breadthFirst } from "./traversal.ts";

/**
 * Roots of the subtrees that a check considers, in breadth-first order: nodes not logically allocated that are the tree's
 * root or have a logically allocated parent. After the initial allocation these are attached nodes.
 */
export function eligibleSubtrees(root: Node): Node[] {
  if (!root.properties.isLogicallyAllocated) return [root];
  const walked = breadthFirst(root, (child) => child.parent?.properties.isLogicallyAllocated === true);
  return walked.filter((node) => !node.properties.isLogicallyAllocated);
}

/** True when every node of the pruned subtree is ready, in every branch of every group, selected or not. */
export function isPrunedSubtreeReady(root: Node): boolean {
  return root.counters.unreadyPruned === 0;
}
