import type { BufferMemory, Kernel } from "#kernel";
import { describeContiguous } from "./describe-request.ts";
import { HeapError } from "./errors.ts";
import { type AllocateVmoRequest, type Heap, type HeapId, type HeapProperties, SYSTEM_RAM } from "./port.ts";

/**
 * System RAM that is physically contiguous, for `physically_contiguous_required`: a memory file of one huge page. A file of
 * several need not be contiguous, so the largest page that the machine has in reserve is the largest such buffer.
 */
export class ContiguousSystemRamHeap implements Heap {
  readonly id: HeapId = { heapType: SYSTEM_RAM, id: 0n };
  readonly description = "contiguous system RAM (one huge page each)";
  readonly properties: HeapProperties = {
    coherencyDomainSupport: { cpu: true, ram: true, inaccessible: true },
    needClear: false,
    needFlush: false,
    isSecure: false,
  };
  readonly #kernel: Kernel;
  readonly #pageBytes: readonly number[];

  /** @param pageBytes sizes of huge pages that the machine may give out */
  constructor(kernel: Kernel, pageBytes: readonly number[]) {
    this.#kernel = kernel;
    this.#pageBytes = [...pageBytes].sort((a, b) => a - b);
  }

  async allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    const { sizeBytes, baseAlignmentBytes = 1, name } = request;
    const what = `cannot allocate ${describeContiguous(request)}`;
    // A page of any size begins at a multiple of its size.
    const hugePageBytes = this.#pageBytes.find((bytes) => bytes >= sizeBytes && bytes >= baseAlignmentBytes);
    if (hugePageBytes === undefined) {
      throw new HeapError(
        "NOT_SUPPORTED",
        `${what}: the largest huge page in reserve has ${this.#pageBytes.at(-1) ?? 0} bytes`,
      );
    }
    try {
      return await this.#kernel.createMemory(sizeBytes, { name, hugePageBytes });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new HeapError("NO_MEMORY", `${what}: ${why}`, { cause: error });
    }
  }

  deleteVmo(_bufferCollectionId: bigint, _bufferIndex: number, memory: BufferMemory): Promise<void> {
    return memory.closeOffLoop();
  }
}
