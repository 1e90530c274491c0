/** State of one decoding: a private copy of the bytes, cursors, and where in the value it is. */
import { type Handle, MAX_MESSAGE_BYTES, MAX_OUT_OF_LINE_DEPTH, ObjectType, Rights } from "#base";
import { DecodeError, type WireErrorCode } from "../errors.ts";
import { align8 } from "./layout.ts";
import { formatPath, type Path, WireMemory } from "./memory.ts";

/** Works on a copy: the source may be a reused receive buffer, or memory that somebody else writes to. */
export class Decoder extends WireMemory {
  base = 0;
  /** First byte of the next out-of-line object. Always a multiple of 8. */
  next = 0;
  /** End of the bytes. */
  length = 0;
  /** The message's handles. Reduced ones are replaced in place. */
  handles: Handle[] = [];
  nextHandle = 0;
  /** Handles of unknown members, closed when the whole message has turned out well; a failure closes all there are. */
  #dropped: Handle[] = [];
  root = "value";
  path: Path = [];

  constructor(capacity: number = MAX_MESSAGE_BYTES) {
    super(capacity);
  }

  /** Starts a body: `bytes` from `base` on. */
  begin(bytes: Uint8Array, base: number, handles: Handle[], root: string): void {
    this.u8.set(bytes);
    this.length = bytes.length;
    this.base = base;
    this.handles = handles;
    this.root = root;
    this.rewind();
  }

  rewind(): void {
    this.next = this.base;
    this.nextHandle = 0;
    // Setting the length leaves compiled code, even when nothing changes.
    if (this.path.length > 0) this.path.length = 0;
    if (this.#dropped.length > 0) this.#dropped = [];
  }

  fail(code: WireErrorCode, at: number, expected?: string, actual?: string): never {
    const path = formatPath(this.root, this.path);
    throw new DecodeError({ code, path, offset: at - this.base, expected, actual });
  }

  /** Enters an out-of-line object of `size` bytes at `depth`: bounds and the padding after it. */
  enter(size: number, depth: number, at: number): number {
    if (depth > MAX_OUT_OF_LINE_DEPTH) {
      this.fail("EXCEEDED_MAX_OUT_OF_LINE_DEPTH", at, `at most ${MAX_OUT_OF_LINE_DEPTH} levels`);
    }
    const start = this.next;
    const end = start + align8(size);
    if (size > this.length || end > this.length) {
      this.fail("TOO_FEW_BYTES", at, `${size} bytes and padding`, `${this.length - start} bytes left`);
    }
    this.next = end;
    this.checkZero(start + size, end);
    return start;
  }

  /** Every byte of padding is zero. */
  checkZero(start: number, end: number): void {
    for (let at = start; at < end; at++) {
      if (this.u8[at] !== 0) this.fail("INVALID_PADDING_BYTE", at, "0", String(this.u8[at]));
    }
  }

  /** Takes the next handle off the list, as declared. The word saying so is at `at`. */
  takeHandle(objectType: number, rights: number, at: number): Handle {
    const index = this.nextHandle;
    const handle = this.handles[index];
    if (handle === undefined) return this.fail("TOO_FEW_HANDLES", at, `more than ${this.handles.length} handles`);
    this.nextHandle = index + 1;
    if (objectType !== ObjectType.NONE && handle.objectType !== objectType) {
      this.fail("INCORRECT_HANDLE_TYPE", at, `object type ${objectType}`, `${handle.objectType}`);
    }
    if (rights === Rights.SAME_RIGHTS || handle.rights === undefined) return handle;
    if ((rights & ~handle.rights) !== 0) {
      this.fail("MISSING_REQUIRED_HANDLE_RIGHTS", at, hexadecimal(rights), hexadecimal(handle.rights));
    }
    if ((handle.rights & ~rights) === 0 || handle.reduceRights === undefined) return handle;
    const reduced = handle.reduceRights(rights);
    this.handles[index] = reduced;
    return reduced;
  }

  /** Takes the handles of an unknown member. */
  dropHandles(count: number): void {
    const end = this.nextHandle + count;
    for (let i = this.nextHandle; i < end; i++) this.#dropped.push(this.handles[i] as Handle);
    this.nextHandle = end;
  }

  /** Closes the handles of unknown members: nothing can fail any more. */
  closeDropped(): void {
    if (this.#dropped.length === 0) return;
    for (const handle of this.#dropped) handle.close();
    this.#dropped = [];
  }

  /** Drops references, so that an idle decoder keeps nothing alive. */
  reset(): void {
    this.handles = NO_HANDLES;
    if (this.#dropped.length > 0) this.#dropped = [];
  }
}

const NO_HANDLES: Handle[] = [];

function hexadecimal(rights: number): string {
  return `rights 0x${(rights >>> 0).toString(16)}`;
}

/** One idle decoder is kept; a decoding that starts within another (from a handle's code) gets its own. */
let idle: Decoder | undefined;

/** A decoder with room for so many bytes, for the caller alone until `releaseDecoder`. */
export function acquireDecoder(byteLength: number): Decoder {
  if (byteLength > MAX_MESSAGE_BYTES) return new Decoder(align8(byteLength));
  const decoder = idle ?? new Decoder();
  idle = undefined;
  return decoder;
}

/** Gives it back, emptied. Handles that nobody took are the caller's to close before. */
export function releaseDecoder(decoder: Decoder): void {
  decoder.reset();
  if (decoder.u8.length === MAX_MESSAGE_BYTES) idle = decoder;
}
