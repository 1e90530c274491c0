/** Bytes one after the other, from a file, a pipe or another process, without holding more of them than asked for. */
import { type FileHandle, open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { MediaIoError } from "./errors.ts";

/** Where a reader gets its bytes. One reader at a time. */
export interface ByteSource {
  /** The file's name for messages. */
  readonly name: string;
  /** Length in bytes, where it is known and fixed. */
  readonly sizeBytes: number | undefined;
  /** Fills the start of `into` with at least one byte, and returns how many; 0 at the end. */
  read(into: Uint8Array): Promise<number>;
  /** Gives everything back. A read that is under way ends. May be called more than once. */
  close(): Promise<void>;
}

class FileBytes implements ByteSource {
  readonly name: string;
  readonly sizeBytes: number | undefined;
  readonly #handle: FileHandle;
  #isClosed = false;

  constructor(name: string, handle: FileHandle, sizeBytes: number | undefined) {
    this.name = name;
    this.#handle = handle;
    this.sizeBytes = sizeBytes;
  }

  async read(into: Uint8Array): Promise<number> {
    try {
      return (await this.#handle.read(into, 0, into.length, null)).bytesRead;
    } catch (cause) {
      throw new MediaIoError("read", this.name, cause);
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#handle.close();
  }
}

/** Opens a file for reading in one go. */
export async function openFile(path: string): Promise<ByteSource> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    const stats = await handle.stat();
    if (!stats.isDirectory()) return new FileBytes(path, handle, stats.isFile() ? stats.size : undefined);
  } catch (cause) {
    await handle?.close();
    throw new MediaIoError("open", path, cause);
  }
  // The system would only say so at the first read.
  await handle.close();
  throw new MediaIoError("open", path, "it is a directory");
}

/** Bytes of a stream: standard input, or what another process writes. Closing it destroys the stream. */
export class StreamBytes implements ByteSource {
  readonly name: string;
  readonly sizeBytes: undefined;
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(name: string, stream: Readable) {
    this.name = name;
    this.#stream = stream;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async read(into: Uint8Array): Promise<number> {
    while (this.#rest.length === 0) {
      let next: IteratorResult<Uint8Array>;
      try {
        next = await this.#chunks.next();
      } catch (cause) {
        throw new MediaIoError("read", this.name, cause);
      }
      if (next.done === true) return 0;
      this.#rest = next.value;
    }
    const count = Math.min(into.length, this.#rest.length);
    into.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
    return count;
  }

  async close(): Promise<void> {
    if (this.#stream.destroyed) return;
    // Without a listener the iterator's own ending would be the only one to see an error of the destruction.
    this.#stream.once("error", () => {});
    this.#stream.destroy();
  }
}

/** Fills `into` to its end, or as far as the source goes. Returns how many bytes there were. */
export async function readFully(source: ByteSource, into: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const count = await source.read(into.subarray(filled));
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
