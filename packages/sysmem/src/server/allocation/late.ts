/** Logical allocation of an attached subtree: nothing is made, it must fit into what there is. Lifecycle contract 6.4. */
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import type { Node } from "../tree/node.ts";
import type { AttemptOutcome } from "./check.ts";
import { negotiateLate } from "./negotiation.ts";
import { applySelection, reportDecision, reportFailure, subtreeFailed, subtreeSucceeded } from "./outcome.ts";

export function attemptLateAllocation(collection: LogicalBufferCollection, subtree: Node): AttemptOutcome {
  const outcome = negotiateLate(collection, subtree);
  switch (outcome.kind) {
    case "postponed":
      return "postponed";
    case "failed":
      reportFailure(collection, subtree, "late", outcome.error, outcome.reason, outcome.inquiry);
      subtreeFailed(collection, subtree, outcome.error, "late logical allocation failed");
      return "final";
    case "decided":
      applySelection(outcome);
      reportDecision(collection, subtree, "late", outcome);
      subtreeSucceeded(collection, subtree);
      return "final";
  }
}
