import { expect, it } from "vitest";
import { ObjectType } from "#base";
import { unknownOrdinals } from "#fidl";
import { FakeHandle } from "../../gidl/fake-handle.ts";
import { codecOf } from "./codec.ts";
import { bytes, decodeGenerated, describeBoth, hex, PRESENT, thrownBy, word } from "./harness.ts";
import { bits, enumeration, optionalUnion, struct, table, text, u8, union } from "./types.ts";

const T = table({ 2: ["b", u8], 4: ["d", text()] });
const flexible = union({ 1: ["x", u8] });

describeBoth("unknown data", () => {
  it("in tables is passed over and listed, not enumerable", () => {
    const body = `${word(6)}${PRESENT}
      0500000000000100 0700000000000100 1000000000000000 0000000000000000 0000000000000000 0800000000000000
      ${word(1)}${word(2)} ${word(3)}`;
    const decoded = codecOf(T).decode(bytes(body)) as { [unknownOrdinals]?: number[] };
    expect(decoded).toEqual({ b: 7 });
    expect(decoded[unknownOrdinals]).toEqual([1, 3, 6]);
    expect(Reflect.ownKeys({ ...decoded })).toEqual(["b"]);
    // Dropped: encoded again, the table is without them.
    expect(hex(codecOf(T).encode(decoded).bytes)).toBe(hex(bytes(`${word(2)}${PRESENT}${word(0)}0700000000000100`)));
  });

  it("is not there when every member is known", () => {
    const decoded = codecOf(T).decode(codecOf(T).encode({ b: 1 }).bytes) as object;
    expect(unknownOrdinals in decoded).toBe(false);
  });

  it("accepts tables that are longer than their highest member", () => {
    expect(codecOf(T).decode(bytes(`${word(5)}${PRESENT}${word(0).repeat(5)}`))).toEqual({});
  });

  it("in flexible unions is an unknown variant with its ordinal", () => {
    expect(codecOf(flexible).decode(bytes(`${word(9)}0100000000000100`))).toEqual({ kind: "$unknown", ordinal: 9n });
    expect(codecOf(flexible).decode(bytes(`${word(1n << 40n)}0800000000000000${word(3)}`))).toEqual({
      kind: "$unknown",
      ordinal: 1n << 40n,
    });
    expect(codecOf(flexible).decode(bytes(`${word(9)}${word(0)}`))).toEqual({ kind: "$unknown", ordinal: 9n });
    const maybe = struct({ u: optionalUnion(() => flexible) });
    expect(codecOf(maybe).decode(bytes(`${word(2)}0000000000000100`))).toEqual({
      u: { kind: "$unknown", ordinal: 2n },
    });
  });

  it("has its handles closed once, whether the rest decodes or not", () => {
    const type = struct({ t: () => table({ 1: ["a", u8] }), u: () => flexible, last: text(1) });
    const message = (length: number) =>
      bytes(
        `${word(2)}${PRESENT} ${word(9)}0800000001000000 ${word(length)}${PRESENT}
        ${word(0)}0000000001000100 ${word(7)} 6161000000000000`.replace("6161", length === 1 ? "6100" : "6161"),
      );
    for (const length of [1, 2]) {
      const handles = [1, 2].map((id) => new FakeHandle(id, ObjectType.EVENT, 0));
      if (length === 1) codecOf(type).decode(message(length), handles);
      else expect(thrownBy(() => codecOf(type).decode(message(length), handles)).code).toBe("STRING_TOO_LONG");
      expect(handles.map((handle) => handle.closeCount)).toEqual([1, 1]);
    }
  });

  it("has its handles counted by the envelopes around it, of types without handles too", () => {
    const inner = table({ 2: ["b", u8] });
    const strict = union({ 1: ["t", inner], 2: ["u", flexible] }, { isStrict: true });
    const message = (variant: number, numHandles: number, content: string) =>
      bytes(`${word(variant)} ${word(content.replace(/\s/g, "").length / 2 + numHandles * 0x1_0000_0000)} ${content}`);
    for (const [variant, content] of [
      [1, `${word(1)}${PRESENT} 0000000001000100`],
      [2, `${word(9)} 0000000001000100`],
    ] as const) {
      const decode = (numHandles: number) => {
        const handle = new FakeHandle(1, ObjectType.EVENT, 0);
        const attempt = () => codecOf(strict).decode(message(variant, numHandles, content), [handle]);
        return { attempt, handle };
      };
      const right = decode(1);
      expect(right.attempt()).toBeDefined();
      const wrong = decode(0);
      expect(thrownBy(wrong.attempt).code).toBe("INVALID_NUM_HANDLES_IN_ENVELOPE");
      expect([right.handle.closeCount, wrong.handle.closeCount]).toEqual([1, 1]);
    }
  });

  it("in flexible enums and bits is kept", () => {
    const type = struct({ e: enumeration(false, "uint16", 1), b: bits(false, "uint16", 1) });
    const body = bytes("ff7fff7f00000000");
    expect(codecOf(type).decode(body)).toEqual({ e: 0x7fff, b: 0x7fff });
    expect(hex(codecOf(type).encode({ e: 0x7fff, b: 0x7fff }).bytes)).toBe(hex(body));
  });
});

it("generated code takes unknown data by itself", () => {
  expect(decodeGenerated(T, bytes(`${word(5)}${PRESENT}${word(0).repeat(4)}0500000000000100`))).toEqual({ value: {} });
  expect(decodeGenerated(flexible, bytes(`${word(9)}0100000000000100`))).toEqual({
    value: { kind: "$unknown", ordinal: 9n },
  });
});
