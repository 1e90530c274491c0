import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isInvariant } from "./invariant.ts";
import {
  convertImage,
  type ImageLayout,
  type MediaFormat,
  planesOf,
  tightLayout,
  type YuvColors,
} from "../../src/cli/media/index.ts";
import { FORMATS, layoutArbitrary, memoryFor, padding, randomImage, sizeArbitrary, visible } from "./support.ts";

const COLORS: readonly YuvColors[] = [
  { matrix: "BT.601", range: "limited" },
  { matrix: "BT.601", range: "full" },
  { matrix: "BT.709", range: "limited" },
  { matrix: "BT.709", range: "full" },
];

const WEIGHTS = {
  "BT.601": [0.299, 0.587, 0.114],
  "BT.709": [0.2126, 0.7152, 0.0722],
  "BT.2020": [0.2627, 0.678, 0.0593],
} as const;

/** The definition of the colour spaces, in real numbers. */
function exactYuv([red, green, blue]: readonly number[], { matrix, range }: YuvColors): [number, number, number] {
  const [r, , b] = WEIGHTS[matrix];
  const luma = WEIGHTS[matrix][0] * red! + WEIGHTS[matrix][1] * green! + WEIGHTS[matrix][2] * blue!;
  const u = (blue! - luma) / (2 * (1 - b));
  const v = (red! - luma) / (2 * (1 - r));
  return range === "full"
    ? [luma, u + 128, v + 128]
    : [16 + (luma * 219) / 255, 128 + (u * 224) / 255, 128 + (v * 224) / 255];
}

const clamp = (value: number) => Math.min(255, Math.max(0, value));

/** A tight image of one colour. */
function solid(
  format: MediaFormat,
  size: { width: number; height: number },
  pixel: readonly number[],
): [Uint8Array, ImageLayout] {
  const layout = tightLayout(format, size);
  const order = format === "B8G8R8A8" ? [2, 1, 0] : [0, 1, 2];
  return [memoryFor(layout).map((_, i) => (i % 4 === 3 ? 255 : pixel[order[i % 4]!]!)), layout];
}

describe("planesOf", () => {
  it("places the planes of I420 and NV12 as sysmem does", () => {
    const size = { width: 6, height: 4 };
    expect(planesOf({ format: "I420", ...size, bytesPerRow: 64, offset: 10 })).toEqual([
      { offset: 10, bytesPerRow: 64, rowBytes: 6, rows: 4 },
      { offset: 10 + 256, bytesPerRow: 32, rowBytes: 3, rows: 2 },
      { offset: 10 + 256 + 64, bytesPerRow: 32, rowBytes: 3, rows: 2 },
    ]);
    expect(planesOf({ format: "NV12", ...size, bytesPerRow: 64 })).toEqual([
      { offset: 0, bytesPerRow: 64, rowBytes: 6, rows: 4 },
      { offset: 256, bytesPerRow: 64, rowBytes: 6, rows: 2 },
    ]);
  });

  it("gives the last column and row of an odd image chroma of their own", () => {
    const [luma, u, v] = planesOf(tightLayout("I420", { width: 5, height: 3 }));
    expect([luma!.rowBytes, luma!.rows, luma!.bytesPerRow]).toEqual([5, 3, 6]);
    expect([u!.rowBytes, u!.rows, v!.offset - u!.offset]).toEqual([3, 2, 6]);
  });
});

