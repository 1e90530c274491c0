import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { failDomainOf } from "../collection/failure.ts";
import { deepestAbandonedDomain } from "../tree/failure-domain.ts";
import { eligibleSubtrees, isPrunedSubtreeReady } from "../tree/eligibility.ts";
import { attemptInitialAllocation } from "./initial.ts";
import { attemptLateAllocation } from "./late.ts";

/**
 * What an attempt came to. `final`: a result, good or bad; the check looks again, since others may go on now.
 * `pending`: the heap is at work; the check is repeated when it has answered. `postponed`: secure memory is awaited.
 */
export type AttemptOutcome = "final" | "pending" | "postponed";

/**
 * The allocation check: after SetConstraints, AllChildrenPresent, a clean close, and when secure memory becomes ready. Never on
 * Bind, Duplicate, Release alone, or the failure of a subtree. Lifecycle contract 6.1.
 */
export function checkAllocation(collection: LogicalBufferCollection): void {
  let isSettled = false;
  while (!isSettled) {
    if (collection.allocation.kind === "allocating") return;
    failAbandonedDomains(collection);
    const { root } = collection;
    if (root === undefined) return;
    isSettled = true;
    for (const subtree of eligibleSubtrees(root)) {
      if (subtree.isDeleted || !isPrunedSubtreeReady(subtree)) continue;
      const outcome =
        subtree === root
          ? attemptInitialAllocation(collection, root, () => checkAllocation(collection))
          : attemptLateAllocation(collection, subtree);
      if (outcome === "pending") return;
      if (outcome === "final") isSettled = false;
    }
  }
}

/** Step 1: failure domains that no connected client is left in, deepest first. */
function failAbandonedDomains(collection: LogicalBufferCollection): void {
  while (collection.root !== undefined) {
    const abandoned = deepestAbandonedDomain(collection.root);
    if (abandoned === undefined) return;
    failDomainOf(collection, abandoned, "UNSPECIFIED", "no connected client");
  }
}
