import type { AllocationClaim } from "./port.ts";

/**
 * One collection after the other: for heaps that cannot tell in advance whether all buffers of one will fit. Whoever has
 * its turn is at an end, good or bad, before the next begins.
 */
export class CollectionTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when all that asked before have released. */
  async take(): Promise<AllocationClaim> {
    const before = this.#last;
    let release = () => {};
    this.#last = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    return { release };
  }
}
