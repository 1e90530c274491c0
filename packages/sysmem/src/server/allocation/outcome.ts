/** What follows from an attempt's result, initial or late. Lifecycle contract 6.3 and 6.4, "Success" and "Failure". */
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { failSubtree } from "../collection/failure.ts";
import { answerWait } from "../buffers/delivery.ts";
import { failedTree } from "../debug/failed-tree.ts";
import type { Inquiry } from "../debug/failure-log.ts";
import { describeTree } from "../debug/describe-tree.ts";
import type { DomainError } from "../domain-error.ts";
import type { FailureCause } from "../events.ts";
import type { Node } from "../tree/node.ts";
import { breadthFirst, isSelected, prunedSubtree, selectedSubtree } from "../tree/traversal.ts";
import type { Decision } from "./negotiation.ts";

/** Remembers which child each group chose. */
export function applySelection(decision: Decision): void {
  for (const [group, child] of decision.selection) group.properties.selectedChild = child;
}

/**
 * Every node of the visible subtree has its result: pending waits are answered, then trackers armed, breadth-first. Then the
 * branches that groups did not choose fail.
 */
export function subtreeSucceeded(collection: LogicalBufferCollection, top: Node): void {
  const visible = selectedSubtree(top);
  const unselected = unselectedBranches(visible);
  for (const node of visible) {
    node.properties.isLogicallyAllocated = true;
    if (node.serving.kind !== "collection") continue;
    const { waits, trackers } = node.serving;
    for (const wait of waits.splice(0)) answerWait(collection, node, wait);
    for (const tracker of trackers.splice(0)) collection.armTracker(tracker.serverEnd, tracker.buffersRemaining);
  }
  for (const branch of unselected) {
    branch.properties.mode = "do-not-propagate";
    failSubtree(collection, branch, "CONSTRAINTS_INTERSECTION_EMPTY", "not selected by its group");
  }
}

/** Pending waits of the whole subtree, attached ones included, get the error; then the subtree fails with it. */
export function subtreeFailed(
  collection: LogicalBufferCollection,
  top: Node,
  error: DomainError,
  cause: FailureCause,
): void {
  for (const { serving } of breadthFirst(top)) {
    if (serving.kind !== "collection") continue;
    for (const wait of serving.waits.splice(0)) wait.fail(error);
    for (const tracker of serving.trackers.splice(0)) tracker.serverEnd.close();
  }
  failSubtree(collection, top, error, cause);
}

/** Tells watchers, and the log when the collection is verbose, what was decided. */
export function reportDecision(
  collection: LogicalBufferCollection,
  top: Node,
  attempt: "initial" | "late",
  decision: Decision,
): void {
  const { logger } = collection.context;
  if (collection.isVerbose) {
    const { decided, combinationsTried } = decision;
    const tree = describeTree(top);
    if (combinationsTried > 1) {
      logger.info(
        { ...collection.describe(top), attempt, combinationsTried },
        "combinations of groups were passed over",
      );
    }
    logger.info({ ...collection.describe(top), attempt, tree, ...decided }, "settings decided");
  }
  collection.emit(() => ({
    type: "allocation-decided",
    attempt,
    node: collection.refData(top),
    participants: participants(top).map((node) => collection.refData(node)),
    bufferCount: decision.decided.bufferCount,
    settings: decision.decided.settings,
  }));
}

/** Tells watchers and the log why an attempt failed, and keeps it for inspection. */
export function reportFailure(
  collection: LogicalBufferCollection,
  top: Node,
  attempt: "initial" | "late",
  error: DomainError,
  reason: string,
  inquiry?: Inquiry,
): void {
  const { logger, clock, failures, limits } = collection.context;
  const tree = describeTree(top);
  logger.error({ ...collection.describe(top), attempt, error, reason, tree }, "allocation failed");
  const failure = {
    collectionId: collection.id,
    name: collection.name?.text,
    atNs: clock.nowNs(),
    attempt,
    error,
    reason,
    participants: participants(top).map((node) => collection.refData(node)),
  };
  const { failureId } = failures.add(failure, failedTree(top, limits), inquiry);
  collection.emit(() => ({
    type: "allocation-failed",
    attempt,
    node: collection.refData(top),
    error,
    failureId,
    reason,
  }));
}

function participants(top: Node): Node[] {
  return prunedSubtree(top).filter((node) => node.properties.constraints !== undefined);
}

function unselectedBranches(visible: readonly Node[]): Node[] {
  return visible.flatMap((node) => node.children.filter((child) => !isSelected(child)));
}
