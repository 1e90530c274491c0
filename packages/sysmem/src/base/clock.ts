/** Time as something passed in, so that a simulation can own it. All times are monotonic nanoseconds as numbers
 * (exact for 104 days of uptime, which is enough for deadlines). */
export interface Clock {
  /** `CLOCK_MONOTONIC` now, in nanoseconds: the same clock that `zx.Time` deadlines from clients use. */
  nowNs(): number;
  /** Calls back once, at or after `deadlineNs`. */
  setTimer(deadlineNs: number, callback: () => void): Timer;
}

/** A pending callback. */
export interface Timer {
  cancel(): void;
}

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  nowNs: () => Number(process.hrtime.bigint()),
  setTimer(deadlineNs, callback) {
    const delayMs = Math.max(0, (deadlineNs - systemClock.nowNs()) / 1e6);
    // setTimeout treats delays above 2^31-1 ms as 1 ms.
    const handle = setTimeout(callback, Math.min(Math.ceil(delayMs), 0x7fff_ffff));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};
