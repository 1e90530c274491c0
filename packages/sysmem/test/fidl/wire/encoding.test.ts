import { expect, it } from "vitest";
import { codecOf } from "./codec.ts";
import { bytes, describeBoth, encodeGenerated, hex, PRESENT, word } from "./harness.ts";
import {
  array,
  bits,
  bool,
  box,
  enumeration,
  i64,
  optionalUnion,
  primitive,
  struct,
  table,
  text,
  u8,
  u16,
  u32,
  u64,
  union,
  vector,
} from "./types.ts";

const Inner = table({ 1: ["a", u8], 3: ["b", u64] });
const U = union({ 1: ["x", u32], 2: ["s", text()] });
const Outer = table({ 1: ["list", vector(() => Inner)], 4: ["u", () => U] });

const pair = struct({ a: u8, b: u8 });

/** Type, value, bytes. */
const CASES: Record<
  string,
  readonly [ReturnType<typeof struct> | ReturnType<typeof table> | ReturnType<typeof union>, unknown, string]
> = {
  "every integer, in place": [
    struct({
      a: primitive("int8"),
      b: u8,
      c: primitive("int16"),
      d: u16,
      e: primitive("int32"),
      f: u32,
      g: i64,
      h: u64,
    }),
    { a: -1, b: 255, c: -2, d: 65535, e: -3, f: 4294967295, g: -4n, h: 18446744073709551615n },
    "ff ff feff ffff 0000 fdffffff ffffffff fcffffffffffffff ffffffffffffffff",
  ],
  floats: [
    struct({ a: primitive("float32"), b: primitive("float64") }),
    { a: 1.5, b: -2 },
    `0000c03f00000000 00000000000000c0`,
  ],
  "an empty struct as one byte": [struct({}), {}, word(0)],
  "gaps and tail of a struct": [
    struct({ a: u8, b: u32, c: u8 }),
    { a: 1, b: 2, c: 3 },
    "01000000 02000000 03000000 00000000",
  ],
  "a struct within a struct": [
    struct({ a: u8, p: () => pair, c: u64 }),
    { a: 1, p: { a: 2, b: 3 }, c: 4n },
    `0102030000000000 ${word(4)}`,
  ],
  booleans: [struct({ a: bool, b: bool }), { a: true, b: false }, word(1)],
  "enums and bits by their subtype": [
    struct({ a: enumeration(true, "int8", -1, 2), b: bits(false, "uint16", 1), c: enumeration(false, "uint64", 1n) }),
    { a: -1, b: 0x8001, c: 77n },
    `ff00018000000000 ${word(77)}`,
  ],
  "an array": [struct({ a: array(u16, 3), b: u8 }), { a: [1, 2, 3], b: 4 }, "0100020003000400"],
  "a string": [struct({ a: text() }), { a: "hé" }, `${word(3)}${PRESENT}68c3a90000000000`],
  "an empty string": [struct({ a: text() }), { a: "" }, `${word(0)}${PRESENT}`],
  "an absent string": [struct({ a: text(5, true) }), { a: null }, `${word(0)}${word(0)}`],
  "a long ASCII string": [
    struct({ a: text() }),
    { a: "0123456789".repeat(7) },
    `${word(70)}${PRESENT}${"30313233343536373839".repeat(7)}0000`,
  ],
  "a vector of small elements": [
    struct({ a: vector(u16) }),
    { a: Uint16Array.of(1, 2, 3) },
    `${word(3)}${PRESENT}0100020003000000`,
  ],
  "a vector of structs": [
    struct({ a: vector(() => pair) }),
    {
      a: [
        { a: 1, b: 2 },
        { a: 3, b: 4 },
      ],
    },
    `${word(2)}${PRESENT}0102030400000000`,
  ],
  "an absent vector": [struct({ a: vector(u8, 3, true) }), { a: null }, `${word(0)}${word(0)}`],
  "an empty vector": [struct({ a: vector(u8, 3, true) }), { a: new Uint8Array() }, `${word(0)}${PRESENT}`],
  "a box and an absent box": [
    struct({ a: box(() => pair), b: box(() => pair) }),
    { a: { a: 1, b: 2 }, b: null },
    `${PRESENT}${word(0)}0102000000000000`,
  ],
  "an empty table": [table({ 1: ["a", u8] }), {}, `${word(0)}${PRESENT}`],
  "a table up to its highest present member": [
    table({ 1: ["a", u8], 2: ["b", u8], 4: ["c", u8] }),
    { b: 0 },
    `${word(2)}${PRESENT}${word(0)}0000000000000100`,
  ],
  "a union with an inlined variant": [U, { kind: "x", value: 0 }, `${word(1)}0000000000000100`],
  "a union with an out-of-line variant": [
    U,
    { kind: "s", value: "hi" },
    `${word(2)}1800000000000000${word(2)}${PRESENT}6869000000000000`,
  ],
  "an absent union": [struct({ a: optionalUnion(() => U) }), { a: null }, `${word(0)}${word(0)}`],
  "an empty struct in a union, inlined": [
    union({ 1: ["a", struct({})] }),
    { kind: "a", value: {} },
    `${word(1)}0000000000000100`,
  ],
  "a struct of four bytes in an envelope, inlined": [
    table({ 1: ["a", struct({ x: u8, y: u16 })] }),
    { a: { x: 1, y: 2 } },
    `${word(1)}${PRESENT}0100020000000100`,
  ],
  "a struct of eight bytes in an envelope, out of line": [
    table({ 1: ["a", struct({ x: u32, y: u32 })] }),
    { a: { x: 1, y: 2 } },
    `${word(1)}${PRESENT}0800000000000000 0100000002000000`,
  ],
  "the worked example: out-of-line objects in order of traversal": [
    Outer,
    { list: [{ a: 7 }, { b: 9n }], u: { kind: "s", value: "hi" } },
    `0400000000000000 ffffffffffffffff 5800000000000000 0000000000000000 0000000000000000 2800000000000000
     0200000000000000 ffffffffffffffff 0100000000000000 ffffffffffffffff 0300000000000000 ffffffffffffffff
     0700000000000100 0000000000000000 0000000000000000 0800000000000000 0900000000000000
     0200000000000000 1800000000000000 0200000000000000 ffffffffffffffff 6869000000000000`,
  ],
};

