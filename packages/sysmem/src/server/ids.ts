import type { IdSource } from "./context.ts";

/**
 * Collection ids that no earlier server of this boot has given out: microseconds of the wall clock at start, then counting.
 * A server would have to make more than a million collections a second to meet its successor's.
 */
export function uniqueIds(nowMs: number = Date.now()): IdSource {
  let next = BigInt(nowMs) * 1_000n;
  return { nextCollectionId: () => next++ };
}

/** Ids 2, 3, 4, … for tests: 0 is never valid, and 1 is easily mistaken for a count. */
export function sequentialIds(): IdSource {
  let next = 2n;
  return { nextCollectionId: () => next++ };
}
