/** Logical allocation of an attached subtree: nothing is made, it must fit into what there is. Lifecycle contract 6.4. */
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import type { Node } from "../tree/node.ts";
import type { AttemptOutcome } from "./check.ts";
import { negotiateLate } from "./negotiation.ts";
import { weakFault } from "./weak-fault.ts";
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
    case "decided": {
      const buffer = collection.buffers.values().next().value;
      const fault = buffer && weakFault(subtree, buffer.memory, buffer.heap);
      if (fault !== undefined) {
        reportFailure(collection, subtree, "late", "NO_MEMORY", fault);
        subtreeFailed(collection, subtree, "NO_MEMORY", "late logical allocation failed");
        return "final";
      }
      applySelection(outcome);
      reportDecision(collection, subtree, "late", outcome);
      subtreeSucceeded(collection, subtree);
      return "final";
    }
  }
}
