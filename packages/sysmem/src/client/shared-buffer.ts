import { assert, Rights } from "#base";
import type { VmoBuffer } from "#gen/fuchsia_sysmem2";
import { asEventPair, asVmo, type CpuAccess, type EventPair, KernelError, type Mapping, type Vmo } from "#kernel";
import type { BufferLayout } from "./buffer-layout.ts";

/** One buffer of a collection as this participant holds it. Owns its handles and its mapping until `close`. */
export class SharedBuffer {
  /** All participants number the buffers alike. */
  readonly index: number;
  /** The memory; absent for participants without usage, or when the buffer is already gone. Owned by this object. */
  readonly vmo: Vmo | undefined;
  /** Present on weak buffers: its peer closes when everybody strong is gone. Owned by this object. */
  readonly closeWeakAsap: EventPair | undefined;
  readonly #sizeBytes: number;
  readonly #waits = new Set<{ cancel(): void }>();
  #mapping: Mapping | undefined;
  #isClosed = false;

  /** @internal Takes ownership of the handles in `buffer`. */
  constructor(index: number, buffer: VmoBuffer, sizeBytes: number) {
    this.index = index;
    this.vmo = buffer.vmo ? asVmo(buffer.vmo) : undefined;
    this.closeWeakAsap = buffer.closeWeakAsap ? asEventPair(buffer.closeWeakAsap) : undefined;
    this.#sizeBytes = sizeBytes;
  }

  /** Whether this participant may write: its own usage has a write bit and no mask on its way took the right. */
  get isWritable(): boolean {
    return this.vmo !== undefined && (this.vmo.rights & Rights.WRITE) !== 0;
  }

  /** Whether `close` was called. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * The buffer's memory, mapped on first use: writable exactly when this participant may write (what is written to other
   * mappings, nobody else sees). It is the same memory in every participant. The view ends at the buffer's `size_bytes`, not
   * at the end of its last page. After `close` it reads zeros.
   *
   * Throws `KernelError`: NOT_FOUND without a VMO, ACCESS_DENIED for memory that the CPU cannot reach, NO_MEMORY.
   */
  bytes(): Uint8Array {
    assert(!this.#isClosed, `buffer ${this.index} is closed`);
    if (this.#mapping === undefined) {
      if (this.vmo === undefined) {
        throw new KernelError("NOT_FOUND", `cannot map buffer ${this.index}: this participant has no VMO for it`);
      }
      this.#mapping = this.vmo.map({ writable: this.isWritable });
    }
    return this.#mapping.bytes.subarray(0, this.#sizeBytes);
  }

  /**
   * Does something to the buffer's memory. Where the memory is a DMA-BUF this tells its maker, before and after, so that devices
   * and the CPU see the same; elsewhere it is `use(bytes())`. Throws as `bytes`, and `KernelError` IO when a device fails.
   * @param use done when it returns, or when the promise that it returns is settled
   */
  access<T>(access: CpuAccess, use: (bytes: Uint8Array) => T): T {
    const bytes = this.bytes();
    this.vmo?.beginCpuAccess(access);
    // Closed meanwhile, there is nothing left to tell of.
    const end = () => this.#isClosed || this.vmo?.endCpuAccess(access);
    let result: T;
    try {
      result = use(bytes);
    } catch (error) {
      end();
      throw error;
    }
    if (result instanceof Promise) return result.finally(end) as T;
    end();
    return result;
  }

  /** One plane of the image in this buffer, as `SharedBuffers.layout` says: rows with their padding. Throws as `bytes`. */
  plane(layout: BufferLayout, index: number): Uint8Array {
    const plane = layout.planes[index];
    assert(plane !== undefined, `an image of ${layout.planes.length} planes has no plane ${index}`);
    const end = plane.rows && plane.rowBytes ? plane.offset + plane.rows * plane.rowBytes : undefined;
    return this.bytes().subarray(plane.offset, end ?? layout.planes[index + 1]?.offset ?? layout.sizeBytes);
  }

  /**
   * Calls back once when this weak buffer should be closed soon, because nobody strong holds it any more; in the next turn
   * when that is so already. Never for strong buffers, and not after `close`. The result stops it.
   */
  onCloseAsap(callback: () => void): () => void {
    assert(!this.#isClosed, `buffer ${this.index} is closed`);
    const wait = this.closeWeakAsap?.onPeerClosed(() => {
      if (wait !== undefined) this.#waits.delete(wait);
      callback();
    });
    if (wait === undefined) return () => {};
    this.#waits.add(wait);
    return () => {
      this.#waits.delete(wait);
      wait.cancel();
    };
  }

  /** Unmaps and closes, once. The memory is freed when nobody else holds it either. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const wait of this.#waits) wait.cancel();
    this.#waits.clear();
    this.#mapping?.unmap();
    this.#mapping = undefined;
    this.vmo?.close();
    this.closeWeakAsap?.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
