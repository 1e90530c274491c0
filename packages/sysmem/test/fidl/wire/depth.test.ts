import { expect, it } from "vitest";
import { MAX_OUT_OF_LINE_DEPTH } from "#base";
import type { StructDescriptor, TableDescriptor, TypeDescriptor, UnionDescriptor } from "#fidl";
import { codecOf } from "./codec.ts";
import { bytes, describeBoth, PRESENT, thrownBy, word } from "./harness.ts";
import { box, optionalUnion, struct, table, text, u8, u32, u64, union, vector } from "./types.ts";

const TOO_DEEP = "EXCEEDED_MAX_OUT_OF_LINE_DEPTH";

/** Linked by boxes. */
const Chain: StructDescriptor = struct({ next: box(() => Chain) });
/** A string at the end of a chain. */
const Tail: StructDescriptor = struct({ next: box(() => Tail), text: text(undefined, true) });
const Nested: TableDescriptor = table({
  1: ["child", () => Nested],
  2: ["small", u8],
  3: ["large", () => struct({ a: u32, b: u32 })],
});
const Vectors: StructDescriptor = struct({ v: vector(() => Vectors) });
const Choice: UnionDescriptor = union({ 1: ["leaf", u8], 2: ["deep", box(() => ChoiceBox)], 3: ["text", text()] });
const ChoiceBox: StructDescriptor = struct({ u: () => Choice, more: optionalUnion(() => Choice) });

function chain(links: number, end: object = { next: null }): object {
  let value = end;
  for (let i = 0; i < links; i++) value = { next: value };
  return value;
}

/** Encodes and decodes at the limit, and refuses one more in both directions. */
function expectLimit(type: TypeDescriptor, make: (levels: number) => unknown, most: number, tooDeep: string): void {
  const codec = codecOf(type);
  const value = make(most);
  expect(codec.decode(codec.encode(value).bytes)).toEqual(value);
  expect(thrownBy(() => codec.encode(make(most + 1))).code).toBe(TOO_DEEP);
  expect(thrownBy(() => codec.decode(bytes(tooDeep))).code).toBe(TOO_DEEP);
}

