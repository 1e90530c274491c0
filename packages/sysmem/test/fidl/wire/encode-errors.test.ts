import { expect, it } from "vitest";
import { EncodeError, type TypeDescriptor, type WireErrorCode } from "#fidl";
import { codecOf } from "./codec.ts";
import { describeBoth, encodeGenerated, thrownBy } from "./harness.ts";
import {
  array,
  bits,
  bool,
  client,
  enumeration,
  event,
  i64,
  optionalUnion,
  primitive,
  struct,
  table,
  text,
  u8,
  u32,
  u64,
  union,
  vector,
} from "./types.ts";

const strictUnion = union({ 1: ["x", u32] }, { isStrict: true });
const flexibleUnion = union({ 1: ["x", u32] });

/** Type and value of a struct's only member, the error, and its path below `Struct.value`. */
const CASES: Record<string, readonly [TypeDescriptor, unknown, WireErrorCode, string?]> = {
  "null for a string": [text(), null, "NON_NULLABLE_TYPE_WITH_NULL_VALUE"],
  "undefined for a vector": [vector(u8), undefined, "NON_NULLABLE_TYPE_WITH_NULL_VALUE"],
  "null for an array": [array(u8, 2), null, "NON_NULLABLE_TYPE_WITH_NULL_VALUE"],
  "null for a struct": [struct({ a: u8 }), null, "NON_NULLABLE_TYPE_WITH_NULL_VALUE"],
  "null for a table": [table({ 1: ["a", u8] }), null, "NON_NULLABLE_TYPE_WITH_NULL_VALUE"],
  "null for a union": [flexibleUnion, null, "NON_NULLABLE_TYPE_WITH_NULL_VALUE"],
  "null for a handle": [event(), null, "NON_NULLABLE_TYPE_WITH_NULL_VALUE"],
  "null for a client end": [client(), null, "NON_NULLABLE_TYPE_WITH_NULL_VALUE"],
  "a string above its bound": [text(3), "abcd", "STRING_TOO_LONG"],
  "a string above its bound in bytes only": [text(3), "éé", "STRING_TOO_LONG"],
  "a long string above its bound": [text(60), "x".repeat(61), "STRING_TOO_LONG"],
  "a vector above its bound": [vector(u8, 2), [1, 2, 3], "COUNT_EXCEEDS_LIMIT"],
  "a typed array above its bound": [vector(u8, 2), Uint8Array.of(1, 2, 3), "COUNT_EXCEEDS_LIMIT"],
  "an array too short": [array(u8, 3), [1, 2], "COUNT_EXCEEDS_LIMIT"],
  "an array too long": [array(u8, 1), [1, 2], "COUNT_EXCEEDS_LIMIT"],
  "a lone high surrogate": [text(), "a\ud800", "STRING_NOT_UTF8"],
  "a lone low surrogate in a long string": [text(), `${"x".repeat(80)}\udc00`, "STRING_NOT_UTF8"],
  "an undeclared value of a strict enum": [enumeration(true, "uint32", 1, 2), 3, "STRICT_ENUM_UNKNOWN_VALUE"],
  "an undeclared value of a large strict enum": [
    enumeration(true, "int64", 1n, 2n, 3n, 4n, 5n),
    6n,
    "STRICT_ENUM_UNKNOWN_VALUE",
  ],
  "an undeclared bit of strict bits": [bits(true, "uint32", 1, 0x8000_0000), 3, "STRICT_BITS_UNKNOWN_BIT"],
  "an undeclared bit of wide strict bits": [bits(true, "uint64", 1n), 1n << 63n, "STRICT_BITS_UNKNOWN_BIT"],
  "a union without variant": [flexibleUnion, {}, "UNION_FIELD_NOT_SET"],
  "an unknown variant with ordinal 0": [flexibleUnion, { kind: "$unknown", ordinal: 0n }, "UNION_FIELD_NOT_SET"],
  "an unknown variant of a strict union": [
    strictUnion,
    { kind: "$unknown", ordinal: 9n },
    "STRICT_UNION_UNKNOWN_FIELD",
  ],
  "an unknown variant whose data was dropped": [
    flexibleUnion,
    { kind: "$unknown", ordinal: 9n },
    "FLEXIBLE_UNION_UNKNOWN_FIELD",
  ],
  "a variant that does not exist": [flexibleUnion, { kind: "y", value: 1 }, "INVALID_VALUE"],
  "an optional union without variant": [optionalUnion(() => flexibleUnion), {}, "UNION_FIELD_NOT_SET"],
  "an integer too large": [u8, 256, "VALUE_OUT_OF_RANGE"],
  "an integer too small": [primitive("int16"), -32769, "VALUE_OUT_OF_RANGE"],
  "a negative number for an unsigned type": [u32, -1, "VALUE_OUT_OF_RANGE"],
  "a fraction": [primitive("int32"), 1.5, "VALUE_OUT_OF_RANGE"],
  "not a number": [u32, Number.NaN, "VALUE_OUT_OF_RANGE"],
  "a bigint too large": [u64, 1n << 64n, "VALUE_OUT_OF_RANGE"],
  "a negative bigint": [u64, -1n, "VALUE_OUT_OF_RANGE"],
  "a signed bigint too large": [i64, 1n << 63n, "VALUE_OUT_OF_RANGE"],
  "a number for a bigint": [u64, 1, "INVALID_VALUE"],
  "a bigint for a number": [u32, 1n, "INVALID_VALUE"],
  "a numeric string": [u32, "1", "INVALID_VALUE"],
  "a number for a boolean": [bool, 1, "INVALID_VALUE"],
  "a string for a float": [primitive("float64"), "1", "INVALID_VALUE"],
  "a number for a string": [text(), 5, "INVALID_VALUE"],
  "a string for a vector": [vector(u8), "abc", "INVALID_VALUE"],
  "an object for a vector": [vector(u8), { length: 1, 0: 1 }, "INVALID_VALUE"],
  "a string for a struct": [struct({ length: u32 }), "abc", "INVALID_VALUE"],
  "a number for a table": [table({ 1: ["a", u8] }), 5, "INVALID_VALUE"],
  "a string for a union": [flexibleUnion, "x", "INVALID_VALUE"],
  "an object for a handle": [event(), {}, "INVALID_VALUE"],
  "a number for an endpoint": [client(), 7, "INVALID_VALUE"],
  "a fault in an element": [
    vector(() => struct({ a: vector(u8, 2) })),
    [{ a: [] }, { a: [1, 300] }],
    "VALUE_OUT_OF_RANGE",
    "[1].a[1]",
  ],
  "a fault in a variant of a member": [
    table({ 1: ["u", () => flexibleUnion] }),
    { u: { kind: "x", value: -1 } },
    "VALUE_OUT_OF_RANGE",
    ".u.x",
  ],
};

