import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_TRACKED_CALLS } from "#base";
import {
  type Annotation,
  Conversation,
  explainBody,
  explainMessage,
  formatExplained,
  formatShown,
  formatSummary,
  formatTurn,
  fromHex,
  MethodIndex,
  type TypeCodec,
} from "#fidl";
import * as sysmem2 from "#gen/fuchsia_sysmem2";
import { readSuites, VECTORS } from "../../gidl/cases.ts";
import * as conformance from "../../gidl/goldens/test_conformance.ts";
import { PROFILES_NOT_APPLICABLE } from "../../gidl/known-exceptions.ts";

const METHODS = new MethodIndex([
  sysmem2.Allocator.descriptor,
  sysmem2.Node.descriptor,
  sysmem2.BufferCollection.descriptor,
]);

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? expect.fail(`not hexadecimal: ${hex}`);
}

const SET_NAME =
  "0000000002008001 e9c1484f62f1410b 0200000000000000 ffffffffffffffff 0a00000000000100 1800000000000000" +
  "0700000000000000 ffffffffffffffff 6772616c6c6f6300";

describe("explainMessage", () => {
  it("names every field of a message", () => {
    expect(formatExplained(explainMessage(bytesOf(SET_NAME), METHODS))).toMatchInlineSnapshot(`
      "fuchsia.sysmem2/Node.SetName request { priority = 10, name = "gralloc" }
      0000  00 00 00 00              txid: 0
      0004  02 00                    at-rest flags: wire format v2
      0006  80                       dynamic flags: flexible
      0007  01                       magic: 1
      0008  e9 c1 48 4f 62 f1 41 0b  ordinal: 0x0b41f1624f48c1e9 fuchsia.sysmem2/Node.SetName
      0010  02 00 00 00 00 00 00 00  request: table NodeSetNameRequest, highest ordinal 2
      0018  ff ff ff ff ff ff ff ff  request: present
      0020  0a 00 00 00                request.priority: 10
      0024  00 00 01 00                request.priority: envelope, inlined
      0028  18 00 00 00 00 00 00 00    request.name: envelope, 24 bytes
      0030  07 00 00 00 00 00 00 00      request.name: string, 7
      0038  ff ff ff ff ff ff ff ff      request.name: present
      0040  67 72 61 6c 6c 6f 63           request.name: "gralloc"
      0047  00                             padding: 1"
    `);
  });

  it("tells responses from requests by what fits, unless told", () => {
    const unknownMethod = bytesOf("0100000002008001 545b57cf5525ac11 0300000000000000 feffffff00000100");
    expect(formatSummary(explainMessage(unknownMethod, METHODS))).toBe(
      "fuchsia.sysmem2/Node.Sync response txid 1 { framework_err = UNKNOWN_METHOD }",
    );
    expect(explainMessage(unknownMethod, METHODS, { role: "request" }).fault?.problem).toBe("16 bytes too many");
    const domainError = bytesOf("0700000002008001 4e40614b34002306 0200000000000000 0200000000000100");
    expect(formatSummary(explainMessage(domainError, METHODS))).toMatch(
      /response txid 7 \{ err = PROTOCOL_DEVIATION \}$/,
    );
  });

  it("explains epitaphs, and says what it does not know", () => {
    const epitaph = explainMessage(bytesOf("0000000002000001 ffffffffffffffff ecffffff00000000"), METHODS);
    expect(formatSummary(epitaph)).toBe("epitaph ZX_ERR_BAD_STATE");
    const unknown = explainMessage(bytesOf("0000000002008001 0100000000000000 0102030405060708"), METHODS);
    expect(formatExplained(unknown)).toMatch(/^unknown method 0x0000000000000001\n.*\(not explained\)$/s);
  });

  it("says where a message is malformed, and explains it up to there", () => {
    const cut = explainMessage(bytesOf(SET_NAME).subarray(0, 64), METHODS);
    expect(formatSummary(cut)).toMatch(/MALFORMED at byte 48: request\.name: needs 8 bytes, 0 are left/);
    expect(cut.annotations.some((item) => item.label === "request.priority")).toBe(true);
    for (const [hex, problem] of [
      ["0000", "a message has at least 16 bytes, not 2"],
      ["0000000002008002 e9c1484f62f1410b", "must be 1"],
      ["0000000000008001 e9c1484f62f1410b", "must say wire format v2"],
      ["0000000002008001 0000000000000000", "must not be 0"],
      ["0000000002000001 ffffffffffffffff", "must be 24 bytes, is 16"],
    ] as const) {
      expect(explainMessage(bytesOf(hex), METHODS).fault?.problem).toBe(problem);
    }
  });

  it("counts handles when their number is known", () => {
    const message = bytesOf("0000000002008001 c1490b1ff59fa111 0100000000000000 ffffffffffffffff ffffffff01000100");
    expect(explainMessage(message, METHODS).fault).toBeUndefined();
    expect(explainMessage(message, METHODS, { handleCount: 1 }).fault).toBeUndefined();
    expect(explainMessage(message, METHODS, { handleCount: 0 }).fault?.problem).toBe("there are too few handles");
    expect(explainMessage(message, METHODS, { handleCount: 2 }).fault?.problem).toBe("1 handles too many");
  });
});

