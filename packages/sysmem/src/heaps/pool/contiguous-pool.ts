/** A carve-out of physically contiguous memory, divided among buffers. Source: negotiation contract 8.1, 8.2. */
import { assert, type Clock } from "#base";
import type { Range } from "./range.ts";
import { rangeSize } from "./range.ts";
import { RegionAllocator } from "./region-allocator.ts";

/** How many of the largest free regions `largestFreeSumBytes` adds up. */
const LARGEST_REGIONS = 10;

export interface ContiguousPoolOptions {
  readonly name: string;
  readonly sizeBytes: number;
  /** What begins of pieces are aligned to; also the largest alignment that anybody may ask for. A power of two. */
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

export type PoolFailure = "no-room" | "fragmented" | "alignment";

/** The figures of lifecycle contract 9.5. */
export interface PoolMetrics {
  readonly name: string;
  readonly sizeBytes: number;
  readonly usedBytes: number;
  readonly highWaterMarkBytes: number;
  /** Free at the moment of the high-water mark, and the largest free region then. */
  readonly freeAtHighWaterMarkBytes: number;
  readonly maxFreeAtHighWaterBytes: number;
  readonly allocationsFailed: number;
  /** Failures although the free regions together would have sufficed. */
  readonly allocationsFailedFragmentation: number;
  readonly lastAllocationFailedNs: number | undefined;
  readonly largestFreeBytes: number;
  readonly largestFreeSumBytes: number;
}

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

  constructor(options: ContiguousPoolOptions) {
    const { sizeBytes, guardBytes = 0, alignmentBytes } = options;
    assert(Number.isInteger(Math.log2(alignmentBytes)), "alignment of a pool is a power of two");
    assert(guardBytes % alignmentBytes === 0 && sizeBytes % alignmentBytes === 0, "a pool and its guards are aligned");
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

  /** Takes a piece for a buffer. `alignmentBytes` above the pool's is refused even where luck would satisfy it. */
  allocate(sizeBytes: number, alignmentBytes: number = this.#options.alignmentBytes): PoolPiece | PoolFailure {
    const { alignmentBytes: unit, hasInternalGuards = false } = this.#options;
    if (alignmentBytes > unit) return this.#failed("alignment");
    const guard = hasInternalGuards ? this.#guardBytes : 0;
    const size = Math.ceil(sizeBytes / unit) * unit;
    const taken = this.#regions.allocate(size + 2 * guard, unit);
    if (taken === undefined) {
      return this.#failed(this.#regions.freeBytes >= size + 2 * guard ? "fragmented" : "no-room");
    }
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

  metrics(): PoolMetrics {
    return {
      name: this.#options.name,
      sizeBytes: this.#options.sizeBytes,
      usedBytes: this.#usedBytes,
      highWaterMarkBytes: this.#highWaterMarkBytes,
      freeAtHighWaterMarkBytes: this.#freeAtHighWaterMarkBytes,
      maxFreeAtHighWaterBytes: this.#maxFreeAtHighWaterBytes,
      allocationsFailed: this.#allocationsFailed,
      allocationsFailedFragmentation: this.#allocationsFailedFragmentation,
      lastAllocationFailedNs: this.#lastAllocationFailedNs,
      largestFreeBytes: this.#largest(1),
      largestFreeSumBytes: this.#largest(LARGEST_REGIONS),
    };
  }

  get #usedBytes(): number {
    return this.#managedBytes - this.#regions.freeBytes;
  }

  #largest(count: number): number {
    const sizes = this.#regions.free.map(rangeSize).sort((a, b) => b - a);
    return sizes.slice(0, count).reduce((sum, size) => sum + size, 0);
  }

  #failed(failure: PoolFailure): PoolFailure {
    this.#allocationsFailed += 1;
    if (failure === "fragmented") this.#allocationsFailedFragmentation += 1;
    this.#lastAllocationFailedNs = this.#options.clock.nowNs();
    return failure;
  }
}
