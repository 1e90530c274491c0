/** Writes frames to a YUV4MPEG2 file, which every player and encoder reads. */
import { type FileHandle, open } from "node:fs/promises";
import type { YuvColors } from "#images";
import { convertImage } from "./convert.ts";
import { MediaIoError } from "./errors.ts";
import { endOf, type ImageLayout, type MediaSize, planesOf, tightLayout } from "./layout.ts";
import { formatY4mHeader, frameBytes, type Ratio } from "./y4m-header.ts";

/** What the header of a written stream says. */
export interface Y4mWriterOptions {
  readonly size: MediaSize;
  readonly frameRate: Ratio;
  /** What the frames' YUV samples mean; RGB frames are converted to it. */
  readonly colors: YuvColors;
}

const FRAME_LINE = new TextEncoder().encode("FRAME\n");

/** A file that is being written. Frames given in any format become 4:2:0 with 8 bits a sample. */
export class Y4mWriter {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #options: Y4mWriterOptions;
  /** `FRAME\n` and the samples, so that a frame is one write. */
  readonly #record: Uint8Array;
  /** An I420 image whose rows are even, for images of odd width; they need repacking. */
  readonly #layout: ImageLayout;
  readonly #scratch: Uint8Array | undefined;
  #isClosed = false;

  private constructor(file: string, handle: FileHandle, options: Y4mWriterOptions) {
    this.#file = file;
    this.#handle = handle;
    this.#options = options;
    const { width } = options.size;
    this.#record = new Uint8Array(FRAME_LINE.length + frameBytes({ ...options.size, chroma: "420jpeg" }));
    this.#record.set(FRAME_LINE);
    this.#layout = tightLayout("I420", options.size);
    if (width & 1) this.#scratch = new Uint8Array(endOf(this.#layout));
  }

  /** Creates or replaces a file and writes the header. */
  static async create(file: string, options: Y4mWriterOptions): Promise<Y4mWriter> {
    let handle: FileHandle;
    try {
      handle = await open(file, "w");
    } catch (cause) {
      throw new MediaIoError("open", file, cause);
    }
    const writer = new Y4mWriter(file, handle, options);
    const { size, frameRate, colors } = options;
    const pixelAspect = { numerator: 1, denominator: 1 };
    const header = formatY4mHeader({ ...size, frameRate, chroma: "420jpeg", range: colors.range, pixelAspect });
    try {
      await writer.#write(new TextEncoder().encode(header));
    } catch (error) {
      await writer.close();
      throw error;
    }
    return writer;
  }

  /** Appends one frame. The memory may be reused as soon as the call returns. One call at a time. */
  write(bytes: Uint8Array, layout: ImageLayout): Promise<void> {
    const payload = this.#record.subarray(FRAME_LINE.length);
    if (this.#scratch === undefined) convertImage(bytes, layout, payload, this.#layout, this.#options.colors);
    else {
      convertImage(bytes, layout, this.#scratch, this.#layout, this.#options.colors);
      packPlanes(this.#scratch, this.#layout, payload);
    }
    return this.#write(this.#record);
  }

  /** Ends the file. May be called more than once. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#handle.close();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) at += (await this.#handle.write(bytes, at)).bytesWritten;
    } catch (cause) {
      throw new MediaIoError("write", this.#file, cause);
    }
  }
}

/** Rows without padding one after the other: luma rows of an odd width have one byte of it. */
function packPlanes(from: Uint8Array, layout: ImageLayout, into: Uint8Array): void {
  let at = 0;
  for (const { offset, bytesPerRow, rowBytes, rows } of planesOf(layout)) {
    for (let row = 0; row < rows; row++, at += rowBytes) {
      into.set(from.subarray(offset + row * bytesPerRow, offset + row * bytesPerRow + rowBytes), at);
    }
  }
}
