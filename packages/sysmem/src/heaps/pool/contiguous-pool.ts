/** A carve-out of physically contiguous memory, divided among buffers. Source: negotiation contract 8.1, 8.2. */
import { assert, type Clock, POOL_PAGE_BYTES } from "#base";
import type { Range } from "./range.ts";
import { rangeSize } from "./range.ts";
import { RegionAllocator } from "./region-allocator.ts";

/** How many of the largest free regions `largestFreeSumBytes` adds up. */
const LARGEST_REGIONS = 10;

export interface ContiguousPoolOptions {
  readonly name: string;
  /** A multiple of the page. */
  readonly sizeBytes: number;
  /** What the pool's base is aligned to, and so the largest alignment that anybody may ask for. A power of two. */
  readonly alignmentBytes: number;
  /** Bytes at both ends of the pool that belong to nobody. Default 0. */
  readonly guardBytes?: number | undefined;
  /** Each buffer has such bytes before and behind it, too. Default false. */
  readonly hasInternalGuards?: boolean | undefined;
  readonly clock: Clock;
}

/** One buffer's share. */
export interface PoolPiece {
  /** What the buffer uses. */
  readonly usable: Range;
  /** What it takes: with guards. */
  readonly taken: Range;
}

/**
 * Why there is no piece. `not-ready`: the pool's memory, or what protects it, is not there. `alignment`: more is asked than
 * the base of the pool or the guards around each buffer allow, even where luck would satisfy it.
 */
export type PoolFailure = "not-ready" | "no-room" | "fragmented" | "alignment";

/** What a division counts. */
export interface PoolUse {
  readonly name: string;
  readonly sizeBytes: number;
  /** Buffers can be had from it. */
  readonly isReady: boolean;
  readonly usedBytes: number;
  readonly highWaterMarkBytes: number;
  /** Free at the moment of the high-water mark, and the largest free region then. */
  readonly freeAtHighWaterMarkBytes: number;
  readonly maxFreeAtHighWaterBytes: number;
  readonly allocationsFailed: number;
  /** Failures although the free regions together would have sufficed. */
  readonly allocationsFailedFragmentation: number;
  readonly lastAllocationFailedNs: number | undefined;
  /** Failures because pages that were in other use could not be had. */
  readonly commitsFailed: number;
  readonly lastCommitFailedNs: number | undefined;
  readonly largestFreeBytes: number;
  readonly largestFreeSumBytes: number;
}

/** What looking at guards and patterns has found. */
export interface GuardFigures {
  readonly failedGuardRegionChecks: number;
  readonly lastFailedGuardRegionCheckNs: number | undefined;
}

/** What of a protected pool could be in other use, were its pages lent: all that no range covers. */
export interface LoanFigures {
  readonly loanableBytes: number;
  /** Of the whole pool, 0 to 1. */
  readonly loanableRatio: number;
  /** Of what no buffer has, 0 to 1. */
  readonly loanableEfficiency: number;
}

/** The figures of lifecycle contract 9.5. Those that a pool cannot have are absent. */
export interface PoolMetrics extends PoolUse, Partial<GuardFigures>, Partial<LoanFigures> {}

/** The division of a pool. It knows offsets only: no memory, no heap, no protection. */
export class ContiguousPool {
  readonly #options: ContiguousPoolOptions;
  readonly #guardBytes: number;
  readonly #regions: RegionAllocator;
  readonly #managedBytes: number;
  #highWaterMarkBytes = 0;
  #freeAtHighWaterMarkBytes: number;
  #maxFreeAtHighWaterBytes: number;
  #allocationsFailed = 0;
  #allocationsFailedFragmentation = 0;
  #lastAllocationFailedNs: number | undefined;
  #commitsFailed = 0;
  #lastCommitFailedNs: number | undefined;
  /** Set by the owner: a division alone does not know whether there is anything behind it. */
  isReady = false;

