import fc from "fast-check";
import { expect, it } from "vitest";
import type { Handle, TypeDescriptor } from "#fidl";
import { MemoryHandle } from "../../support/memory-channel.ts";
import { codecOf } from "./codec.ts";
import { decodeGenerated, decodeReflective, describeBoth, encodeGenerated, hex, type Outcome } from "./harness.ts";
import {
  array,
  bits,
  bool,
  box,
  enumeration,
  event,
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

const Pair = struct({ a: u8, b: u32 });
const Tiny = struct({ x: u8, y: u8 });
const Variant = union(
  { 1: ["n", u32], 2: ["s", text(40)], 3: ["t", () => Small], 5: ["h", event()] },
  { isResource: true },
);
const Small = table(
  {
    1: ["flag", bool],
    2: ["id", u64],
    4: ["tiny", Tiny],
    5: ["name", text()],
    6: ["h", event()],
    9: ["hs", vector(event(), 3)],
  },
  true,
);
/** One of everything. */
const Mix = struct(
  {
    i8: primitive("int8"),
    u16,
    f: primitive("float32"),
    g: primitive("float64"),
    i: i64,
    e: enumeration(true, "uint8", 1, 2, 3),
    big: enumeration(true, "int32", -5, 4, 3, 2, 1),
    flags: bits(true, "uint16", 1, 0x8000),
    loose: enumeration(false, "uint32", 1),
    s: text(64, true),
    pairs: vector(Pair, 5),
    numbers: vector(u32, undefined, true),
    bytes: vector(u8),
    bools: array(bool, 3),
    grid: array(vector(u16), 2),
    boxed: box(Pair),
    table: () => Small,
    tables: vector(() => Small),
    union: () => Variant,
    maybe: optionalUnion(() => Variant),
  },
  true,
);
const Tree = table({ 1: ["value", u8], 2: ["children", vector(() => Tree)], 3: ["other", () => TreeChoice] });
const TreeChoice = union({ 1: ["leaf", text()], 2: ["tree", () => Tree] });

const handle = fc.constant(0).map(() => new MemoryHandle());
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
const string = fc.string({ unit: "grapheme", maxLength: 10 }).filter((s) => Buffer.byteLength(s) <= 40);
const pair = fc.record({ a: fc.nat(255), b: fc.nat(0xffff_ffff) });
const small = fc.record({
  flag: maybe(fc.boolean()),
  id: maybe(fc.bigInt(0n, (1n << 64n) - 1n)),
  tiny: maybe(fc.record({ x: fc.nat(255), y: fc.nat(255) })),
  name: maybe(string),
  h: maybe(handle),
  hs: maybe(fc.array(handle, { maxLength: 3 })),
});
const variant = fc.oneof(
  fc.record({ kind: fc.constant("n"), value: fc.nat(0xffff_ffff) }),
  fc.record({ kind: fc.constant("s"), value: string }),
  fc.record({ kind: fc.constant("t"), value: small }),
  fc.record({ kind: fc.constant("h"), value: handle }),
);
const mix = fc.record({
  i8: fc.integer({ min: -128, max: 127 }),
  u16: fc.nat(65535),
  f: fc.float({ noNaN: false }),
  g: fc.double(),
  i: fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
  e: fc.constantFrom(1, 2, 3),
  big: fc.constantFrom(-5, 4, 3, 2, 1),
  flags: fc.constantFrom(0, 1, 0x8000, 0x8001),
  loose: fc.nat(0xffff_ffff),
  s: fc.option(string),
  pairs: fc.array(pair, { maxLength: 5 }),
  numbers: fc.option(fc.array(fc.nat(0xffff_ffff)).map((list) => Uint32Array.from(list))),
  bytes: fc.uint8Array({ maxLength: 40 }),
  bools: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
  grid: fc.tuple(fc.uint16Array({ maxLength: 4 }), fc.uint16Array({ maxLength: 4 })),
  boxed: fc.option(pair),
  table: small,
  tables: fc.array(small, { maxLength: 3 }),
  union: variant,
  maybe: fc.option(variant),
});
const { tree } = fc.letrec<{ tree: object; choice: object }>((tie) => ({
  tree: fc.record({
    value: maybe(fc.nat(255)),
    children: maybe(fc.array(tie("tree"), { maxLength: 2, depthIdentifier: "tree" })),
    other: fc.option(tie("choice"), { nil: undefined, depthIdentifier: "tree", maxDepth: 4 }),
  }),
  choice: fc.oneof(
    { depthIdentifier: "tree" },
    fc.record({ kind: fc.constant("leaf"), value: string }),
    fc.record({ kind: fc.constant("tree"), value: tie("tree") }),
  ),
}));

const SUBJECTS: readonly (readonly [string, TypeDescriptor, fc.Arbitrary<unknown>])[] = [
  ["a bit of everything", Mix, mix],
  ["a recursive table", Tree, tree],
];
/** Raised by hand when the codecs change. */
const RUNS = Number(process.env["FIDL_PROPERTY_RUNS"] ?? 150);

/** A change to bytes, as a network or an attacker makes it. */
const damage = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("flip" as const), at: fc.nat(), bit: fc.nat(7) }),
    fc.record({
      kind: fc.constant("word" as const),
      at: fc.nat(),
      value: fc.constantFrom(0, 1, 7, 8, 0xffff_ffff, 0x10000, 0x8000_0000),
    }),
    fc.record({ kind: fc.constant("cut" as const), at: fc.nat() }),
    fc.record({ kind: fc.constant("copy" as const), at: fc.nat(), from: fc.nat() }),
  ),
  { minLength: 1, maxLength: 3 },
);

