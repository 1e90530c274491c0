import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  frameChecksum,
  type ImageLayout,
  PhotoPan,
  REC709,
  type StillImage,
  tightLayout,
} from "../../src/cli/media/index.ts";
import { cropAt } from "../../src/cli/media/photo-pan.ts";
import { samplePlane } from "../../src/cli/media/resample.ts";
import { isInvariant } from "./invariant.ts";
import { FORMATS, layoutArbitrary, memoryFor, padding, visible } from "./support.ts";

/** Brighter to the right and to the bottom, without two equal neighbours. */
function gradient(width: number, height: number): StillImage {
  const rgba = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      rgba.set([(x * 255) / (width - 1), (y * 255) / (height - 1), 128, 255], (y * width + x) * 4);
  }
  return { width, height, rgba };
}

/** One plane sampled by definition, in real numbers. */
function exactSample(samples: Uint8Array, width: number, height: number, x: number, y: number): number {
  const px = Math.min(Math.max(x, 0), width - 1);
  const py = Math.min(Math.max(y, 0), height - 1);
  const [x0, y0] = [Math.floor(px), Math.floor(py)];
  const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
  const mix = (row: number) => samples[row * width + x0]! * (1 - px + x0) + samples[row * width + x1]! * (px - x0);
  return mix(y0) * (1 - py + y0) + mix(y1) * (py - y0);
}

describe("samplePlane", () => {
  it("mixes the four nearest samples by distance, everywhere in and at the edges of any plane", () => {
    const scenario = fc
      .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
      .chain((size) =>
        fc.record({
          size: fc.constant(size),
          samples: fc.uint8Array({ minLength: size.width * size.height, maxLength: size.width * size.height }),
          x: fc.double({ min: 0, max: 1, noNaN: true }),
          y: fc.double({ min: 0, max: 1, noNaN: true }),
          part: fc.double({ min: 0.1, max: 1, noNaN: true }),
          columns: fc.integer({ min: 1, max: 20 }),
          rows: fc.integer({ min: 1, max: 20 }),
          step: fc.constantFrom(1, 2, 4),
        }),
      );
    fc.assert(
      fc.property(scenario, ({ size, samples, x, y, part, columns, rows, step }) => {
        const crop = {
          width: size.width * part,
          height: size.height * part,
          x: size.width * (1 - part) * x,
          y: size.height * (1 - part) * y,
        };
        const bytesPerRow = columns * step + 3;
        const bytes = new Uint8Array(bytesPerRow * rows + 1);
        samplePlane({ samples, ...size }, crop, { bytes, offset: 1, bytesPerRow, step, columns, rows });
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            const exact = exactSample(
              samples,
              size.width,
              size.height,
              crop.x + ((column + 0.5) * crop.width) / columns - 0.5,
              crop.y + ((row + 0.5) * crop.height) / rows - 0.5,
            );
            // A weight is off by at most half of 1/2048, times 255, in each direction; then the result is rounded.
            expect(Math.abs(bytes[1 + row * bytesPerRow + column * step]! - exact)).toBeLessThanOrEqual(0.65);
          }
        }
      }),
    );
  });
});