  constructor(options: ContiguousPoolOptions) {
    const { sizeBytes, guardBytes = 0, alignmentBytes } = options;
    assert(Number.isInteger(Math.log2(alignmentBytes)), "alignment of a pool is a power of two");
    assert(guardBytes % POOL_PAGE_BYTES === 0 && sizeBytes % POOL_PAGE_BYTES === 0, "a pool and its guards are pages");
    this.#options = options;
    this.#guardBytes = guardBytes;
    this.#regions = new RegionAllocator({ begin: guardBytes, end: sizeBytes - guardBytes });
    this.#managedBytes = this.#regions.freeBytes;
    this.#freeAtHighWaterMarkBytes = this.#managedBytes;
    this.#maxFreeAtHighWaterBytes = this.#managedBytes;
  }

  get pieceCount(): number {
    return this.#regions.takenCount;
  }

  /** Sorted: what no buffer and no guard at the ends has. */
  get free(): readonly Range[] {
    return this.#regions.free;
  }

  get freeBytes(): number {
    return this.#regions.freeBytes;
  }

  /** Takes a piece for a buffer. `alignmentBytes` is a power of two; less than a page is a page. */
  allocate(sizeBytes: number, alignmentBytes: number = POOL_PAGE_BYTES): PoolPiece | PoolFailure {
    if (!this.isReady) return "not-ready";
    const guard = this.#options.hasInternalGuards === true ? this.#guardBytes : 0;
    const isAligned = alignmentBytes > POOL_PAGE_BYTES;
    if (isAligned && (alignmentBytes > this.#options.alignmentBytes || guard > 0)) return this.#failed("alignment");
    const size = Math.ceil(sizeBytes / POOL_PAGE_BYTES) * POOL_PAGE_BYTES + 2 * guard;
    const taken = this.#regions.allocate(size, Math.max(alignmentBytes, POOL_PAGE_BYTES));
    if (taken === undefined) return this.#failed(this.freeBytes >= size ? "fragmented" : "no-room");
    const usedBytes = this.#usedBytes;
    if (usedBytes > this.#highWaterMarkBytes) {
      this.#highWaterMarkBytes = usedBytes;
      this.#freeAtHighWaterMarkBytes = this.#regions.freeBytes;
      this.#maxFreeAtHighWaterBytes = this.#largest(1);
    }
    return { taken, usable: { begin: taken.begin + guard, end: taken.end - guard } };
  }

  release(piece: PoolPiece): void {
    this.#regions.release(piece.taken);
  }

  /** Counts that the pages of a piece could not be had. */
  commitFailed(): void {
    this.#commitsFailed += 1;
    this.#lastCommitFailedNs = this.#options.clock.nowNs();
  }

  use(): PoolUse {
    return {
      name: this.#options.name,
      sizeBytes: this.#options.sizeBytes,
      isReady: this.isReady,
      usedBytes: this.#usedBytes,
      highWaterMarkBytes: this.#highWaterMarkBytes,
      freeAtHighWaterMarkBytes: this.#freeAtHighWaterMarkBytes,
      maxFreeAtHighWaterBytes: this.#maxFreeAtHighWaterBytes,
      allocationsFailed: this.#allocationsFailed,
      allocationsFailedFragmentation: this.#allocationsFailedFragmentation,
      lastAllocationFailedNs: this.#lastAllocationFailedNs,
      commitsFailed: this.#commitsFailed,
      lastCommitFailedNs: this.#lastCommitFailedNs,
      largestFreeBytes: this.#largest(1),
      largestFreeSumBytes: this.#largest(LARGEST_REGIONS),
    };
  }

  get #usedBytes(): number {
    return this.#managedBytes - this.#regions.freeBytes;
  }

  #largest(count: number): number {
    // Largest first. A pool in pieces has a hundred thousand of them, and this is asked at every high-water mark.
    const largest: number[] = [];
    for (const region of this.#regions.free) {
      const size = rangeSize(region);
      if (largest.length === count && size <= (largest.at(-1) as number)) continue;
      const at = largest.findIndex((other) => other < size);
      largest.splice(at < 0 ? largest.length : at, 0, size);
      if (largest.length > count) largest.pop();
    }
    return largest.reduce((sum, size) => sum + size, 0);
  }

  #failed(failure: PoolFailure): PoolFailure {
    this.#allocationsFailed += 1;
    if (failure === "fragmented") this.#allocationsFailedFragmentation += 1;
    this.#lastAllocationFailedNs = this.#options.clock.nowNs();
    return failure;
  }
}
