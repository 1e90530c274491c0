/** What generated code calls for everything that is not worth being expanded. */
import { InvariantError } from "#base";
import { PRESENT, decodeText, encodeText } from "../text.ts";
import type { Decoder } from "../decoder.ts";
import type { Encoder } from "../encoder.ts";
import { noteUnknownOrdinal } from "../aggregates.ts";
import { isAbsentEnvelope, skipUnknown } from "../envelope.ts";
import { decodeEndpoint, decodeHandle, encodeEndpoint, encodeHandle } from "../handle-types.ts";
import { isIndexed } from "../sequences.ts";

/**
 * Thrown by generated code for every fault, without saying which: the reflective codec then does the same work again and
 * either explains the fault or, where generated code was only being careful, succeeds.
 */
export const MISS: InvariantError = Object.freeze(new InvariantError("the generated codec declines"));

/** Longer strings are encoded and decoded by the host. Measured: a loop is faster up to about 60 characters. */
const LOOP_CHARACTERS = 48;

/** Writes header and content of a present string whose inline part is at `at`. */
export function encodeString(e: Encoder, text: unknown, at: number, maxBytes: number): void {
  if (typeof text !== "string") throw MISS;
  const length = text.length;
  const { u32 } = e;
  const header = at >> 2;
  if (length <= LOOP_CHARACTERS && length <= maxBytes) {
    const start = e.end;
    if (start + length > e.limit) throw MISS;
    const { u8 } = e;
    e.end = start + ((length + 7) & ~7);
    let all = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      all |= unit;
      u8[start + i] = unit;
    }
    if (all < 0x80) {
      u32[header] = length;
      u32[header + 2] = PRESENT;
      u32[header + 3] = PRESENT;
      return;
    }
    // Not ASCII, and perhaps no text at all: nothing may stay behind `end`.
    u8.fill(0, start, start + length);
    e.end = start;
  }
  u32[header] = encodeText(e, text, maxBytes, at, 0);
  u32[header + 2] = PRESENT;
  u32[header + 3] = PRESENT;
}

/** `Buffer.prototype.latin1Slice`, where the host is Node. */
const latin1Slice = (
  globalThis as { Buffer?: { prototype: { latin1Slice(this: Uint8Array, start: number, end: number): string } } }
).Buffer?.prototype.latin1Slice;

/** Reads a string whose inline part is at `at`. */
export function decodeString(d: Decoder, at: number, maxBytes: number, isOptional: boolean): string | null {
  const { u32 } = d;
  const header = at >> 2;
  const length = u32[header] as number;
  const presence = u32[header + 2] as number;
  if (u32[header + 1] !== 0 || u32[header + 3] !== presence) throw MISS;
  if (presence !== PRESENT) {
    if (presence !== 0 || length !== 0 || !isOptional) throw MISS;
    return null;
  }
  const start = d.next;
  if (length > maxBytes || length > d.length - start) throw MISS;
  const end = start + ((length + 7) & ~7);
  if (end > d.length) throw MISS;
  d.next = end;
  if (length === 0) return "";
  // Zero padding after the last character is ASCII as well, so whole words can be looked at.
  let all = 0;
  for (let i = start >> 2; i < end >> 2; i++) all |= u32[i] as number;
  if ((length & 7) !== 0) checkTail(d, start + length, end);
  if ((all & 0x8080_8080) !== 0 || latin1Slice === undefined) return decodeText(d, start, length, at);
  return latin1Slice.call(d.u8, start, start + length);
}

/** Bytes from `start` up to `end`, fewer than 8, are zero. */
export function checkTail(d: Decoder, start: number, end: number): void {
  const { u8 } = d;
  for (let i = start; i < end; i++) if (u8[i] !== 0) throw MISS;
}

/** Passes over members that the table's declaration does not know. Adds the ordinals of those that are there to `found`. */
export function decodeUnknownMembers(
  d: Decoder,
  found: number[] | undefined,
  array: number,
  first: number,
  last: number,
): number[] | undefined {
  let ordinals = found;
  for (let ordinal = first; ordinal <= last; ordinal++) {
    const envelope = array + (ordinal - 1) * 8;
    if (isAbsentEnvelope(d, envelope)) continue;
    skipUnknown(d, envelope, 0);
    ordinals ??= [];
    ordinals.push(ordinal);
  }
  return ordinals;
}

/** Lists ordinals that the declaration does not know on a decoded table. */
export function noteUnknownOrdinals(object: object, ordinals: readonly number[]): void {
  for (const ordinal of ordinals) noteUnknownOrdinal(object, ordinal);
}

/** Passes over the content of a variant that the flexible union's declaration does not know. */
export function decodeUnknownVariant(d: Decoder, at: number): { kind: "$unknown"; ordinal: bigint } {
  skipUnknown(d, at + 8, 0);
  return { kind: "$unknown", ordinal: d.view.getBigUint64(at, true) };
}

/** Sizes, times and identifiers are mostly small, and reading a bigint from an array allocates. */
const SMALL_BIGINTS: readonly bigint[] = Array.from({ length: 1024 }, (_, i) => BigInt(i));

/** The unsigned integer of 8 bytes at `at`, a multiple of 8. */
export function readUint64(d: Decoder, at: number): bigint {
  const low = d.u32[at >> 2] as number;
  if (low < 1024 && d.u32[(at >> 2) + 1] === 0) return SMALL_BIGINTS[low] as bigint;
  return d.u64[at >> 3] as bigint;
}

/** The signed integer of 8 bytes at `at`, a multiple of 8. */
export function readInt64(d: Decoder, at: number): bigint {
  const low = d.u32[at >> 2] as number;
  if (low < 1024 && d.u32[(at >> 2) + 1] === 0) return SMALL_BIGINTS[low] as bigint;
  return d.i64[at >> 3] as bigint;
}

export { decodeEndpoint, decodeHandle, encodeEndpoint, encodeHandle, isIndexed };
