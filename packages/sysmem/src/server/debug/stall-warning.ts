import type { Clock, Timer } from "#base";

/** From a collection's creation to the first warning that it has not allocated. */
const FIRST_STALL_WARNING_NS = 5e9;
/** From the first warning to the second and last. */
const SECOND_STALL_WARNING_NS = 30e9;

/** The two warnings about a collection that does not allocate. They never change behaviour. Lifecycle contract 9.3. */
export class StallWarning {
  readonly #clock: Clock;
  readonly #warn: (warning: number) => void;
  #timer: Timer | undefined;
  #fired = 0;

  /** @param warn called with 1 and 2; it looks up what the collection waits for. */
  constructor(clock: Clock, warn: (warning: number) => void) {
    this.#clock = clock;
    this.#warn = warn;
    this.#arm(clock.nowNs() + FIRST_STALL_WARNING_NS);
  }

  /** Warnings given so far. */
  get fired(): number {
    return this.#fired;
  }

  /** `SetDebugTimeoutLogDeadline`: moves the first warning. Without effect after it, or after `cancel`. */
  setDeadline(deadlineNs: number): void {
    if (this.#fired > 0 || this.#timer === undefined) return;
    this.#timer.cancel();
    this.#arm(deadlineNs);
  }

  /** The collection has a result, or is gone. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(deadlineNs: number): void {
    this.#timer = this.#clock.setTimer(deadlineNs, () => {
      this.#timer = undefined;
      this.#fired++;
      if (this.#fired === 1) this.#arm(this.#clock.nowNs() + SECOND_STALL_WARNING_NS);
      this.#warn(this.#fired);
    });
  }
}
