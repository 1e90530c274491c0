/** The kernel's own DMA-BUF heaps as heaps of sysmem: memory that devices can import as it is. */
import { isSysmemError, POOL_PAGE_BYTES } from "#base";
import type { BufferMemory, DmaHeapDevice, LinuxKernel } from "#kernel";
import { CollectionTurns } from "./collection-turns.ts";
import { describeContiguous } from "./describe-request.ts";
import { HeapError } from "./errors.ts";
import type { AllocateVmoRequest, AllocationClaim, Heap, HeapId, HeapProperties } from "./port.ts";

/** What is not known from the device alone. */
export interface DmaBufHeapOptions {
  /** Default: `dmaHeapType` of the device's name. */
  readonly heapType?: string | undefined;
  /** Default 0. */
  readonly id?: bigint | undefined;
  /** Whether each of its buffers is physically contiguous. Default: `isContiguousByName`. */
  readonly isContiguous?: boolean | undefined;
  /** Whether devices see what the CPU's caches hold without anybody's help. Default: so on x64, and not elsewhere. */
  readonly isCoherent?: boolean | undefined;
}

type DmaBufKernel = Pick<LinuxKernel, "allocateDmaBuf" | "claimMemory">;

const PREFIX = "linux.sysmem.heap.dma_heap.HEAP_TYPE.";

/**
 * The heap type of a device: a vendor's, in capital letters, with `_` for what is neither letter nor digit. `linux,cma` is
 * `linux.sysmem.heap.dma_heap.HEAP_TYPE.LINUX_CMA`.
 */
export function dmaHeapType(deviceName: string): string {
  return `${PREFIX}${deviceName.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`;
}

/** Kernels name the heap over the contiguous memory area after it: `reserved`, `linux,cma`, `default_cma_region`. */
export function isContiguousByName(deviceName: string): boolean {
  return deviceName === "reserved" || /(^|[^a-z])cma([^a-z]|$)/.test(deviceName);
}

/** One device of `/dev/dma_heap`. Its buffers' holders are counted, not told apart (`BufferMemory.tellsChildrenApart`). */
export class DmaBufHeap implements Heap {
  readonly id: HeapId;
  readonly description: string;
  readonly properties: HeapProperties;
  /** Whether each of its buffers is physically contiguous. */
  readonly isContiguous: boolean;
  readonly #kernel: DmaBufKernel;
  readonly #turns = new CollectionTurns();
  readonly #path: string;

  constructor(kernel: DmaBufKernel, device: Pick<DmaHeapDevice, "name" | "path">, options: DmaBufHeapOptions = {}) {
    this.id = { heapType: options.heapType ?? dmaHeapType(device.name), id: options.id ?? 0n };
    this.isContiguous = options.isContiguous ?? isContiguousByName(device.name);
    this.description = `DMA-BUF heap ${device.path}${this.isContiguous ? ", physically contiguous" : ""}`;
    this.properties = {
      // Elsewhere participants keep caches and RAM apart themselves: see `Vmo.beginCpuAccess`.
      coherencyDomainSupport: { cpu: options.isCoherent ?? process.arch === "x64", ram: true, inaccessible: true },
      // The kernel clears it.
      needClear: false,
      needFlush: false,
      isSecure: false,
    };
    this.#kernel = kernel;
    this.#path = device.path;
  }

  async claim({ sizeBytes }: AllocateVmoRequest, bufferCount: number): Promise<AllocationClaim> {
    // What is left of a contiguous area the kernel tells nobody.
    if (this.isContiguous) return this.#turns.take();
    const memory = this.#kernel.claimMemory(sizeBytes * bufferCount);
    return { memory, release: () => memory.release() };
  }

  async allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    const { sizeBytes, baseAlignmentBytes = 0, settings, name, claim } = request;
    const refuse = (why: string): never => {
      throw new HeapError("NOT_SUPPORTED", `cannot allocate ${describeContiguous(request)} from ${this.#path}: ${why}`);
    };
    if (settings.bufferSettings?.isPhysicallyContiguous === true) {
      if (!this.isContiguous) refuse("what it gives need not be contiguous");
      // The kernel tells nobody where a DMA-BUF is.
      if (baseAlignmentBytes > POOL_PAGE_BYTES) refuse("where it begins cannot be known");
    }
    try {
      return await this.#kernel.allocateDmaBuf(this.#path, sizeBytes, { name, claim: claim?.memory });
    } catch (error) {
      if (!isSysmemError(error)) throw error;
      throw new HeapError("NO_MEMORY", error.message, { cause: error });
    }
  }

  deleteVmo(_bufferCollectionId: bigint, _bufferIndex: number, memory: BufferMemory): Promise<void> {
    return memory.closeOffLoop();
  }
}
