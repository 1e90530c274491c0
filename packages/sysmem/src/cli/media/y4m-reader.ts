/** Frames of a YUV4MPEG2 stream, read as they are asked for. */
import { MAX_Y4M_LINE_BYTES } from "#base";
import { type ByteSource, readFully } from "./byte-source.ts";
import type { YuvColors } from "#images";
import { convertImage } from "./convert.ts";
import { MediaFormatError } from "./errors.ts";
import type { FrameSource, VideoInfo } from "./frame-source.ts";
import { endOf, half, type ImageLayout, type MediaSize, tightLayout } from "./layout.ts";
import { chromaSamples, frameBytes, parseY4mHeader, type Ratio, type Y4mHeader } from "./y4m-header.ts";

/** Frames a second of a stream that does not say. */
const DEFAULT_RATE: Ratio = { numerator: 25, denominator: 1 };
/** Videos with fewer rows than this are of standard definition, whose samples are BT.601 by custom. */
const HIGH_DEFINITION_ROWS = 720;
const LINE_FEED = 0x0a;
/** Read at a time where lines are looked for. */
const LOOK_AHEAD_BYTES = 65_536;
/** Chroma of a grey pixel. */
const NEUTRAL = 128;

/** Colors that a stream's samples have by custom: the header says only which range they use. */
function colorsOf(header: Pick<Y4mHeader, "height" | "range">): YuvColors {
  return { matrix: header.height >= HIGH_DEFINITION_ROWS ? "BT.709" : "BT.601", range: header.range };
}

/** Reads lines and blocks from a source, counting bytes. */
class Y4mBytes {
  readonly source: ByteSource;
  readonly #ahead = new Uint8Array(LOOK_AHEAD_BYTES);
  #start = 0;
  #end = 0;
  /** Bytes consumed so far. */
  offset = 0;

  constructor(source: ByteSource) {
    this.source = source;
  }

