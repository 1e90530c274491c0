/** A tree at the moment before it failed, for whoever asks afterwards. */
import type { ServerLimits } from "../limits.ts";
import { type NodeSnapshot, nodeSnapshot } from "../snapshot.ts";
import type { Node } from "../tree/node.ts";
import { breadthFirst } from "../tree/traversal.ts";

/** The nodes that failed together. */
export interface FailedTree {
  /** Breadth-first, from the node that the failure climbed to. */
  readonly nodes: readonly NodeSnapshot[];
  /** Some nodes, or the constraints of some, were not kept. */
  readonly isShortened: boolean;
}

/** Takes down what is below `top`, as far as is kept of one failure. */
export function failedTree(top: Node, limits: ServerLimits): FailedTree {
  const all = breadthFirst(top);
  let spoken = 0;
  const nodes = all.slice(0, limits.rememberedNodes).map((node) => {
    const snapshot = nodeSnapshot(node);
    // Constraints are the clients' own, up to a whole message each: this is what would be much.
    if (!snapshot.hasConstraints || ++spoken <= limits.maxExplainedParticipants) return snapshot;
    return { ...snapshot, constraints: undefined, mustMatch: undefined };
  });
  return { nodes, isShortened: all.length > nodes.length || spoken > limits.maxExplainedParticipants };
}
