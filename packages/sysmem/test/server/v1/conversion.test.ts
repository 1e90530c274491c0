/** v1 values as those of v2, and back. Source: interface contract 5, 6.3 and 7, "Fields". */
import { expect, test } from "vitest";
import { ColorSpace, PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import {
  ColorSpaceType,
  FORMAT_MODIFIER_DO_NOT_CARE,
  FORMAT_MODIFIER_GOOGLE_GOLDFISH_OPTIMAL,
  FORMAT_MODIFIER_INTEL_I915_X_TILED,
  HeapType,
  type ImageFormatConstraints,
  PixelFormatType,
} from "#gen/fuchsia_sysmem";
import type * as v2 from "#gen/fuchsia_sysmem2";
import { v2Constraints } from "../../../src/server/v1/constraints.ts";
import { blankCollectionInfo, v1CollectionInfo, v1Settings } from "../../../src/server/v1/settings.ts";
import { type V1Options, v1Constraints } from "./constraints.ts";

const MAX = 0xffff_ffff;

function converted(options: V1Options): v2.BufferCollectionConstraints {
  const result = v2Constraints(v1Constraints(options));
  if (!result.ok) expect.fail(result.error);
  return result.value;
}

function convertedImage(image: Partial<ImageFormatConstraints>): v2.ImageFormatConstraints | undefined {
  return converted({ images: [image] }).imageFormatConstraints?.[0];
}

test("numbers that demand nothing become absent fields, and a usage of nothing stays a usage", () => {
  expect(converted({})).toEqual({ usage: {} });
  expect(converted({ maxBufferCount: MAX, minBufferCount: 0 })).toEqual({ usage: {} });
});

test("counts and usages keep their numbers, except protected video", () => {
  const counts = {
    minBufferCountForCamping: 1,
    minBufferCountForDedicatedSlack: 2,
    minBufferCountForSharedSlack: 3,
    minBufferCount: 4,
    maxBufferCount: 5,
  };
  const usage = { cpu: 1, vulkan: 2, display: 3, video: 4 | 8 };
  expect(converted({ ...counts, usage })).toEqual({ ...counts, usage: { ...usage, video: 8 } });
  expect(converted({ usage: { video: 4, none: 1 } }).usage).toEqual({ none: 1 });
});

test("memory: sizes widen, 0 and the largest number mean any size, domains are always said", () => {
  const domains = { cpuDomainSupported: true, ramDomainSupported: false, inaccessibleDomainSupported: false };
  const flags = { physicallyContiguousRequired: false, secureRequired: false };
  expect(converted({ memory: { minSizeBytes: 7, maxSizeBytes: 9 } }).bufferMemoryConstraints).toEqual({
    ...domains,
    ...flags,
    minSizeBytes: 7n,
    maxSizeBytes: 9n,
  });
  for (const maxSizeBytes of [0, MAX]) {
    expect(converted({ memory: { maxSizeBytes } }).bufferMemoryConstraints).toEqual({ ...domains, ...flags });
  }
});

test.for<[HeapType, string]>([
  [HeapType.SYSTEM_RAM, "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM"],
  [HeapType.FRAMEBUFFER, "fuchsia.sysmem.heap.HEAP_TYPE.FRAMEBUFFER"],
  [HeapType.AMLOGIC_SECURE, "fuchsia.amlogic.platform.sysmem.heap.HEAP_TYPE.SECURE"],
  [HeapType.AMLOGIC_SECURE_VDEC, "fuchsia.amlogic.platform.sysmem.heap.HEAP_TYPE.SECURE_VDEC"],
  [HeapType.GOLDFISH_DEVICE_LOCAL, "fuchsia.goldfish.platform.sysmem.heap.HEAP_TYPE.DEVICE_LOCAL"],
  [HeapType.GOLDFISH_HOST_VISIBLE, "fuchsia.goldfish.platform.sysmem.heap.HEAP_TYPE.HOST_VISIBLE"],
])("heap %s is %s, both ways", ([number, heapType]) => {
  const heapPermitted = Array<HeapType>(32).fill(number);
  const memory = { heapPermittedCount: 1, heapPermitted };
  expect(converted({ memory }).bufferMemoryConstraints?.permittedHeaps).toEqual([{ heapType, id: 0n }]);
  const back = v1Settings(settings({ heap: { heapType, id: 0n } }), 1);
  expect(back).toMatchObject({ ok: true, value: { bufferSettings: { heap: number } } });
});

test("an image without demands has a format, a modifier and color spaces, and nothing else", () => {
  const nothing = { pixelFormat: 1, pixelFormatModifier: 0n, colorSpaces: [ColorSpace.SRGB] };
  expect(convertedImage({})).toEqual(nothing);
  expect(
    convertedImage({
      maxCodedWidth: MAX,
      maxCodedHeight: MAX,
      maxBytesPerRow: MAX,
      maxCodedWidthTimesCodedHeight: MAX,
      layers: 1,
      codedWidthDivisor: 1,
      codedHeightDivisor: 1,
      bytesPerRowDivisor: 1,
      startOffsetDivisor: 1,
      displayWidthDivisor: 1,
      displayHeightDivisor: 1,
      requiredMinCodedWidth: MAX,
      requiredMinCodedHeight: MAX,
      requiredMinBytesPerRow: 77,
      requiredMaxBytesPerRow: 78,
    }),
  ).toEqual(nothing);
});

test("every demand on images arrives in its field, a half of a size with the other half's neutral number", () => {
  expect(
    convertedImage({
      minCodedWidth: 2,
      maxCodedHeight: 3,
      minBytesPerRow: 4,
      maxBytesPerRow: 5,
      maxCodedWidthTimesCodedHeight: 6,
      codedWidthDivisor: 8,
      displayHeightDivisor: 16,
      bytesPerRowDivisor: 32,
      startOffsetDivisor: 64,
      requiredMinCodedWidth: 128,
      requiredMaxCodedHeight: 256,
    }),
  ).toMatchObject({
    minSize: { width: 2, height: 0 },
    maxSize: { width: MAX, height: 3 },
    minBytesPerRow: 4,
    maxBytesPerRow: 5,
    maxWidthTimesHeight: 6n,
    sizeAlignment: { width: 8, height: 1 },
    displayRectAlignment: { width: 1, height: 16 },
    bytesPerRowDivisor: 32,
    startOffsetDivisor: 64,
    requiredMinSize: { width: 128, height: MAX },
    requiredMaxSize: { width: 0, height: 256 },
  });
});

test.for<[string, PixelFormatType, bigint | undefined, bigint]>([
  ["none is LINEAR", PixelFormatType.NV12, undefined, PixelFormatModifier.LINEAR],
  ["none is DO_NOT_CARE where the format is", PixelFormatType.DO_NOT_CARE, undefined, PixelFormatModifier.DO_NOT_CARE],
  ["the same number", PixelFormatType.NV12, FORMAT_MODIFIER_INTEL_I915_X_TILED, 0x0100_0000_0000_0001n],
  ["DO_NOT_CARE", PixelFormatType.NV12, FORMAT_MODIFIER_DO_NOT_CARE, PixelFormatModifier.DO_NOT_CARE],
  [
    "goldfish's own number",
    PixelFormatType.BGRA32,
    FORMAT_MODIFIER_GOOGLE_GOLDFISH_OPTIMAL,
    PixelFormatModifier.GOOGLE_GOLDFISH_OPTIMAL,
  ],
])("modifier: %s", ([, type, value, expected]) => {
  const pixelFormat = { type, hasFormatModifier: value !== undefined, formatModifier: { value: value ?? 99n } };
  expect(convertedImage({ pixelFormat })).toMatchObject({ pixelFormat: type, pixelFormatModifier: expected });
});

test.for<[string, V1Options, V1Options]>([
  ["images", { imageFormatConstraintsCount: 32 }, { imageFormatConstraintsCount: 33 }],
  ["color spaces", { images: [{ colorSpacesCount: 32 }] }, { images: [{ colorSpacesCount: 33 }] }],
  ["heaps", { memory: { heapPermittedCount: 32 } }, { memory: { heapPermittedCount: 33 } }],
  ["layers", { images: [{ layers: 1 }] }, { images: [{ layers: 2 }] }],
])("more %s than there can be have no meaning", ([, most, tooMany]) => {
  expect(v2Constraints(v1Constraints(most)).ok).toBe(true);
  expect(v2Constraints(v1Constraints(tooMany)).ok).toBe(false);
});

function settings(
  more: Partial<v2.BufferMemorySettings> = {},
  imageFormatConstraints?: v2.ImageFormatConstraints,
): v2.SingleBufferSettings {
  const bufferSettings: v2.BufferMemorySettings = {
    sizeBytes: 4096n,
    isPhysicallyContiguous: true,
    isSecure: true,
    coherencyDomain: 2,
    heap: { heapType: "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM", id: 0n },
    rawVmoSize: 4096n,
    ...more,
  };
  return imageFormatConstraints === undefined ? { bufferSettings } : { bufferSettings, imageFormatConstraints };
}

test("settings come back as v1 says them", () => {
  const image: v2.ImageFormatConstraints = {
    pixelFormat: PixelFormat.NV12,
    pixelFormatModifier: PixelFormatModifier.GOOGLE_GOLDFISH_OPTIMAL,
    colorSpaces: [ColorSpace.REC709, ColorSpace.PASSTHROUGH],
    minSize: { width: 1, height: 2 },
    maxSize: { width: 3, height: 4 },
    maxWidthTimesHeight: 1n << 40n,
  };
  const result = v1Settings(settings({}, image), 64);
  if (!result.ok) expect.fail(result.error);
  const { bufferSettings, imageFormatConstraints } = result.value;
  expect(bufferSettings).toEqual({
    sizeBytes: 4096,
    isPhysicallyContiguous: true,
    isSecure: true,
    coherencyDomain: 2,
    heap: HeapType.SYSTEM_RAM,
  });
  expect(imageFormatConstraints).toMatchObject({
    pixelFormat: {
      type: PixelFormatType.NV12,
      hasFormatModifier: true,
      formatModifier: { value: FORMAT_MODIFIER_GOOGLE_GOLDFISH_OPTIMAL },
    },
    colorSpacesCount: 2,
    minCodedWidth: 1,
    minCodedHeight: 2,
    maxCodedWidth: 3,
    maxCodedHeight: 4,
    maxCodedWidthTimesCodedHeight: MAX,
    maxBytesPerRow: MAX,
    requiredMinCodedWidth: MAX,
    layers: 1,
  });
  expect(imageFormatConstraints.colorSpace.slice(0, 3).map(({ type }) => type)).toEqual([
    ColorSpaceType.REC709,
    ColorSpaceType.PASS_THROUGH,
    ColorSpaceType.INVALID,
  ]);
});

test.for<[string, v2.SingleBufferSettings, number, v2.SingleBufferSettings, number]>([
  ["65 buffers", settings(), 64, settings(), 65],
  ["4 GiB", settings({ sizeBytes: 0xffff_ffffn }), 1, settings({ sizeBytes: 1n << 32n }), 1],
  ["a heap without a number", settings(), 1, settings({ heap: { heapType: "somebody.heap", id: 0n } }), 1],
  [
    "the second of a kind of heaps",
    settings(),
    1,
    settings({ heap: { heapType: "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM", id: 1n } }),
    1,
  ],
  [
    "P010",
    settings({}, { pixelFormat: PixelFormat.NV12, colorSpaces: [ColorSpace.REC709] }),
    1,
    settings({}, { pixelFormat: PixelFormat.P010, colorSpaces: [ColorSpace.REC709] }),
    1,
  ],
])("v1 has no words for %s", ([, said, count, unsaid, otherCount]) => {
  expect(v1Settings(said, count).ok).toBe(true);
  expect(v1Settings(unsaid, otherCount).ok).toBe(false);
});

test("an answer always has 64 slots", () => {
  expect(blankCollectionInfo().buffers).toHaveLength(64);
  expect(v1CollectionInfo(blankCollectionInfo().settings, [undefined, undefined])).toMatchObject({
    bufferCount: 2,
    buffers: { length: 64 },
  });
});
