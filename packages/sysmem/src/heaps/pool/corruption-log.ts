/** Writes to memory that belongs to nobody: counted, logged, and told whose memory it was last. Negotiation contract 8.2. */
import { type Clock, type Logger, MAX_POOL_FREED_REGIONS, MAX_POOL_FREED_REGIONS_NAMED } from "#base";
import type { GuardFigures } from "./contiguous-pool.ts";
import { doOverlap, type Range } from "./range.ts";

/** A part of a pool that a buffer had. */
interface FreedRegion extends Range {
  readonly name: string;
  readonly freedAtNs: number;
}

export interface CorruptionLogOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when something was found, after it was counted and logged. */
  readonly onCorruption: (() => void) | undefined;
}

/** What was written where nobody may write. */
export interface Corruption extends Range {
  /** The part that it was found in, in words. */
  readonly where: string;
  /** The first byte that differs. */
  readonly at: number;
  /** The buffer beside which it is. */
  readonly buffer?: string | undefined;
}

export class CorruptionLog implements GuardFigures {
  readonly #options: CorruptionLogOptions;
  /** Oldest first. */
  readonly #freed: FreedRegion[] = [];
  #failed = 0;
  #lastFailedNs: number | undefined;
  #isStopped = false;

  constructor(options: CorruptionLogOptions) {
    this.#options = options;
  }

  get failedGuardRegionChecks(): number {
    return this.#failed;
  }
  get lastFailedGuardRegionCheckNs(): number | undefined {
    return this.#lastFailedNs;
  }

  /** Remembers who had this region: late writers are the usual reason for what is found in it afterwards. */
  freed({ begin, end }: Range, name: string): void {
    this.#freed.push({ begin, end, name, freedAtNs: this.#options.clock.nowNs() });
    if (this.#freed.length > MAX_POOL_FREED_REGIONS) this.#freed.shift();
  }

  /** Regions that were freed less than this long ago. */
  freedWithin(ageNs: number): Range[] {
    const since = this.#options.clock.nowNs() - ageNs;
    return this.#freed.filter(({ freedAtNs }) => freedAtNs > since);
  }

  /** From now on nothing counts. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Counts a failed check; `isNews` is false for one that has been logged before. */
  found({ where, begin, end, at, buffer }: Corruption, isNews = true): void {
    if (this.#isStopped) return;
    const { name, clock, logger, onCorruption } = this.#options;
    const now = clock.nowNs();
    this.#failed += 1;
    this.#lastFailedNs = now;
    if (isNews) {
      const lastFreed = this.#freed
        .filter((region) => doOverlap(region, { begin, end }))
        .slice(-MAX_POOL_FREED_REGIONS_NAMED)
        .reverse()
        .map(({ freedAtNs, ...region }) => ({ ...region, freedAgoMs: Math.round((now - freedAtNs) / 1e6) }));
      logger.error(
        { pool: name, where, begin, end, at, buffer, lastFreed },
        "memory that belongs to nobody was written",
      );
    }
    onCorruption?.();
  }
}
