/** Every heap, on every kernel that it works on, held to the one conformance suite. */
import { expect, test } from "vitest";
import { type Channel, systemClock } from "#base";
import { HeapServer, type HeapServerOptions } from "#client";
import { ClientEnd } from "#fidl";
import type { HeapClient } from "#gen/fuchsia_hardware_sysmem";
import {
  ContiguousPoolHeap,
  ContiguousSystemRamHeap,
  DEFAULT_POOL_GUARDS,
  GOLDFISH_DEVICE_LOCAL,
  type Heap,
  HeapRegistrar,
  Heaps,
  type PoolGuardOptions,
  SystemRamHeap,
} from "#heaps";
import { createLinuxKernel, type Kernel } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { eventually } from "../kernel/collect.ts";
import { CARVE_OUT_BYTES, whyNoCarveOut } from "../support/carve-out.ts";
import { describeHeap, type HeapUnderTest } from "./conformance.ts";
import { Provider2019 } from "./support/provider-2019.ts";

const ID = { heapType: GOLDFISH_DEVICE_LOCAL, id: 0n };
const EVERYTHING = { cpu: true, ram: true, inaccessible: true };

/** The kernels of a server and of a provider, and the way of a channel from the second to the first. */
interface Pair {
  readonly server: Kernel;
  readonly provider: Kernel;
  give(channel: Channel): Channel;
  close(): void;
}

const PAIRS: Readonly<Record<string, () => Pair>> = {
  linux() {
    const kernel = createLinuxKernel();
    return { server: kernel, provider: kernel, give: (channel) => channel, close: () => kernel.close() };
  },
  fake() {
    const server = createFakeKernel();
    const provider = server.spawn();
    return {
      server,
      provider,
      give: (channel) => provider.give(channel, server) as Channel,
      close: () => {},
    };
  },
};

async function registered(heaps: Heaps): Promise<Heap> {
  await eventually(() => heaps.find(ID, { isPhysicallyContiguous: false }) !== undefined);
  return heaps.find(ID, { isPhysicallyContiguous: false }) as Heap;
}

async function throughHeapServer(
  pair: Pair,
  options: Pick<HeapServerOptions, "domains" | "makeMemory"> & Partial<HeapServerOptions>,
): Promise<HeapUnderTest> {
  const heaps = new Heaps();
  const registrar = new HeapRegistrar({ kernel: pair.server, heaps, clock: systemClock });
  const [client, served] = pair.provider.createChannel();
  const provider = HeapServer.serve(served, { ...options, heapType: GOLDFISH_DEVICE_LOCAL, kernel: pair.provider });
  registrar.register(GOLDFISH_DEVICE_LOCAL, new ClientEnd<HeapClient>(pair.give(client)));
  return {
    heap: await registered(heaps),
    kernel: pair.server,
    held: () => provider.bufferCount,
    async dispose() {
      registrar.close();
      provider.close();
      await provider.whenIdle();
      pair.close();
    },
  };
}

for (const [name, makePair] of Object.entries(PAIRS)) {
  describeHeap(`${name}: system RAM`, () => {
    const pair = makePair();
    return { heap: new SystemRamHeap(pair.server), kernel: pair.server, dispose: () => pair.close() };
  });

  describeHeap(`${name}: external heap made with HeapServer`, () =>
    throughHeapServer(makePair(), {
      domains: EVERYTHING,
      makeMemory: ({ sizeBytes }, kernel) => kernel.createMemory(sizeBytes, { name: "external" }),
    }),
  );

  describeHeap(`${name}: external heap that needs clearing`, () =>
    throughHeapServer(makePair(), {
      domains: EVERYTHING,
      needClear: true,
      async makeMemory({ sizeBytes }, kernel) {
        const memory = await kernel.createMemory(sizeBytes, { name: "external" });
        const mapping = memory.vmo.map({ writable: true });
        mapping.bytes.fill(0xee);
        mapping.unmap();
        return memory;
      },
    }),
  );

  describeHeap(`${name}: external heap without CPU access`, () =>
    throughHeapServer(makePair(), {
      domains: { inaccessible: true },
      makeMemory: ({ sizeBytes }, kernel) => kernel.createIdentifier(sizeBytes, { name: "opaque" }),
    }),
  );

  describeHeap(`${name}: external heap of 2019`, async () => {
    const pair = makePair();
    const heaps = new Heaps();
    const properties = {
      coherencyDomainSupport: { cpu: true, ram: true, inaccessible: true },
      needClear: false,
      needFlush: false,
    };
    const v2019Heaps = new Map([[GOLDFISH_DEVICE_LOCAL, properties]]);
    const registrar = new HeapRegistrar({ kernel: pair.server, heaps, clock: systemClock, v2019Heaps });
    const [client, served] = pair.provider.createChannel();
    const provider = new Provider2019(pair.provider, served);
    registrar.register(GOLDFISH_DEVICE_LOCAL, new ClientEnd<HeapClient>(pair.give(client)));
    return {
      heap: await registered(heaps),
      kernel: pair.server,
      held: () => provider.resources.size,
      dispose() {
        registrar.close();
        provider.close();
        pair.close();
      },
    };
  });
}

