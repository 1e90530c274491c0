/** `AllocateCollection` of 2018, sentence by sentence. Source: interface contract 8.1. */
import { expect, test as base } from "vitest";
import { Rights, Status } from "#base";
import {
  type BufferUsage,
  ColorSpaceType,
  MAX_BUFFER_COUNT,
  MAX_PLANE_COUNT,
  PixelFormatType,
  videoUsageHwProtected,
} from "#gen/fuchsia_sysmem_v2018";
import { Heaps, SystemRamHeap } from "#heaps";
import { createFakeKernel } from "#kernel/fake";
import { endWorld, fakeWorld, worldFixture } from "../support/fixture.ts";
import { ask, connect, NOTHING, READ, spec, statusOf, vmosOf, WRITE } from "./clients.ts";

const test = base.extend(worldFixture);

test("buffers come with the status, their format and the size of each VMO", async ({ world }) => {
  const { status, collection } = await connect(world).allocateCollection({
    bufferCount: 2,
    spec: spec(),
    usage: WRITE,
  });
  for (const vmo of collection.vmos) if (vmo !== null) world.keep(vmo);
  expect(status).toBe(Status.OK);
  expect(collection).toMatchObject({
    bufferCount: 2,
    vmoSize: 8192n,
    format: {
      image: {
        width: 64,
        height: 32,
        layers: 1,
        pixelFormat: { type: PixelFormatType.R8G8B8A8 },
        colorSpace: { type: ColorSpaceType.SRGB },
        planes: [
          { byteOffset: 0, bytesPerRow: 256 },
          { byteOffset: 0, bytesPerRow: 0 },
          { byteOffset: 0, bytesPerRow: 0 },
          { byteOffset: 0, bytesPerRow: 0 },
        ],
      },
    },
  });
});

test.for([1, 2, MAX_BUFFER_COUNT])(
  "a count of %i gives so many VMOs, and the other slots are empty",
  async (count, { task: _task }) => {
    const world = fakeWorld();
    const asked = ask(world, connect(world).allocateCollection({ bufferCount: count, spec: spec(), usage: READ }));
    expect(await statusOf(world, asked)).toBe(Status.OK);
    expect(asked.outcome()).toMatchObject({ collection: { bufferCount: count } });
    expect(vmosOf(asked)).toHaveLength(count);
    await endWorld(world);
  },
);

test.for([0, MAX_BUFFER_COUNT + 1, 0xffff_ffff])(
  "a count of %i is INVALID_ARGS, and there are no handles",
  async (count, { task: _task }) => {
    const world = fakeWorld();
    const asked = ask(world, connect(world).allocateCollection({ bufferCount: count, spec: spec(), usage: READ }));
    expect(await statusOf(world, asked)).toBe(Status.ERR_INVALID_ARGS);
    expect(vmosOf(asked)).toEqual([]);
    await endWorld(world);
  },
);

test("all VMOs have equal size and rights, and hold memory of their own", async ({ world }) => {
  const asked = ask(world, connect(world).allocateCollection({ bufferCount: 3, spec: spec(), usage: WRITE }));
  await world.settle();
  const vmos = vmosOf(asked);
  expect(new Set(vmos.map((vmo) => `${vmo.sizeBytes} ${vmo.rights}`)).size).toBe(1);
  expect(new Set(vmos.map((vmo) => vmo.koid)).size).toBe(3);
});

test.for<[string, BufferUsage, boolean]>([
  ["CPU reading", READ, false],
  ["CPU writing", WRITE, true],
  ["often CPU reading", { ...NOTHING, cpu: 2 }, false],
  ["often CPU writing", { ...NOTHING, cpu: 8 }, true],
  ["Vulkan transfer source", { ...NOTHING, vulkan: 1 }, false],
  ["Vulkan transfer destination", { ...NOTHING, vulkan: 2 }, true],
  ["Vulkan sampling", { ...NOTHING, vulkan: 4 }, false],
  ["Vulkan storage", { ...NOTHING, vulkan: 8 }, true],
  ["Vulkan attachments", { ...NOTHING, vulkan: 0xf0 }, false],
  ["a display layer", { ...NOTHING, display: 1 }, false],
  ["a display cursor", { ...NOTHING, display: 2 }, false],
  ["a video decoder", { ...NOTHING, video: 1 }, true],
  ["a video encoder", { ...NOTHING, video: 2 }, true],
])("rights follow the usage: %s", async ([, usage, isWriter], { task: _task }) => {
  const world = fakeWorld();
  const asked = ask(world, connect(world).allocateCollection({ bufferCount: 1, spec: spec(), usage }));
  expect(await statusOf(world, asked)).toBe(Status.OK);
  expect(vmosOf(asked).map(({ rights }) => (rights & Rights.WRITE) !== 0)).toEqual([isWriter]);
  await endWorld(world);
});

