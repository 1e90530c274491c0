/** Envelopes of table members and union variants. */
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import type { WireType } from "./wire-type.ts";

/** Inline content up to this size; mandatory at and forbidden above it. */
const MAX_INLINED_BYTES = 4;

/** True when the 8 bytes at `at` are zero: the member is not there. */
export function isAbsentEnvelope(d: Decoder, at: number): boolean {
  return d.view.getUint32(at, true) === 0 && d.view.getUint32(at + 4, true) === 0;
}

/** Writes the envelope at `at`, which lies in an object at `depth`, and its content. */
export function encodeEnvelope(e: Encoder, type: WireType, content: unknown, at: number, depth: number): void {
  const handlesBefore = e.handles.length;
  if (type.size <= MAX_INLINED_BYTES) {
    type.encode(e, content, at, depth);
    e.view.setUint16(at + 6, 1, true);
  } else {
    const start = e.reserve(type.size, depth + 1, at);
    type.encode(e, content, start, depth + 1);
    e.view.setUint32(at, e.end - start, true);
  }
  e.view.setUint16(at + 4, e.handles.length - handlesBefore, true);
}

/** Checks the flags. True when the content is inlined. */
function readInlineBit(d: Decoder, at: number): boolean {
  const flags = d.view.getUint16(at + 6, true);
  if (flags > 1) d.fail("INVALID_INLINE_MARKER_IN_ENVELOPE", at + 6, "0 or 1", String(flags));
  return flags === 1;
}

/** Reads the content of a present envelope of a known member. */
export function decodeContent(d: Decoder, type: WireType, at: number, depth: number): unknown {
  const numHandles = d.view.getUint16(at + 4, true);
  const isInlined = readInlineBit(d, at);
  if (isInlined !== type.size <= MAX_INLINED_BYTES) {
    d.fail("INVALID_INLINE_BIT_IN_ENVELOPE", at + 6, isInlined ? "0" : "1", isInlined ? "1" : "0");
  }
  const handlesBefore = d.nextHandle;
  let content: unknown;
  if (isInlined) {
    content = type.decode(d, at, depth);
    d.checkZero(at + type.size, at + MAX_INLINED_BYTES);
  } else {
    const numBytes = d.view.getUint32(at, true);
    const before = d.next;
    content = type.decode(d, d.enter(type.size, depth + 1, at), depth + 1);
    if (d.next - before !== numBytes) {
      d.fail("INVALID_NUM_BYTES_IN_ENVELOPE", at, String(d.next - before), String(numBytes));
    }
  }
  if (d.nextHandle - handlesBefore !== numHandles) {
    d.fail("INVALID_NUM_HANDLES_IN_ENVELOPE", at + 4, String(d.nextHandle - handlesBefore), String(numHandles));
  }
  return content;
}

/** Passes over the content of an unknown member; its handles are taken, to be closed. */
export function skipUnknown(d: Decoder, at: number, depth: number): void {
  const numHandles = d.view.getUint16(at + 4, true);
  if (!readInlineBit(d, at)) {
    const numBytes = d.view.getUint32(at, true);
    if (numBytes % 8 !== 0) d.fail("INVALID_NUM_BYTES_IN_ENVELOPE", at, "a multiple of 8", String(numBytes));
    if (numBytes > d.length - d.next) {
      d.fail("ENVELOPE_BYTES_EXCEED_MESSAGE_LENGTH", at, `at most ${d.length - d.next}`, String(numBytes));
    }
    d.enter(numBytes, depth + 1, at);
  }
  if (numHandles > d.handles.length - d.nextHandle) {
    d.fail("ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH", at + 4, undefined, String(numHandles));
  }
  d.dropHandles(numHandles);
}
