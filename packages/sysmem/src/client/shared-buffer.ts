import { assert } from "#base";
import type { SingleBufferSettings, VmoBuffer } from "#gen/fuchsia_sysmem2";
import { asEventPair, asVmo, type EventPair, KernelError, type Mapping, type Vmo } from "#kernel";

/** One buffer of a collection as this participant holds it. Owns its handles and its mapping. */
export class SharedBuffer {
  readonly index: number;
  /** The memory; absent for participants without usage, or when the buffer is already gone. */
  readonly vmo: Vmo | undefined;
  /** Present on weak buffers: its peer closes when everybody strong is gone and this buffer should be closed soon. */
  readonly closeWeakAsap: EventPair | undefined;
  readonly #sizeBytes: number;
  #mapping: Mapping | undefined;

  /** @internal Takes ownership of the handles in `buffer`. */
  constructor(index: number, buffer: VmoBuffer, sizeBytes: number) {
    this.index = index;
    this.vmo = buffer.vmo ? asVmo(buffer.vmo) : undefined;
    this.closeWeakAsap = buffer.closeWeakAsap ? asEventPair(buffer.closeWeakAsap) : undefined;
    this.#sizeBytes = sizeBytes;
  }

  /** Whether this participant may write: its own usage has a write bit and no mask on its way took the right. */
  get isWritable(): boolean {
    return this.vmo !== undefined && (this.vmo.rights & 0x8) !== 0;
  }

  /**
   * The buffer's memory, mapped on first use: writable exactly when this participant may write. It is the same memory
   * in every participant. The view ends at the buffer's `size_bytes`, not at the end of its last page.
   */
  bytes(): Uint8Array {
    if (this.#mapping === undefined) {
      if (this.vmo === undefined) {
        throw new KernelError("NOT_FOUND", `cannot map buffer ${this.index}: this participant has no VMO for it`);
      }
      this.#mapping = this.vmo.map({ writable: this.isWritable });
    }
    return this.#mapping.bytes.subarray(0, this.#sizeBytes);
  }

  /**
   * Calls back once when this weak buffer should be closed soon, because nobody strong holds it any more; at once when that
   * is so already. Never for strong buffers.
   */
  onCloseAsap(callback: () => void): void {
    this.closeWeakAsap?.onPeerClosed(callback);
  }

  /** Unmaps and closes. The memory is freed when nobody else holds it either. */
  close(): void {
    this.#mapping?.unmap();
    this.#mapping = undefined;
    this.vmo?.close();
    this.closeWeakAsap?.close();
  }
}

/** The buffers of a collection, and what everybody agreed on. */
export class SharedBuffers implements Iterable<SharedBuffer> {
  readonly settings: SingleBufferSettings;
  /** Unique per boot of the server; the same for every participant. */
  readonly collectionId: bigint;
  readonly #buffers: readonly SharedBuffer[];

  /** @internal Takes ownership of the handles. */
  constructor(settings: SingleBufferSettings, collectionId: bigint, buffers: readonly VmoBuffer[]) {
    this.settings = settings;
    this.collectionId = collectionId;
    const sizeBytes = Number(settings.bufferSettings?.sizeBytes ?? 0n);
    this.#buffers = buffers.map((buffer, index) => new SharedBuffer(index, buffer, sizeBytes));
  }

  get count(): number {
    return this.#buffers.length;
  }

  /** The buffer at `index`, which all participants number alike. */
  at(index: number): SharedBuffer {
    const buffer = this.#buffers[index];
    assert(buffer !== undefined, `there is no buffer ${index} among ${this.#buffers.length}`);
    return buffer;
  }

  [Symbol.iterator](): Iterator<SharedBuffer> {
    return this.#buffers[Symbol.iterator]();
  }

  close(): void {
    for (const buffer of this.#buffers) buffer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