test.for<[string, BufferUsage]>([
  ["none", NOTHING],
  ["a CPU bit that has no meaning", { ...READ, cpu: 0x10 }],
  ["a Vulkan bit that has no meaning", { ...READ, vulkan: 0x100 }],
  ["a display bit that has no meaning", { ...READ, display: 4 }],
  ["a video bit that has no meaning", { ...READ, video: 0x8000_0000 }],
])("a bad usage is INVALID_ARGS: %s", async ([, usage], { task: _task }) => {
  const world = fakeWorld();
  const asked = ask(world, connect(world).allocateCollection({ bufferCount: 1, spec: spec(), usage }));
  expect(await statusOf(world, asked)).toBe(Status.ERR_INVALID_ARGS);
  await endWorld(world);
});

const YUV_PLANES = 64 * 32;

test.for<[keyof typeof PixelFormatType & string, number, number, [number, number][]]>([
  ["R8G8B8A8", ColorSpaceType.SRGB, 8192, [[0, 256]]],
  ["BGRA32", ColorSpaceType.SRGB, 8192, [[0, 256]]],
  [
    "I420",
    ColorSpaceType.REC601_NTSC,
    4096,
    [
      [0, 64],
      [YUV_PLANES, 32],
      [YUV_PLANES + YUV_PLANES / 4, 32],
    ],
  ],
  ["M420", ColorSpaceType.REC601_NTSC_FULL_RANGE, 4096, [[0, 64]]],
  [
    "NV12",
    ColorSpaceType.REC709,
    4096,
    [
      [0, 64],
      [YUV_PLANES, 64],
    ],
  ],
  ["YUY2", ColorSpaceType.REC601_PAL, 4096, [[0, 128]]],
])("%s images can be had, and their planes are told", async ([name, colorSpace, size, planes], { task: _task }) => {
  const world = fakeWorld();
  const type = PixelFormatType[name] as PixelFormatType;
  const image = { pixelFormat: { type }, colorSpace: { type: ColorSpaceType.from(colorSpace) } };
  const asked = ask(world, connect(world).allocateCollection({ bufferCount: 1, spec: spec(image), usage: READ }));
  expect(await statusOf(world, asked)).toBe(Status.OK);
  const told = planes.map(([byteOffset, bytesPerRow]) => ({ byteOffset, bytesPerRow }));
  while (told.length < MAX_PLANE_COUNT) told.push({ byteOffset: 0, bytesPerRow: 0 });
  expect(asked.outcome()).toMatchObject({
    collection: { vmoSize: BigInt(size), format: { image: { ...image, width: 64, height: 32, planes: told } } },
  });
  await endWorld(world);
});

test("a size that the format cannot have becomes the next larger one", async ({ world }) => {
  const image = {
    minWidth: 63,
    minHeight: 31,
    pixelFormat: { type: PixelFormatType.NV12 },
    colorSpace: { type: ColorSpaceType.REC709 },
  };
  const asked = ask(world, connect(world).allocateCollection({ bufferCount: 1, spec: spec(image), usage: READ }));
  await world.settle();
  expect(asked.outcome()).toMatchObject({ status: 0, collection: { format: { image: { width: 64, height: 32 } } } });
});

test.for<[string, number, Parameters<typeof spec>[0]]>([
  ["no pixel format", Status.ERR_INVALID_ARGS, { pixelFormat: { type: PixelFormatType.INVALID } }],
  ["no width", Status.ERR_INVALID_ARGS, { minWidth: 0 }],
  ["no height", Status.ERR_INVALID_ARGS, { minHeight: 0 }],
  ["no layers", Status.ERR_INVALID_ARGS, { layers: 0 }],
  ["two layers", Status.ERR_NOT_SUPPORTED, { layers: 2 }],
  ["MJPEG", Status.ERR_NOT_SUPPORTED, { pixelFormat: { type: PixelFormatType.MJPEG } }],
  [
    "a color space of another kind of format",
    Status.ERR_NOT_SUPPORTED,
    { colorSpace: { type: ColorSpaceType.REC709 } },
  ],
  ["more than the largest buffer", Status.ERR_NOT_SUPPORTED, { minWidth: 65_536, minHeight: 65_536 }],
])("a spec with %s is refused", async ([, expected, image], { task: _task }) => {
  const world = fakeWorld();
  const asked = ask(world, connect(world).allocateCollection({ bufferCount: 1, spec: spec(image), usage: READ }));
  expect(await statusOf(world, asked)).toBe(expected);
  await endWorld(world);
});

