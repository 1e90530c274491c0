/** Contiguous system RAM that is set aside when the server starts, and divided among buffers. Negotiation contract 8.1, 8.2. */
import {
  assert,
  CARVE_OUT_ALIGNMENT_BYTES,
  type Clock,
  type Logger,
  MAX_POOL_HOLDERS_NAMED,
  POOL_PAGE_BYTES,
  silentLogger,
  unreachable,
} from "#base";
import type { BufferMemory, CarveOut, Kernel } from "#kernel";
import { describeContiguous } from "../describe-request.ts";
import { HeapError, type HeapErrorCode } from "../errors.ts";
import {
  type AllocateVmoRequest,
  type AllocationClaim,
  type Heap,
  type HeapId,
  type HeapProperties,
  SYSTEM_RAM,
} from "../port.ts";
import { ContiguousPool, type PoolFailure, type PoolMetrics, type PoolPiece } from "./contiguous-pool.ts";
import { CorruptionLog } from "./corruption-log.ts";
import { Guards } from "./guards.ts";
import { PoolWatch } from "./pool-watch.ts";
import { rangeSize } from "./range.ts";
import { UnusedPages } from "./unused-pages.ts";
import { WorkLane } from "./work-lane.ts";

/** What is done so that writes outside of buffers are found. Configuration names: lifecycle contract 8.5. */
export interface PoolGuardOptions {
  /** Pages of each guard, at least 1. */
  readonly pageCount: number;
  /** A guard before and one behind each buffer, too. No buffer can then be aligned to more than a page. */
  readonly hasInternal: boolean;
  /** Unused pages are filled with a pattern: one of so many; 0 for none. */
  readonly unusedFractionDenominator: number;
  /** How long it takes until all of these were looked at once. */
  readonly unusedCycleSeconds: number;
}

/** The original's, where the configuration says nothing. */
export const DEFAULT_POOL_GUARDS: PoolGuardOptions = {
  pageCount: 1,
  hasInternal: false,
  unusedFractionDenominator: 0,
  unusedCycleSeconds: 600,
};

export interface ContiguousPoolHeapOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly logger?: Logger | undefined;
  /** What to set aside; rounded up to what the machine can make contiguous. More than two guards. */
  readonly sizeBytes: number;
  /** Default: `DEFAULT_POOL_GUARDS`. */
  readonly guards?: PoolGuardOptions | undefined;
  /** Called for each write outside of buffers that was found, when it has been logged. */
  readonly onCorruption?: (() => void) | undefined;
}

/** The pool's memory with all that looks after it. */
interface OpenPool {
  readonly carveOut: CarveOut;
  readonly guards: Guards;
  readonly unused: UnusedPages;
  readonly watch: PoolWatch;
}

/**
 * - `opening`: its memory is being set aside; allocations wait.
 * - `open`: buffers can be had.
 * - `failed`: the machine cannot, and `error` says why. Final.
 * - `closed`: the server has ended. Final.
 */
type State =
  | { readonly kind: "opening" }
  | { readonly kind: "open"; readonly pool: OpenPool }
  | { readonly kind: "failed"; readonly error: HeapError }
  | { readonly kind: "closed" };

interface HeldPiece {
  readonly piece: PoolPiece;
  readonly name: string;
  readonly collectionId: bigint;
}

const NAME = "SysmemContiguousPool";

/** Stands in for SYSTEM_RAM where that must be physically contiguous. */
export class ContiguousPoolHeap implements Heap {
  readonly id: HeapId = { heapType: SYSTEM_RAM, id: 0n };
  readonly description = "contiguous system RAM (a pool set aside)";
  readonly properties: HeapProperties = {
    coherencyDomainSupport: { cpu: true, ram: true, inaccessible: true },
    // Pieces are cleared here, before anybody gets them.
    needClear: false,
    needFlush: false,
    isSecure: false,
  };
  /** Answered when the memory has been set aside, or not: why not, or undefined. */
  readonly opened: Promise<HeapError | undefined>;
  readonly #options: ContiguousPoolHeapOptions;
  readonly #guardOptions: PoolGuardOptions;
  readonly #logger: Logger;
  readonly #lane = new WorkLane();
  readonly #corruption: CorruptionLog;
  readonly #held = new Map<string, HeldPiece>();
  /** Pieces of buffers that have not been asked for. */
  readonly #claimed = new Map<AllocationClaim, PoolPiece[]>();
  #division: ContiguousPool;
  #state: State = { kind: "opening" };