function damaged(body: Uint8Array, changes: typeof damage extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  let result = body.slice();
  for (const change of changes) {
    if (result.length < 8) break;
    const word = (n: number) => (n % (result.length >> 2)) * 4;
    if (change.kind === "flip") result[change.at % result.length]! ^= 1 << change.bit;
    else if (change.kind === "word") new DataView(result.buffer).setUint32(word(change.at), change.value, true);
    else if (change.kind === "cut") result = result.slice(0, change.at % result.length);
    else result.copyWithin(word(change.at), word(change.from), word(change.from) + 8);
  }
  return result;
}

describeBoth("any value", () => {
  it.each(SUBJECTS)("comes back as it was: %s", (_name, type, values) => {
    const codec = codecOf(type);
    fc.assert(
      fc.property(values, (value) => {
        const { bytes, handles } = codec.encode(value);
        const decoded = codec.decode(bytes, handles);
        expect(decoded).toEqual(value);
        expect(codec.encode(decoded)).toEqual({ bytes, handles });
      }),
      { numRuns: RUNS },
    );
  });

  it.each(SUBJECTS)(
    "is refused when cut at any multiple of 8 bytes, with every handle closed: %s",
    (_name, type, values) => {
      const codec = codecOf(type);
      fc.assert(
        fc.property(values, (value) => {
          const { bytes, handles } = codec.encode(value);
          for (let length = 0; length < bytes.length; length += 8) {
            const copies = handles.map(() => new MemoryHandle());
            expect(() => codec.decode(bytes.subarray(0, length), copies)).toThrow();
            expect(copies.every((copy) => copy.closeCount === 1)).toBe(true);
          }
        }),
        { numRuns: 20 },
      );
    },
  );

  it.each(SUBJECTS)("is decoded or refused when damaged, and no handle is lost: %s", (_name, type, values) => {
    const codec = codecOf(type);
    fc.assert(
      fc.property(values, damage, (value, changes) => {
        const { bytes, handles } = codec.encode(value);
        const owned = handles as MemoryHandle[];
        let decoded: unknown;
        try {
          decoded = codec.decode(damaged(bytes, changes), owned);
        } catch (error) {
          expect(error).toMatchObject({ brand: "sysmem.error" });
          expect(owned.every((one) => one.closeCount === 1)).toBe(true);
          return;
        }
        codec.closeHandles(decoded);
        expect(owned.every((one) => one.closeCount === 1)).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

function same(a: Outcome, b: Outcome): void {
  if (a === "refused" || b === "refused") expect(a).toBe(b);
  else expect(a.value).toEqual(b.value);
}

it("both codecs write the same bytes", () => {
  for (const [, type, values] of SUBJECTS) {
    fc.assert(
      fc.property(values, (value) => {
        const reference = codecOf(type).encode(value);
        expect(encodeGenerated(type, value)).toEqual({ bytes: hex(reference.bytes), handles: reference.handles });
      }),
      { numRuns: RUNS },
    );
  }
});

it("both codecs agree on every damaged message", () => {
  for (const [, type, values] of SUBJECTS) {
    fc.assert(
      fc.property(values, damage, (value, changes) => {
        const { bytes, handles } = codecOf(type).encode(value);
        const body = damaged(bytes, changes);
        const copies = (): Handle[] => handles.slice();
        same(decodeGenerated(type, body, copies()), decodeReflective(type, body, copies()));
      }),
      { numRuns: RUNS * 3 },
    );
  }
});
