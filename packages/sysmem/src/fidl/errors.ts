/** What can go wrong with messages and channels. Codes of encoding and decoding are those of the FIDL conformance suite. */
import { statusName, SysmemError } from "#base";

/** Why a value cannot be encoded, or a message cannot be decoded. */
export type WireErrorCode =
  // Both directions.
  | "NON_NULLABLE_TYPE_WITH_NULL_VALUE"
  | "STRING_TOO_LONG"
  | "COUNT_EXCEEDS_LIMIT"
  | "STRING_NOT_UTF8"
  | "STRICT_ENUM_UNKNOWN_VALUE"
  | "STRICT_BITS_UNKNOWN_BIT"
  | "STRICT_UNION_UNKNOWN_FIELD"
  | "UNION_FIELD_NOT_SET"
  | "EXCEEDED_MAX_OUT_OF_LINE_DEPTH"
  | "INCORRECT_HANDLE_TYPE"
  | "MISSING_REQUIRED_HANDLE_RIGHTS"
  // Encoding only.
  | "FLEXIBLE_UNION_UNKNOWN_FIELD"
  | "MESSAGE_TOO_LARGE"
  | "TOO_MANY_HANDLES"
  /** A JavaScript value of the wrong type. */
  | "INVALID_VALUE"
  /** A number outside its integer type. */
  | "VALUE_OUT_OF_RANGE"
  /** A handle that is closed, was moved away, or occurs twice in one value. */
  | "INVALID_HANDLE"
  // Decoding only.
  | "TOO_FEW_BYTES_IN_PRIMARY_OBJECT"
  | "TOO_FEW_BYTES"
  | "TOO_MANY_BYTES_IN_MESSAGE"
  | "TOO_MANY_HANDLES_IN_MESSAGE"
  | "TOO_FEW_HANDLES"
  | "INVALID_PADDING_BYTE"
  | "INVALID_EMPTY_STRUCT"
  | "INVALID_BOOLEAN"
  | "INVALID_PRESENCE_INDICATOR"
  | "INVALID_HANDLE_PRESENCE_INDICATOR"
  | "NON_EMPTY_STRING_WITH_NULL_BODY"
  | "NON_EMPTY_VECTOR_WITH_NULL_BODY"
  | "STRING_COUNT_EXCEEDS_32_BIT_LIMIT"
  | "VECTOR_COUNT_EXCEEDS_32_BIT_LIMIT"
  | "TABLE_COUNT_EXCEEDS_32_BIT_LIMIT"
  | "INVALID_INLINE_MARKER_IN_ENVELOPE"
  | "INVALID_INLINE_BIT_IN_ENVELOPE"
  | "INVALID_NUM_BYTES_IN_ENVELOPE"
  | "INVALID_NUM_HANDLES_IN_ENVELOPE"
  | "ENVELOPE_BYTES_EXCEED_MESSAGE_LENGTH"
  | "ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH"
  /** The 8 bytes before a standalone (persistent) body are not what they must be. */
  | "INVALID_PERSISTENT_HEADER";

/** Base of everything the FIDL runtime throws or rejects with about the world. */
export abstract class FidlError extends SysmemError {}

/** Where and why; shared by both directions. */
export interface WireFault {
  readonly code: WireErrorCode;
  /** Member path from the root, such as `request.settings.heaps[2].id`. */
  readonly path: string;
  /** Byte offset from the start of the body at which the fault was seen. */
  readonly offset: number;
  /** What would have been right, for people. */
  readonly expected?: string | undefined;
  /** What was there, for people. */
  readonly actual?: string | undefined;
}

function explain(what: string, fault: WireFault): string {
  let text = `cannot ${what} ${fault.path} at byte ${fault.offset}: ${fault.code}`;
  if (fault.expected !== undefined) text += `, expected ${fault.expected}`;
  if (fault.actual !== undefined) text += `, got ${fault.actual}`;
  return text;
}