  constructor(options: ContiguousPoolHeapOptions) {
    const { clock, logger = silentLogger, guards = DEFAULT_POOL_GUARDS, onCorruption } = options;
    this.#options = options;
    this.#logger = logger;
    this.#guardOptions = guards;
    this.#corruption = new CorruptionLog({ name: NAME, clock, logger, onCorruption });
    this.#division = this.#divisionOf(options.sizeBytes);
    this.opened = this.#open();
  }

  pools(): PoolMetrics[] {
    const { failedGuardRegionChecks, lastFailedGuardRegionCheckNs } = this.#corruption;
    return [{ ...this.#division.use(), failedGuardRegionChecks, lastFailedGuardRegionCheckNs }];
  }

  async claim(first: AllocateVmoRequest, bufferCount: number): Promise<AllocationClaim> {
    await this.opened;
    this.#require(first);
    const pieces: PoolPiece[] = [];
    const claim = {
      release: () => {
        this.#claimed.delete(claim);
        for (const piece of pieces) this.#division.release(piece);
      },
    };
    this.#claimed.set(claim, pieces);
    while (pieces.length < bufferCount) {
      const piece = this.#division.allocate(first.sizeBytes, first.baseAlignmentBytes);
      if (typeof piece === "string") {
        claim.release();
        throw this.#refusal(first, piece, bufferCount);
      }
      pieces.push(piece);
    }
    return claim;
  }

  async allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    await this.opened;
    const { carveOut, guards, unused } = this.#require(request);
    const claimed = request.claim && this.#claimed.get(request.claim)?.shift();
    const piece = claimed ?? this.#division.allocate(request.sizeBytes, request.baseAlignmentBytes);
    if (typeof piece === "string") throw this.#refusal(request, piece);
    await this.#lane.run(unused.take(piece.taken));
    await this.#lane.run(guards.set(piece, request.name));
    try {
      // The server may have ended meanwhile.
      this.#require(request);
      const { begin } = piece.usable;
      const memory = carveOut.createPiece(begin, rangeSize(piece.usable), { name: request.name });
      this.#held.set(memory.koid, { piece, name: request.name, collectionId: request.bufferCollectionId });
      return memory;
    } catch (error) {
      await this.#giveBack(piece, request.name);
      if (error instanceof HeapError) throw error;
      throw cannot(request, "NO_MEMORY", error instanceof Error ? error.message : String(error), { cause: error });
    }
  }

  async deleteVmo(_bufferCollectionId: bigint, _bufferIndex: number, memory: BufferMemory): Promise<void> {
    const held = this.#held.get(memory.koid);
    assert(held !== undefined, "a buffer of this heap comes back once");
    this.#held.delete(memory.koid);
    memory.close();
    await this.#giveBack(held.piece, held.name);
  }

  /** Lets go of the memory. Buffers live on in their holders. */
  close(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    this.#division.isReady = false;
    // Work under way ends in memory that is gone, where nothing is as it was written.
    this.#corruption.stop();
    if (state.kind !== "open") return;
    state.pool.watch.stop();
    state.pool.carveOut.close();
  }

  async #open(): Promise<HeapError | undefined> {
    const { kernel, sizeBytes } = this.#options;
    let carveOut: CarveOut | undefined;
    try {
      carveOut = await kernel.createCarveOut(sizeBytes, { name: NAME });
      const pool = this.#equip(carveOut);
      await this.#lane.run(pool.guards.setEnds());
      // Before anybody has a buffer: pages are filled while they are nobody's.
      for (const part of this.#division.free) await this.#lane.run(pool.unused.fill(part));
      if (this.#state.kind === "closed") {
        carveOut.close();
        return undefined;
      }
      this.#state = { kind: "open", pool: { ...pool, carveOut, watch: this.#watch(pool) } };
      this.#division.isReady = true;
      this.#logger.info({ pool: NAME, sizeBytes: carveOut.sizeBytes }, "contiguous memory is set aside");
      return undefined;
    } catch (cause) {
      carveOut?.close();
      const why = cause instanceof Error ? cause.message : String(cause);
      const error = new HeapError("NOT_SUPPORTED", `there is no contiguous pool: ${why}`, { cause });
      if (this.#state.kind === "closed") return undefined;
      this.#state = { kind: "failed", error };
      this.#logger.error({ pool: NAME, sizeBytes, err: error }, "the configured contiguous memory cannot be set aside");
      return error;
    }
  }

  /** What looks after memory of this size, which may be more than was asked for. */
  #equip(carveOut: CarveOut): Pick<OpenPool, "guards" | "unused"> {
    const { pageCount, unusedFractionDenominator } = this.#guardOptions;
    this.#division = this.#divisionOf(carveOut.sizeBytes);
    return {
      guards: new Guards(carveOut, pageCount * POOL_PAGE_BYTES, this.#corruption),
      unused: new UnusedPages(carveOut, unusedFractionDenominator, this.#corruption),
    };
  }

  #watch({ guards, unused }: Pick<OpenPool, "guards" | "unused">): PoolWatch {
    const { unusedFractionDenominator, unusedCycleSeconds } = this.#guardOptions;
    return new PoolWatch({
      clock: this.#options.clock,
      logger: this.#logger,
      lane: this.#lane,
      sizeBytes: this.#division.use().sizeBytes,
      guards,
      unused,
      corruption: this.#corruption,
      unusedCycleSeconds: unusedFractionDenominator === 0 ? undefined : unusedCycleSeconds,
    });
  }

  #divisionOf(sizeBytes: number): ContiguousPool {
    const { pageCount, hasInternal } = this.#guardOptions;
    return new ContiguousPool({
      name: NAME,
      sizeBytes: Math.ceil(sizeBytes / POOL_PAGE_BYTES) * POOL_PAGE_BYTES,
      alignmentBytes: CARVE_OUT_ALIGNMENT_BYTES,
      guardBytes: pageCount * POOL_PAGE_BYTES,
      hasInternalGuards: hasInternal,
      clock: this.#options.clock,
    });
  }

  /** The pool, when buffers can be had from it. Throws `HeapError`. */
  #require(request: AllocateVmoRequest): OpenPool {
    const state = this.#state;
    switch (state.kind) {
      case "open":
        return state.pool;
      case "failed":
        throw cannot(request, state.error.code, state.error.message, { cause: state.error });
      case "closed":
        throw cannot(request, "HEAP_GONE", "the pool is closed");
      case "opening":
        return unreachable(state.kind as never, "a pool is asked after it was opened");
    }
  }

