/** What the bytes of a message are. */
import { FidlError } from "../errors.ts";

/** A run of bytes with its meaning. */
export interface Annotation {
  /** From the start of the message. */
  readonly offset: number;
  readonly length: number;
  /** Levels of nesting, for indentation. */
  readonly level: number;
  /** Member path in FIDL names, or the part of the header. */
  readonly label: string;
  /** Value, or role of the bytes. */
  readonly meaning: string;
}

/** A message that breaks the wire format: where, and what would be right. Bytes behind it are not explained. */
export class AnnotationFault extends FidlError {
  readonly code = "MALFORMED_MESSAGE";
  /** From the start of the message. */
  readonly offset: number;
  /** Member path in FIDL names, or the part of the header. */
  readonly label: string;
  readonly problem: string;

  constructor(offset: number, label: string, problem: string) {
    super(`cannot explain the message: malformed at byte ${offset}: ${label}: ${problem}`);
    this.offset = offset;
    this.label = label;
    this.problem = problem;
  }
}

const BYTES_PER_LINE = 8;
const HEX_COLUMN_WIDTH = BYTES_PER_LINE * 3 - 1;

/**
 * A hexadecimal listing: offset, up to 8 bytes, label and meaning. Bytes that no annotation covers are listed without
 * one.
 */
export function formatListing(bytes: Uint8Array, annotations: readonly Annotation[]): string {
  const lines: string[] = [];
  let next = 0;
  for (const item of [...annotations].sort((a, b) => a.offset - b.offset)) {
    if (item.offset > next) listBytes(lines, bytes, next, item.offset, "");
    listBytes(
      lines,
      bytes,
      item.offset,
      item.offset + item.length,
      `${"  ".repeat(item.level)}${item.label}: ${item.meaning}`,
    );
    next = Math.max(next, item.offset + item.length);
  }
  if (next < bytes.length) listBytes(lines, bytes, next, bytes.length, "(not explained)");
  return lines.join("\n");
}

function listBytes(lines: string[], bytes: Uint8Array, start: number, end: number, text: string): void {
  for (let at = start; at < end; at += BYTES_PER_LINE) {
    const part = bytes.subarray(at, Math.min(at + BYTES_PER_LINE, end));
    const hex = Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const offset = at.toString(16).padStart(4, "0");
    lines.push(`${offset}  ${hex.padEnd(HEX_COLUMN_WIDTH)}  ${at === start ? text : ""}`.trimEnd());
  }
}
