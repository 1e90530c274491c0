/** Sizes, planes and rows of images against the vectors of the format facts, and the facts against the FIDL. */
import { describe, expect, test } from "vitest";
import * as images2 from "#gen/fuchsia_images2";
import type * as sysmem2 from "#gen/fuchsia_sysmem2";
import {
  allModifiers,
  allPixelFormats,
  ColorSpace,
  colorSpaceRank,
  imageFormatFromConstraints,
  imageLayout,
  imageSizeBytes,
  isColorSpaceCompatible,
  isPairSupported,
  minimumRowBytes,
  modifierFacts,
  modifierName,
  PixelFormat,
  PixelFormatModifier,
  pixelFormatFacts,
  planePosition,
} from "#negotiate";
import facts from "./data/pixel-formats.json" with { type: "json" };

type FormatName = keyof typeof PixelFormat;
type ModifierName = keyof typeof PixelFormatModifier;

describe("facts", () => {
  test("enum values are those of the FIDL", () => {
    for (const [name, value] of Object.entries(PixelFormat)) {
      expect(images2.PixelFormat[name as FormatName], name).toBe(value);
    }
    for (const [name, value] of Object.entries(PixelFormatModifier)) {
      expect(images2.PixelFormatModifier[name as ModifierName], name).toBe(value);
    }
    for (const [name, value] of Object.entries(ColorSpace)) {
      expect(images2.ColorSpace[name as keyof typeof ColorSpace], name).toBe(value);
    }
    expect(facts.pixel_formats.map(({ name }) => name).sort()).toEqual(Object.keys(PixelFormat).sort());
  });

  test.each(facts.pixel_formats.filter((format) => format.supported_linear === true))("$name", (format) => {
    const found = pixelFormatFacts(format.value);
    expect(found).toMatchObject({
      name: format.name,
      bitsPerPixel: format.bits_per_pixel,
      strideBytes: format.stride_bytes_per_width_pixel,
      sampleAlignment: format.sample_alignment,
      widthDivisor: format.width_min_divisor,
      heightDivisor: format.height_min_divisor,
      bitsPerSample: format.bits_per_sample_for_color_space_check,
      hasAlpha: format.has_alpha_or_x,
      singlePlane: format.is_non_tiled_single_plane_when_linear,
    });
    if (found === undefined) return;
    const compatible = Object.entries(ColorSpace).filter(([, value]) => isColorSpaceCompatible(value, found));
    expect(compatible.map(([name]) => name).sort()).toEqual([...(format.color_spaces ?? [])].sort());
    const families: Record<string, string> = {
      linear: "linear",
      intel_i915: "intel",
      arm_afbc: "afbc",
      arm_linear_te: "arm-linear-te",
      goldfish_optimal: "goldfish",
    };
    const supported = allModifiers().filter((modifier) => isPairSupported(found, modifier));
    expect(new Set(supported.map(({ family }) => family))).toEqual(
      new Set(format.modifier_families?.map((family) => families[family])),
    );
  });

  test("nothing else can be allocated", () => {
    expect(allPixelFormats()).toHaveLength(20);
    for (const name of ["INVALID", "MJPEG", "DO_NOT_CARE"] as const) {
      expect(pixelFormatFacts(PixelFormat[name])).toBeUndefined();
      expect(isPairSupported(pixelFormatFacts(PixelFormat[name]), modifierFacts(0n))).toBe(false);
    }
    for (const value of [PixelFormatModifier.INVALID, PixelFormatModifier.DO_NOT_CARE, 5n, 0x0800_0000_0000_0000n]) {
      expect(modifierFacts(value)).toBeUndefined();
    }
    expect(isPairSupported(pixelFormatFacts(PixelFormat.I420), modifierFacts(0x0100_0000_0000_0001n))).toBe(false);
  });

  test.each(facts.pixel_format_modifiers.filter(({ family }) => family !== "special"))("$name", (modifier) => {
    const found = modifierFacts(BigInt(modifier.value));
    expect(modifierName(BigInt(modifier.value))).toBe(modifier.name);
    expect(found).toMatchObject({
      protectedOk: modifier.protected_memory_ok,
      te: modifier.has_te ?? false,
      ccs: modifier.has_ccs ?? false,
      tileRows: modifier.tile_rows ?? 0,
      tileRowBytes: modifier.tile_bytes_per_row ?? 0,
      blockWidth: modifier.block_width ?? 0,
      alignHeight: modifier.height_alignment ?? 0,
      headerAlignment: modifier.header_alignment ?? 0,
    });
  });

  test("every subset of the AFBC flags is a modifier", () => {
    expect(allModifiers().filter(({ family }) => family === "afbc")).toHaveLength(128);
    expect(modifierName(0x0800_0000_0000_0811n)).toBe("0x0800000000000811");
  });

  test("color spaces rank as written", () => {
    for (const { name, value, ranking } of facts.color_spaces) {
      if (ranking !== null) expect(colorSpaceRank(value), name).toBe(ranking);
    }
  });
});

