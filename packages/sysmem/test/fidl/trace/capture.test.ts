import { describe, expect, it } from "vitest";
import { MAX_TRACE_LINE_LENGTH } from "#base";
import { createTraceWriter, fromHex, parseTraceLine, TRACE_FORMAT, type TracedMessage, toHex } from "#fidl";

const MESSAGE: TracedMessage = {
  direction: "sent",
  side: "client",
  protocol: "fuchsia.sysmem2/Node",
  method: "Sync",
  ordinal: 0x11ac2555cf575b54n,
  txid: 5,
  koid: 77,
  bytes: fromHex("0500000002008001545b57cf5525ac11") as Uint8Array,
  handleCount: 2,
};

describe("a capture", () => {
  it("reads back what was written", () => {
    const lines: string[] = [];
    const trace = createTraceWriter(
      (line) => lines.push(line),
      () => 123_456_789,
    );
    trace(MESSAGE);
    expect(lines.every((line) => line.endsWith("\n") && line.indexOf("\n") === line.length - 1)).toBe(true);
    expect(lines.map((line) => parseTraceLine(line.trimEnd()))).toEqual([
      { ok: true, value: { kind: "header", version: 1 } },
      {
        ok: true,
        value: {
          kind: "message",
          message: {
            timeNs: 123_456_789,
            direction: "sent",
            side: "client",
            protocol: "fuchsia.sysmem2/Node",
            koid: 77,
            handleCount: 2,
            bytes: MESSAGE.bytes,
          },
        },
      },
    ]);
  });

  it("holds the greatest message within the longest line, and no greater one", () => {
    let line = "";
    const trace = createTraceWriter(
      (text) => (line = text.trimEnd()),
      () => Number.MAX_SAFE_INTEGER,
    );
    trace({ ...MESSAGE, protocol: "p".repeat(512), bytes: new Uint8Array(65_536), handleCount: 64 });
    expect(line.length).toBeLessThanOrEqual(MAX_TRACE_LINE_LENGTH);
    expect(parseTraceLine(line).ok).toBe(true);
    trace({ ...MESSAGE, bytes: new Uint8Array(65_537) });
    expect(parseTraceLine(line)).toEqual({ ok: false, error: "a message of more than 65536 bytes" });
    trace({ ...MESSAGE, handleCount: 65 });
    expect(parseTraceLine(line)).toEqual({ ok: false, error: '"handles" is not a number up to 64' });
    const blank = " ".repeat(MAX_TRACE_LINE_LENGTH + 1);
    expect(parseTraceLine(blank)).toEqual({ ok: false, error: `longer than ${MAX_TRACE_LINE_LENGTH} characters` });
  });

  it.each([
    ["{", "not JSON"],
    ["7", "not a JSON object"],
    ['{"format":"pcap"}', "not a capture of FIDL messages but pcap"],
    [`{"format":"${TRACE_FORMAT}","version":2}`, "version 2 of the format is not known"],
    ['{"bytes":"0"}', '"bytes" is not a string of hexadecimal digits'],
    ['{"bytes":"","direction":"up"}', '"direction" is neither "sent" nor "received"'],
    ['{"bytes":"","direction":"sent"}', '"side" is neither "client" nor "server"'],
    ['{"bytes":"","direction":"sent","side":"client"}', '"protocol" is not a string'],
    ['{"bytes":"","direction":"sent","side":"client","protocol":"","t":1,"koid":-1}', '"t" or "koid" is not a number'],
  ])("says what is wrong with %s", (line, error) => {
    expect(parseTraceLine(line)).toEqual({ ok: false, error });
  });
});

describe("hexadecimal", () => {
  it("reads what it writes, with white space in between", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(fromHex(toHex(bytes))).toEqual(bytes);
    expect(fromHex("00 fF\n10")).toEqual(Uint8Array.of(0, 255, 16));
    expect(fromHex("0g")).toBeUndefined();
    expect(fromHex("012")).toBeUndefined();
  });
});
