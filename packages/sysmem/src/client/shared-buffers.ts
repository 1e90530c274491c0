import { assert } from "#base";
import type { SizeU } from "#gen/fuchsia_math";
import type { SingleBufferSettings, VmoBuffer } from "#gen/fuchsia_sysmem2";
import { type BufferLayout, layoutOf } from "./buffer-layout.ts";
import { SharedBuffer } from "./shared-buffer.ts";

/** The buffers of a collection, and what everybody agreed on. Owns the buffers until `close`. */
export class SharedBuffers implements Iterable<SharedBuffer> {
  /** The same for every participant. */
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

  /** How many buffers there are. */
  get count(): number {
    return this.#buffers.length;
  }

  /** The buffer at `index`, which all participants number alike. It stays owned by this object. */
  at(index: number): SharedBuffer {
    const buffer = this.#buffers[index];
    assert(buffer !== undefined, `there is no buffer ${index} among ${this.#buffers.length}`);
    return buffer;
  }

  [Symbol.iterator](): Iterator<SharedBuffer> {
    return this.#buffers[Symbol.iterator]();
  }

  /**
   * Where the planes of an image of `size` lie in each buffer. Without a size: the largest one that somebody asked to be
   * possible (`required_max_size`), else the smallest one that everybody accepts. Throws `LayoutError` when the buffers are
   * no images, the settings do not allow the size, or it does not fit.
   */
  layout(size?: SizeU): BufferLayout {
    return layoutOf(this.settings, size);
  }

  /** Closes every buffer, once. */
  close(): void {
    for (const buffer of this.#buffers) buffer.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