// On the fake kernel, whose huge pages are free; what the machine has decides for the real one.
describeHeap("fake: contiguous system RAM", () => {
  const kernel = createFakeKernel();
  return { heap: new ContiguousSystemRamHeap(kernel, [1 << 30, 1 << 21]), kernel, dispose: () => {} };
});

/** A pool over a carve-out of either kernel. */
function pooled(kernel: Kernel, close: () => void, guards: PoolGuardOptions): HeapUnderTest {
  const heap = new ContiguousPoolHeap({ kernel, clock: systemClock, sizeBytes: CARVE_OUT_BYTES, guards });
  return {
    heap,
    kernel,
    held: () => heap.pools().reduce((sum, { usedBytes }) => sum + usedBytes, 0),
    dispose() {
      heap.close();
      close();
    },
  };
}

const whyMissing = await whyNoCarveOut();

for (const [how, guards] of Object.entries({
  "guards at its ends": DEFAULT_POOL_GUARDS,
  "guards and patterns everywhere": { ...DEFAULT_POOL_GUARDS, hasInternal: true, unusedFractionDenominator: 1 },
})) {
  describeHeap(`fake: contiguous pool with ${how}`, () => pooled(createFakeKernel(), () => {}, guards));
  const linux = `linux: contiguous pool with ${how}`;
  if (whyMissing !== undefined) test.skip(`${linux} (${whyMissing})`, () => {});
  else {
    describeHeap(linux, () => {
      const kernel = createLinuxKernel();
      return pooled(kernel, () => kernel.close(), guards);
    });
  }
}

test("contiguous system RAM takes the smallest huge page that holds the buffer, and explains where none does", async () => {
  const kernel = createFakeKernel();
  const heap = new ContiguousSystemRamHeap(kernel, [1 << 30, 1 << 21]);
  const request = { settings: {}, bufferCollectionId: 1n, bufferIndex: 0, name: "contiguous" };
  for (const [sizeBytes, pageBytes] of [
    [4_096, 1 << 21],
    [1 << 21, 1 << 21],
    [(1 << 21) + 4_096, 1 << 30],
  ] as const) {
    const memory = await heap.allocateVmo({ ...request, sizeBytes });
    expect(memory.sizeBytes).toBe(pageBytes);
    await heap.deleteVmo(1n, 0, memory);
  }
  const aligned = await heap.allocateVmo({ ...request, sizeBytes: 4_096, baseAlignmentBytes: 1 << 22 });
  expect(aligned.sizeBytes).toBe(1 << 30);
  await heap.deleteVmo(1n, 0, aligned);
  await expect(heap.allocateVmo({ ...request, sizeBytes: 4_096, baseAlignmentBytes: 2 ** 31 })).rejects.toThrow(
    "cannot allocate 4096 contiguous bytes at a multiple of 2147483648: the largest huge page",
  );
  await expect(heap.allocateVmo({ ...request, sizeBytes: (1 << 30) + 4_096 })).rejects.toThrow(
    "cannot allocate 1073745920 contiguous bytes: the largest huge page in reserve has 1073741824 bytes",
  );
  kernel.faults.nextMemoryErrors.push("NO_MEMORY");
  await expect(heap.allocateVmo({ ...request, sizeBytes: 4_096 })).rejects.toMatchObject({ code: "NO_MEMORY" });
});
