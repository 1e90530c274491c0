import { isSysmemError } from "#base";
import type { BufferMemory, Kernel } from "#kernel";
import { describeContiguous } from "./describe-request.ts";
import { HeapError } from "./errors.ts";
import { CollectionTurns } from "./collection-turns.ts";
import {
  type AllocateVmoRequest,
  type AllocationClaim,
  type Heap,
  type HeapId,
  type HeapProperties,
  SYSTEM_RAM,
} from "./port.ts";

/**
 * System RAM that is physically contiguous, for `physically_contiguous_required`. First a memory file of one huge page, of the
 * smallest that holds the buffer; a file of several need not be contiguous. What no page holds, or finds none left, comes
 * from heaps that make contiguous memory of any size.
 */
export class ContiguousSystemRamHeap implements Heap {
  readonly id: HeapId = { heapType: SYSTEM_RAM, id: 0n };
  readonly description: string;
  readonly properties: HeapProperties;
  readonly #kernel: Kernel;
  readonly #pageBytes: readonly number[];
  readonly #others: readonly Heap[];
  readonly #turns = new CollectionTurns();

  /**
   * @param pageBytes sizes of huge pages that the machine may give out
   * @param others heaps whose buffers are all contiguous, in the order in which they are asked
   */
  constructor(kernel: Kernel, pageBytes: readonly number[], others: readonly Heap[] = []) {
    this.#kernel = kernel;
    this.#pageBytes = [...pageBytes].sort((a, b) => a - b);
    this.#others = others;
    const sources = [
      ...(pageBytes.length === 0 ? [] : ["one huge page each"]),
      ...others.map(({ description }) => description),
    ];
    this.description = `contiguous system RAM (${sources.join("; ")})`;
    // It promises what all of its sources do.
    const supports = (domain: "cpu" | "ram" | "inaccessible") =>
      others.every(({ properties }) => properties.coherencyDomainSupport[domain]);
    this.properties = {
      coherencyDomainSupport: { cpu: supports("cpu"), ram: supports("ram"), inaccessible: supports("inaccessible") },
      needClear: false,
      needFlush: false,
      isSecure: false,
    };
  }

  claim(): Promise<AllocationClaim> {
    return this.#turns.take();
  }

  async allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    const { sizeBytes, baseAlignmentBytes = 1, name } = request;
    // A page of any size begins at a multiple of its size.
    const hugePageBytes = this.#pageBytes.find((bytes) => bytes >= sizeBytes && bytes >= baseAlignmentBytes);
    const faults: string[] = [];
    let cause: unknown;
    const attempt = async (allocate: () => Promise<BufferMemory>): Promise<BufferMemory | undefined> => {
      try {
        return await allocate();
      } catch (error) {
        if (!isSysmemError(error)) throw error;
        faults.push(error.message);
        cause = error;
        return undefined;
      }
    };
    if (hugePageBytes === undefined) {
      const largest = this.#pageBytes.at(-1);
      faults.push(
        largest === undefined
          ? "no huge pages are in reserve"
          : `the largest huge page in reserve has ${largest} bytes`,
      );
    } else {
      const memory = await attempt(() => this.#kernel.createMemory(sizeBytes, { name, hugePageBytes }));
      if (memory !== undefined) return memory;
    }
    for (const heap of this.#others) {
      const memory = await attempt(() => heap.allocateVmo(request));
      if (memory !== undefined) return memory;
    }
    throw new HeapError(
      cause === undefined ? "NOT_SUPPORTED" : "NO_MEMORY",
      `cannot allocate ${describeContiguous(request)}: ${faults.join("; ")}`,
      { cause },
    );
  }

  deleteVmo(_bufferCollectionId: bigint, _bufferIndex: number, memory: BufferMemory): Promise<void> {
    return memory.closeOffLoop();
  }
}
