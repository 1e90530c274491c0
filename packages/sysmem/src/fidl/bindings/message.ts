/** Transactional messages: header, epitaph, sending. */
import { type Channel, type Handle, MAX_MESSAGE_BYTES, ObjectType, Rights } from "#base";
import { EncodeError } from "../errors.ts";
import { isTracing, trace, type Tracer } from "../tracer.ts";
import type { Body } from "../wire/body.ts";
import { acquireEncoder, type Encoder, releaseEncoder } from "../wire/encoder.ts";
import type { Method } from "./method.ts";

/** Bytes of the header: txid, flags, magic, ordinal. */
export const HEADER_BYTES = 16;
/** At-rest flag: the body is wire format v2. */
const AT_REST_V2 = 0x02;
/** Dynamic flag: the interaction is flexible. */
const DYNAMIC_FLEXIBLE = 0x80;
const MAGIC = 0x01;
/** Halves of the epitaph's ordinal. */
const EPITAPH_HALF = 0xffff_ffff;
const EPITAPH_BYTES = 24;

/** Little-endian `uint32` at `at`. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** What is wrong with a header, or undefined. Unknown flag bits are ignored. */
export function headerFault(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEADER_BYTES) return "a message shorter than its header";
  if (bytes[7] !== MAGIC) return `a message with magic ${bytes[7]}`;
  if (((bytes[4] as number) & AT_REST_V2) === 0) return "a message that is not in wire format v2";
  if (readUint32(bytes, 8) === 0 && readUint32(bytes, 12) === 0) return "a message with ordinal 0";
  return undefined;
}

/** True for messages of flexible interactions. The header must be whole. */
export function isFlexibleMessage(bytes: Uint8Array): boolean {
  return ((bytes[6] as number) & DYNAMIC_FLEXIBLE) !== 0;
}

/** True for a message that says why its sender closes. Whether it is well formed, `readEpitaph` tells. */
export function isEpitaph(bytes: Uint8Array): boolean {
  return readUint32(bytes, 8) === EPITAPH_HALF && readUint32(bytes, 12) === EPITAPH_HALF;
}

/** The status of an epitaph; undefined when it is not well formed. */
export function readEpitaph(bytes: Uint8Array, handles: readonly Handle[]): number | undefined {
  if (bytes.length !== EPITAPH_BYTES || handles.length > 0 || readUint32(bytes, 20) !== 0) return undefined;
  return readUint32(bytes, 16) | 0;
}

/** Ordinal of a message as people and unknown-interaction handlers see it. */
export function readOrdinal(bytes: Uint8Array): bigint {
  return (BigInt(readUint32(bytes, 12)) << 32n) | BigInt(readUint32(bytes, 8));
}

function writeHeader(e: Encoder, txid: number, isFlexible: boolean, ordinalLow: number, ordinalHigh: number): void {
  const { view } = e;
  view.setUint32(0, txid, true);
  e.u8[4] = AT_REST_V2;
  if (isFlexible) e.u8[6] = DYNAMIC_FLEXIBLE;
  e.u8[7] = MAGIC;
  view.setUint32(8, ordinalLow, true);
  view.setUint32(12, ordinalHigh, true);
}

/** Compares the handles with their declarations, and takes away surplus rights. */
function checkDispositions(e: Encoder, root: string): void {
  for (let i = 0; i < e.handles.length; i++) {
    const handle = e.handles[i] as Handle;
    const objectType = e.objectTypes[i] as number;
    const rights = e.rights[i] as number;
    if (objectType !== ObjectType.NONE && handle.objectType !== objectType) {
      const fault = {
        path: `${root} handle ${i}`,
        offset: 0,
        expected: `${objectType}`,
        actual: `${handle.objectType}`,
      };
      throw new EncodeError({ code: "INCORRECT_HANDLE_TYPE", ...fault });
    }
    if (rights === Rights.SAME_RIGHTS || handle.rights === undefined) continue;
    if ((rights & ~handle.rights) !== 0) {
      const fault = { path: `${root} handle ${i}`, offset: 0, expected: `${rights}`, actual: `${handle.rights}` };
      throw new EncodeError({ code: "MISSING_REQUIRED_HANDLE_RIGHTS", ...fault });
    }
    if (handle.rights !== rights && handle.reduceRights !== undefined) e.handles[i] = handle.reduceRights(rights);
  }
}