/** A value that cannot be sent. Its handles are closed. */
export class EncodeError extends FidlError implements WireFault {
  readonly code: WireErrorCode;
  readonly path: string;
  readonly offset: number;
  readonly expected: string | undefined;
  readonly actual: string | undefined;

  constructor(fault: WireFault) {
    super(explain("encode", fault));
    this.code = fault.code;
    this.path = fault.path;
    this.offset = fault.offset;
    this.expected = fault.expected;
    this.actual = fault.actual;
  }
}

/** A message that breaks the wire format or its own declaration. Its handles are closed. */
export class DecodeError extends FidlError implements WireFault {
  readonly code: WireErrorCode;
  readonly path: string;
  readonly offset: number;
  readonly expected: string | undefined;
  readonly actual: string | undefined;

  constructor(fault: WireFault) {
    super(explain("decode", fault));
    this.code = fault.code;
    this.path = fault.path;
    this.offset = fault.offset;
    this.expected = fault.expected;
    this.actual = fault.actual;
  }
}

/** The other end is gone, without an epitaph. */
export class PeerClosedError extends FidlError {
  readonly code = "PEER_CLOSED";
  constructor(protocol: string) {
    super(`cannot go on with ${protocol}: the peer closed its end`);
  }
}

/** The server closed the channel and said why. */
export class EpitaphError extends FidlError {
  readonly code = "EPITAPH";
  /** `zx.Status`; 0 is an orderly end. */
  readonly status: number;
  constructor(protocol: string, status: number) {
    super(`cannot go on with ${protocol}: the server closed the channel with ${statusName(status)}`);
    this.status = status;
  }
}

/** The server does not know a flexible method. Only this call fails. */
export class UnknownMethodError extends FidlError {
  readonly code = "UNKNOWN_METHOD";
  readonly method: string;
  constructor(method: string) {
    super(`cannot call ${method}: the server does not know this method`);
    this.method = method;
  }
}

/** The call was given up by its abort signal. Its answer, if one comes, is dropped and its handles closed. */
export class CanceledError extends FidlError {
  readonly code = "CANCELED";
  constructor(method: string, cause: unknown) {
    super(`cannot finish ${method}: canceled`, { cause });
  }
}

/** The call's deadline passed. Its answer, if one comes, is dropped and its handles closed. */
export class TimeoutError extends FidlError {
  readonly code = "TIMED_OUT";
  constructor(method: string, timeoutMs: number) {
    super(`cannot finish ${method}: no answer within ${timeoutMs} ms`);
  }
}

/** The binding was closed or unbound on this side. */
export class LocalClosedError extends FidlError {
  readonly code = "CLOSED_LOCALLY";
  constructor(protocol: string) {
    super(`cannot go on with ${protocol}: it was closed on this side`);
  }
}

/** The peer broke a rule of the protocol (header, transaction id, unknown strict interaction); the channel is closed. */
export class ProtocolError extends FidlError {
  readonly code = "PROTOCOL_VIOLATION";
  constructor(protocol: string, detail: string) {
    super(`cannot go on with ${protocol}: ${detail}`);
  }
}

/** The channel failed by itself: a packet that is no message, a peer that does not read, or this side is short of something. */
export class TransportError extends FidlError {
  readonly code = "TRANSPORT_FAILED";
  readonly kind: "malformed" | "overflow" | "no-resources";
  constructor(protocol: string, kind: TransportError["kind"], detail: string) {
    super(`cannot go on with ${protocol}: ${kind}: ${detail}`);
    this.kind = kind;
  }
}

/** Too many calls of one client wait for answers. */
export class TooManyCallsError extends FidlError {
  readonly code = "TOO_MANY_CALLS";
  constructor(method: string, limit: number) {
    super(`cannot call ${method}: ${limit} calls are outstanding already`);
  }
}

/** Thrown by `unwrap` for a domain error (`error E` of a method). */
export class MethodError extends FidlError {
  readonly code = "METHOD_FAILED";
  readonly error: unknown;
  constructor(error: unknown) {
    super(`cannot use the result: the method failed with ${String(error)}`);
    this.error = error;
  }
}
