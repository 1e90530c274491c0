import { describe, expect, it } from "vitest";
import { bitsType, EncodeError, enumType } from "#fidl";
import { bytes, hex, thrownBy } from "./harness.ts";

const Color = enumType<number, { readonly RED: 1; readonly GREEN: 2; readonly ALSO_RED: 1; readonly from_: 7 }>({
  name: "test/Color",
  isStrict: false,
  subtype: "uint8",
  members: { RED: 1, GREEN: 2, ALSO_RED: 1, from: 7 },
});
const Strict = enumType<1n | 2n, { readonly A: 1n }>({
  name: "test/S",
  isStrict: true,
  subtype: "int64",
  members: { A: 1n },
});
const Flags = bitsType<number, { readonly A: number; readonly HIGH: number }>({
  name: "test/Flags",
  isStrict: true,
  subtype: "uint32",
  members: { A: 1, HIGH: 0x8000_0000 },
});
const Wide = bitsType<bigint, { readonly TOP: bigint }>({
  name: "test/Wide",
  isStrict: false,
  subtype: "uint64",
  members: { TOP: 1n << 63n },
});

describe("enum constants", () => {
  it("have their members, renamed where a helper has the name", () => {
    expect([Color.RED, Color.GREEN, Color.ALSO_RED, Color.from_]).toEqual([1, 2, 1, 7]);
  });

  it("tell known values and their first name", () => {
    expect([Color.isKnown(2), Color.isKnown(3)]).toEqual([true, false]);
    expect([Color.nameOf(1), Color.nameOf(3), Strict.nameOf(1n)]).toEqual(["RED", undefined, "A"]);
  });

  it("take numbers of their type", () => {
    expect([Color.from(3), Strict.from(1n)]).toEqual([3, 1n]);
    expect(thrownBy(() => Color.from(256)).code).toBe("VALUE_OUT_OF_RANGE");
    expect(thrownBy(() => Color.from(0.5)).code).toBe("VALUE_OUT_OF_RANGE");
    expect(thrownBy(() => Color.from(1n)).code).toBe("INVALID_VALUE");
    expect(thrownBy(() => Strict.from(2n)).code).toBe("STRICT_ENUM_UNKNOWN_VALUE");
  });

  it("are codecs", () => {
    expect(hex(Color.encode(7).bytes)).toBe("0700000000000000");
    expect(Strict.decode(bytes("0100000000000000"))).toBe(1n);
    expect(() => Strict.encode(2n)).toThrow(EncodeError);
  });
});

describe("bits constants", () => {
  it("have their members and the mask, never negative", () => {
    expect([Flags.A, Flags.HIGH, Flags.mask, Wide.mask]).toEqual([1, 0x8000_0000, 0x8000_0001, 1n << 63n]);
  });

  it("calculate without sign", () => {
    expect(Flags.of(Flags.A, Flags.HIGH)).toBe(0x8000_0001);
    expect(Flags.of()).toBe(0);
    expect(Flags.complement(Flags.A)).toBe(0x8000_0000);
    expect([Flags.has(Flags.HIGH, Flags.HIGH), Flags.has(Flags.A, Flags.mask)]).toEqual([true, false]);
    expect([Flags.unknownBits(0xffff_ffff), Wide.unknownBits(3n)]).toEqual([0x7fff_fffe, 3n]);
    expect([Wide.has(Wide.TOP, Wide.TOP), Wide.complement(0n), Wide.of(1n, 2n)]).toEqual([true, 1n << 63n, 3n]);
    expect([Flags.namesOf(0x8000_0001), Flags.namesOf(0), Wide.namesOf(1n)]).toEqual([["A", "HIGH"], [], []]);
  });

  it("are codecs", () => {
    expect(hex(Flags.encode(0x8000_0001).bytes)).toBe("0100008000000000");
    expect(() => Flags.encode(2)).toThrow(EncodeError);
  });
});
