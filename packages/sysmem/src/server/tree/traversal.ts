/** Orders in which a tree is walked. All without recursion: depth is the clients' choice. */
import type { Node } from "./node.ts";

/** `root` and everything below it that `descend` admits, level by level, children in creation order. */
export function breadthFirst(root: Node, descend: (child: Node) => boolean = () => true): Node[] {
  const nodes: Node[] = [root];
  for (let i = 0; i < nodes.length; i++) {
    for (const child of (nodes[i] as Node).children) if (descend(child)) nodes.push(child);
  }
  return nodes;
}

/** The subtree that is allocated together with `root`: it, and what lies below without crossing into an attached node. */
export function prunedSubtree(root: Node): Node[] {
  return breadthFirst(root, (child) => !child.properties.isAttached);
}

/** The pruned subtree without what hides behind children that groups did not select. */
export function selectedSubtree(root: Node): Node[] {
  return breadthFirst(root, (child) => !child.properties.isAttached && isSelected(child));
}

/** False for a child of a group that selected another one. */
export function isSelected(child: Node): boolean {
  const selected = child.parent?.properties.selectedChild;
  return selected === undefined || selected === child;
}
