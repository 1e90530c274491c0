/** Pictures of images in every linear format. */
import { describe, expect, it } from "vitest";
import { MAX_THUMBNAIL_SAMPLES_PER_AXIS, MAX_THUMBNAIL_SAMPLES_PER_TURN, MAX_THUMBNAIL_SIDE } from "#base";
import { ColorSpace, PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import { obstacleTo, type Picture, sizeWithin, thumbnail } from "#images";
import { allPixelFormats, isColorSpaceCompatible, pixelFormatFacts } from "#negotiate";
import { GREY, LEFT, paint, type Painting, RIGHT } from "./paint.ts";

function show({ bytes, image }: Painting, size = { width: 8, height: 4 }): { picture: Picture; steps: number } {
  const steps = thumbnail(bytes, image, size);
  for (let count = 1; ; count++) {
    const step = steps.next();
    if (step.done === true) return { picture: step.value, steps: count };
  }
}

const pixel = ({ rgba, width }: Picture, x: number, y: number) => [
  ...rgba.subarray((y * width + x) * 4, (y * width + x) * 4 + 4),
];

/** What of a colour is left in a format with few bits or channels. */
function seen(format: number, rgb: readonly number[], isYuv: boolean): readonly number[] {
  const [r = 0, g = 0, b = 0] = rgb;
  if (format === PixelFormat.R8G8) return [r, g, 0];
  if (format === PixelFormat.R8 && !isYuv) return [r, 0, 0];
  if (format === PixelFormat.L8 && !isYuv) return [r, r, r];
  return [r, g, b];
}

/** Half a step of a format's coarsest channel. */
function coarseness(format: number): number {
  if (format === PixelFormat.R2G2B2X2 || format === PixelFormat.R3G3B2) return 43;
  return format === PixelFormat.R5G6B5 ? 5 : 3;
}

const SPACES = [
  ColorSpace.SRGB,
  ColorSpace.REC601_NTSC,
  ColorSpace.REC601_NTSC_FULL_RANGE,
  ColorSpace.REC601_PAL,
  ColorSpace.REC601_PAL_FULL_RANGE,
  ColorSpace.REC709,
];

const CASES = allPixelFormats().flatMap((format) =>
  SPACES.filter((space) => isColorSpaceCompatible(space, format)).map(
    (space) => [format.name, ColorSpace.nameOf(space) ?? "", format.value, space] as const,
  ),
);

describe("a picture", () => {
  it.each(CASES)("of %s in %s has the image's colours and nothing of the padding", (_, __, format, space) => {
    const isYuv = space !== ColorSpace.SRGB;
    const isOnlyLuma = isYuv && (format === PixelFormat.L8 || format === PixelFormat.R8);
    const painting = isOnlyLuma ? paint(format, space, undefined, [GREY, [40, 40, 40]]) : paint(format, space);
    const { picture } = show(painting);
    const [left, right] = isOnlyLuma ? [GREY, [40, 40, 40]] : [LEFT, RIGHT];
    for (const [x, rgb] of [
      [0, left],
      [3, left],
      [4, right],
      [7, right],
    ] as const) {
      for (let y = 0; y < 4; y++) {
        const [r = 0, g = 0, b = 0, alpha] = pixel(picture, x, y);
        const [red = 0, green = 0, blue = 0] = seen(format, rgb, isYuv);
        const off = Math.max(Math.abs(r - red), Math.abs(g - green), Math.abs(b - blue));
        expect(off, `${[r, g, b].join()} at ${x},${y}, not ${[red, green, blue].join()}`).toBeLessThanOrEqual(
          coarseness(format),
        );
        expect(alpha).toBe(255);
      }
    }
  });

  it.each([ColorSpace.REC2020, ColorSpace.REC2100])(
    "of P010 in a wide colour space (%i) keeps grey grey and colours saturated",
    (space) => {
      const { picture } = show(paint(PixelFormat.P010, space, undefined, [GREY, [200, 40, 40]]));
      for (const channel of pixel(picture, 0, 0).slice(0, 3)) expect(Math.abs(channel - 128)).toBeLessThanOrEqual(3);
      const [r = 0, g = 0] = pixel(picture, 7, 0);
      // The same numbers mean a stronger red there than in sRGB.
      expect(r).toBeGreaterThan(205);
      expect(g).toBeLessThan(40);
    },
  );

  it("of YUV samples without a colour space is read as REC709", () => {
    const { bytes, image } = paint(PixelFormat.NV12, ColorSpace.REC709);
    const passed = { ...image, colorSpace: ColorSpace.PASSTHROUGH };
    expect(show({ bytes, image: passed }).picture.rgba).toEqual(show({ bytes, image }).picture.rgba);
  });

  it("of an image smaller than it asks for is the image itself", () => {
    const painting = paint(PixelFormat.R8G8B8A8, ColorSpace.SRGB, { width: 6, height: 3 });
    const size = sizeWithin(painting.image.size ?? { width: 0, height: 0 }, { width: 320, height: 320 });
    expect(size).toEqual({ width: 6, height: 3 });
    const { picture } = show(painting, size);
    expect([0, 1, 2, 3, 4, 5].map((x) => pixel(picture, x, 1)[0])).toEqual([220, 220, 220, 30, 30, 30]);
  });

  it("takes the mean of what each pixel stands for", () => {
    const { bytes, image } = paint(PixelFormat.L8, ColorSpace.SRGB, { width: 4, height: 4 });
    for (let at = 0; at < bytes.length; at++) bytes[at] = (at % (image.bytesPerRow ?? 1)) % 2 === 0 ? 0 : 200;
    expect(pixel(show({ bytes, image }, { width: 1, height: 1 }).picture, 0, 0)).toEqual([100, 100, 100, 255]);
  });

  it("looks at no more of an image in one turn than the limit says, however large it is", () => {
    const size = { width: 2048, height: 1024 };
    const { image } = paint(PixelFormat.L8, ColorSpace.SRGB, { width: 2, height: 2 });
    const painting = {
      image: { ...image, size, bytesPerRow: size.width },
      bytes: new Uint8Array(size.width * size.height),
    };
    const side = { width: MAX_THUMBNAIL_SIDE, height: MAX_THUMBNAIL_SIDE / 2 };
    const samples = side.width * side.height * MAX_THUMBNAIL_SAMPLES_PER_AXIS ** 2;
    expect(show(painting, side).steps).toBe(samples / MAX_THUMBNAIL_SAMPLES_PER_TURN);
    // Half as long a side stands for more pixels, and looks at a quarter of the samples all the same.
    const half = { width: side.width / 2, height: side.height / 2 };
    expect(show(painting, half).steps).toBe(samples / 4 / MAX_THUMBNAIL_SAMPLES_PER_TURN);
    // One that fits into a turn is made in it.
    expect(show(painting, { width: 32, height: 16 }).steps).toBe(1);
  });

  it("keeps the shape of the image", () => {
    const most = { width: 320, height: 320 };
    expect(sizeWithin({ width: 1920, height: 1080 }, most)).toEqual({ width: 320, height: 180 });
    expect(sizeWithin({ width: 1080, height: 1920 }, most)).toEqual({ width: 180, height: 320 });
    expect(sizeWithin({ width: 100_000, height: 1 }, most)).toEqual({ width: 320, height: 1 });
  });
});

describe("an image that cannot be shown", () => {
  const { bytes, image } = paint(PixelFormat.B8G8R8A8, ColorSpace.SRGB);

  it("is one whose pixels are tiled or compressed, and says so", () => {
    for (const [modifier, name] of [
      [PixelFormatModifier.INTEL_I915_Y_TILED, "INTEL_I915_Y_TILED"],
      [PixelFormatModifier.ARM_AFBC_16X16, "ARM_AFBC_16X16"],
      [PixelFormatModifier.GOOGLE_GOLDFISH_OPTIMAL, "GOOGLE_GOLDFISH_OPTIMAL"],
    ] as const) {
      const why = obstacleTo({ ...image, pixelFormatModifier: modifier }, 1e9);
      expect(why).toContain(name);
      expect(why).toMatch(/tiled or compressed/);
    }
    expect(obstacleTo({ ...image, pixelFormatModifier: PixelFormatModifier.ARM_LINEAR_TE }, 1e9)).toBeUndefined();
  });

  it("is one of no format that is known", () => {
    expect(obstacleTo({ ...image, pixelFormat: PixelFormat.MJPEG }, 1e9)).toMatch(/MJPEG is no format/);
    expect(obstacleTo({ ...image, pixelFormat: PixelFormat.from(4711) }, 1e9)).toMatch(/4711 is no format/);
    expect(obstacleTo({ ...image, size: undefined }, 1e9)).toMatch(/B8G8R8A8/);
  });

  it("is one that does not fit into its memory, by a byte", () => {
    expect(obstacleTo(image, bytes.length)).toBeUndefined();
    expect(obstacleTo(image, bytes.length - 1)).toMatch(/32 by 16 takes \d+ bytes, the buffer has \d+/);
  });

  it("is never one of a format that can be allocated and is linear", () => {
    for (const { value } of allPixelFormats()) {
      expect(pixelFormatFacts(value)).toBeDefined();
      const painting = paint(value, ColorSpace.SRGB);
      expect(obstacleTo(painting.image, painting.bytes.length)).toBeUndefined();
      expect(() => show(painting)).not.toThrow();
    }
  });
});
