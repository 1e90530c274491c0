/** `sysmem fidl decode`: messages explained byte by byte, captures as conversations. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { MAX_TRACE_LINE_LENGTH, SysmemError, systemWords } from "#base";
import {
  Conversation,
  explainBody,
  explainMessage,
  formatExplained,
  formatListing,
  formatShown,
  formatTurn,
  fromHex,
  MethodIndex,
  parseTraceLine,
} from "#fidl";
import { shippedProtocols, shippedType } from "./fidl-types.ts";

export interface FidlDecodeFlags {
  /** Full name of a type: the input is a body of it, without a message header. */
  readonly type?: string | undefined;
  /** Whether a two-way message is the request or the response. */
  readonly role?: "request" | "response" | undefined;
  /** Handles that came with the bytes. */
  readonly handles?: number | undefined;
  /** For captures: list the bytes of each message, too. */
  readonly bytes?: boolean | undefined;
}

/** What the user asked for cannot be decoded. */
export class FidlDecodeError extends SysmemError {
  readonly code = "FIDL_DECODE";
}

/**
 * Decodes `input`: hexadecimal digits, the path of a file of them or of a capture (`--trace FILE`), or `-` for either on
 * standard input. Writes text to `write`.
 * @throws FidlDecodeError when the input is neither, or a message in it is malformed (after explaining it as far as it goes).
 */
export async function runFidlDecode(
  flags: FidlDecodeFlags,
  input: string,
  write: (text: string) => void = (text) => void process.stdout.write(text),
): Promise<void> {
  const hex = fromHex(input);
  if (hex !== undefined && hex.length > 0) return decodeBytes(flags, hex, write);
  const source = input === "-" ? process.stdin : createReadStream(input, "utf8");
  await decodeLines(flags, source, input, write);
}

function decodeBytes(flags: FidlDecodeFlags, bytes: Uint8Array, write: (text: string) => void): void {
  if (flags.type !== undefined) return decodeBody(flags, flags.type, bytes, write);
  const methods = new MethodIndex(shippedProtocols());
  const explained = explainMessage(bytes, methods, { handleCount: flags.handles, role: flags.role });
  write(`${formatExplained(explained)}\n`);
  if (explained.fault !== undefined) throw new FidlDecodeError(malformed(explained.fault));
}

function decodeBody(flags: FidlDecodeFlags, name: string, bytes: Uint8Array, write: (text: string) => void): void {
  const type = shippedType(name);
  if (type === undefined) {
    throw new FidlDecodeError(
      `cannot decode a body of ${name}: there is no such type (say library/Type, as in fuchsia.sysmem2/Heap)`,
    );
  }
  const body = explainBody(bytes, type, "value", { handleCount: flags.handles });
  if (body.payload !== undefined) write(`${name} ${formatShown(body.payload, TEXT_WIDTH)}\n`);
  write(`${formatListing(bytes, body.annotations)}\n`);
  if (body.fault !== undefined) throw new FidlDecodeError(malformed(body.fault));
}

const TEXT_WIDTH = 100;

function malformed(fault: { readonly offset: number; readonly label: string; readonly problem: string }): string {
  return `cannot decode the message: malformed at byte ${fault.offset}: ${fault.label}: ${fault.problem}`;
}

/** Reads a capture, or a file of hexadecimal digits: the first line that is not empty tells which. */
async function decodeLines(
  flags: FidlDecodeFlags,
  source: Readable,
  name: string,
  write: (text: string) => void,
): Promise<void> {
  const conversation = new Conversation(new MethodIndex(shippedProtocols()));
  let digits: string | undefined;
  let number = 0;
  let faults = 0;
  try {
    for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
      number++;
      if (line.trim() === "") continue;
      if (digits !== undefined || !line.startsWith("{")) {
        digits = `${digits ?? ""}${line.trim()}`;
        if (digits.length > MAX_TRACE_LINE_LENGTH)
          throw new FidlDecodeError(`cannot read ${name}: more digits than the longest message has`);
        continue;
      }
      const parsed = parseTraceLine(line);
      if (!parsed.ok) throw new FidlDecodeError(`cannot read ${name}: line ${number}: ${parsed.error}`);
      if (parsed.value.kind === "header") continue;
      const turn = conversation.add(parsed.value.message);
      if (turn.explained.fault !== undefined) faults++;
      write(`${formatTurn(turn)}\n`);
      if (flags.bytes === true) write(`${formatListing(turn.message.bytes, turn.explained.annotations)}\n`);
    }
  } catch (cause) {
    if (cause instanceof FidlDecodeError) throw cause;
    throw new FidlDecodeError(`cannot read ${name}: ${systemWords(cause)}`, {
      cause,
    });
  }
  if (digits !== undefined) {
    const bytes = fromHex(digits);
    if (bytes === undefined) throw new FidlDecodeError(`cannot read ${name}: neither a capture nor hexadecimal digits`);
    return decodeBytes(flags, bytes, write);
  }
  if (number === 0) throw new FidlDecodeError(`cannot read ${name}: it is empty`);
  if (faults > 0) throw new FidlDecodeError(`cannot decode ${faults} of the messages in ${name}: they are malformed`);
}