describeBoth("out-of-line depth", () => {
  it("counts boxes", () => {
    expectLimit(Chain, (links) => chain(links), MAX_OUT_OF_LINE_DEPTH, `${PRESENT.repeat(33)}${word(0)}`);
  });

  it("counts empty strings", () => {
    const make = (links: number) => {
      let value: object = { next: null, text: "" };
      for (let i = 0; i < links; i++) value = { next: value, text: null };
      return value;
    };
    const link = `${PRESENT}${word(0)}${word(0)}`;
    expectLimit(Tail, make, 31, `${link.repeat(32)}${word(0)}${word(0)}${PRESENT}`);
  });

  it("counts empty vectors", () => {
    const make = (levels: number) => {
      let value: object = { v: [] };
      for (let i = 1; i < levels; i++) value = { v: [value] };
      return value;
    };
    expectLimit(Vectors, make, 32, `${(word(1) + PRESENT).repeat(32)}${word(0)}${PRESENT}`);
  });

  it("counts two levels for a table member out of line, and one for an empty table", () => {
    const make = (levels: number) => {
      let value: object = {};
      for (let i = 0; i < levels; i++) value = { child: value };
      return value;
    };
    const codec = codecOf(Nested);
    // 15 members: their tables are at 2, 4, … 30, the arrays at 1, 3, … 31.
    expect(codec.decode(codec.encode(make(15)).bytes)).toEqual(make(15));
    expect(thrownBy(() => codec.encode(make(16))).code).toBe(TOO_DEEP);
    const at15 = (member: object) => {
      let value: object = member;
      for (let i = 0; i < 15; i++) value = { child: value };
      return value;
    };
    expect(codec.decode(codec.encode(at15({ small: 1 })).bytes)).toEqual(at15({ small: 1 }));
    expect(codec.decode(codec.encode(at15({ large: { a: 1, b: 2 } })).bytes)).toEqual(at15({ large: { a: 1, b: 2 } }));
  });

  it("counts one level for a variant out of line and none for an inlined one", () => {
    const make = (levels: number, leaf: object) => {
      let value: object = { u: leaf, more: null };
      for (let i = 0; i < levels; i++) value = { u: { kind: "deep", value }, more: null };
      return value;
    };
    const codec = codecOf(ChoiceBox);
    // Each step is an envelope (the box's word out of line) and the box: two levels.
    const inlined = make(16, { kind: "leaf", value: 1 });
    expect(codec.decode(codec.encode(inlined).bytes)).toEqual(inlined);
    expect(thrownBy(() => codec.encode(make(16, { kind: "text", value: "" }))).code).toBe(TOO_DEEP);
    expect(thrownBy(() => codec.encode(make(17, { kind: "leaf", value: 1 }))).code).toBe(TOO_DEEP);
  });

  it("counts what is out of line of an optional variant", () => {
    const Maybe: UnionDescriptor = union({ 1: ["deep", () => MaybeStruct], 2: ["number", u64], 3: ["text", text()] });
    const MaybeStruct: StructDescriptor = struct({ u: optionalUnion(() => Maybe) });
    const make = (levels: number, leaf: object | null) => {
      let value: object = { u: leaf };
      for (let i = 0; i < levels; i++) value = { u: { kind: "deep", value } };
      return value;
    };
    /** The same on the wire: each envelope has all that follows it. */
    const made = (levels: number, leaf: string) => {
      let rest = leaf;
      for (let i = 0; i < levels; i++) rest = `${word(1)}${word(rest.length / 2)}${rest}`;
      return rest;
    };
    expectLimit(MaybeStruct, (levels) => make(levels, null), 32, made(33, word(0) + word(0)));
    const number = `${word(2)}${word(8)}${word(5)}`;
    expectLimit(MaybeStruct, (levels) => make(levels, { kind: "number", value: 5n }), 31, made(32, number));
    const empty = `${word(3)}${word(16)}${word(0)}${PRESENT}`;
    expectLimit(MaybeStruct, (levels) => make(levels, { kind: "text", value: "" }), 30, made(31, empty));
    const unknown = `${word(9)}${word(0)}`;
    expect(codecOf(MaybeStruct).decode(bytes(made(31, unknown)))).toBeDefined();
    expect(thrownBy(() => codecOf(MaybeStruct).decode(bytes(made(32, unknown)))).code).toBe(TOO_DEEP);
  });

  it("counts an unknown envelope out of line as one level", () => {
    const Unknown: StructDescriptor = struct({
      next: box(() => Unknown),
      u: optionalUnion(() => union({ 1: ["a", u8] })),
    });
    const codec = codecOf(Unknown);
    const link = `${PRESENT}${word(0)}${word(0)}`;
    const unknown = `${word(0)}${word(9)}0800000000000000${word(0)}`;
    expect(codec.decode(bytes(`${link.repeat(31)}${unknown}`))).toBeDefined();
    expect(thrownBy(() => codec.decode(bytes(`${link.repeat(32)}${unknown}`))).code).toBe(TOO_DEEP);
    const inlined = `${word(0)}${word(9)}0000000000000100`;
    expect(codec.decode(bytes(`${link.repeat(32)}${inlined}`))).toBeDefined();
  });

  it("ends on values that contain themselves", () => {
    const loop: { next: unknown } = { next: null };
    loop.next = loop;
    expect(thrownBy(() => codecOf(Chain).encode(loop)).code).toBe(TOO_DEEP);
    codecOf(Chain).closeHandles(loop);
  });

  it("handles types deeper than the limit that do not recurse", () => {
    let type: TypeDescriptor = vector(u8);
    for (let i = 0; i < 40; i++) type = vector(type, undefined, true);
    const codec = codecOf(struct({ v: type }));
    const make = (levels: number): unknown => (levels === 0 ? null : [make(levels - 1)]);
    expect(codec.decode(codec.encode({ v: make(32) }).bytes)).toEqual({ v: make(32) });
    expect(thrownBy(() => codec.encode({ v: make(33) })).code).toBe(TOO_DEEP);
  });
});
