/** What arrives in callbacks, for those who await it. */

interface Waiter<T> {
  resolve(item: T | undefined): void;
  reject(error: unknown): void;
}

/** @internal Items in order, for any number of waits in order. Its user bounds what may be pushed. */
export class ItemQueue<T> {
  readonly #items: T[] = [];
  readonly #waiters = new Set<Waiter<T>>();
  #end: { readonly error: Error | undefined } | undefined;

  /** Adds an item. Nothing is added after the end. */
  push(item: T): void {
    if (this.#end !== undefined) return;
    const [first] = this.#waiters;
    if (first === undefined) this.#items.push(item);
    else first.resolve(item);
  }

  /** Nothing follows: waits answer undefined, or reject with `error`, once the queue is empty. The first end holds. */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (const waiter of [...this.#waiters]) {
      if (error === undefined) waiter.resolve(undefined);
      else waiter.reject(error);
    }
  }

  /** The next item; undefined after the last. An aborted wait takes none, and rejects with the signal's reason. */
  async next(signal?: AbortSignal): Promise<T | undefined> {
    signal?.throwIfAborted();
    const item = this.#items.shift();
    if (item !== undefined) return item;
    if (this.#end?.error !== undefined) throw this.#end.error;
    if (this.#end !== undefined) return undefined;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter<T> = {
        resolve(value) {
          settle();
          resolve(value);
        },
        reject(error) {
          settle();
          reject(error);
        },
      };
      const abort = (): void => waiter.reject(signal?.reason);
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }
}
