/**
 * Where buffers come from. A heap is asynchronous: its memory may be reserved off the event loop, or made by another process.
 * Source: lifecycle contract 8, interface reference 4.1 and 5.
 */
import type { BufferMemory, MemoryClaim } from "#kernel";
import type { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import type { PoolMetrics } from "./pool/contiguous-pool.ts";

/** Which heap: `fuchsia.sysmem2/Heap` with both fields present. `id` is 0 for singletons. */
export interface HeapId {
  readonly heapType: string;
  readonly id: bigint;
}

/** `fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM`: the default when nobody names a heap. */
export const SYSTEM_RAM = "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM";

/** What a heap says of itself (`fuchsia.hardware.sysmem/HeapProperties`). */
export interface HeapProperties {
  readonly coherencyDomainSupport: {
    readonly cpu: boolean;
    readonly ram: boolean;
    readonly inaccessible: boolean;
  };
  /** New memory is not zero; whoever registered the heap clears it before anybody else sees it. */
  readonly needClear: boolean;
  /** Zeroes may not have reached RAM yet. */
  readonly needFlush: boolean;
  /** Its memory is protected: only INACCESSIBLE, never in the hands of the CPU. */
  readonly isSecure: boolean;
}

export interface AllocateVmoRequest {
  /** Page-rounded size of the VMO. */
  readonly sizeBytes: number;
  /**
   * What its physical address is a multiple of: `min_physical_base_alignment` of all participants, a power of two. A heap
   * that cannot promise it refuses. Absent: a page.
   */
  readonly baseAlignmentBytes?: number | undefined;
  readonly settings: SingleBufferSettings;
  readonly bufferCollectionId: bigint;
  readonly bufferIndex: number;
  /** Name for the memory file. */
  readonly name: string;
  /** What the heap set aside for this buffer and others. */
  readonly claim?: AllocationClaim | undefined;
}

/** What a heap sets aside for all buffers of a collection before it makes the first. */
export interface AllocationClaim {
  /** For heaps whose memory the kernel makes. */
  readonly memory?: MemoryClaim | undefined;
  /** What no buffer came of is anybody's again. Called once. */
  release(): void;
}

/** A source of buffers. */
export interface Heap {
  readonly id: HeapId;
  readonly properties: HeapProperties;
  /** For people: what kind of heap it is. */
  readonly description: string;
  /** Heaps that divide pools: how each is used now. */
  pools?(): readonly PoolMetrics[];
  /** How many buffers of one collection it can make at the same time. Absent: one, as the contract of heaps has it. */
  readonly maxConcurrentAllocations?: number;
  /**
   * Sets aside what a collection of several buffers takes, or rejects as `allocateVmo` does: otherwise two collections
   * take it in turns until neither has enough, though either alone would have. The server names the claim in each
   * request and releases it when no more will come. Absent: the heap is another's, who has to see to that.
   * @param first the request for the first of `bufferCount` buffers, which are all alike
   */
  claim?(first: AllocateVmoRequest, bufferCount: number): Promise<AllocationClaim>;
  /**
   * Makes the memory of one buffer: zeroed, and its size fixed. The server calls it once per buffer, with ascending index, and
   * not again while `maxConcurrentAllocations` of the collection's are unanswered. Rejects with `HeapError` or `KernelError`; the client sees NO_MEMORY.
   */
  allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory>;
  /**
   * Gives one buffer back. Called once for each, when no VMO made from it is left anywhere (or the allocation failed
   * midway). Takes ownership of `memory`. Resolves when the heap's cleanup is complete, or when the heap is lost: the buffer
   * counts as existing until then. Never rejects: a heap that fails to delete is logged by its implementation.
   */
  deleteVmo(bufferCollectionId: bigint, bufferIndex: number, memory: BufferMemory): Promise<void>;
}

/**
 * Readiness of secure memory, for collections that require it.
 * `not-expected` counts as ready: such constraints then just find no heap.
 */
export type SecureMemoryState = "not-expected" | "not-ready" | "ready" | "lost";

/** The heaps of one server at one moment. */
export interface HeapRegistry {
  /** Heaps that can be allocated from, SYSTEM_RAM first, then in order of registration. */
  list(): readonly Heap[];
  /**
   * The heap for settings that were decided: the one named, or what stands in for it (contiguous system RAM). Undefined when it
   * does not exist (any more).
   */
  find(id: HeapId, options: { readonly isPhysicallyContiguous: boolean }): Heap | undefined;
  readonly secureMemory: SecureMemoryState;
  /** What serves SYSTEM_RAM with `physically_contiguous_required`; undefined when nothing here can promise that. */
  readonly contiguousSystemRam: Heap | undefined;
  /** In words, why there is none; undefined while there is one, or when nobody has said. */
  readonly whyNoContiguousSystemRam?: string | undefined;
  /** Tells when a heap is lost or replaced. Buffers made by it stay usable; `deleteVmo` must not be called any more. */
  onHeapGone(listener: (heap: Heap) => void): void;
  /** Tells when `secureMemory` or the list has changed so that postponed collections may be tried again. */
  onChanged(listener: () => void): void;
}
