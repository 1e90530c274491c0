/** A whole body: primary object, out-of-line objects, handles. The boundary at which every failure is settled. */
import type { Handle } from "#base";
import type { TypeDescriptor } from "../descriptors.ts";
import { type Compiled, compileDecoder, compileEncoder, isDue, mayRun, MISS } from "./compile/index.ts";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { align8, inlineSize, mayCarryHandles } from "./layout.ts";
import { closeHandlesOf, reflect } from "./reflect.ts";
import type { WireType } from "./wire-type.ts";

/** Encodes and decodes bodies of one type. */
export class Body {
  readonly type: TypeDescriptor;
  readonly #size: number;
  readonly #reflective: WireType;
  #encodeFast: Compiled | undefined;
  #decodeFast: Compiled | undefined;
  #encodings = 0;
  #decodings = 0;

  constructor(type: TypeDescriptor) {
    this.type = type;
    this.#size = inlineSize(type);
    this.#reflective = reflect(type);
  }

  /**
   * Writes the body from `base` on, with nothing beyond `limit`. On success the handles are in `e.handles`, and typed ends
   * in the value are empty; on failure the value's handles are closed. The caller releases `e` in both cases.
   */
  encode(e: Encoder, value: unknown, base: number, limit: number, root: string): void {
    try {
      e.begin(base, limit, root);
      if (!this.#encodeGenerated(e, value, base)) {
        this.#reflective.encode(e, value, e.reserve(this.#size, 0, base), 0);
      }
      if (e.objectTypes.length > 0) e.commit();
    } catch (error) {
      this.closeHandles(value);
      throw error;
    }
  }

  /** False when generated code is not there or declined. Whatever it threw, the reflective codec says what it means. */
  #encodeGenerated(e: Encoder, value: unknown, base: number): boolean {
    const encode = this.#encodeFast ?? this.#compileEncoder();
    if (encode === undefined || !mayRun()) return false;
    try {
      encode(e, value, e.reserve(this.#size, 0, base), 0);
      return true;
    } catch {
      e.rewind();
      return false;
    }
  }

  #compileEncoder(): Compiled | undefined {
    this.#encodings += 1;
    if (isDue(this.#encodings)) this.#encodeFast = compileEncoder(this.type);
    return this.#encodeFast;
  }

  /** Reads the body of `bytes` from `base` on. Owns `handles` and closes all of them on failure. */
  decode(d: Decoder, bytes: Uint8Array, base: number, handles: Handle[], root: string): unknown {
    try {
      d.begin(bytes, base, handles, root);
      const generated = this.#decodeGenerated(d, base);
      if (generated !== MISS) {
        d.closeDropped();
        return generated;
      }
      const end = base + align8(this.#size);
      if (end > d.length) {
        d.fail("TOO_FEW_BYTES_IN_PRIMARY_OBJECT", base, `${end - base} bytes`, `${d.length - base}`);
      }
      d.next = end;
      d.checkZero(base + this.#size, end);
      const value = this.#reflective.decode(d, base, 0);
      finish(d);
      d.closeDropped();
      return value;
    } catch (error) {
      for (const handle of handles) handle.close();
      throw error;
    }
  }

  /** `MISS` when generated code is not there or declined. */
  #decodeGenerated(d: Decoder, base: number): unknown {
    const decode = this.#decodeFast ?? this.#compileDecoder();
    const end = base + align8(this.#size);
    if (decode === undefined || end > d.length || !mayRun()) return MISS;
    try {
      d.next = end;
      for (let at = base + this.#size; at < end; at++) if (d.u8[at] !== 0) throw MISS;
      const value = decode(d, base, 0);
      if (d.next === d.length && d.nextHandle === d.handles.length) return value;
    } catch {
      // Declined, or refused by a part that explains itself; either way the reflective codec has the last word.
    }
    d.rewind();
    return MISS;
  }

  #compileDecoder(): Compiled | undefined {
    this.#decodings += 1;
    if (isDue(this.#decodings)) this.#decodeFast = compileDecoder(this.type);
    return this.#decodeFast;
  }

  closeHandles(value: unknown): void {
    if (mayCarryHandles(this.type)) closeHandlesOf(this.type, value);
  }
}

/** Nothing may be left over. */
function finish(d: Decoder): void {
  if (d.next !== d.length) d.fail("TOO_MANY_BYTES_IN_MESSAGE", d.next, undefined, `${d.length - d.next} more`);
  if (d.nextHandle !== d.handles.length) {
    d.fail("TOO_MANY_HANDLES_IN_MESSAGE", d.next, undefined, `${d.handles.length - d.nextHandle} more`);
  }
}

/** The body of a message without payload: zero bytes, no handles. Owns `handles`. */
export function decodeEmptyBody(d: Decoder, bytes: Uint8Array, base: number, handles: Handle[], root: string): void {
  try {
    d.begin(bytes, base, handles, root);
    finish(d);
  } catch (error) {
    for (const handle of handles) handle.close();
    throw error;
  }
}
