import { MAX_CONCURRENT_RESERVATIONS } from "#base";
import type { BufferMemory, Kernel } from "#kernel";
import { type AllocateVmoRequest, type Heap, type HeapId, type HeapProperties, SYSTEM_RAM } from "./port.ts";

/** The heap everybody has: memory files made by the kernel. Every coherency domain, zeroed by the kernel. */
export class SystemRamHeap implements Heap {
  readonly id: HeapId = { heapType: SYSTEM_RAM, id: 0n };
  readonly description = "system RAM (memory files)";
  readonly properties: HeapProperties = {
    coherencyDomainSupport: { cpu: true, ram: true, inaccessible: true },
    needClear: false,
    needFlush: false,
    isSecure: false,
  };
  readonly maxConcurrentAllocations: number = MAX_CONCURRENT_RESERVATIONS;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    return this.#kernel.createMemory(request.sizeBytes, { name: request.name });
  }

  deleteVmo(_bufferCollectionId: bigint, _bufferIndex: number, memory: BufferMemory): Promise<void> {
    memory.close();
    return Promise.resolve();
  }
}