  /** A piece becomes free, after a last look at its guards. */
  async #giveBack(piece: PoolPiece, name: string): Promise<void> {
    if (this.#state.kind === "open") {
      const { guards, unused } = this.#state.pool;
      await this.#lane.run(guards.remove(piece));
      this.#corruption.freed(piece.taken, name);
      await this.#lane.run(unused.fill(piece.taken));
    }
    this.#division.release(piece);
  }

  /** Why there is no piece, in the log with all that it takes to understand it, in short for the one who asked. */
  #refusal(request: AllocateVmoRequest, failure: PoolFailure, bufferCount = 1): HeapError {
    const { name: buffer, sizeBytes, baseAlignmentBytes, bufferCollectionId } = request;
    const asked = { buffer, bufferCount, sizeBytes, baseAlignmentBytes, collectionId: String(bufferCollectionId) };
    const figures = { failure, use: this.#division.use(), holders: this.#largestHolders() };
    this.#logger.warn({ pool: NAME, ...asked, ...figures }, "the contiguous pool has no piece for a buffer");
    const code = failure === "alignment" ? "NOT_SUPPORTED" : "NO_MEMORY";
    return cannot(request, code, this.#describe(failure), { bufferCount });
  }

  #describe(failure: PoolFailure): string {
    const { sizeBytes, largestFreeBytes } = this.#division.use();
    switch (failure) {
      case "no-room":
        return `${this.#division.freeBytes} of the ${sizeBytes} bytes of the contiguous pool are free`;
      case "fragmented":
        return `the ${this.#division.freeBytes} free bytes of the contiguous pool are in pieces of ${largestFreeBytes} at most`;
      case "alignment":
        return this.#guardOptions.hasInternal
          ? "the contiguous pool has guards around each buffer, and aligns to pages only"
          : `the contiguous pool is aligned to ${CARVE_OUT_ALIGNMENT_BYTES} only`;
      case "not-ready":
        return "the contiguous pool is not ready";
    }
  }

  /** Who has most of the pool: collections, by the bytes of their buffers. */
  #largestHolders(): { collectionId: string; bytes: number; buffers: number; firstBuffer: string }[] {
    const holders = new Map<bigint, { bytes: number; buffers: number; firstBuffer: string }>();
    for (const { piece, name, collectionId } of this.#held.values()) {
      const holder = holders.get(collectionId) ?? { bytes: 0, buffers: 0, firstBuffer: name };
      holder.bytes += rangeSize(piece.taken);
      holder.buffers += 1;
      holders.set(collectionId, holder);
    }
    return [...holders]
      .map(([collectionId, holder]) => ({ collectionId: String(collectionId), ...holder }))
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, MAX_POOL_HOLDERS_NAMED);
  }
}

function cannot(
  request: AllocateVmoRequest,
  code: HeapErrorCode,
  why: string,
  { bufferCount, cause }: { readonly bufferCount?: number; readonly cause?: unknown } = {},
): HeapError {
  return new HeapError(code, `cannot allocate ${describeContiguous(request, bufferCount)}: ${why}`, { cause });
}
