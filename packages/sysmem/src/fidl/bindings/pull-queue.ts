/** Turns callbacks into an async iterator, with a bound. */
import { assert, MAX_QUEUED_EVENTS } from "#base";

export interface PullQueueHooks<T> {
  /** The queue is full: stop producing. */
  pause(): void;
  /** There is room again. */
  resume(): void;
  /** The consumer left; called once, after `discard` for each item that it did not take. */
  cancel(): void;
  discard(item: T): void;
}

/** Single producer, single consumer. */
export class PullQueue<T> implements AsyncIterableIterator<T> {
  readonly #hooks: PullQueueHooks<T>;
  #items: T[] = [];
  #waiting: { resolve(result: IteratorResult<T>): void; reject(error: unknown): void } | undefined;
  #isPaused = false;
  #ended: { readonly error?: unknown } | undefined;

  constructor(hooks: PullQueueHooks<T>) {
    this.#hooks = hooks;
  }

  push(item: T): void {
    if (this.#ended !== undefined) return this.#hooks.discard(item);
    if (this.#waiting !== undefined) {
      const { resolve } = this.#waiting;
      this.#waiting = undefined;
      return resolve({ done: false, value: item });
    }
    this.#items.push(item);
    if (this.#items.length >= MAX_QUEUED_EVENTS && !this.#isPaused) {
      this.#isPaused = true;
      this.#hooks.pause();
    }
  }

  /** No more items. What is queued is still delivered; then the iterator ends, or throws `error`. */
  end(error?: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = error === undefined ? {} : { error };
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    if (error === undefined) waiting.resolve({ done: true, value: undefined });
    else waiting.reject(error);
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.#items.shift();
    if (item !== undefined) {
      if (this.#isPaused && this.#items.length < MAX_QUEUED_EVENTS / 2) {
        this.#isPaused = false;
        this.#hooks.resume();
      }
      return Promise.resolve({ done: false, value: item });
    }
    if (this.#ended !== undefined) {
      const { error } = this.#ended;
      this.#ended = {};
      return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
    }
    assert(this.#waiting === undefined, "next() is called again before the previous call has settled");
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<T>> {
    const wasPaused = this.#isPaused;
    this.#isPaused = false;
    this.end();
    this.#ended = {};
    for (const item of this.#items) this.#hooks.discard(item);
    this.#items = [];
    if (wasPaused) this.#hooks.resume();
    this.#hooks.cancel();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
