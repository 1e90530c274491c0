/** Whole numbers: rounding, powers of two, common multiples, 64 bits. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fromUint64,
  isPowerOfTwo,
  leastCommonMultiple,
  MAX_UINT32,
  MAX_UINT64,
  roundDown,
  roundUp,
} from "../../src/negotiate/arithmetic.ts";
import { runs } from "./arbitrary.ts";

const positive = fc.integer({ min: 1, max: MAX_UINT32 });

describe("rounding", () => {
  test.each([
    [0, 16, 0, 0],
    [1, 16, 16, 0],
    [16, 16, 16, 16],
    [17, 16, 32, 16],
    [1000, 24, 1008, 984],
    [MAX_UINT32, 2, 2 ** 32, MAX_UINT32 - 1],
  ])("%d by %d", (value, multiple, up, down) => {
    expect(roundUp(value, multiple)).toBe(up);
    expect(roundDown(value, multiple)).toBe(down);
  });
});

test("powers of two are those of 32 bits, and 0 is none", () => {
  for (let bit = 0; bit < 32; bit++) expect(isPowerOfTwo(2 ** bit), `2^${bit}`).toBe(true);
  for (const value of [0, 3, 6, 0x8000_0001, MAX_UINT32]) expect(isPowerOfTwo(value), String(value)).toBe(false);
});

describe("common multiples", () => {
  test.each([
    [1, 1, 1],
    [1, 7, 7],
    [7, 1, 7],
    [32, 20, 160],
    [96, 20, 480],
    [65_535, 65_537, MAX_UINT32],
    [MAX_UINT32, MAX_UINT32, MAX_UINT32],
    [65_536, 65_537, undefined],
    [2, MAX_UINT32, undefined],
  ])("of %d and %d", (a, b, expected) => {
    expect(leastCommonMultiple(a, b)).toBe(expected);
    expect(leastCommonMultiple(b, a)).toBe(expected);
  });

  test("are the least that both divide, wherever they fit", () => {
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        let x = BigInt(a);
        for (let y = BigInt(b); y !== 0n; ) [x, y] = [y, x % y];
        const exact = (BigInt(a) * BigInt(b)) / x;
        expect(leastCommonMultiple(a, b)).toBe(exact > 0xffff_ffffn ? undefined : Number(exact));
      }),
      runs(500),
    );
  });
});

test("64 bits are exact up to 2^53, and stay large above", () => {
  expect(fromUint64(2n ** 53n - 1n)).toBe(2 ** 53 - 1);
  expect(fromUint64(MAX_UINT64)).toBe(2 ** 64);
});