describe("PhotoPan", () => {
  const photo = gradient(90, 60);
  const size = { width: 24, height: 14 };
  const options = { name: "gradient", size };

  it("stays inside the photograph, and moves smoothly", () => {
    const shapes = fc.record({ width: fc.integer({ min: 1, max: 4000 }), height: fc.integer({ min: 1, max: 4000 }) });
    fc.assert(
      fc.property(shapes, shapes, fc.double({ min: 0, max: 1e5, noNaN: true }), (image, frame, time) => {
        const crop = cropAt(time, image, frame);
        expect(crop.x).toBeGreaterThanOrEqual(0);
        expect(crop.y).toBeGreaterThanOrEqual(0);
        expect(crop.x + crop.width).toBeLessThanOrEqual(image.width + 1e-6);
        expect(crop.y + crop.height).toBeLessThanOrEqual(image.height + 1e-6);
        expect(crop.width / crop.height).toBeCloseTo(frame.width / frame.height, 6);
        // A thirtieth of a second later it is less than two hundredths of the photograph further.
        expect(Math.abs(cropAt(time + 1 / 30, image, frame).x - crop.x)).toBeLessThan(image.width * 0.02);
      }),
    );
  });

  it("gives the same frames in every run, and one frame at a time or all in order", async () => {
    const layout = tightLayout("NV12", size);
    const one = new PhotoPan(photo, options);
    const other = new PhotoPan(photo, options);
    const checksums: number[] = [];
    const target = memoryFor(layout);
    for (let i = 0; i < 40; i++) {
      expect(await one.nextInto(target, layout)).toBe(true);
      checksums.push(frameChecksum(target, layout));
    }
    for (const index of [39, 0, 17]) {
      other.draw(index, target, layout);
      expect(frameChecksum(target, layout)).toBe(checksums[index]);
    }
    expect(new Set(checksums).size).toBe(40);
  });

  it("ends after as many frames as it was told, or when closed", async () => {
    const layout = tightLayout("I420", size);
    const pan = new PhotoPan(photo, { ...options, frameCount: 2 });
    const target = memoryFor(layout);
    expect(pan.info).toMatchObject({
      name: "gradient",
      size,
      frameCount: 2,
      colors: REC709,
      frameRate: { numerator: 30, denominator: 1 },
    });
    expect([
      await pan.nextInto(target, layout),
      await pan.nextInto(target, layout),
      await pan.nextInto(target, layout),
    ]).toEqual([true, true, false]);
    const endless = new PhotoPan(photo, options);
    await endless.close();
    expect(await endless.nextInto(target, layout)).toBe(false);
  });

  it("shows the same picture in every format and layout, and leaves padding alone", async () => {
    const layouts = fc.tuple(...FORMATS.map((format) => layoutArbitrary(format, size)));
    await fc.assert(
      fc.asyncProperty(layouts, fc.nat(1000), async (each, index) => {
        const pan = new PhotoPan(photo, options);
        const pictures = each.map((layout) => {
          const target = memoryFor(layout, 0x3c);
          pan.draw(index, target, layout);
          expect(new Set(padding(target, layout))).toEqual(new Set([0x3c]));
          return visible(target, layout);
        });
        const [i420, nv12, rgba, bgra] = pictures as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
        const luma = size.width * size.height;
        expect(nv12.subarray(0, luma)).toEqual(i420.subarray(0, luma));
        const u = nv12.subarray(luma).filter((_, i) => i % 2 === 0);
        expect(u).toEqual(i420.subarray(luma, luma + luma / 4));
        for (let i = 0; i < rgba.length; i += 4) {
          expect([bgra[i + 2], bgra[i + 1], bgra[i], bgra[i + 3]]).toEqual([...rgba.subarray(i, i + 4)]);
        }
        // BT.709 in its limited range.
        const [red, green, blue] = rgba as unknown as [number, number, number];
        expect(Math.abs(i420[0]! - 16 - (0.2126 * red + 0.7152 * green + 0.0722 * blue) * (219 / 255))).toBeLessThan(2);
      }),
      { numRuns: 30 },
    );
  });

  it("averages a photograph that is much larger than the frames, in place of skipping its pixels", () => {
    // Lines of black and white, one pixel wide: their mean is grey.
    const rgba = new Uint8Array(256 * 256 * 4).map((_, i) => (i % 4 === 3 || ((i >> 2) & 1) === 1 ? 255 : 0));
    const small = { width: 16, height: 16 };
    const layout: ImageLayout = tightLayout("R8G8B8A8", small);
    const target = memoryFor(layout);
    new PhotoPan({ width: 256, height: 256, rgba }, { name: "lines", size: small }).draw(0, target, layout);
    expect(new Set(visible(target, layout))).toEqual(new Set([128, 255]));
  });

  it("refuses a layout of another size", () => {
    const layout = tightLayout("NV12", { width: 8, height: 8 });
    expect(isInvariant(() => new PhotoPan(photo, options).draw(0, memoryFor(layout), layout))).toBe(true);
    expect(isInvariant(() => new PhotoPan(photo, { name: "none", size: { width: 0, height: 1 } }))).toBe(true);
  });
});