describe("images", () => {
  test.each(facts.image_size_vectors)(
    "$pixel_format $pixel_format_modifier $width x $height, $bytes_per_row bytes per row",
    (vector) => {
      const format = pixelFormatFacts(PixelFormat[vector.pixel_format as FormatName]);
      const modifier = modifierFacts(PixelFormatModifier[vector.pixel_format_modifier as ModifierName]);
      if (format === undefined || modifier === undefined) throw new TypeError("unknown format");
      const { width, height, bytes_per_row, image_size } = vector;
      expect(imageSizeBytes(format, modifier, width, height, bytes_per_row)).toBe(image_size);
      for (const plane of vector.planes) {
        const found = planePosition(format, modifier, width, height, bytes_per_row, plane.plane);
        expect(found?.offset).toBe(plane.offset);
        expect(found?.rowBytes ?? null).toBe(plane.row_bytes);
      }
      const listed = new Set(vector.planes.map(({ plane }) => plane));
      for (let plane = 0; plane < 5; plane++) {
        const found = planePosition(format, modifier, width, height, bytes_per_row, plane);
        expect(found !== undefined, `plane ${plane}`).toBe(listed.has(plane));
      }
    },
  );

  test.each(facts.minimum_row_bytes_vectors.map((vector) => [vector] as const))(
    "rows of %j",
    ({ constraints, ...vector }) => {
      const row = minimumRowBytes(
        {
          pixelFormat: PixelFormat[constraints.pixel_format as FormatName],
          pixelFormatModifier: PixelFormatModifier[constraints.pixel_format_modifier as ModifierName],
          minSize: constraints.min_size,
          maxSize: constraints.max_size,
          sizeAlignment: constraints.size_alignment,
          bytesPerRowDivisor: constraints.bytes_per_row_divisor,
          maxBytesPerRow: constraints.max_bytes_per_row,
        },
        vector.width,
      );
      expect(row ?? null).toBe(vector.minimum_row_bytes);
    },
  );

  test("a linear image is its rows, and half as much again where there is 4:2:0 chroma", () => {
    const chroma = new Set(["I420", "M420", "NV12", "YV12", "P010"]);
    const size = { width: 6, height: 4 };
    for (const { name, value } of allPixelFormats()) {
      const pixelFormat = images2.PixelFormat.from(value);
      const layout = imageLayout({ pixelFormat, size, bytesPerRow: 100 });
      expect(layout?.sizeBytes, name).toBe(chroma.has(name) ? 600 : 400);
      expect(layout?.planes[0], name).toMatchObject({ plane: 0, offset: 0, rowBytes: 100 });
    }
  });

  test("a layout lists planes with their rows, and the auxiliary plane only where there is one", () => {
    const size = { width: 64, height: 48 };
    expect(imageLayout({ pixelFormat: PixelFormat.NV12, size })).toEqual({
      sizeBytes: 4608,
      bytesPerRow: 64,
      planes: [
        { plane: 0, offset: 0, rowBytes: 64, rows: 48 },
        { plane: 1, offset: 3072, rowBytes: 64, rows: 24 },
      ],
    });
    expect(imageLayout({ pixelFormat: PixelFormat.I420, size, bytesPerRow: 128 })).toEqual({
      sizeBytes: 9216,
      bytesPerRow: 128,
      planes: [
        { plane: 0, offset: 0, rowBytes: 128, rows: 48 },
        { plane: 1, offset: 6144, rowBytes: 64, rows: 24 },
        { plane: 2, offset: 7680, rowBytes: 64, rows: 24 },
      ],
    });
    expect(imageLayout({ pixelFormat: PixelFormat.M420, size })?.planes).toEqual([
      { plane: 0, offset: 0, rowBytes: 64, rows: 72 },
    ]);
    const tiled = (modifier: ModifierName): number[] | undefined =>
      imageLayout({
        pixelFormat: PixelFormat.R8G8B8A8,
        pixelFormatModifier: PixelFormatModifier[modifier],
        size,
      })?.planes.map(({ plane }) => plane);
    expect(tiled("ARM_AFBC_16X16")).toEqual([0]);
    expect(tiled("ARM_AFBC_16X16_TE")).toEqual([0, 3]);
    expect(tiled("INTEL_I915_Y_TILED")).toEqual([0]);
    expect(tiled("INTEL_I915_Y_TILED_CCS")).toEqual([0, 3]);
    expect(tiled("GOOGLE_GOLDFISH_OPTIMAL")).toEqual([0]);
    expect(imageLayout({ pixelFormat: PixelFormat.MJPEG, size })).toBeUndefined();
    expect(imageLayout({ pixelFormat: PixelFormat.NV12 })).toBeUndefined();
  });

  test("an image from constraints has the shortest rows, and none where the size is not allowed", () => {
    const constraints: sysmem2.ImageFormatConstraints = {
      pixelFormat: PixelFormat.B8G8R8,
      colorSpaces: [ColorSpace.SRGB],
      minSize: { width: 10, height: 10 },
      maxSize: { width: 100, height: 50 },
      sizeAlignment: { width: 2, height: 2 },
      bytesPerRowDivisor: 32,
    };
    expect(imageFormatFromConstraints(constraints, { width: 12, height: 10 })).toMatchObject({
      bytesPerRow: 64,
      colorSpace: ColorSpace.SRGB,
      displayRect: { x: 0, y: 0, width: 12, height: 10 },
    });
    for (const size of [
      { width: 8, height: 10 },
      { width: 102, height: 10 },
      { width: 12, height: 52 },
      { width: 13, height: 10 },
    ]) {
      expect(imageFormatFromConstraints(constraints, size)).toBeUndefined();
    }
  });

  test("an image of nothing but a format is unbounded, tight and of the first color space, if any", () => {
    expect(imageFormatFromConstraints({ pixelFormat: PixelFormat.R8G8B8 }, { width: 7, height: 3 })).toEqual({
      pixelFormat: PixelFormat.R8G8B8,
      pixelFormatModifier: PixelFormatModifier.LINEAR,
      colorSpace: undefined,
      size: { width: 7, height: 3 },
      bytesPerRow: 21,
      displayRect: { x: 0, y: 0, width: 7, height: 3 },
    });
    const tiled = { pixelFormat: PixelFormat.R8G8B8A8, pixelFormatModifier: PixelFormatModifier.INTEL_I915_X_TILED };
    expect(imageFormatFromConstraints(tiled, { width: 7, height: 3 })).toMatchObject({ ...tiled, bytesPerRow: 512 });
    const rowless = { ...tiled, pixelFormatModifier: PixelFormatModifier.GOOGLE_GOLDFISH_OPTIMAL };
    expect(imageFormatFromConstraints(rowless, { width: 7, height: 3 })).toBeUndefined();
    expect(imageFormatFromConstraints({}, { width: 7, height: 3 })).toBeUndefined();
    // What a client left at 0 aligns nothing.
    const unaligned = { pixelFormat: PixelFormat.R8, sizeAlignment: { width: 0, height: 0 } };
    expect(imageFormatFromConstraints(unaligned, { width: 7, height: 3 })?.bytesPerRow).toBe(7);
  });

  test("each bound of an image is inclusive, and each alignment is kept", () => {
    const fits = (width: number, height: number): boolean =>
      imageFormatFromConstraints(
        {
          pixelFormat: PixelFormat.R8,
          minSize: { width: 16, height: 8 },
          maxSize: { width: 64, height: 48 },
          sizeAlignment: { width: 8, height: 4 },
        },
        { width, height },
      ) !== undefined;
    for (const [width, height] of [
      [16, 8],
      [64, 8],
      [16, 48],
      [64, 48],
      [24, 12],
    ] as const) {
      expect(fits(width, height), `${width}x${height}`).toBe(true);
    }
    for (const [width, height] of [
      [8, 8],
      [16, 4],
      [72, 8],
      [16, 52],
      [20, 8],
      [16, 10],
      [8, 52],
      [72, 4],
    ] as const) {
      expect(fits(width, height), `${width}x${height}`).toBe(false);
    }
  });

  const rows = (modifier: ModifierName, width: number, more: sysmem2.ImageFormatConstraints = {}): number | undefined =>
    minimumRowBytes(
      {
        pixelFormat: PixelFormat.R8G8B8A8,
        pixelFormatModifier: PixelFormatModifier[modifier],
        minSize: { width: 32, height: 1 },
        maxSize: { width: 96, height: 1 },
        ...more,
      },
      width,
    );

  test.each<[ModifierName, number, number]>([
    ["LINEAR", 128, 384],
    ["ARM_LINEAR_TE", 128, 384],
    ["ARM_AFBC_16X16", 128, 384],
    ["INTEL_I915_Y_TILED", 128, 384],
  ])("rows of %s only for widths within the bounds, both inclusive", (modifier, least, most) => {
    expect(rows(modifier, 32)).toBe(least);
    expect(rows(modifier, 96)).toBe(most);
    expect(rows(modifier, 31)).toBeUndefined();
    expect(rows(modifier, 97)).toBeUndefined();
  });

  test("Intel widths are aligned before they are compared with the bounds, others after", () => {
    const sizeAlignment = { width: 16, height: 1 };
    const maxSize = { width: 100, height: 1 };
    expect(rows("INTEL_I915_Y_TILED", 97, { sizeAlignment, maxSize })).toBeUndefined();
    expect(rows("INTEL_I915_Y_TILED", 17, { sizeAlignment })).toBe(128);
    expect(rows("LINEAR", 97, { sizeAlignment, maxSize })).toBe(448);
    expect(rows("LINEAR", 17, { sizeAlignment })).toBeUndefined();
  });

  test("a row is at most max_bytes_per_row, inclusive, and past 32 bits there is none", () => {
    expect(rows("LINEAR", 64, { maxBytesPerRow: 256 })).toBe(256);
    expect(rows("LINEAR", 64, { maxBytesPerRow: 255 })).toBeUndefined();
    expect(rows("LINEAR", 64, { maxBytesPerRow: 0 })).toBeUndefined();
    const open = { minSize: undefined, maxSize: undefined };
    expect(rows("LINEAR", 2 ** 30 - 1, open)).toBe(2 ** 32 - 4);
    expect(rows("LINEAR", 2 ** 30, open)).toBeUndefined();
  });

  test("rows of planes: of linear images and of what stands beside them, not of blocks or tiles", () => {
    const size = { width: 64, height: 48 };
    const layout = (pixelFormat: FormatName, modifier: ModifierName): unknown =>
      imageLayout({
        pixelFormat: PixelFormat[pixelFormat],
        pixelFormatModifier: PixelFormatModifier[modifier],
        size,
      })?.planes.map(({ plane, rows }) => [plane, rows]);
    expect(layout("R8G8B8A8", "ARM_AFBC_16X16_TE")).toEqual([
      [0, undefined],
      [3, undefined],
    ]);
    expect(layout("NV12", "INTEL_I915_Y_TILED_CCS")).toEqual([
      [0, undefined],
      [1, undefined],
      [3, undefined],
    ]);
    expect(layout("NV12", "ARM_LINEAR_TE")).toEqual([
      [0, 48],
      [1, 24],
      [3, undefined],
    ]);
    expect(layout("R8G8B8A8", "GOOGLE_GOLDFISH_OPTIMAL")).toEqual([[0, undefined]]);
    expect(layout("I420", "INTEL_I915_X_TILED")).toBeUndefined();
  });
});
