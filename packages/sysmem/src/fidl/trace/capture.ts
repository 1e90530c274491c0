/**
 * Captures of traced messages as text: one JSON object per line, the first naming the format. A capture that was cut
 * off in the middle of a line is good up to there, and captures can be put together with `cat`.
 */
import { err, MAX_MESSAGE_BYTES, MAX_MESSAGE_HANDLES, MAX_TRACE_LINE_LENGTH, ok, type Result } from "#base";
import type { TracedMessage, Tracer } from "../tracer.ts";
import { fromHex, toHex } from "./hex.ts";

/** What `format` says in the first line. */
export const TRACE_FORMAT = "sysmem.fidl.trace";
export const TRACE_VERSION = 1;

/** A message of a capture. Ordinal and transaction id are in its bytes. */
export interface CapturedMessage {
  /** Monotonic time in nanoseconds at which the message was seen. */
  readonly timeNs: number;
  readonly direction: "sent" | "received";
  readonly side: "client" | "server";
  /** Full name of the protocol that the binding spoke. */
  readonly protocol: string;
  /** koid of the end it was sent from or received by: tells the channels of a capture apart. */
  readonly koid: number;
  readonly handleCount: number;
  /** Header and body. */
  readonly bytes: Uint8Array;
}

/** What a line of a capture holds. */
export type TraceLine =
  | { readonly kind: "header"; readonly version: number }
  | { readonly kind: "message"; readonly message: CapturedMessage };

/**
 * Makes a tracer (for `setTracer`, or for one binding) that writes a capture. The first line is written at once.
 * `write` gets whole lines with their line ends; it must not throw and must not send messages itself.
 */
export function createTraceWriter(write: (line: string) => void, nowNs: () => number): Tracer {
  write(`${JSON.stringify({ format: TRACE_FORMAT, version: TRACE_VERSION })}\n`);
  return (message) => write(formatTraceLine(message, nowNs()));
}

function formatTraceLine(message: TracedMessage, timeNs: number): string {
  const { direction, side, protocol, koid, handleCount } = message;
  return `${JSON.stringify({ t: timeNs, direction, side, protocol, koid, handles: handleCount, bytes: toHex(message.bytes) })}\n`;
}

/** Reads one line of a capture. The error says what is wrong with it. */
export function parseTraceLine(line: string): Result<TraceLine, string> {
  if (line.length > MAX_TRACE_LINE_LENGTH) return err(`longer than ${MAX_TRACE_LINE_LENGTH} characters`);
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return err("not JSON");
  }
  if (typeof json !== "object" || json === null) return err("not a JSON object");
  const fields = json as Readonly<Record<string, unknown>>;
  if ("format" in fields) {
    if (fields["format"] !== TRACE_FORMAT) return err(`not a capture of FIDL messages but ${String(fields["format"])}`);
    if (fields["version"] !== TRACE_VERSION)
      return err(`version ${String(fields["version"])} of the format is not known`);
    return ok({ kind: "header", version: TRACE_VERSION });
  }
  return readMessage(fields);
}

function readMessage(fields: Readonly<Record<string, unknown>>): Result<TraceLine, string> {
  const { t, direction, side, protocol, koid, handles, bytes: hex } = fields;
  const bytes = typeof hex === "string" ? fromHex(hex) : undefined;
  if (bytes === undefined) return err('"bytes" is not a string of hexadecimal digits');
  if (bytes.length > MAX_MESSAGE_BYTES) return err(`a message of more than ${MAX_MESSAGE_BYTES} bytes`);
  if (direction !== "sent" && direction !== "received") return err('"direction" is neither "sent" nor "received"');
  if (side !== "client" && side !== "server") return err('"side" is neither "client" nor "server"');
  if (typeof protocol !== "string") return err('"protocol" is not a string');
  if (!isCount(t) || !isCount(koid)) return err('"t" or "koid" is not a number');
  if (!isCount(handles) || handles > MAX_MESSAGE_HANDLES)
    return err(`"handles" is not a number up to ${MAX_MESSAGE_HANDLES}`);
  return ok({ kind: "message", message: { timeNs: t, direction, side, protocol, koid, handleCount: handles, bytes } });
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}
