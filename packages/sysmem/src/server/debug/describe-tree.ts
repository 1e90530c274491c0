import { breadthFirst } from "../tree/traversal.ts";
import type { Node } from "../tree/node.ts";
import { columnOf } from "../nodes/serving.ts";

/** A tree for a log line: one entry for each node, breadth-first. */
export function describeTree(root: Node): string[] {
  return breadthFirst(root).map(describeNode);
}

/** `12 <- 3: collection-constrained ready weak "camera" (7)`. */
function describeNode(node: Node): string {
  const { properties } = node;
  const words = [`${node.id}${node.parent === undefined ? "" : ` <- ${node.parent.id}`}:`, columnOf(node) ?? "orphan"];
  words.push(node.isReady ? "ready" : "not ready");
  if (properties.isWeak) words.push("weak");
  if (properties.isWeakOk) words.push("weak-ok");
  if (properties.mode === "propagate-before-allocation") words.push("dispensable");
  if (properties.isAttached) words.push("attached");
  if (properties.isLogicallyAllocated) words.push("allocated");
  if (properties.debugInfo.name !== "") words.push(`"${properties.debugInfo.name}" (${properties.debugInfo.id})`);
  return words.join(" ");
}
