import { MAX_CONCURRENT_RESERVATIONS } from "#base";
import type { BufferMemory, Kernel } from "#kernel";
import type { MemoryReserve } from "./memory-reserve.ts";
import {
  type AllocateVmoRequest,
  type AllocationClaim,
  type Heap,
  type HeapId,
  type HeapProperties,
  SYSTEM_RAM,
} from "./port.ts";

/** The heap everybody has: memory files made by the kernel. Every coherency domain, zeroed by the kernel. */
export class SystemRamHeap implements Heap {
  readonly id: HeapId = { heapType: SYSTEM_RAM, id: 0n };
  readonly properties: HeapProperties = {
    coherencyDomainSupport: { cpu: true, ram: true, inaccessible: true },
    needClear: false,
    needFlush: false,
    isSecure: false,
  };
  readonly maxConcurrentAllocations: number = MAX_CONCURRENT_RESERVATIONS;
  readonly #kernel: Kernel;
  readonly #reserve: MemoryReserve | undefined;

  /** @param reserve makes memory in advance; it stays the caller's */
  constructor(kernel: Kernel, reserve?: MemoryReserve) {
    this.#kernel = kernel;
    this.#reserve = reserve;
  }

  get description(): string {
    if (this.#reserve === undefined) return "system RAM (memory files)";
    const { files, bytes, maxBytes, hits, misses } = this.#reserve.figures;
    const held = `${files} made in advance, ${bytes} of ${maxBytes} bytes`;
    return `system RAM (memory files; ${held}; ${hits} of ${hits + misses} allocations served from them)`;
  }

  async claim({ sizeBytes }: AllocateVmoRequest, bufferCount: number): Promise<AllocationClaim> {
    const bytes = sizeBytes * bufferCount;
    const memory = this.#reserve?.claim(bytes) ?? this.#kernel.claimMemory(bytes);
    return { memory, release: () => memory.release() };
  }

  allocateVmo({ sizeBytes, name, claim }: AllocateVmoRequest): Promise<BufferMemory> {
    const options = { name, claim: claim?.memory };
    return this.#reserve?.allocate(sizeBytes, options) ?? this.#kernel.createMemory(sizeBytes, options);
  }

  deleteVmo(_bufferCollectionId: bigint, _bufferIndex: number, memory: BufferMemory): Promise<void> {
    return memory.closeOffLoop();
  }
}