describeBoth("encoder checks", () => {
  it.each(Object.keys(CASES))("refuses %s", (name) => {
    const [type, value, code, path = ""] = CASES[name]!;
    const codec = codecOf(struct({ value: type }));
    const error = thrownBy(() => codec.encode({ value }));
    expect(error).toBeInstanceOf(EncodeError);
    expect({ code: error.code, path: error.path }).toEqual({ code, path: `Struct.value${path}` });
    expect(error.message).toContain(`cannot encode Struct.value${path} at byte`);
  });

  it("takes values at their bounds", () => {
    for (const [type, value] of [
      [text(3), "abc"],
      [text(4), "éé"],
      [vector(u8, 2), [1, 2]],
      [u8, 255],
      [primitive("int8"), -128],
      [u64, (1n << 64n) - 1n],
      [i64, -(1n << 63n)],
      [enumeration(true, "uint32", 1, 2), 2],
      [bits(true, "uint32", 1, 0x8000_0000), 0x8000_0001],
      [enumeration(false, "uint32", 1), 99],
      [bits(false, "uint8", 1), 0xff],
      [u32, -0],
    ] as const) {
      expect(() => codecOf(struct({ value: type })).encode({ value })).not.toThrow();
    }
  });

  it("says where in the body, what was expected and what was there", () => {
    const codec = codecOf(struct({ a: u64, b: text(2) }));
    const error = thrownBy(() => codec.encode({ a: 1n, b: "abc" })) as EncodeError;
    expect(error).toMatchObject({ code: "STRING_TOO_LONG", path: "Struct.b", offset: 8, expected: "at most 2 bytes" });
    expect(error.message).toBe(
      "cannot encode Struct.b at byte 8: STRING_TOO_LONG, expected at most 2 bytes, got 3 or more",
    );
  });

  it("holds a body to the size of a message without its header", () => {
    const codec = codecOf(struct({ a: vector(u8) }));
    expect(codec.encode({ a: new Uint8Array(65_520 - 16) }).bytes.length).toBe(65_520);
    expect(thrownBy(() => codec.encode({ a: new Uint8Array(65_520 - 15) })).code).toBe("MESSAGE_TOO_LARGE");
    const texts = codecOf(struct({ a: text() }));
    expect(texts.encode({ a: "é".repeat(32_752) }).bytes.length).toBe(65_520);
    expect(thrownBy(() => texts.encode({ a: "é".repeat(32_753) })).code).toBe("MESSAGE_TOO_LARGE");
    const tables = codecOf(struct({ a: vector(() => table({ 64: ["x", () => table({})] })) }));
    expect(thrownBy(() => tables.encode({ a: Array.from({ length: 1000 }, () => ({ x: {} })) })).code).toBe(
      "MESSAGE_TOO_LARGE",
    );
  });

  it("leaves nothing behind for the next message, whatever failed", () => {
    const codec = codecOf(struct({ s: text(), gap: u8, n: u64, t: text(2) }));
    const clean = codec.encode({ s: "", gap: 0, n: 0n, t: "" }).bytes;
    for (const s of ["abc", "x".repeat(100), "é\ud800", `${"y".repeat(50_000)}é`, "z".repeat(70_000)]) {
      expect(() => codec.encode({ s, gap: 255, n: -1n, t: "long" })).toThrow(EncodeError);
      expect(codec.encode({ s: "", gap: 0, n: 0n, t: "" }).bytes).toEqual(clean);
    }
  });

  it("leaves nothing behind of a text that is none", () => {
    const codec = codecOf(struct({ s: text(40), ends: vector(text()) }));
    const clean = codec.encode({ s: "", ends: ["a", "", "b", ""] }).bytes;
    for (const s of ["\ud800", "abcde\udc00fgh", `${"w".repeat(30)}\ud800`, "é".repeat(25)]) {
      expect(() => codec.encode({ s, ends: [] })).toThrow(EncodeError);
      expect(codec.encode({ s: "", ends: ["a", "", "b", ""] }).bytes).toEqual(clean);
    }
  });
});

it.each(Object.keys(CASES))("generated code refuses by itself: %s", (name) => {
  const [type, value] = CASES[name]!;
  expect(encodeGenerated(struct({ value: type }), { value })).toBe("refused");
});