/** Lists of numbers come back as typed arrays. */
function normal(value: unknown): unknown {
  if (ArrayBuffer.isView(value) && !(value instanceof DataView))
    return Array.from(value as unknown as ArrayLike<unknown>);
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, normal(part)]));
}

describeBoth("encoding and decoding", () => {
  it.each(Object.keys(CASES))("%s", (name) => {
    const [type, value, expected] = CASES[name]!;
    const codec = codecOf(type);
    const encoded = codec.encode(value);
    expect(hex(encoded.bytes)).toBe(hex(bytes(expected)));
    expect(encoded.handles).toEqual([]);
    const decoded = codec.decode(encoded.bytes);
    expect(normal(decoded)).toEqual(normal(value));
    expect(hex(codec.encode(decoded).bytes)).toBe(hex(encoded.bytes));
  });

  it("reads and writes at any offset of the caller's buffer", () => {
    const codec = codecOf(Outer);
    const { bytes: body } = codec.encode({ list: [{ b: 1n << 63n }] });
    const shifted = new Uint8Array(body.length + 3);
    shifted.set(body, 3);
    expect(codec.decode(shifted.subarray(3))).toEqual({ list: [{ b: 1n << 63n }] });
  });

  it("copies numbers: a decoded value shares nothing with the message", () => {
    const codec = codecOf(struct({ a: vector(u8) }));
    const { bytes: body } = codec.encode({ a: Uint8Array.of(1, 2, 3) });
    const decoded = codec.decode(body) as { a: Uint8Array };
    body.fill(0);
    codec.encode({ a: Uint8Array.of(9, 9, 9) });
    expect(decoded.a).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("gives absent table members no property", () => {
    expect(Object.keys(codecOf(Inner).decode(codecOf(Inner).encode({ b: 1n }).bytes) as object)).toEqual(["b"]);
  });

  it("takes undefined for absent, and an own member named like an object's method only when it is there", () => {
    const type = table({ 1: ["toString", u8], 2: ["constructor", u8] });
    expect(hex(codecOf(type).encode({}).bytes)).toBe(hex(bytes(`${word(0)}${PRESENT}`)));
    expect(hex(codecOf(type).encode({ constructor: 3, toString: undefined }).bytes)).toBe(
      hex(bytes(`${word(2)}${PRESENT}${word(0)}0300000000000100`)),
    );
    expect(hex(codecOf(struct({ a: text(undefined, true) })).encode({}).bytes)).toBe(
      hex(bytes(`${word(0)}${word(0)}`)),
    );
  });

  it("lets a getter in a value encode something itself", () => {
    const codec = codecOf(Outer);
    const value = {
      get list() {
        codec.encode({ list: [{ a: 1 }, { a: 2 }, { a: 3 }] });
        return [{ a: 7 }];
      },
    };
    expect(codec.decode(codec.encode(value).bytes)).toEqual({ list: [{ a: 7 }] });
  });

  it("passes on what a getter throws, and is not confused by it", () => {
    const codec = codecOf(Outer);
    const boom = new RangeError("boom");
    const value = {
      list: [{ a: 1 }],
      get u(): never {
        throw boom;
      },
    };
    expect(() => codec.encode(value)).toThrow(boom);
    expect(hex(codec.encode({}).bytes)).toBe(hex(bytes(`${word(0)}${PRESENT}`)));
  });
});

it.each(Object.keys(CASES))("generated code encodes by itself: %s", (name) => {
  const [type, value, expected] = CASES[name]!;
  expect(encodeGenerated(type, value)).toEqual({ bytes: hex(bytes(expected)), handles: [] });
});
