import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32Portable } from "../../src/cli/media/crc32.ts";
import { crc32, frameChecksum, type ImageLayout, tightLayout } from "../../src/cli/media/index.ts";
import { FORMATS, layoutArbitrary, memoryFor, randomImage, sizeArbitrary, visible } from "./support.ts";

/** The polynomial division bit by bit: slow and hard to get wrong. */
function crc32ByDefinition(bytes: Uint8Array): number {
  let state = 0xffffffff;
  for (const byte of bytes) {
    state ^= byte;
    for (let bit = 0; bit < 8; bit++) state = state & 1 ? (state >>> 1) ^ 0xedb88320 : state >>> 1;
  }
  return ~state >>> 0;
}

describe("crc32", () => {
  it("has the value that every CRC-32 has for the digits 1 to 9", () => {
    const digits = new TextEncoder().encode("123456789");
    expect(crc32(digits)).toBe(0xcbf43926);
    expect(crc32Portable(digits)).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });

  it("equals its definition at every length and alignment", () => {
    const memory = new Uint8Array(100).map((_, i) => (i * 151 + 13) & 0xff);
    for (let start = 0; start < 8; start++) {
      for (let end = start; end < memory.length; end++) {
        const bytes = memory.subarray(start, end);
        expect(crc32Portable(bytes)).toBe(crc32ByDefinition(bytes));
      }
    }
  });

  it("continues from the value of what came before", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), (bytes, cut) => {
        const first = crc32Portable(bytes.subarray(0, cut));
        expect(crc32Portable(bytes.subarray(cut), first)).toBe(crc32ByDefinition(bytes));
        expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32ByDefinition(bytes));
      }),
    );
  });
});

describe("frameChecksum", () => {
  const scenario = fc
    .record({ size: sizeArbitrary, format: fc.constantFrom(...FORMATS), seed: fc.integer() })
    .chain(({ size, format, seed }) =>
      fc.record({ one: layoutArbitrary(format, size), other: layoutArbitrary(format, size), seed: fc.constant(seed) }),
    );

  /** Where each visible byte is. */
  function positions(layout: ImageLayout): number[] {
    const low = memoryFor(layout).map((_, i) => i & 0xff);
    const high = memoryFor(layout).map((_, i) => i >> 8);
    const lows = visible(low, layout);
    return [...visible(high, layout)].map((value, i) => (value << 8) | lows[i]!);
  }

  /** The same pixels in another layout. */
  function moved(bytes: Uint8Array, from: ImageLayout, to: ImageLayout): Uint8Array {
    const target = memoryFor(to, 0x5a);
    const pixels = visible(bytes, from);
    positions(to).forEach((at, index) => (target[at] = pixels[index]!));
    return target;
  }

  it("is the CRC-32 of the visible pixels, wherever they lie", () => {
    fc.assert(
      fc.property(scenario, ({ one, other, seed }) => {
        const bytes = randomImage(one, seed);
        const expected = crc32ByDefinition(visible(bytes, one));
        expect(frameChecksum(bytes, one)).toBe(expected);
        expect(frameChecksum(moved(bytes, one, other), other)).toBe(expected);
      }),
    );
  });

  it("changes with every pixel and with no padding", () => {
    const layout: ImageLayout = { format: "NV12", width: 6, height: 4, bytesPerRow: 9, offset: 2 };
    const bytes = randomImage(layout, 5);
    const before = frameChecksum(bytes, layout);
    const seen = new Set(positions(layout));
    for (let at = 0; at < bytes.length; at++) {
      bytes[at]! ^= 1;
      expect(frameChecksum(bytes, layout) === before).toBe(!seen.has(at));
      bytes[at]! ^= 1;
    }
    expect(frameChecksum(new Uint8Array(24), tightLayout("NV12", { width: 4, height: 4 }))).toBe(
      crc32ByDefinition(new Uint8Array(24)),
    );
  });
});
