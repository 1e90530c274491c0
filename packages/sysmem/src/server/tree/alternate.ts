import type { Node } from "./node.ts";

/**
 * Whether two nodes of one tree are alternates: their nearest common ancestor is a group. A node is its own ancestor
 * here, so that a group and its own descendant are alternates, as in the original (lifecycle contract 4.2).
 */
export function areAlternates(a: Node, b: Node): boolean {
  let x = a;
  let y = b;
  while (x !== y) {
    if (x.depth >= y.depth) {
      if (x.parent === undefined) return false;
      x = x.parent;
    } else {
      if (y.parent === undefined) return false;
      y = y.parent;
    }
  }
  return x.properties.isGroup;
}
