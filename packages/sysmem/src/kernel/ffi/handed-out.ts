/** The children of one memory that are alive, and who hears of their ends. */
import { assert } from "#base";

export class HandedOut {
  readonly live: Set<number> = new Set();
  #listener: ((childId: number) => void) | undefined;
  #isClosed = false;

  listen(listener: (childId: number) => void): void {
    assert(this.#listener === undefined, "a buffer's memory has one listener");
    this.#listener = listener;
  }

  /** Reports each child that is gone. Called in a turn of its own, and again when the listener throws. */
  sweep(isGone: (childId: number) => boolean): void {
    for (const childId of [...this.live]) {
      // The listener may close the memory.
      if (this.#isClosed) return;
      if (!isGone(childId)) continue;
      this.live.delete(childId);
      this.#listener?.(childId);
    }
  }

  /** Nothing is reported any more. */
  close(): void {
    this.#isClosed = true;
  }
}
