/** The heap protocol of 2019: CreateResource and DestroyResource around the buffer's life. Interface reference 8.2. */
import { expect, test as base } from "vitest";
import { type Channel, Status } from "#base";
import { ClientEnd } from "#fidl";
import type { HeapClient } from "#gen/fuchsia_hardware_sysmem";
import { GOLDFISH_DEVICE_LOCAL, type Heap, HeapRegistrar, Heaps } from "#heaps";
import type { BufferMemory } from "#kernel";
import { createFakeKernel, type FakeKernel } from "#kernel/fake";
import { SimulatedClock } from "../server/support/simulated-clock.ts";
import { settle } from "./support/provider.ts";
import { Provider2019 } from "./support/provider-2019.ts";

const PROPERTIES = {
  coherencyDomainSupport: { cpu: true, ram: false, inaccessible: false },
  needClear: false,
  needFlush: false,
};

interface Bench {
  readonly kernel: FakeKernel;
  readonly heaps: Heaps;
  readonly heap: Heap;
  readonly provider: Provider2019;
}

const test = base.extend<{ bench: Bench }>({
  // biome-ignore lint/correctness/noEmptyPattern: the fixture needs no other
  bench: async ({}, use) => {
    const kernel = createFakeKernel();
    const heaps = new Heaps();
    const v2019Heaps = new Map([[GOLDFISH_DEVICE_LOCAL, PROPERTIES]]);
    const registrar = new HeapRegistrar({ kernel, heaps, clock: new SimulatedClock(), v2019Heaps });
    const process = kernel.spawn();
    const [client, served] = process.createChannel();
    const provider = new Provider2019(process, served);
    registrar.register(GOLDFISH_DEVICE_LOCAL, new ClientEnd<HeapClient>(process.give(client, kernel) as Channel));
    const heap = heaps.list()[0] as Heap;
    await use({ kernel, heaps, heap, provider });
    registrar.close();
    provider.close();
    await settle();
    expect([kernel.openHandleCount, kernel.usedMemoryBytes]).toEqual([0, 0]);
  },
});

const allocate = (heap: Heap, index = 0): Promise<BufferMemory> =>
  heap.allocateVmo({ sizeBytes: 4_096, settings: {}, bufferCollectionId: 1n, bufferIndex: index, name: "" });

async function codeOf(allocation: Promise<BufferMemory>): Promise<string> {
  return allocation.then(
    () => "no error",
    (error: { code: string }) => error.code,
  );
}

test("such a heap exists at once, with the properties that the operator gave", ({ bench }) => {
  expect(bench.heap.properties).toEqual({ ...PROPERTIES, isSecure: false });
});

test("a buffer becomes a resource before it is used, and stops being one when it is gone", async ({ bench }) => {
  const { heap, provider } = bench;
  const memory = await allocate(heap);
  expect(provider.calls).toEqual(["allocate 4096", "create"]);
  expect([...provider.resources.values()]).toEqual([memory.koid]);
  await heap.deleteVmo(1n, 0, memory);
  expect(provider.calls).toEqual(["allocate 4096", "create", "destroy"]);
  expect(provider.resources.size).toBe(0);
});

test("when CreateResource fails the VMO is dropped without a word", async ({ bench }) => {
  const { heap, provider } = bench;
  provider.createStatus = Status.ERR_NO_RESOURCES;
  expect(await codeOf(allocate(heap))).toBe("NO_MEMORY");
  await settle();
  expect(provider.calls).toEqual(["allocate 4096", "create"]);
  expect(provider.memories[0]?.liveChildren.size).toBe(0);
  provider.createStatus = Status.OK;
  (await allocate(heap)).close();
});

test("an error, and success without a VMO, give no buffer", async ({ bench }) => {
  const { heap, provider } = bench;
  provider.allocateStatus = Status.ERR_NO_MEMORY;
  expect(await codeOf(allocate(heap))).toBe("NO_MEMORY");
  provider.allocateStatus = Status.OK;
  provider.forgetsVmo = true;
  expect(await codeOf(allocate(heap))).toBe("BAD_ANSWER");
});

test("a heap that dies takes its resources with it", async ({ bench }) => {
  const { heap, heaps, provider } = bench;
  const memory = await allocate(heap);
  provider.serving.close();
  await settle();
  expect(heaps.list()).toEqual([]);
  await heap.deleteVmo(1n, 0, memory);
  expect(memory.vmo.isClosed).toBe(true);
});
