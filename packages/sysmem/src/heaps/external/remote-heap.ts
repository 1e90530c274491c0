import {
  type Clock,
  type Logger,
  MAX_CLEARED_PER_TURN_BYTES,
  POOL_PAGE_BYTES,
  Rights,
  Status,
  type VmoHandle,
} from "#base";
import { FidlError } from "#fidl";
import { asVmo, type BufferMemory, type Kernel, KernelError } from "#kernel";
import { HeapError } from "../errors.ts";
import type { AllocateVmoRequest, Heap, HeapId, HeapProperties } from "../port.ts";

/** What a heap behind a channel needs of its surroundings. */
export interface RemoteHeapContext {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The process that made the heap's channel, for log lines. Undefined when the kernel does not say. */
  readonly pid: number | undefined;
  /** From AllocateVmo to its answer. Past it the allocation fails; an answer that comes later is given back. */
  readonly allocateTimeoutMs: number;
  /** From DeleteVmo to its answer. Past it the buffer counts as gone. */
  readonly deleteTimeoutMs: number;
}

/**
 * A heap in another process. The two protocols differ in their messages; what comes back is checked alike: a VMO is
 * believed to be a buffer only after it has proved to be one.
 */
export abstract class RemoteHeap implements Heap {
  readonly id: HeapId;
  readonly properties: HeapProperties;
  abstract readonly description: string;
  readonly context: RemoteHeapContext;
  /** Memory files of live buffers: the same file cannot be two buffers. */
  readonly #files = new Set<string>();

  constructor(context: RemoteHeapContext, id: HeapId, properties: HeapProperties) {
    this.context = context;
    this.id = id;
    this.properties = properties;
  }

  /** True once the channel is closed. */
  abstract readonly isLost: boolean;
  /** Asks the heap. */
  protected abstract make(request: AllocateVmoRequest): Promise<BufferMemory>;
  protected abstract release(bufferCollectionId: bigint, bufferIndex: number, memory: BufferMemory): Promise<void>;

  async allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    const { baseAlignmentBytes = 0 } = request;
    // Neither protocol can ask for it.
    if (baseAlignmentBytes > POOL_PAGE_BYTES) {
      const why = `it cannot be asked for physical addresses at multiples of ${baseAlignmentBytes}`;
      throw new HeapError("NOT_SUPPORTED", `cannot allocate from ${this.id.heapType}: ${why}`);
    }
    return this.make(request);
  }

  async deleteVmo(bufferCollectionId: bigint, bufferIndex: number, memory: BufferMemory): Promise<void> {
    this.#files.delete(memory.koid);
    try {
      if (!this.isLost) await this.release(bufferCollectionId, bufferIndex, memory);
    } catch (error) {
      // A heap that goes away while it deletes has nothing left to tell.
      if (!this.isLost) {
        this.context.logger.error(
          {
            heap: this.id.heapType,
            heapPid: this.context.pid,
            collectionId: String(bufferCollectionId),
            bufferIndex,
            err: error,
          },
          "a heap failed to delete a buffer",
        );
      }
    } finally {
      memory.close();
    }
  }

  /** Makes a buffer of what the heap answered. Owns `handle`. Throws `HeapError`. */
  protected async accept(handle: VmoHandle, request: AllocateVmoRequest): Promise<BufferMemory> {
    const vmo = asVmo(handle);
    const refuse = (why: string, cause?: unknown): never => {
      vmo.close();
      throw new HeapError("BAD_ANSWER", `cannot use the VMO that ${this.id.heapType} made: ${why}`, { cause });
    };
    const { coherencyDomainSupport: domains } = this.properties;
    const hasCpuAccess = domains.cpu || domains.ram;
    if (vmo.sizeBytes < request.sizeBytes) refuse(`it has ${vmo.sizeBytes} bytes instead of ${request.sizeBytes}`);
    const needed = hasCpuAccess ? Rights.READ | Rights.WRITE | Rights.MAP : Rights.TRANSFER;
    if ((vmo.rights & needed) !== needed) refuse(`its rights are 0x${vmo.rights.toString(16)}`);
    if (this.#files.has(vmo.koid)) refuse("it is the memory of another buffer");
    let memory: BufferMemory;
    try {
      // A heap keeps the parent of what it gives until it gets that back.
      memory = this.context.kernel.adoptMemory(vmo, { isKeptByMaker: true });
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      return refuse(error.message, error);
    }
    try {
      if (this.properties.needClear && hasCpuAccess) await clear(memory);
    } catch (error) {
      memory.close();
      if (!(error instanceof KernelError)) throw error;
      throw new HeapError("BAD_ANSWER", `cannot clear a VMO of ${this.id.heapType}: ${error.message}`, {
        cause: error,
      });
    }
    this.#files.add(memory.koid);
    return memory;
  }

  /** A buffer that was accepted goes back before anybody has seen it. */
  protected drop(memory: BufferMemory): void {
    this.#files.delete(memory.koid);
    memory.close();
  }

  /** What a call to the heap failed with, as the allocation's error. */
  protected failure(error: unknown): HeapError {
    if (error instanceof HeapError) return error;
    if (!(error instanceof FidlError)) throw error;
    const code = error.code === "TIMED_OUT" ? "TIMED_OUT" : this.isLost ? "HEAP_GONE" : "IO";
    return new HeapError(code, `cannot allocate from ${this.id.heapType}: ${error.message}`, { cause: error });
  }

  /** The heap itself said no. */
  protected refusal(status: number): HeapError {
    const code = status === Status.ERR_NOT_SUPPORTED ? "NOT_SUPPORTED" : "NO_MEMORY";
    return new HeapError(code, `cannot allocate from ${this.id.heapType}: it answered status ${status}`);
  }
}

/** Writes zeros, a part in each turn of the event loop: nobody else waits for a large buffer. */
async function clear(memory: BufferMemory): Promise<void> {
  const mapping = memory.vmo.map({ writable: true });
  try {
    const { bytes } = mapping;
    for (let at = 0; at < bytes.length; at += MAX_CLEARED_PER_TURN_BYTES) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve));
      bytes.fill(0, at, at + MAX_CLEARED_PER_TURN_BYTES);
    }
  } finally {
    mapping.unmap();
  }
}