describe("convertImage", () => {
  it("takes YUV to the other YUV format and back unchanged, whatever the row lengths", () => {
    const scenario = sizeArbitrary.chain((size) =>
      fc.record({
        from: layoutArbitrary("I420", size),
        between: layoutArbitrary("NV12", size),
        back: layoutArbitrary("I420", size),
        seed: fc.integer(),
      }),
    );
    fc.assert(
      fc.property(scenario, ({ from, between, back, seed }) => {
        const source = randomImage(from, seed);
        const nv12 = memoryFor(between, 7);
        const result = memoryFor(back, 9);
        convertImage(source, from, nv12, between);
        convertImage(nv12, between, result, back);
        expect(visible(result, back)).toEqual(visible(source, from));
      }),
    );
  });

  it("interleaves chroma with U first", () => {
    const from = tightLayout("I420", { width: 4, height: 2 });
    const to = tightLayout("NV12", from);
    const target = memoryFor(to);
    convertImage(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 20, 21, 0, 0, 0), from, target, to);
    expect([...visible(target, to)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 11, 21]);
  });

  it("exchanges red and blue between the RGB formats and keeps alpha", () => {
    const from = tightLayout("R8G8B8A8", { width: 2, height: 1 });
    const target = memoryFor(from);
    convertImage(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0), from, target, { ...from, format: "B8G8R8A8" });
    expect([...target.subarray(0, 8)]).toEqual([3, 2, 1, 4, 7, 6, 5, 8]);
  });

  it("never touches padding, in any pair of formats", () => {
    const scenario = fc
      .record({ size: sizeArbitrary, from: fc.constantFrom(...FORMATS), to: fc.constantFrom(...FORMATS) })
      .chain(({ size, from, to }) =>
        fc.record({ from: layoutArbitrary(from, size), to: layoutArbitrary(to, size), seed: fc.integer() }),
      );
    fc.assert(
      fc.property(scenario, fc.constantFrom(...COLORS), ({ from, to, seed }, colors) => {
        const target = memoryFor(to, 0xa5);
        convertImage(randomImage(from, seed), from, target, to, colors);
        expect(new Set(padding(target, to))).toEqual(new Set([0xa5]));
      }),
    );
  });

  it("computes luma and chroma of one colour as the colour spaces define them, to the nearest value", () => {
    const pixel = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
    fc.assert(
      fc.property(
        pixel,
        fc.constantFrom(...COLORS),
        fc.constantFrom<MediaFormat>("R8G8B8A8", "B8G8R8A8"),
        (color, colors, format) => {
          const [source, from] = solid(format, { width: 3, height: 3 }, color);
          const to = tightLayout("I420", from);
          const target = memoryFor(to);
          convertImage(source, from, target, to, colors);
          const exact = exactYuv(color, colors).map(clamp);
          planesOf(to).forEach((plane, index) => {
            for (let row = 0; row < plane.rows; row++) {
              for (let column = 0; column < plane.rowBytes; column++) {
                expect(
                  Math.abs(target[plane.offset + row * plane.bytesPerRow + column]! - exact[index]!),
                ).toBeLessThanOrEqual(0.51);
              }
            }
          });
        },
      ),
    );
  });

  it("gives black, white and greys their defined samples", () => {
    const size = { width: 2, height: 2 };
    const to = tightLayout("NV12", size);
    for (const [range, black, white] of [["limited", 16, 235] as const, ["full", 0, 255] as const]) {
      for (const [grey, luma] of [
        [0, black],
        [255, white],
      ] as const) {
        const [source, from] = solid("R8G8B8A8", size, [grey, grey, grey]);
        const target = memoryFor(to);
        convertImage(source, from, target, to, { matrix: "BT.709", range });
        expect([...target.subarray(0, 6)]).toEqual([luma, luma, luma, luma, 128, 128]);
      }
    }
  });

  it("averages the four pixels of a chroma sample", () => {
    const from = tightLayout("R8G8B8A8", { width: 2, height: 2 });
    const to = tightLayout("I420", from);
    const source = Uint8Array.of(255, 0, 0, 255, 0, 0, 255, 255, 0, 255, 0, 255, 90, 80, 70, 255, 0, 0, 0);
    const target = memoryFor(to);
    const colors = COLORS[1]!;
    convertImage(source, from, target, to, colors);
    const mean = [(255 + 90) / 4, (255 + 80) / 4, (255 + 70) / 4];
    const [, u, v] = exactYuv(mean, colors);
    expect([target[4], target[5]]).toEqual([Math.round(u), Math.round(v)]);
  });

  it("comes back to a colour from its samples, as near as eight bits allow", () => {
    const pixel = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255));
    fc.assert(
      fc.property(
        pixel,
        fc.constantFrom(...COLORS),
        fc.constantFrom<MediaFormat>("I420", "NV12"),
        (color, colors, format) => {
          const [source, from] = solid("R8G8B8A8", { width: 5, height: 3 }, color);
          const yuv = tightLayout(format, from);
          const samples = memoryFor(yuv);
          const back = memoryFor(from);
          convertImage(source, from, samples, yuv, colors);
          convertImage(samples, yuv, back, from, colors);
          for (let i = 0; i < 5 * 3 * 4; i++) expect(Math.abs(back[i]! - source[i]!)).toBeLessThanOrEqual(3);
        },
      ),
    );
  });

  it("keeps colours that RGB cannot show inside its range", () => {
    const from = tightLayout("I420", { width: 1, height: 1 });
    const to = tightLayout("R8G8B8A8", from);
    const target = memoryFor(to);
    convertImage(Uint8Array.of(255, 0, 255, 255, 0, 0, 0, 0), from, target, to, COLORS[0]);
    expect([...target.subarray(0, 4)].every((sample) => sample >= 0 && sample <= 255)).toBe(true);
    expect(target[3]).toBe(255);
  });

  it("refuses layouts that do not fit their memory or each other", () => {
    const layout = tightLayout("NV12", { width: 4, height: 4 });
    const fits = new Uint8Array(24);
    expect(isInvariant(() => convertImage(fits, layout, fits.subarray(1), layout))).toBe(true);
    expect(isInvariant(() => convertImage(fits.subarray(1), layout, fits, layout))).toBe(true);
    expect(isInvariant(() => convertImage(fits, layout, fits, { ...layout, bytesPerRow: 3 }))).toBe(true);
    expect(isInvariant(() => convertImage(fits, layout, fits, { ...layout, height: 2 }))).toBe(true);
    expect(isInvariant(() => convertImage(fits, layout, new Uint8Array(24), layout))).toBe(false);
  });
});