/** One side of a binding, as far as sending and tracing go. */
export interface Sender {
  readonly channel: Channel;
  readonly side: "client" | "server";
  readonly protocol: string;
  readonly tracer: Tracer | undefined;
}

/**
 * Encodes and sends one message. The value's handles are moved, or closed on every failure.
 * @returns false when the peer is gone.
 * @throws EncodeError before anything is sent; the channel stays usable.
 */
export function sendMessage(
  sender: Sender,
  method: Method,
  txid: number,
  body: Body | undefined,
  value: unknown,
  root: string,
): boolean {
  const e = acquireEncoder();
  try {
    if (body === undefined) e.begin(HEADER_BYTES, MAX_MESSAGE_BYTES, root);
    else body.encode(e, value, HEADER_BYTES, MAX_MESSAGE_BYTES, root);
    writeHeader(e, txid, !method.descriptor.isStrict, method.ordinalLow, method.ordinalHigh);
    if (e.handles.length > 0) checkHandles(e, root);
    return transmit(sender, e, txid, method.descriptor.fidlName, method.descriptor.ordinal);
  } finally {
    releaseEncoder(e);
  }
}

function checkHandles(e: Encoder, root: string): void {
  try {
    checkDispositions(e, root);
  } catch (error) {
    for (const handle of e.handles) handle.close();
    throw error;
  }
}

function transmit(sender: Sender, e: Encoder, txid: number, method: string | undefined, ordinal: bigint): boolean {
  const bytes = e.u8.subarray(0, e.end);
  if (isTracing(sender.tracer)) traceMessage(sender, "sent", method, ordinal, txid, bytes, e.handles.length);
  return sender.channel.write(bytes, e.handles);
}

/** Answers a flexible two-way method that nobody knows: result union, framework error, "unknown method". */
export function sendUnknownMethodReply(sender: Sender, request: Uint8Array): boolean {
  const e = acquireEncoder();
  try {
    const txid = readUint32(request, 0);
    e.begin(HEADER_BYTES, MAX_MESSAGE_BYTES, "response");
    const at = e.reserve(16, 0, HEADER_BYTES);
    e.u8[at] = 3;
    e.view.setInt32(at + 8, -2, true);
    e.u8[at + 14] = 1;
    writeHeader(e, txid, true, readUint32(request, 8), readUint32(request, 12));
    return transmit(sender, e, txid, undefined, readOrdinal(request));
  } finally {
    releaseEncoder(e);
  }
}

/** The server's last word before it closes. */
export function sendEpitaph(sender: Sender, status: number): boolean {
  const e = acquireEncoder();
  try {
    e.begin(HEADER_BYTES, MAX_MESSAGE_BYTES, "epitaph");
    e.view.setInt32(e.reserve(4, 0, HEADER_BYTES), status, true);
    writeHeader(e, 0, false, EPITAPH_HALF, EPITAPH_HALF);
    return transmit(sender, e, 0, undefined, 0xffff_ffff_ffff_ffffn);
  } finally {
    releaseEncoder(e);
  }
}

/** Describes a message to whoever traces. Call only when `isTracing`. */
export function traceMessage(
  sender: Sender,
  direction: "sent" | "received",
  method: string | undefined,
  ordinal: bigint,
  txid: number,
  bytes: Uint8Array,
  handleCount: number,
): void {
  const { side, protocol, tracer, channel } = sender;
  trace(tracer, { direction, side, protocol, method, ordinal, txid, koid: channel.koid, bytes, handleCount });
}
