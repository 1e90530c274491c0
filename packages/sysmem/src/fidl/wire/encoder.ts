/** State of one encoding: the buffer, the handles taken so far, and where in the value it is. */
import { type Handle, MAX_MESSAGE_BYTES, MAX_MESSAGE_HANDLES, MAX_OUT_OF_LINE_DEPTH } from "#base";
import type { ClientEnd, ServerEnd } from "../endpoints.ts";
import { EncodeError, type WireErrorCode } from "../errors.ts";
import { align8 } from "./layout.ts";
import { formatPath, type Path, WireMemory } from "./memory.ts";

/**
 * All bytes at and after `end` are zero whenever an encoder is idle, so that gaps, padding and absent members need no
 * writing: `reset` restores that.
 */
export class Encoder extends WireMemory {
  /** First free byte. Always a multiple of 8. */
  end = 0;
  /** Where the body starts: after the header, if any. */
  base = 0;
  /** Bytes that may be written. */
  limit: number;
  maxHandles: number = MAX_MESSAGE_HANDLES;
  handles: Handle[] = [];
  /** Declared object type and rights of each handle. */
  objectTypes: number[] = [];
  rights: number[] = [];
  /** Typed ends whose channels are in `handles`: emptied when the encoding succeeded. */
  endpoints: (ClientEnd<unknown> | ServerEnd<unknown>)[] = [];
  root = "value";
  path: Path = [];

  constructor(capacity: number = MAX_MESSAGE_BYTES) {
    super(capacity);
    this.limit = capacity;
  }

  /** Starts a body at `base`. */
  begin(base: number, limit: number, root: string): void {
    this.base = base;
    this.end = base;
    this.limit = limit;
    this.root = root;
  }

  /** Takes back what was written, ready for another attempt. */
  rewind(): void {
    this.#clear();
    this.end = this.base;
    this.path.length = 0;
    this.forgetHandles();
  }

  /** Makes the encoder idle. */
  reset(): void {
    this.#clear();
    this.end = 0;
    this.maxHandles = MAX_MESSAGE_HANDLES;
    if (this.path.length > 0) this.path.length = 0;
    this.forgetHandles();
  }

  /** Zeroes what was written. Up to a few lines of memory a loop is faster than the call of `fill`. */
  #clear(): void {
    const { end, u32 } = this;
    if (end > 256) this.u8.fill(0, 0, end);
    else for (let i = 0; i < end >> 2; i++) u32[i] = 0;
  }

  /** The lists are given away or dropped, never reused: a caller may keep `handles`. */
  forgetHandles(): void {
    if (this.objectTypes.length === 0) return;
    this.handles = [];
    this.objectTypes = [];
    this.rights = [];
    this.endpoints = [];
  }

  fail(code: WireErrorCode, at: number, expected?: string, actual?: string): never {
    const path = formatPath(this.root, this.path);
    throw new EncodeError({ code, path, offset: at - this.base, expected, actual });
  }

  /** Room for an out-of-line object at `depth`. `at` is its referrer, for the error. */
  reserve(size: number, depth: number, at: number): number {
    if (depth > MAX_OUT_OF_LINE_DEPTH) {
      this.fail("EXCEEDED_MAX_OUT_OF_LINE_DEPTH", at, `at most ${MAX_OUT_OF_LINE_DEPTH} levels`);
    }
    const start = this.end;
    if (start + size > this.limit) {
      this.fail("MESSAGE_TOO_LARGE", at, `at most ${this.limit} bytes`, `${start + size} or more`);
    }
    this.end = start + align8(size);
    return start;
  }

  /** Puts a handle on the list. */
  pushHandle(handle: Handle, objectType: number, rights: number, at: number): void {
    if (this.handles.length >= this.maxHandles) {
      this.fail("TOO_MANY_HANDLES", at, `at most ${this.maxHandles} handles`);
    }
    if (handle.isClosed) this.fail("INVALID_HANDLE", at, "an open handle", "one that was closed or moved");
    if (this.handles.includes(handle)) this.fail("INVALID_HANDLE", at, "each handle once", "the same handle again");
    this.handles.push(handle);
    this.objectTypes.push(objectType);
    this.rights.push(rights);
  }

  /** The encoding succeeded: the handles now belong to `handles`. */
  commit(): void {
    for (const endpoint of this.endpoints) endpoint.take();
  }
}

/** One idle encoder is kept. A getter in a value may encode something itself: it then gets another one. */
let idle: Encoder | undefined;

/** An empty encoder, for the caller alone until `releaseEncoder`. */
export function acquireEncoder(): Encoder {
  const encoder = idle ?? new Encoder();
  idle = undefined;
  return encoder;
}

/** Gives it back, emptied: bytes and handles must have been taken out before. */
export function releaseEncoder(encoder: Encoder): void {
  encoder.reset();
  idle = encoder;
}
