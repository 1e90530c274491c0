/** Memory that the CPU never reaches: a buffer is an identifier that stands for a piece of a protected pool. */
import { assert, type Clock, PROTECTED_RANGE_STEP_DELAY_NS, type Timer } from "#base";
import type { BufferMemory, Kernel } from "#kernel";
import { CollectionTurns } from "../collection-turns.ts";
import { HeapError } from "../errors.ts";
import type { ContiguousPool, LoanFigures, PoolMetrics, PoolPiece } from "../pool/contiguous-pool.ts";
import type { Range } from "../pool/range.ts";
import type { AllocateVmoRequest, AllocationClaim, Heap, HeapId, HeapProperties } from "../port.ts";

/** One span of physical addresses with what protects it. Offsets count from its base. */
export interface SecureRegion {
  readonly pool: ContiguousPool;
  /** Protects a part and zeroes it. False when there are no pages for it. Rejects when the secure side fails. */
  protect(part: Range): Promise<boolean>;
  release(part: Range): Promise<void>;
  /** Works towards protecting less. False when there is nothing to do. */
  improve(): Promise<boolean>;
  /** Absent where nothing can be in other use. */
  loan?(): LoanFigures;
}

export interface SecureHeapOptions {
  readonly id: HeapId;
  readonly description: string;
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly regions: readonly SecureRegion[];
  /** The secure side failed: what is protected is unknown. */
  readonly onFailure: (error: unknown) => void;
}

export class SecureHeap implements Heap {
  readonly id: HeapId;
  readonly description: string;
  readonly properties: HeapProperties = {
    coherencyDomainSupport: { cpu: false, ram: false, inaccessible: true },
    // The secure side zeroes: nobody else can.
    needClear: false,
    needFlush: false,
    isSecure: true,
  };
  readonly #options: SecureHeapOptions;
  readonly #pieces = new Map<string, { readonly region: SecureRegion; readonly piece: PoolPiece }>();
  /** Operations on ranges, one after the other whichever collection they are for. */
  #last: Promise<unknown> = Promise.resolve();
  readonly #turns = new CollectionTurns();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: SecureHeapOptions) {
    this.#options = options;
    this.id = options.id;
    this.description = options.description;
    for (const { pool } of options.regions) pool.isReady = true;
  }

  pools(): PoolMetrics[] {
    return this.#options.regions.map(({ pool, loan }) => ({ ...pool.use(), ...loan?.() }));
  }

  claim(): Promise<AllocationClaim> {
    return this.#turns.take();
  }

  allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    return this.#inTurn(async () => {
      const { kernel, regions } = this.#options;
      if (this.#isStopped) throw new HeapError("HEAP_GONE", `cannot allocate from ${this.id.heapType}: it is gone`);
      const failures: string[] = [];
      for (const region of regions) {
        const piece = region.pool.allocate(request.sizeBytes, request.baseAlignmentBytes);
        if (typeof piece === "string") {
          failures.push(piece);
          continue;
        }
        if (!(await this.#guarded(() => region.protect(piece.usable)))) {
          region.pool.release(piece);
          region.pool.commitFailed();
          failures.push("no pages");
          continue;
        }
        try {
          const memory = kernel.createIdentifier(request.sizeBytes, { name: request.name });
          this.#pieces.set(memory.koid, { region, piece });
          return memory;
        } catch (error) {
          await this.#guarded(() => region.release(piece.usable));
          region.pool.release(piece);
          throw error;
        }
      }
      throw new HeapError("NO_MEMORY", `cannot allocate from ${this.id.heapType}: ${failures.join(", ")}`);
    });
  }

  deleteVmo(_bufferCollectionId: bigint, _bufferIndex: number, memory: BufferMemory): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#pieces.get(memory.koid);
      assert(held !== undefined, "a buffer of this heap comes back once");
      this.#pieces.delete(memory.koid);
      memory.close();
      if (this.#isStopped) return;
      try {
        await this.#guarded(() => held.region.release(held.piece.usable));
        held.region.pool.release(held.piece);
      } catch {
        // Reported by `onFailure`. The piece is lost with the heap.
      }
    });
  }

  /** The heap is given up: the secure side is not told of anything any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    for (const { pool } of this.#options.regions) pool.isReady = false;
  }

  /** Nothing after a failure may go on as if there had been none. */
  async #guarded<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (!this.#isStopped) {
        this.stop();
        this.#options.onFailure(error);
      }
      throw new HeapError("HEAP_GONE", `cannot use ${this.id.heapType}: the secure side failed`, { cause: error });
    }
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(() => {});
    void this.#last.then(() => this.#improveLater());
    return result;
  }

  /** A step at a time, after a time without other work. */
  #improveLater(): void {
    const { clock, regions } = this.#options;
    this.#timer?.cancel();
    if (this.#isStopped) return;
    this.#timer = clock.setTimer(clock.nowNs() + PROTECTED_RANGE_STEP_DELAY_NS, () => {
      this.#timer = undefined;
      const step = this.#last.then(async () => {
        for (const region of regions) {
          if (!this.#isStopped && (await this.#guarded(() => region.improve()))) return true;
        }
        return false;
      });
      this.#last = step.catch(() => {});
      void step.then(
        (hasMore) => hasMore && this.#improveLater(),
        () => {},
      );
    });
  }
}