test("too little memory is NO_MEMORY, and the connection goes on", async () => {
  const serverProcess = createFakeKernel();
  serverProcess.faults.memoryLimitBytes = 16_384;
  const world = fakeWorld({ serverProcess });
  const allocator = connect(world);
  const many = ask(world, allocator.allocateCollection({ bufferCount: 3, spec: spec(), usage: READ }));
  expect(await statusOf(world, many)).toBe(Status.ERR_NO_MEMORY);
  const few = ask(world, allocator.allocateCollection({ bufferCount: 2, spec: spec(), usage: READ }));
  expect(await statusOf(world, few)).toBe(Status.OK);
  await endWorld(world);
});

test("protected memory cannot be had where there is none, and never together with the CPU", async ({ world }) => {
  const allocator = connect(world);
  for (const usage of [
    { ...NOTHING, video: videoUsageHwProtected | 1 },
    { ...READ, video: videoUsageHwProtected },
  ]) {
    const asked = ask(world, allocator.allocateCollection({ bufferCount: 1, spec: spec(), usage }));
    expect(await statusOf(world, asked)).toBe(Status.ERR_NOT_SUPPORTED);
  }
});

test("protected memory comes from a heap that has it", async () => {
  const SECURE = "test.sysmem.heap.HEAP_TYPE.SECURE";
  class SecureHeap extends SystemRamHeap {
    override readonly id = { heapType: SECURE, id: 0n };
    override readonly properties = {
      coherencyDomainSupport: { cpu: false, ram: false, inaccessible: true },
      needClear: false,
      needFlush: false,
      isSecure: true,
    };
  }
  const world = fakeWorld({
    heaps: (kernel) => {
      const heaps = new Heaps();
      heaps.register(new SystemRamHeap(kernel));
      heaps.register(new SecureHeap(kernel));
      return heaps;
    },
  });
  const usage = { ...NOTHING, video: videoUsageHwProtected | 1 };
  const asked = ask(world, connect(world).allocateCollection({ bufferCount: 1, spec: spec(), usage }));
  expect(await statusOf(world, asked)).toBe(Status.OK);
  expect(world.server.snapshot().collections[0]?.heapType).toBe(SECURE);
  await endWorld(world);
});

test("the buffers live as long as somebody has them, and no longer", async ({ world }) => {
  const allocator = connect(world);
  const asked = ask(world, allocator.allocateCollection({ bufferCount: 2, spec: spec(), usage: WRITE }));
  await world.settle();
  allocator.close();
  await world.settle();
  const [first, second] = vmosOf(asked);
  const mapping = first?.map({ writable: true });
  second?.close();
  await world.settle();
  expect(world.server.snapshot().collections[0]?.existingBuffers).toBe(1);
  first?.close();
  mapping?.unmap();
  await world.settle();
  expect(world.server.snapshot().collections).toEqual([]);
});

test("calls of one connection do not wait for each other", async ({ world }) => {
  const allocator = connect(world);
  const held = world.holdMemory();
  const first = ask(world, allocator.allocateCollection({ bufferCount: 1, spec: spec(), usage: READ }));
  expect(await statusOf(world, first)).toBeUndefined();
  const refused = ask(world, allocator.allocateCollection({ bufferCount: 0, spec: spec(), usage: READ }));
  expect(await statusOf(world, refused)).toBe(Status.ERR_INVALID_ARGS);
  held.release();
  expect(await statusOf(world, first)).toBe(Status.OK);
});

test("a client that dies while its buffers are being made leaves nothing behind", async ({ world }) => {
  const allocator = connect(world);
  const held = world.holdMemory();
  const asked = ask(world, allocator.allocateCollection({ bufferCount: 2, spec: spec(), usage: READ }));
  await world.settle();
  allocator.close();
  held.release();
  expect(await statusOf(world, asked)).toBe("closed");
  expect(world.server.snapshot().collections).toEqual([]);
});
