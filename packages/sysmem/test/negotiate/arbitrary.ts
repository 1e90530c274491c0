/** Random constraints: plausible ones, that often find together, and wild ones, that only have to decode. */
import fc from "fast-check";
import type {
  BufferCollectionConstraints,
  BufferMemoryConstraints,
  ImageFormatConstraints,
} from "#gen/fuchsia_sysmem2";
import { ColorSpace, type Participant, PixelFormat, PixelFormatModifier, SYSTEM_RAM, type TreeNode } from "#negotiate";

/** For how much of the usual time properties are looked at: less where the tests run a thousand times over. */
const SCALE = Number(process.env["PROPERTY_SCALE"] ?? 1);

/** Parameters of a property that is tried with so many cases, when nothing else is said. */
export function runs(usual: number): { numRuns: number } {
  return { numRuns: Math.max(1, Math.ceil(usual * SCALE)) };
}

const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined, freq: 2 });
const of = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const dnc32 = PixelFormat.DO_NOT_CARE;

/** Fields that are un-set in most cases, so that several participants have a chance to agree. */
function rare<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  const unset = { weight: 9, arbitrary: fc.constant(undefined) };
  const seldom = Object.entries<fc.Arbitrary<unknown>>(model).map(([key, arbitrary]) => [
    key,
    fc.oneof(unset, { weight: 1, arbitrary }),
  ]);
  return fc.record(Object.fromEntries(seldom));
}

/** Fields that are un-set half of the time. */
function sparse<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(model, { requiredKeys: [] }) as fc.Arbitrary<Partial<T>>;
}

const usage = fc.oneof(
  {
    weight: 4,
    arbitrary: of({ cpu: 8 }, { cpu: 1 }, { vulkan: 4 }, { display: 1 }, { video: 1 }, { vulkan: 16, cpu: 2 }),
  },
  { weight: 1, arbitrary: of({ none: 1 }, { none: 3 }) },
);

const memory: fc.Arbitrary<BufferMemoryConstraints> = rare<BufferMemoryConstraints>({
  minSizeBytes: of(0n, 1n, 4000n, 4096n, 70_000n),
  maxSizeBytes: of(4096n, 65_536n, 1_000_000n, 2n ** 40n),
  physicallyContiguousRequired: of(true, false),
  cpuDomainSupported: of(true, true, false),
  ramDomainSupported: of(true, true, false),
  inaccessibleDomainSupported: of(true, false),
  permittedHeaps: of([{ heapType: SYSTEM_RAM, id: 0n }], [{ heapType: SYSTEM_RAM }]),
});

const size = fc.record({ width: of(1, 10, 64, 100, 641), height: of(1, 16, 50, 64, 481) });

/** Everything about an image format but which it is. */
function imageFields(withPadding: boolean): fc.Arbitrary<ImageFormatConstraints> {
  const seldom = rare<ImageFormatConstraints>({
    maxSize: of({ width: 640, height: 480 }, { width: 4096, height: 4096 }, { width: 99, height: 4096 }),
    minBytesPerRow: of(0, 100, 1024),
    maxBytesPerRow: of(100_000, 4096, 2000),
    maxWidthTimesHeight: of(1000n, 1_000_000n, 2n ** 40n),
    sizeAlignment: of({ width: 1, height: 1 }, { width: 2, height: 2 }, { width: 16, height: 8 }),
    displayRectAlignment: of({ width: 2, height: 1 }),
    requiredMinSize: of({ width: 64, height: 64 }, { width: 1000, height: 1000 }),
    requiredMaxSize: of({ width: 128, height: 32 }),
    requiredMaxSizeList: of(
      [
        { width: 320, height: 240 },
        { width: 240, height: 320 },
      ],
      [{ width: 8, height: 8 }],
    ),
    bytesPerRowDivisor: of(1, 4, 24, 32, 64, 100),
    startOffsetDivisor: of(1, 8, 4096),
    requireBytesPerRowAtPixelBoundary: of(true, false),
    isAlphaPresent: of(true, false),
    ...(withPadding && {
      padForBlockSize: of({ width: 1, height: 1 }, { width: 4, height: 4 }, { width: 1, height: 16 }),
      padBeyondImageSizeBytes: of(0n, 1n, 5000n),
    }),
  });
  return fc.tuple(maybe(size), seldom).map(([minSize, fields]) => ({ ...fields, minSize }));
}

const rgbSpaces = of([ColorSpace.SRGB], [ColorSpace.SRGB, ColorSpace.PASSTHROUGH], [ColorSpace.DO_NOT_CARE]);
const yuvSpaces = of([ColorSpace.REC709], [ColorSpace.REC601_PAL, ColorSpace.REC709], [ColorSpace.DO_NOT_CARE]);

const format = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ pixelFormat: of(PixelFormat.R8G8B8A8, PixelFormat.B8G8R8), colorSpaces: rgbSpaces }),
  },
  { weight: 2, arbitrary: fc.record({ pixelFormat: of(PixelFormat.NV12, PixelFormat.I420), colorSpaces: yuvSpaces }) },
  {
    weight: 1,
    arbitrary: fc.record({
      pixelFormat: of(PixelFormat.R8G8B8A8),
      pixelFormatModifier: of(
        PixelFormatModifier.INTEL_I915_Y_TILED,
        PixelFormatModifier.ARM_AFBC_16X16,
        PixelFormatModifier.DO_NOT_CARE,
      ),
      colorSpaces: rgbSpaces,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      pixelFormat: of(PixelFormat.DO_NOT_CARE),
      pixelFormatModifier: of(PixelFormatModifier.LINEAR, PixelFormatModifier.DO_NOT_CARE),
      colorSpaces: fc.oneof(rgbSpaces, yuvSpaces),
    }),
  },
);

