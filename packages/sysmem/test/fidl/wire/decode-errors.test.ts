import { expect, it } from "vitest";
import { DecodeError, type TypeDescriptor, type WireErrorCode } from "#fidl";
import { MemoryHandle } from "../../support/memory-channel.ts";
import { codecOf } from "./codec.ts";
import { bytes, decodeGenerated, describeBoth, PRESENT, thrownBy, word } from "./harness.ts";
import {
  array,
  bits,
  bool,
  box,
  enumeration,
  event,
  optionalUnion,
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

interface Case {
  readonly type: TypeDescriptor;
  readonly body: string;
  readonly handles?: number;
  readonly error: WireErrorCode;
  /** Below `Struct.value`; `-` for the root. */
  readonly path?: string;
}

const T = table({ 1: ["a", u8], 2: ["b", u64], 4: ["h", event()] }, true);
const plain = table({ 1: ["a", u8], 2: ["b", u64] });
const strict = union({ 1: ["x", u32], 2: ["s", text()], 3: ["b", u8], 4: ["q", u64] }, { isStrict: true });
const flexible = union({ 1: ["x", u32], 2: ["s", text()] });

const CASES: Record<string, Case> = {
  "a body shorter than the primary object": {
    type: u64,
    body: "",
    error: "TOO_FEW_BYTES_IN_PRIMARY_OBJECT",
    path: "-",
  },
  "a primary object without its padding": { type: u8, body: "01", error: "TOO_FEW_BYTES_IN_PRIMARY_OBJECT", path: "-" },
  "an out-of-line object that extends past the end": {
    type: text(),
    body: `${word(9)}${PRESENT}${word(0)}`,
    error: "TOO_FEW_BYTES",
  },
  "vector elements that extend past the end": {
    type: vector(u64),
    body: `${word(2)}${PRESENT}${word(0)}`,
    error: "TOO_FEW_BYTES",
  },
  "a vector count near 2^32": { type: vector(u64), body: `${word(0xffff_ffff)}${PRESENT}`, error: "TOO_FEW_BYTES" },
  "a table count near 2^32": { type: plain, body: `${word(0xffff_ffff)}${PRESENT}`, error: "TOO_FEW_BYTES" },
  "content without its padding": { type: text(), body: `${word(3)}${PRESENT}616263`, error: "TOO_FEW_BYTES" },
  "unread bytes": { type: u8, body: `${word(1)}${word(0)}`, error: "TOO_MANY_BYTES_IN_MESSAGE", path: "-" },
  "unread handles": { type: u8, body: word(1), handles: 1, error: "TOO_MANY_HANDLES_IN_MESSAGE", path: "-" },
  "a non-zero gap": { type: struct({ a: u8, b: u32 }), body: "0100010002000000", error: "INVALID_PADDING_BYTE" },
  "a non-zero tail of a struct": {
    type: struct({ a: u32, b: u8 }),
    body: "0100000002000001",
    error: "INVALID_PADDING_BYTE",
  },
  "a non-zero tail of the primary object": {
    type: u8,
    body: "0100000000000001",
    error: "INVALID_PADDING_BYTE",
    path: "-",
  },
  "a non-zero tail of a string": {
    type: text(),
    body: `${word(3)}${PRESENT}6162630000000001`,
    error: "INVALID_PADDING_BYTE",
  },
  "a non-zero tail of a vector": {
    type: vector(u16),
    body: `${word(1)}${PRESENT}0100000001000000`,
    error: "INVALID_PADDING_BYTE",
  },
  "a non-zero tail of an inlined value": {
    type: plain,
    body: `${word(1)}${PRESENT}0100010000000100`,
    error: "INVALID_PADDING_BYTE",
    path: ".a",
  },
  "a non-zero tail of an inlined variant": {
    type: strict,
    body: `${word(3)}0001000000000100`,
    error: "INVALID_PADDING_BYTE",
    path: ".b",
  },
  "a non-zero empty struct": { type: struct({}), body: word(1), error: "INVALID_EMPTY_STRUCT" },
  "a boolean of 2": { type: bool, body: word(2), error: "INVALID_BOOLEAN" },
  "an undeclared value of a strict enum": {
    type: enumeration(true, "uint8", 1, 2),
    body: word(3),
    error: "STRICT_ENUM_UNKNOWN_VALUE",
  },
  "an undeclared value of a large strict enum": {
    type: enumeration(true, "int32", 1, 2, 3, 4, 5),
    body: word(6),
    error: "STRICT_ENUM_UNKNOWN_VALUE",
  },
  "an undeclared bit of strict bits": {
    type: bits(true, "uint16", 1, 2),
    body: word(4),
    error: "STRICT_BITS_UNKNOWN_BIT",
  },
  "an undeclared bit of wide strict bits": {
    type: bits(true, "uint64", 1n),
    body: word(1n << 63n),
    error: "STRICT_BITS_UNKNOWN_BIT",
  },
  "a string's presence that is neither": {
    type: text(5, true),
    body: `${word(0)}${word(1)}`,
    error: "INVALID_PRESENCE_INDICATOR",
  },
  "a string's presence of half ones": {
    type: text(5, true),
    body: `${word(0)}00000000ffffffff`,
    error: "INVALID_PRESENCE_INDICATOR",
  },
  "a vector's presence that is neither": {
    type: vector(u8),
    body: `${word(0)}fffffffffffffffe`,
    error: "INVALID_PRESENCE_INDICATOR",
  },
  "a box's presence that is neither": {
    type: box(() => struct({ a: u8 })),
    body: word(2),
    error: "INVALID_PRESENCE_INDICATOR",
  },
  "a table's presence that is neither": {
    type: plain,
    body: `${word(0)}${word(1)}`,
    error: "INVALID_PRESENCE_INDICATOR",
  },
  "an absent string with a count": {
    type: text(5, true),
    body: `${word(1)}${word(0)}`,
    error: "NON_EMPTY_STRING_WITH_NULL_BODY",
  },
  "an absent vector with a count": {
    type: vector(u8, 5, true),
    body: `${word(1)}${word(0)}`,
    error: "NON_EMPTY_VECTOR_WITH_NULL_BODY",
  },
  "an absent string": { type: text(), body: `${word(0)}${word(0)}`, error: "NON_NULLABLE_TYPE_WITH_NULL_VALUE" },
  "an absent vector": { type: vector(u8), body: `${word(0)}${word(0)}`, error: "NON_NULLABLE_TYPE_WITH_NULL_VALUE" },
  "an absent handle": { type: event(), body: word(0), error: "NON_NULLABLE_TYPE_WITH_NULL_VALUE" },
  "an absent union": { type: flexible, body: `${word(0)}${word(0)}`, error: "NON_NULLABLE_TYPE_WITH_NULL_VALUE" },
  "an absent table": { type: plain, body: `${word(0)}${word(0)}`, error: "NON_NULLABLE_TYPE_WITH_NULL_VALUE" },
  "a string count of 2^32": {
    type: text(),
    body: `${word(1n << 32n)}${PRESENT}`,
    error: "STRING_COUNT_EXCEEDS_32_BIT_LIMIT",
  },
  "a vector count of 2^32": {
    type: vector(u8),
    body: `${word(1n << 32n)}${PRESENT}`,
    error: "VECTOR_COUNT_EXCEEDS_32_BIT_LIMIT",
  },
  "a table count of 2^32": {
    type: plain,
    body: `${word(1n << 32n)}${PRESENT}`,
    error: "TABLE_COUNT_EXCEEDS_32_BIT_LIMIT",
  },
  "a string above its bound": { type: text(2), body: `${word(3)}${PRESENT}6162630000000000`, error: "STRING_TOO_LONG" },
  "a vector above its bound": {
    type: vector(u8, 2),
    body: `${word(3)}${PRESENT}0102030000000000`,
    error: "COUNT_EXCEEDS_LIMIT",
  },
  "a handle word that is neither": {
    type: event(true),
    body: word(1),
    handles: 1,
    error: "INVALID_HANDLE_PRESENCE_INDICATOR",
  },
  "a handle that is not there": { type: event(), body: "ffffffff00000000", error: "TOO_FEW_HANDLES" },
  "a union with ordinal 0 and an envelope": {
    type: flexible,
    body: `${word(0)}0100000000000100`,
    error: "UNION_FIELD_NOT_SET",
  },
  "an optional union with ordinal 0 and an envelope": {
    type: optionalUnion(() => flexible),
    body: `${word(0)}0100000000000100`,
    error: "UNION_FIELD_NOT_SET",
  },
  "a known ordinal with no envelope": { type: flexible, body: `${word(1)}${word(0)}`, error: "UNION_FIELD_NOT_SET" },
  "an unknown ordinal in a strict union": {
    type: strict,
    body: `${word(9)}0100000000000100`,
    error: "STRICT_UNION_UNKNOWN_FIELD",
  },
  "an ordinal beyond 32 bits in a strict union": {
    type: strict,
    body: `${word((1n << 32n) | 1n)}0100000000000100`,
    error: "STRICT_UNION_UNKNOWN_FIELD",
  },
  "another flag bit in an envelope": {
    type: plain,
    body: `${word(1)}${PRESENT}0100000000000300`,
    error: "INVALID_INLINE_MARKER_IN_ENVELOPE",
    path: ".a",
  },
  "another flag bit in an unknown envelope": {
    type: plain,
    body: `${word(3)}${PRESENT}${word(0)}${word(0)}0000000000000200`,
    error: "INVALID_INLINE_MARKER_IN_ENVELOPE",
    path: ".$3",
  },
  "small content out of line": {
    type: plain,
    body: `${word(1)}${PRESENT}0800000000000000${word(1)}`,
    error: "INVALID_INLINE_BIT_IN_ENVELOPE",
    path: ".a",
  },
  "large content inlined": {
    type: plain,
    body: `${word(2)}${PRESENT}${word(0)}0100000000000100`,
    error: "INVALID_INLINE_BIT_IN_ENVELOPE",
    path: ".b",
  },
  "a num_bytes too large": {
    type: plain,
    body: `${word(2)}${PRESENT}${word(0)}1000000000000000${word(1)}`,
    error: "INVALID_NUM_BYTES_IN_ENVELOPE",
    path: ".b",
  },
  "a num_bytes too small": {
    type: strict,
    body: `${word(2)}1000000000000000${word(1)}${PRESENT}${word(0x61)}`,
    error: "INVALID_NUM_BYTES_IN_ENVELOPE",
    path: ".s",
  },
  "an unknown num_bytes that is no multiple of 8": {
    type: plain,
    body: `${word(3)}${PRESENT}${word(0)}${word(0)}0700000000000000${word(0)}`,
    error: "INVALID_NUM_BYTES_IN_ENVELOPE",
    path: ".$3",
  },
  "a num_handles too large": {
    type: plain,
    body: `${word(1)}${PRESENT}0100000001000100`,
    handles: 1,
    error: "INVALID_NUM_HANDLES_IN_ENVELOPE",
    path: ".a",
  },
  "a num_handles too small": {
    type: T,
    body: `${word(4)}${PRESENT}${word(0)}${word(0)}${word(0)}ffffffff00000100`,
    handles: 1,
    error: "INVALID_NUM_HANDLES_IN_ENVELOPE",
    path: ".h",
  },
  "an unknown envelope with more bytes than are left": {
    type: plain,
    body: `${word(3)}${PRESENT}${word(0)}${word(0)}1000000000000000${word(0)}`,
    error: "ENVELOPE_BYTES_EXCEED_MESSAGE_LENGTH",
    path: ".$3",
  },
  "an unknown envelope with more handles than are left": {
    type: flexible,
    body: `${word(9)}0000000002000100`,
    handles: 1,
    error: "ENVELOPE_HANDLES_EXCEED_MESSAGE_LENGTH",
  },
  "a fault in an element of an array": {
    type: array(() => struct({ a: bool }), 2),
    body: "0102000000000000",
    error: "INVALID_BOOLEAN",
    path: "[1].a",
  },
};

describeBoth("decoder checks", () => {
  it.each(Object.keys(CASES))("refuses %s", (name) => {
    const { type, body, handles: count = 0, error: code, path = "" } = CASES[name]!;
    const handles = Array.from({ length: count }, () => new MemoryHandle());
    const error = thrownBy(() => codecOf(struct({ value: type }, true)).decode(bytes(body), handles));
    expect(error).toBeInstanceOf(DecodeError);
    expect({ code: error.code, path: error.path }).toEqual({
      code,
      path: path === "-" ? "Struct" : `Struct.value${path}`,
    });
    expect(handles.map((handle) => handle.closeCount)).toEqual(handles.map(() => 1));
  });

  it("says where, what was expected and what was there", () => {
    const error = thrownBy(() => codecOf(struct({ a: u64, b: bool })).decode(bytes(`${word(1)}${word(7)}`)));
    expect(error.message).toBe("cannot decode Struct.b at byte 8: INVALID_BOOLEAN, expected 0 or 1, got 7");
  });

  it("does not allocate for a count that the message cannot hold", () => {
    const huge = struct({ value: vector(() => struct({})) });
    expect(thrownBy(() => codecOf(huge).decode(bytes(`${word(0xffff_fff0)}${PRESENT}`))).code).toBe("TOO_FEW_BYTES");
  });
});

it.each(Object.keys(CASES))("generated code refuses by itself: %s", (name) => {
  const { type, body, handles: count = 0 } = CASES[name]!;
  const handles = Array.from({ length: count }, () => new MemoryHandle());
  expect(decodeGenerated(struct({ value: type }, true), bytes(body), handles)).toBe("refused");
});
