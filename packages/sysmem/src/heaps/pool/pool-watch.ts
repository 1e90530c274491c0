/** Looks at guards and patterns of a pool again and again. Source: negotiation contract 8.2. */
import {
  type Clock,
  type Logger,
  POOL_FREED_CHECK_AGE_NS,
  POOL_FREED_CHECK_INTERVAL_NS,
  POOL_GUARD_CHECK_INTERVAL_NS,
  POOL_PAGE_BYTES,
  POOL_UNUSED_CHECK_SLICES,
  type Timer,
} from "#base";
import type { CorruptionLog } from "./corruption-log.ts";
import type { Guards } from "./guards.ts";
import type { UnusedPages } from "./unused-pages.ts";
import type { Work, WorkLane } from "./work-lane.ts";

export interface PoolWatchOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lane: WorkLane;
  readonly sizeBytes: number;
  readonly guards: Guards;
  readonly unused: UnusedPages;
  readonly corruption: CorruptionLog;
  /** How long it takes to look at all unused pages once; undefined when none has a pattern. */
  readonly unusedCycleSeconds: number | undefined;
}

/** From its making to `stop`. */
export class PoolWatch {
  readonly #options: PoolWatchOptions;
  readonly #repeated: { stop(): void }[] = [];
  #nextSlice = 0;

  constructor(options: PoolWatchOptions) {
    this.#options = options;
    const { guards, unusedCycleSeconds } = options;
    this.#repeat(POOL_GUARD_CHECK_INTERVAL_NS, () => guards.check());
    if (unusedCycleSeconds === undefined) return;
    this.#repeat((unusedCycleSeconds * 1e9) / POOL_UNUSED_CHECK_SLICES, () => this.#checkNextSlice());
    this.#repeat(POOL_FREED_CHECK_INTERVAL_NS, () => this.#checkFreed());
  }

  stop(): void {
    for (const repeated of this.#repeated.splice(0)) repeated.stop();
  }

  *#checkNextSlice(): Work {
    const { sizeBytes, unused } = this.#options;
    const slice = this.#nextSlice;
    this.#nextSlice = (slice + 1) % POOL_UNUSED_CHECK_SLICES;
    const pages = sizeBytes / POOL_PAGE_BYTES;
    const beginOf = (index: number): number => Math.floor((pages * index) / POOL_UNUSED_CHECK_SLICES) * POOL_PAGE_BYTES;
    yield* unused.check({ begin: beginOf(slice), end: beginOf(slice + 1) });
  }

  *#checkFreed(): Work {
    const { corruption, unused } = this.#options;
    for (const region of corruption.freedWithin(POOL_FREED_CHECK_AGE_NS)) yield* unused.check(region);
  }

  /** Begins the work once in each interval, and not before the one before is done. */
  #repeat(intervalNs: number, work: () => Work): void {
    const { clock, lane, logger } = this.#options;
    let isBusy = false;
    let timer: Timer;
    const arm = (): void => {
      timer = clock.setTimer(clock.nowNs() + intervalNs, () => {
        arm();
        if (isBusy) return;
        isBusy = true;
        lane
          .run(work())
          .catch((error: unknown) =>
            logger.error({ err: error }, "an exception while the contiguous pool was looked at"),
          )
          .finally(() => {
            isBusy = false;
          });
      });
    };
    arm();
    this.#repeated.push({ stop: () => timer.cancel() });
  }
}