describe("explainMessage of anything", () => {
  const ordinals = [...sysmem2.Allocator.descriptor.methods, ...sysmem2.BufferCollection.descriptor.methods].map(
    (method) => method.ordinal,
  );
  const messages = fc
    .tuple(
      fc.constantFrom(...ordinals),
      fc.array(fc.constantFrom(0n, 1n, 2n, 16n, 0xffff_ffff_ffff_ffffn, 0x1_0000_0007n)),
    )
    .map(([ordinal, words]) => {
      const bytes = new Uint8Array(16 + 8 * words.length);
      const view = new DataView(bytes.buffer);
      bytes.set([1, 0, 0, 0, 2, 0, 0x80, 1]);
      view.setBigUint64(8, ordinal, true);
      for (const [index, word] of words.entries()) view.setBigUint64(16 + 8 * index, word, true);
      return bytes;
    });

  it("finishes, and lists every byte", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), messages), (bytes) => {
        const listing = formatExplained(explainMessage(bytes, METHODS, { handleCount: 2 })).split("\n");
        const hex = listing.flatMap((line) => /^[0-9a-f]{4} {2}((?:[0-9a-f]{2} ?)+)/.exec(line)?.[1] ?? []).join("");
        expect(hex.replaceAll(/\s/g, "").length / 2).toBe(bytes.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe("explainBody over the conformance vectors", () => {
  const codecs = conformance as unknown as Readonly<Record<string, TypeCodec<unknown>>>;
  const cases = readSuites(VECTORS)
    .flatMap((suite) => suite.cases)
    .filter((test) => PROFILES_NOT_APPLICABLE[test.profile] === undefined && test.bytes !== undefined);
  const explain = (test: (typeof cases)[number]): ReturnType<typeof explainBody> => {
    const descriptor = codecs[test.type.slice(test.type.indexOf("/") + 1)]?.descriptor;
    return explainBody(bytesOf(test.bytes as string), descriptor, "value", { handleCount: test.handles?.length ?? 0 });
  };

  it("explains every byte of every good message exactly once", () => {
    const good = cases.filter((test) => test.kind === "success" || test.kind === "decode_success");
    expect(good.length).toBeGreaterThan(150);
    for (const test of good) {
      const { annotations, fault } = explain(test);
      expect(fault, test.name).toBeUndefined();
      expect(uncovered(annotations, (test.bytes as string).length / 2), test.name).toEqual([]);
    }
  });

  it("finds the fault of every bad message that does not lie in the handles themselves", () => {
    const bad = cases.filter((test) => test.kind === "fails_to_decode" && test.profile === "required");
    expect(bad.length).toBeGreaterThan(100);
    for (const test of bad) expect(explain(test).fault, test.name).toBeDefined();
  });
});

/** Offsets that no annotation, or more than one, covers. */
function uncovered(annotations: readonly Annotation[], length: number): number[] {
  const counts = new Array<number>(length).fill(0);
  for (const { offset, length: size } of annotations) {
    for (let at = offset; at < offset + size; at++) counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts.flatMap((count, at) => (count === 1 ? [] : [at]));
}

describe("Conversation", () => {
  it("puts answers beside their questions", () => {
    const conversation = new Conversation(METHODS);
    const common = { side: "client", protocol: "fuchsia.sysmem2/Node", koid: 12, handleCount: 0 } as const;
    const request = bytesOf("0500000002008001 545b57cf5525ac11");
    const response = bytesOf("0500000002008001 545b57cf5525ac11 0100000000000000 0000000000000100");
    const turns = [
      conversation.add({ ...common, direction: "sent", timeNs: 5_000_000, bytes: request }),
      // The same transaction id on another channel is another call.
      conversation.add({ ...common, koid: 13, direction: "received", timeNs: 5_500_000, bytes: response }),
      conversation.add({ ...common, direction: "received", timeNs: 6_250_000, bytes: response }),
      conversation.add({ ...common, direction: "received", timeNs: 7_000_000, bytes: response }),
    ];
    expect(turns.map(formatTurn).join("\n")).toMatchInlineSnapshot(`
      "#1 0.000 ms client -> server (sent by the client on 12, 16 bytes)
        fuchsia.sysmem2/Node.Sync request txid 5
      #2 0.500 ms server -> client (received by the client on 13, 32 bytes)
        fuchsia.sysmem2/Node.Sync response txid 5 { response = {} }
      #3 1.250 ms server -> client (received by the client on 12, 32 bytes, answers #1 after 1.250 ms)
        fuchsia.sysmem2/Node.Sync response txid 5 { response = {} }
      #4 2.000 ms server -> client (received by the client on 12, 32 bytes)
        fuchsia.sysmem2/Node.Sync response txid 5 { response = {} }"
    `);
  });
});

describe("a conversation without answers", () => {
  const turn = (conversation: Conversation, txid: number, hex: string, direction: "sent" | "received") => {
    const bytes = bytesOf(hex);
    new DataView(bytes.buffer).setUint32(0, txid, true);
    const common = { side: "client", protocol: "fuchsia.sysmem2/Node", koid: 1, handleCount: 0, timeNs: txid } as const;
    return conversation.add({ ...common, direction, bytes });
  };
  const SYNC = "0000000002008001 545b57cf5525ac11";
  const SYNC_DONE = `${SYNC} 0100000000000000 0000000000000100`;

  it.each([
    [MAX_TRACKED_CALLS, 1],
    [MAX_TRACKED_CALLS + 1, undefined],
  ])("after %i calls remembers the first as %s", (calls, expected) => {
    const conversation = new Conversation(METHODS);
    for (let txid = 1; txid <= calls; txid++) turn(conversation, txid, SYNC, "sent");
    expect(turn(conversation, 1, SYNC_DONE, "received").answers?.number).toBe(expected);
    expect(turn(conversation, calls, SYNC_DONE, "received").answers?.number).toBe(calls);
  });
});

describe("formatShown", () => {
  it("spreads a value over lines only where it does not fit", () => {
    const value = {
      open: "{" as const,
      parts: [{ name: "a", value: { open: "[" as const, parts: [{ value: "1" }, { value: "2" }] } }],
    };
    expect(formatShown(value, 14)).toBe("{ a = [1, 2] }");
    expect(formatShown(value, 13)).toBe("{\n  a = [1, 2]\n}");
    expect(formatShown({ open: "[", parts: [] }, 0)).toBe("[]");
  });
});
