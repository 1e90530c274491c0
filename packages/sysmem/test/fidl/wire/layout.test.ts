import { describe, expect, it } from "vitest";
import { isSysmemError, MAX_STRUCT_BYTES, MAX_TABLE_ORDINAL } from "#base";
import { alignment, inlineSize, structLayout } from "../../../src/fidl/wire/layout.ts";
import { codecOf } from "./codec.ts";
import { thrownBy } from "./harness.ts";
import {
  array,
  bits,
  box,
  client,
  enumeration,
  event,
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

const U = union({ 1: ["a", u8] });

describe("inline sizes and alignments", () => {
  it.each([
    ["bool", primitive("bool"), 1, 1],
    ["int8", primitive("int8"), 1, 1],
    ["uint16", primitive("uint16"), 2, 2],
    ["float32", primitive("float32"), 4, 4],
    ["float64", primitive("float64"), 8, 8],
    ["int64", primitive("int64"), 8, 8],
    ["an enum", enumeration(true, "uint16", 1), 2, 2],
    ["bits", bits(false, "uint64", 1n), 8, 8],
    ["a handle", event(), 4, 4],
    ["an endpoint", client(), 4, 4],
    ["an array", array(primitive("uint16"), 5), 10, 2],
    ["an empty struct", struct({}), 1, 1],
    ["a struct", struct({ a: u8, b: u64, c: u8 }), 24, 8],
    ["an array of structs", array(struct({ a: u32, b: u8 }), 3), 24, 4],
    ["a box", box(struct({})), 8, 8],
    ["a string", text(), 16, 8],
    ["a vector", vector(u8), 16, 8],
    ["a table", table({}), 16, 8],
    ["a union", U, 16, 8],
    ["an optional union", optionalUnion(U), 16, 8],
  ])("%s", (_name, type, size, align) => {
    expect([inlineSize(type), alignment(type)]).toEqual([size, align]);
  });

  it("finds the gaps of structs", () => {
    expect(structLayout(struct({ a: u8, b: u32, c: u8 })).gaps).toEqual([
      { start: 1, end: 4 },
      { start: 9, end: 12 },
    ]);
    expect(structLayout(struct({ a: u32, b: u32 })).gaps).toEqual([]);
  });
});

describe("declarations that the language does not allow", () => {
  const refused = (thunk: () => unknown) => isSysmemError(thrownBy(thunk));

  it("are structs above their size", () => {
    expect(structLayout(struct({ a: array(u8, MAX_STRUCT_BYTES) })).size).toBe(65_535);
    expect(refused(() => structLayout(struct({ a: array(u8, MAX_STRUCT_BYTES + 1) })))).toBe(true);
  });

  it("are tables with ordinals that do not ascend or are too large", () => {
    expect(
      codecOf(table({ [MAX_TABLE_ORDINAL]: ["a", () => table({})] })).decode(codecOf(table({})).encode({}).bytes),
    ).toEqual({});
    expect(refused(() => codecOf(table({ [MAX_TABLE_ORDINAL + 1]: ["a", u8] })).encode({}))).toBe(true);
    const [first, second] = [table({ 1: ["a", u8] }).members[0]!, table({ 2: ["b", u8] }).members[0]!];
    expect(refused(() => codecOf({ ...table({}), members: [second, first] }).encode({}))).toBe(true);
  });
});