const counts = {
  minBufferCountForCamping: maybe(of(1, 2)),
  minBufferCountForDedicatedSlack: maybe(of(1)),
  minBufferCountForSharedSlack: maybe(of(1, 2)),
  minBufferCount: maybe(of(1, 5)),
  maxBufferCount: maybe(of(4, 8, 64)),
};

/** Plausible constraints. */
export function plausible(options: { padding: boolean }): fc.Arbitrary<BufferCollectionConstraints> {
  const image = fc
    .tuple(format, imageFields(options.padding))
    .map(([pair, fields]): ImageFormatConstraints => ({ ...fields, ...pair }));
  return fc.record({
    ...counts,
    usage,
    bufferMemoryConstraints: maybe(memory),
    imageFormatConstraints: maybe(
      fc
        .uniqueArray(image, { minLength: 1, maxLength: 4, selector: (one) => one.pixelFormat })
        // What stands for any format cannot be beside others.
        .map((list) => (list.some((one) => one.pixelFormat === dnc32) ? list.slice(0, 1) : list)),
    ),
  });
}

/** Constraints for one format that everybody has, so that nothing depends on which format is chosen. */
export function oneFormat(): fc.Arbitrary<BufferCollectionConstraints> {
  return fc.record({
    ...counts,
    usage,
    bufferMemoryConstraints: maybe(memory),
    imageFormatConstraints: imageFields(false).map((fields): ImageFormatConstraints[] => [
      { ...fields, pixelFormat: PixelFormat.R8G8B8A8, pixelFormatModifier: 0n, colorSpaces: [ColorSpace.SRGB] },
    ]),
  });
}

/** Names p0, p1, …. */
export function named(list: readonly BufferCollectionConstraints[]): Participant[] {
  return list.map((constraints, at) => ({ name: `p${at}`, constraints }));
}

const u32 = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  of(0, 1, 2, 3, 64, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff),
);
const u64 = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), of(0n, 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n));
const wildSize = fc.record({ width: u32, height: u32 });
const wildFormat = fc.oneof(of(...Object.values(PixelFormat)), u32) as fc.Arbitrary<typeof dnc32>;
const wildModifier = fc.oneof(of(...Object.values(PixelFormatModifier)), u64) as fc.Arbitrary<0n>;
const wildColor = fc.oneof(of(...Object.values(ColorSpace)), u32) as fc.Arbitrary<typeof dnc32>;

const wildImage = sparse<ImageFormatConstraints>({
  pixelFormat: wildFormat,
  pixelFormatModifier: wildModifier,
  pixelFormatAndModifiers: fc.array(fc.record({ pixelFormat: wildFormat, pixelFormatModifier: wildModifier }), {
    maxLength: 6,
  }),
  colorSpaces: fc.array(wildColor, { maxLength: 4 }),
  minSize: wildSize,
  maxSize: wildSize,
  minBytesPerRow: u32,
  maxBytesPerRow: u32,
  maxWidthTimesHeight: u64,
  sizeAlignment: wildSize,
  displayRectAlignment: wildSize,
  requiredMinSize: wildSize,
  requiredMaxSize: wildSize,
  requiredMaxSizeList: fc.array(wildSize, { maxLength: 4 }),
  bytesPerRowDivisor: u32,
  startOffsetDivisor: u32,
  requireBytesPerRowAtPixelBoundary: fc.boolean(),
  isAlphaPresent: fc.boolean(),
  padForBlockSize: wildSize,
  padBeyondImageSizeBytes: u64,
});

/** Anything that decodes. */
export const wild: fc.Arbitrary<BufferCollectionConstraints> = sparse<BufferCollectionConstraints>({
  usage: sparse({ none: u32, cpu: u32, vulkan: u32, display: u32, video: u32 }),
  minBufferCountForCamping: u32,
  minBufferCountForDedicatedSlack: u32,
  minBufferCountForSharedSlack: u32,
  minBufferCount: u32,
  maxBufferCount: u32,
  bufferMemoryConstraints: sparse<BufferMemoryConstraints>({
    minSizeBytes: u64,
    maxSizeBytes: u64,
    physicallyContiguousRequired: fc.boolean(),
    secureRequired: fc.boolean(),
    cpuDomainSupported: fc.boolean(),
    ramDomainSupported: fc.boolean(),
    inaccessibleDomainSupported: fc.boolean(),
    permittedHeaps: fc.array(sparse({ heapType: of(SYSTEM_RAM, "other", ""), id: u64 }), { maxLength: 3 }),
    minPhysicalBaseAlignment: u64,
  }),
  imageFormatConstraints: fc.array(wildImage, { maxLength: 4 }),
});

/** Random trees over constraints, groups within groups. */
export function trees(constraints: fc.Arbitrary<BufferCollectionConstraints>): fc.Arbitrary<TreeNode> {
  return fc.letrec<{ node: TreeNode; leaf: TreeNode }>((tie) => {
    const leaf = constraints.map(
      (value): TreeNode => ({ kind: "participant", participant: { name: "p", constraints: value } }),
    );
    const children = fc.array(tie("node"), { maxLength: 3 });
    return {
      leaf,
      node: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        fc.record({ kind: fc.constant("plain" as const), children }),
        fc.record({
          kind: fc.constant("group" as const),
          children: fc.array(tie("node"), { minLength: 1, maxLength: 3 }),
        }),
        fc.tuple(constraints, children).map(
          ([value, below]): TreeNode => ({
            kind: "participant",
            participant: { name: "q", constraints: value },
            children: below,
          }),
        ),
      ),
    };
  }).node;
}
