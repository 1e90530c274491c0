import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createTraceWriter, fromHex } from "#fidl";
import { type FidlDecodeFlags, runFidlDecode } from "../../src/cli/fidl-decode.ts";

const SYNC = "0500000002008001545b57cf5525ac11";
const SYNC_DONE = `${SYNC}01000000000000000000000000000100`;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fidl-decode-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

async function decode(input: string, flags: FidlDecodeFlags = {}): Promise<string> {
  let text = "";
  await runFidlDecode(flags, input, (part) => {
    text += part;
  });
  return text;
}

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

function capture(...messages: readonly string[]): string {
  let text = "";
  let timeNs = 0;
  const trace = createTraceWriter(
    (line) => (text += line),
    () => (timeNs += 1_000_000),
  );
  messages.forEach((hex, index) =>
    trace({
      direction: index % 2 === 0 ? "sent" : "received",
      side: "client",
      protocol: "fuchsia.sysmem2/BufferCollectionToken",
      method: undefined,
      ordinal: 0n,
      txid: 0,
      koid: 9,
      bytes: fromHex(hex) as Uint8Array,
      handleCount: 0,
    }),
  );
  return text;
}

describe("fidl decode", () => {
  it("explains a message given as hexadecimal digits, or as a file of them", async () => {
    const text = await decode(SYNC);
    expect(text).toMatch(/^fuchsia\.sysmem2\/Node\.Sync request txid 5\n0000 {2}05 00 00 00 .* txid: 5\n/);
    expect(await decode(file("message.hex", `${SYNC.slice(0, 16)}\n${SYNC.slice(16)}\n`))).toBe(text);
  });

  it("explains a body of a named type", async () => {
    const text = await decode("0200000000000000ffffffffffffffff000000000000000008000000000000000700000000000000", {
      type: "fuchsia.sysmem2/Heap",
    });
    expect(text).toMatch(/^fuchsia\.sysmem2\/Heap \{ id = 7 \}\n/);
    await expect(decode("00", { type: "nobody/Nothing" })).rejects.toThrow(/there is no such type/);
  });

  it("prints a capture as a conversation", async () => {
    const path = file("trace.jsonl", capture(SYNC, SYNC_DONE));
    const text = await decode(path);
    expect(text).toContain("#1 0.000 ms client -> server");
    expect(text).toContain("answers #1 after 1.000 ms");
    expect(text).not.toContain("0000  ");
    expect(await decode(path, { bytes: true })).toContain("0010  01 00 00 00 00 00 00 00  response: union");
  });

  it("fails on malformed messages, after having explained them", async () => {
    const shown: string[] = [];
    const path = file("bad.jsonl", capture(SYNC, SYNC_DONE.slice(0, 48)));
    await expect(runFidlDecode({}, path, (part) => void shown.push(part))).rejects.toThrow(
      /cannot decode 1 of the messages/,
    );
    expect(shown.join("")).toContain("MALFORMED at byte 16");
    await expect(decode(SYNC.slice(0, 20))).rejects.toThrow(/malformed at byte 0: header/);
  });

  it("fails on what is no capture, naming the line", async () => {
    await expect(decode(file("empty", ""))).rejects.toThrow(/it is empty/);
    await expect(decode(file("text", "hello\n"))).rejects.toThrow(/neither a capture nor hexadecimal/);
    await expect(decode(file("cut.jsonl", `${capture()}{"t":1`))).rejects.toThrow(/line 2: not JSON/);
    await expect(decode(join(directory, "nowhere"))).rejects.toThrow(/cannot read .*nowhere: no such file/);
    await expect(decode(file("long", `${"00".repeat(70_000)}\n`))).rejects.toThrow(/more digits/);
  });
});