  /** The next line without its line feed; undefined at the end of the stream. */
  async line(field: string): Promise<string | undefined> {
    let seen = this.#start;
    for (;;) {
      const at = this.#ahead.subarray(0, this.#end).indexOf(LINE_FEED, seen);
      if (at >= 0 && at - this.#start < MAX_Y4M_LINE_BYTES) {
        const text = Buffer.from(this.#ahead.buffer, this.#start, at - this.#start).toString("latin1");
        this.#consume(at + 1 - this.#start);
        return text;
      }
      if (at >= 0 || this.#end - this.#start >= MAX_Y4M_LINE_BYTES) {
        throw this.error(field, `no line feed within ${MAX_Y4M_LINE_BYTES} bytes`);
      }
      this.#ahead.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
      seen = this.#end;
      const count = await this.source.read(this.#ahead.subarray(this.#end));
      if (count === 0) {
        if (this.#end === 0) return undefined;
        throw this.truncated(field, "the file ends inside a line");
      }
      this.#end += count;
    }
  }

  /** Fills `into`. */
  async block(into: Uint8Array, field: string): Promise<void> {
    const buffered = Math.min(into.length, this.#end - this.#start);
    into.set(this.#ahead.subarray(this.#start, this.#start + buffered));
    const count = buffered + (await readFully(this.source, into.subarray(buffered)));
    if (count < into.length) throw this.truncated(field, `the file ends after ${count} of ${into.length} bytes`);
    this.#start += buffered;
    this.offset += count;
  }

  error(field: string, why: string): MediaFormatError {
    return new MediaFormatError({ file: this.source.name, offset: this.offset, field }, why);
  }

  truncated(field: string, why: string): MediaFormatError {
    return new MediaFormatError({ file: this.source.name, offset: this.offset, field }, why, { isTruncated: true });
  }

  #consume(count: number): void {
    this.#start += count;
    this.offset += count;
  }
}

/** A YUV4MPEG2 stream. Chroma of 4:2:2 and 4:4:4 is averaged to 4:2:0; the samples are otherwise those of the file. */
export class Y4mReader implements FrameSource {
  readonly info: VideoInfo;
  readonly header: Y4mHeader;
  readonly #bytes: Y4mBytes;
  /** One frame as the stream has it. */
  readonly #payload: Uint8Array;
  /** The same as I420: the payload itself, where that is what the stream has. */
  readonly #frame: Uint8Array;
  readonly #layout: ImageLayout;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => void this.close();
  #count = 0;

  private constructor(bytes: Y4mBytes, header: Y4mHeader, headerBytes: number, signal: AbortSignal | undefined) {
    this.#bytes = bytes;
    this.#signal = signal;
    // A read may wait for ever, so that looking at the signal between reads would not do.
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.header = header;
    this.#layout = tightLayout("I420", header);
    this.#payload = new Uint8Array(frameBytes(header));
    const isStored = header.chroma.startsWith("420") && (header.width & 1) === 0;
    this.#frame = isStored ? this.#payload : new Uint8Array(endOf(this.#layout)).fill(NEUTRAL);
    this.info = {
      name: bytes.source.name,
      size: { width: header.width, height: header.height },
      frameRate: header.frameRate ?? DEFAULT_RATE,
      colors: colorsOf(header),
      frameCount: expectedCount(bytes.source.sizeBytes, headerBytes, header),
    };
  }

  /**
   * Reads the header. The reader owns `source` from the call on, and closes it also when it fails. When `signal` is
   * aborted the source is closed, and whoever waits gets the signal's reason.
   */
  static async open(source: ByteSource, signal?: AbortSignal): Promise<Y4mReader> {
    const bytes = new Y4mBytes(source);
    const abort = () => void source.close();
    signal?.addEventListener("abort", abort, { once: true });
    try {
      signal?.throwIfAborted();
      const line = await bytes.line("header");
      signal?.throwIfAborted();
      if (line === undefined) throw bytes.truncated("header", "the file is empty");
      return new Y4mReader(bytes, parseY4mHeader(line, source.name), bytes.offset, signal);
    } catch (error) {
      await source.close();
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  async nextInto(target: Uint8Array, layout: ImageLayout): Promise<boolean> {
    try {
      this.#signal?.throwIfAborted();
      return await this.#next(target, layout);
    } catch (error) {
      throw this.#signal?.aborted ? this.#signal.reason : error;
    }
  }

  close(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#abort);
    return this.#bytes.source.close();
  }

  async #next(target: Uint8Array, layout: ImageLayout): Promise<boolean> {
    const bytes = this.#bytes;
    const field = `frame ${this.#count}`;
    const start = bytes.offset;
    const line = await bytes.line(field);
    if (line === undefined) return false;
    if (line !== "FRAME" && !line.startsWith("FRAME ")) {
      throw new MediaFormatError({ file: bytes.source.name, offset: start, field }, 'expected "FRAME"');
    }
    await bytes.block(this.#payload, field);
    if (this.#frame !== this.#payload) toI420(this.#payload, this.header, this.#frame, this.#layout);
    convertImage(this.#frame, this.#layout, target, layout, this.info.colors);
    this.#count++;
    return true;
  }
}

/** The number of frames in a file of known size, provided that it is exactly filled by frames without parameters. */
function expectedCount(sizeBytes: number | undefined, headerBytes: number, header: Y4mHeader): number | undefined {
  if (sizeBytes === undefined) return undefined;
  const count = (sizeBytes - headerBytes) / ("FRAME\n".length + frameBytes(header));
  return Number.isInteger(count) ? count : undefined;
}

/** Brings a stream's planes into the layout that all conversions know. */
function toI420(payload: Uint8Array, header: Y4mHeader, frame: Uint8Array, layout: ImageLayout): void {
  const { width, height, chroma } = header;
  for (let row = 0; row < height; row++) {
    frame.set(payload.subarray(row * width, (row + 1) * width), row * layout.bytesPerRow);
  }
  if (chroma === "mono") return;
  const stored = chromaSamples(header);
  const target = half(width) * half(height);
  const luma = width * height;
  const u = layout.bytesPerRow * height;
  for (let plane = 0; plane < 2; plane++) {
    const from = payload.subarray(luma + plane * stored, luma + (plane + 1) * stored);
    const into = frame.subarray(u + plane * target, u + (plane + 1) * target);
    if (chroma === "422") averageRows(from, header, into);
    else if (chroma === "444") averageSquares(from, header, into);
    else into.set(from);
  }
}

/** Half the rows: each is the mean of two. The last row of an odd image has no partner. */
function averageRows(from: Uint8Array, size: MediaSize, into: Uint8Array): void {
  const columns = half(size.width);
  for (let row = 0; row < half(size.height); row++) {
    const upper = row * 2 * columns;
    const lower = row * 2 + 1 < size.height ? upper + columns : upper;
    for (let column = 0; column < columns; column++) {
      into[row * columns + column] = ((from[upper + column] as number) + (from[lower + column] as number) + 1) >> 1;
    }
  }
}

/** Half the rows and columns: each sample is the mean of four. */
function averageSquares(from: Uint8Array, size: MediaSize, into: Uint8Array): void {
  const { width, height } = size;
  const columns = half(width);
  for (let row = 0; row < half(height); row++) {
    const upper = row * 2 * width;
    const lower = row * 2 + 1 < height ? upper + width : upper;
    for (let column = 0; column < columns; column++) {
      const left = column * 2;
      const right = left + 1 < width ? left + 1 : left;
      const sum =
        (from[upper + left] as number) +
        (from[upper + right] as number) +
        (from[lower + left] as number) +
        (from[lower + right] as number);
      into[row * columns + column] = (sum + 2) >> 2;
    }
  }
}
