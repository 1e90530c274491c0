import { expect, it } from "vitest";
import { unknownOrdinals } from "#fidl";
import { codecOf } from "./codec.ts";
import { bytes, decodeGenerated, describeBoth, hex, PRESENT, word } from "./harness.ts";
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
