/** Strings: strict UTF-8 in both directions. */
import type { StringDescriptor } from "../descriptors.ts";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { describe, isAbsent, type WireType } from "./wire-type.ts";

const encoder = new TextEncoder();
// A byte order mark is a character of the string like any other.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** `String.prototype.isWellFormed`, which our library level does not declare, or the same by pattern. */
const isWellFormed: (text: string) => boolean =
  "isWellFormed" in String.prototype
    ? (text) => (text as string & { isWellFormed(): boolean }).isWellFormed()
    : (text) => !/\p{Surrogate}/u.test(text);

/** Presence word of strings and vectors: all ones. */
export const PRESENT = 0xffff_ffff;

/** Writes count (or byte length) and presence word. */
export function writeSequenceHeader(e: Encoder, at: number, count: number): void {
  e.view.setUint32(at, count, true);
  e.view.setUint32(at + 8, PRESENT, true);
  e.view.setUint32(at + 12, PRESENT, true);
}

/** Reads what precedes the content of a string or vector: the count, or undefined when absent. */
export function readSequenceHeader(
  d: Decoder,
  at: number,
  what: "STRING" | "VECTOR",
  optional: boolean,
): number | undefined {
  const count = d.view.getUint32(at, true);
  const countHigh = d.view.getUint32(at + 4, true);
  const presence = d.view.getUint32(at + 8, true);
  if (presence !== d.view.getUint32(at + 12, true) || (presence !== 0 && presence !== PRESENT)) {
    d.fail("INVALID_PRESENCE_INDICATOR", at + 8, "0 or all ones");
  }
  if (presence === 0) {
    if (count !== 0 || countHigh !== 0) d.fail(`NON_EMPTY_${what}_WITH_NULL_BODY`, at, "0", String(count));
    if (!optional) d.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at + 8);
    return undefined;
  }
  if (countHigh !== 0) d.fail(`${what}_COUNT_EXCEEDS_32_BIT_LIMIT`, at);
  return count;
}

/** Encodes the characters at the end of the message. Returns the number of bytes. */
export function encodeText(e: Encoder, text: string, maxBytes: number, at: number, depth: number): number {
  // No text is shorter in bytes than in UTF-16 units, which bounds the work that follows.
  if (text.length > maxBytes) e.fail("STRING_TOO_LONG", at, `at most ${maxBytes} bytes`, `${text.length} or more`);
  if (!isWellFormed(text)) e.fail("STRING_NOT_UTF8", at, "no lone surrogates");
  e.reserve(text.length, depth, at);
  const start = e.end - ((text.length + 7) & ~7);
  e.end = start;
  const { read, written } = encoder.encodeInto(text, e.u8.subarray(start, e.limit));
  // What was written is zeroed by `reset` only up to `end`.
  e.end = (start + written + 7) & ~7;
  if (read < text.length) e.fail("MESSAGE_TOO_LARGE", at, `at most ${e.limit} bytes`);
  if (written > maxBytes) e.fail("STRING_TOO_LONG", at, `at most ${maxBytes} bytes`, `${written}`);
  return written;
}

/** Decodes `length` bytes at `start`. `at` is the string's header, for the error. */
export function decodeText(d: Decoder, start: number, length: number, at: number): string {
  try {
    return decoder.decode(d.u8.subarray(start, start + length));
  } catch {
    return d.fail("STRING_NOT_UTF8", at);
  }
}

/** UTF-8 out of line, its length in bytes inline. JavaScript strings with lone surrogates cannot be encoded. */
export function stringType(type: StringDescriptor): WireType {
  const maxBytes = type.maxBytes ?? Number.POSITIVE_INFINITY;
  const optional = type.optional === true;
  return {
    size: 16,
    encode(e, value, at, depth) {
      if (isAbsent(value)) {
        if (!optional) e.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at, "string", describe(value));
        return;
      }
      if (typeof value !== "string") return e.fail("INVALID_VALUE", at, "string", describe(value));
      writeSequenceHeader(e, at, encodeText(e, value, maxBytes, at, depth + 1));
    },
    decode(d, at, depth) {
      const length = readSequenceHeader(d, at, "STRING", optional);
      if (length === undefined) return null;
      if (length > maxBytes) d.fail("STRING_TOO_LONG", at, `at most ${maxBytes} bytes`, String(length));
      return decodeText(d, d.enter(length, depth + 1, at), length, at);
    },
  };
}
