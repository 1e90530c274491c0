import type { Clock, Timer } from "#base";

/** Time that moves only when told to. Timers of one moment fire in the order in which they were set. */
export class SimulatedClock implements Clock {
  #nowNs = 1e12;
  #lastSequence = 0;
  readonly #timers = new Set<{ deadlineNs: number; sequence: number; callback: () => void }>();

  nowNs(): number {
    return this.#nowNs;
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  setTimer(deadlineNs: number, callback: () => void): Timer {
    const timer = { deadlineNs, sequence: ++this.#lastSequence, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Moves time forward, firing every timer on the way at its own moment. */
  advance(byNs: number): void {
    const end = this.#nowNs + byNs;
    for (;;) {
      const next = [...this.#timers]
        .filter((timer) => timer.deadlineNs <= end)
        .sort((a, b) => a.deadlineNs - b.deadlineNs || a.sequence - b.sequence)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowNs = Math.max(this.#nowNs, next.deadlineNs);
      next.callback();
    }
    this.#nowNs = end;
  }
}
