/**
 * Holds a collection's inputs back while its buffers are being allocated. The original allocates synchronously, within the
 * message that made the last node ready; here memory is reserved off the event loop, and holding the rest back keeps
 * what every client of this collection sees the same. No other collection waits.
 */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #isClosed = false;

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Lets what has waited through, in order of arrival. */
  open(): void {
    this.#isClosed = false;
    while (!this.#isClosed) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next();
    }
  }

  /** Runs an input now, or when the gate opens. */
  pass(input: () => void): void {
    if (this.#isClosed) this.#waiting.push(input);
    else input();
  }
}
