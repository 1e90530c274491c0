import type { EventPair } from "#kernel";

/**
 * Armed ends of `AttachLifetimeTracking` of one collection: each is closed as soon as no more than its number of buffers
 * exists. Lifecycle contract 7.5.
 */
export class LifetimeTrackers {
  readonly #byRemaining = new Map<number, EventPair[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Takes ownership of `serverEnd`. */
  add(serverEnd: EventPair, buffersRemaining: number): void {
    const list = this.#byRemaining.get(buffersRemaining);
    if (list === undefined) this.#byRemaining.set(buffersRemaining, [serverEnd]);
    else list.push(serverEnd);
    this.#count++;
  }

  /** Closes those that are satisfied with this many existing buffers. */
  evaluate(existing: number): void {
    for (const [remaining, ends] of this.#byRemaining) {
      if (existing > remaining) continue;
      this.#byRemaining.delete(remaining);
      this.#count -= ends.length;
      for (const end of ends) end.close();
    }
  }

  closeAll(): void {
    this.evaluate(-1);
  }
}
