/** Secure memory: registration, readiness, buffers under protection, loss. Lifecycle contract 8.5, negotiation contract 8. */
import { expect, test as base } from "vitest";
import { type Channel, MIN_PROTECTED_GRANULE_BYTES, SECURE_MEM_TIMEOUT_MS } from "#base";
import { ClientEnd } from "#fidl";
import { Error, type SecureMemClient } from "#gen/fuchsia_sysmem2";
import {
  AMLOGIC_SECURE,
  AMLOGIC_SECURE_VDEC,
  attachHeaps,
  ContiguousPool,
  type Heap,
  type HeapAttachments,
  Heaps,
  type ProtectedPool,
  protectedPoolFault,
  SecureHeap,
} from "#heaps";
import type { BufferMemory } from "#kernel";
import { createFakeKernel, type FakeKernel } from "#kernel/fake";
import { createServer } from "#server";
import { SimulatedClock } from "../server/support/simulated-clock.ts";
import { type LogLine, recordingLogger } from "../server/support/world.ts";
import { settle } from "./support/provider.ts";
import { type ReferenceOptions, ReferenceSecureMem } from "./support/reference-secure-mem.ts";

const MIB = 1 << 20;
/** The base is a multiple of nothing larger than it must be. */
const POOL = { base: 67 * MIB, sizeBytes: 4 * MIB };

const SECURE_PID = 4_242;

class Bench {
  readonly kernel: FakeKernel = createFakeKernel();
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly logs: LogLine[] = [];
  readonly heaps: Heaps = new Heaps();
  readonly gone: Heap[] = [];
  attachments: HeapAttachments | undefined;
  readonly #sides: ReferenceSecureMem[] = [];

  attach(protectedPool?: ProtectedPool): HeapAttachments {
    const { kernel, clock, heaps } = this;
    this.heaps.onHeapGone((heap) => this.gone.push(heap));
    this.attachments = attachHeaps({ kernel, clock, heaps, protectedPool, logger: recordingLogger(this.logs) });
    return this.attachments;
  }

  /** A secure side that has registered. */
  async side(options: ReferenceOptions, failures: Readonly<Record<string, Error>> = {}): Promise<ReferenceSecureMem> {
    const process = this.kernel.spawn({ pid: SECURE_PID });
    const [client, served] = process.createChannel();
    const side = new ReferenceSecureMem(served, options);
    for (const [method, error] of Object.entries(failures)) side.failures.set(method, error);
    this.#sides.push(side);
    this.attachments?.secureMemory.register(
      new ClientEnd<SecureMemClient>(process.give(client, this.kernel) as Channel),
    );
    await settle();
    return side;
  }

  end(): void {
    this.attachments?.close();
    for (const side of this.#sides) side.serving.close();
    expect([this.kernel.openHandleCount, this.clock.pendingTimers]).toEqual([0, 0]);
    // Whatever happens, every line names the secure side's process.
    for (const { message, fields } of this.logs) {
      expect(fields, message).toMatchObject({ securePid: expect.any(Number) as number });
    }
  }
}

const test = base.extend<{ bench: Bench }>({
  // biome-ignore lint/correctness/noEmptyPattern: the fixture needs no other
  bench: async ({}, use) => {
    const bench = new Bench();
    await use(bench);
    await settle();
    bench.end();
  },
});

const allocate = (heap: Heap, index: number, sizeBytes = 65_536): Promise<BufferMemory> =>
  heap.allocateVmo({ sizeBytes, settings: {}, bufferCollectionId: 1n, bufferIndex: index, name: "secure" });

const DYNAMIC = { dynamicHeaps: [AMLOGIC_SECURE] };

test("without a pool nothing is expected; with one, collections wait for the secure side", ({ bench }) => {
  bench.attach();
  expect(bench.heaps.secureMemory).toBe("not-expected");
  bench.attach(POOL);
  expect(bench.heaps.secureMemory).toBe("not-ready");
});

test("a secure side becomes ready with its heaps, which the CPU cannot reach", async ({ bench }) => {
  bench.attach(POOL);
  await bench.side({ ...DYNAMIC, physicalHeaps: { [AMLOGIC_SECURE_VDEC]: [[0x1000_0000n, 0x10_0000n]] } });
  expect(bench.heaps.secureMemory).toBe("ready");
  expect(bench.heaps.list().map(({ id, properties }) => [id.heapType, properties.isSecure])).toEqual([
    [AMLOGIC_SECURE, true],
    [AMLOGIC_SECURE_VDEC, true],
  ]);
  for (const { properties } of bench.heaps.list()) {
    expect(properties.coherencyDomainSupport).toEqual({ cpu: false, ram: false, inaccessible: true });
  }
});

test("a buffer is protected and zeroed before anybody gets it, and bare when it is gone", async ({ bench }) => {
  bench.attach(POOL);
  const side = await bench.side(DYNAMIC);
  const heap = bench.heaps.list()[0] as Heap;
  const memory = await allocate(heap, 0, 100_000);
  expect(side.calls).toEqual(["add", "zero"]);
  expect(side.protectedBytes).toBe(131_072n);
  expect(side.ranges.get(AMLOGIC_SECURE)?.[0]?.physicalAddress).toBe(BigInt(POOL.base));
  expect(() => memory.vmo.map()).toThrow("cannot map");
  expect(bench.kernel.usedMemoryBytes).toBe(0);
  await heap.deleteVmo(1n, 0, memory);
  expect([side.protectedBytes, memory.vmo.isClosed]).toEqual([0n, true]);
  bench.clock.advance(2e9);
  await settle();
});

test("ranges never exceed what the hardware has, and shrink to what is needed a step at a time", async ({ bench }) => {
  bench.attach(POOL);
  const side = await bench.side({ ...DYNAMIC, maxRanges: 3 });
  const heap = bench.heaps.list()[0] as Heap;
  const all = await Promise.all(Array.from({ length: 32 }, (_, index) => allocate(heap, index)));
  const kept = new Set([0, 10, 20, 31]);
  await Promise.all(all.map(async (memory, index) => kept.has(index) || heap.deleteVmo(1n, index, memory)));
  // The gap that opened first takes no further pages; the largest takes a step that does.
  expect(side.protectedBytes).toBe(23n * 65_536n);
  for (let step = 0; step < 12; step++) {
    bench.clock.advance(1.5e9);
    await settle();
  }
  // Of the gaps of 9, 9 and 10 buffers one can be open with two ranges: the largest.
  expect(side.protectedBytes).toBe(22n * 65_536n);
  expect(side.mostRanges).toBeLessThanOrEqual(3);
  for (const index of kept) await heap.deleteVmo(1n, index, all[index] as BufferMemory);
  bench.clock.advance(2e9);
  await settle();
});

test("a full pool is NO_MEMORY, and goes on when a buffer comes back", async ({ bench }) => {
  bench.attach(POOL);
  await bench.side(DYNAMIC);
  const heap = bench.heaps.list()[0] as Heap;
  const memory = await allocate(heap, 0, POOL.sizeBytes);
  await expect(allocate(heap, 1)).rejects.toMatchObject({ code: "NO_MEMORY" });
  await heap.deleteVmo(1n, 0, memory);
  (await allocate(heap, 1)).close();
});

test("the server's state tells how a pool is used", async ({ bench }) => {
  const attachments = bench.attach(POOL);
  await bench.side(DYNAMIC);
  const { kernel, clock, heaps } = bench;
  const server = createServer({ kernel, clock, heaps, attachments });
  const memory = await allocate(bench.heaps.list()[0] as Heap, 0);
  const pool = { name: "SysmemProtectedPool", sizeBytes: POOL.sizeBytes, usedBytes: 65_536, allocationsFailed: 0 };
  expect(server.snapshot().heaps).toMatchObject([{ heapType: AMLOGIC_SECURE, pools: [pool] }]);
  await bench.heaps.list()[0]?.deleteVmo(1n, 0, memory);
  await server.shutdown();
});

test("where ranges may not change, all of the pool is protected from the first buffer on", async ({ bench }) => {
  bench.attach({ ...POOL, isDynamicDisabled: true });
  const side = await bench.side(DYNAMIC);
  const heap = bench.heaps.list()[0] as Heap;
  const memory = await allocate(heap, 0);
  expect(side.protectedBytes).toBe(BigInt(POOL.sizeBytes));
  await heap.deleteVmo(1n, 0, memory);
  expect(side.calls).toEqual(["add", "zero"]);
  bench.clock.advance(2e9);
  await settle();
});

test("a protected pool tells all of its figures, and that it is ready while the secure side is there", async ({
  bench,
}) => {
  const { secureMemory } = bench.attach(POOL);
  await bench.side({ ...DYNAMIC, granuleBytes: 65_536 });
  const heap = bench.heaps.list()[0] as Heap;
  const memory = await allocate(heap, 0, 32_768);
  await expect(allocate(heap, 1, POOL.sizeBytes)).rejects.toMatchObject({ code: "NO_MEMORY" });
  const free = POOL.sizeBytes - 32_768;
  expect(heap.pools?.()).toEqual([
    {
      name: "SysmemProtectedPool",
      sizeBytes: POOL.sizeBytes,
      isReady: true,
      usedBytes: 32_768,
      highWaterMarkBytes: 32_768,
      freeAtHighWaterMarkBytes: free,
      maxFreeAtHighWaterBytes: free,
      allocationsFailed: 1,
      allocationsFailedFragmentation: 0,
      lastAllocationFailedNs: bench.clock.nowNs(),
      commitsFailed: 0,
      lastCommitFailedNs: undefined,
      largestFreeBytes: free,
      largestFreeSumBytes: free,
      loanableBytes: POOL.sizeBytes - 65_536,
      loanableRatio: 63 / 64,
      loanableEfficiency: (POOL.sizeBytes - 65_536) / free,
    },
  ]);
  await heap.deleteVmo(1n, 0, memory);
  secureMemory.unregister();
  expect(heap.pools?.()[0]).toMatchObject({ isReady: false, usedBytes: 0 });
});

test("protected buffers are aligned as asked for, up to what the pool's base is", async ({ bench }) => {
  bench.attach(POOL);
  const side = await bench.side(DYNAMIC);
  const heap = bench.heaps.list()[0] as Heap;
  const request = { sizeBytes: 65_536, settings: {}, bufferCollectionId: 1n, name: "secure" };
  const odd = await heap.allocateVmo({ ...request, bufferIndex: 0 });
  const aligned = await heap.allocateVmo({ ...request, bufferIndex: 1, baseAlignmentBytes: MIB });
  const begins = side.ranges.get(AMLOGIC_SECURE)?.map(({ physicalAddress }) => Number(physicalAddress) - POOL.base);
  expect(begins).toEqual([0, MIB]);
  const refused = heap.allocateVmo({ ...request, bufferIndex: 2, baseAlignmentBytes: 2 * MIB });
  await expect(refused).rejects.toThrow("alignment");
  for (const [index, memory] of [odd, aligned].entries()) await heap.deleteVmo(1n, index, memory);
  bench.clock.advance(2e9);
  await settle();
});

test("ranges that the secure side sets up are divided without being changed", async ({ bench }) => {
  bench.attach();
  const ranges = [
    [0x1000_0000n, 0x1_0000n],
    [0x2000_0000n, 0x2_0000n],
  ] as const;
  const side = await bench.side({ physicalHeaps: { [AMLOGIC_SECURE_VDEC]: ranges } });
  const heap = bench.heaps.list()[0] as Heap;
  const memories = await Promise.all([0, 1, 2].map((index) => allocate(heap, index)));
  await expect(allocate(heap, 3)).rejects.toMatchObject({ code: "NO_MEMORY" });
  expect(side.calls).toEqual(["zero", "zero", "zero"]);
  await Promise.all(memories.map((memory, index) => heap.deleteVmo(1n, index, memory)));
  bench.clock.advance(2e9);
  await settle();
});

test("log lines name the secure side's process, and not the server's", async ({ bench }) => {
  bench.attach(POOL);
  const side = await bench.side({ dynamicHeaps: [AMLOGIC_SECURE, AMLOGIC_SECURE_VDEC] });
  side.serving.close();
  await settle();
  expect(bench.logs.map(({ message }) => message)).toEqual([
    "no protected pool is configured for these secure heaps",
    "secure memory is ready",
    "secure memory is lost",
  ]);
  expect(new Set(bench.logs.map(({ fields }) => fields["securePid"]))).toEqual(new Set([SECURE_PID]));
});

test("UnregisterSecureMem takes the heaps away, and the end of the channel afterwards is no error", async ({
  bench,
}) => {
  const { secureMemory } = bench.attach(POOL);
  const side = await bench.side(DYNAMIC);
  const heap = bench.heaps.list()[0] as Heap;
  secureMemory.unregister();
  side.serving.close();
  await settle();
  expect([bench.heaps.list(), bench.gone, bench.heaps.secureMemory]).toEqual([[], [heap], "not-ready"]);
  expect(bench.logs.filter(({ level }) => level === "error")).toEqual([]);
  await bench.side(DYNAMIC);
  expect(bench.heaps.secureMemory).toBe("ready");
});

test("UnregisterSecureMem works while the secure side has not answered", async ({ bench }) => {
  const { secureMemory } = bench.attach();
  const process = bench.kernel.spawn();
  const [client, mine] = process.createChannel();
  secureMemory.register(new ClientEnd<SecureMemClient>(process.give(client, bench.kernel) as Channel));
  expect(bench.heaps.secureMemory).toBe("not-ready");
  secureMemory.unregister();
  expect(bench.heaps.secureMemory).toBe("not-expected");
  mine.close();
});

test("a secure side that ends without a word is lost, and its heaps with it", async ({ bench }) => {
  bench.attach(POOL);
  const side = await bench.side(DYNAMIC);
  const heap = bench.heaps.list()[0] as Heap;
  const memory = await allocate(heap, 0);
  side.serving.close();
  await settle();
  expect([bench.heaps.list(), bench.gone, bench.heaps.secureMemory]).toEqual([[], [heap], "lost"]);
  await heap.deleteVmo(1n, 0, memory);
  expect(memory.vmo.isClosed).toBe(true);
  await expect(allocate(heap, 1)).rejects.toMatchObject({ code: "HEAP_GONE" });
});

for (const method of ["AddSecureHeapPhysicalRange", "ZeroSubRange"]) {
  test(`a failed ${method} loses the secure side: what it protects is unknown`, async ({ bench }) => {
    bench.attach(POOL);
    const side = await bench.side(DYNAMIC, { [method]: Error.UNSPECIFIED });
    await expect(allocate(bench.heaps.list()[0] as Heap, 0)).rejects.toMatchObject({ code: "HEAP_GONE" });
    await settle();
    expect([bench.heaps.list(), bench.heaps.secureMemory, side.serving.isClosed]).toEqual([[], "lost", true]);
  });
}

test("an orderly refusal leaves the heaps not ready and the channel open", async ({ bench }) => {
  bench.attach(POOL);
  const side = await bench.side(DYNAMIC, { GetDynamicSecureHeaps: Error.UNSPECIFIED });
  expect([bench.heaps.list(), bench.heaps.secureMemory, side.serving.isClosed]).toEqual([[], "not-ready", false]);
});

test("a page is granule enough", async ({ bench }) => {
  bench.attach(POOL);
  await bench.side({ ...DYNAMIC, granuleBytes: MIN_PROTECTED_GRANULE_BYTES });
  expect(bench.heaps.secureMemory).toBe("ready");
});

test("a secure side that does not answer in time is lost", async ({ bench }) => {
  bench.attach(POOL);
  const side = await bench.side({ ...DYNAMIC, isSilent: true });
  bench.clock.advance(SECURE_MEM_TIMEOUT_MS * 1e6 - 1);
  await settle();
  expect([bench.heaps.secureMemory, side.serving.isClosed]).toEqual(["not-ready", false]);
  bench.clock.advance(1);
  await settle();
  expect([bench.heaps.secureMemory, side.serving.isClosed]).toEqual(["lost", true]);
});

for (const [what, options] of Object.entries({
  "a granule below a page": { ...DYNAMIC, granuleBytes: MIN_PROTECTED_GRANULE_BYTES / 2 },
  "a granule that the pool does not keep to": { ...DYNAMIC, granuleBytes: 8 * MIB },
  "no ranges": { ...DYNAMIC, maxRanges: 0 },
  "ranges out of order": {
    physicalHeaps: {
      [AMLOGIC_SECURE_VDEC]: [
        [0x2000_0000n, 0x1000n],
        [0x1000_0000n, 0x1000n],
      ],
    },
  },
  "a range of parts of pages": { physicalHeaps: { [AMLOGIC_SECURE_VDEC]: [[0x2000_0000n, 0x1001n]] } },
} satisfies Record<string, ReferenceOptions>)) {
  test(`${what} is no offer`, async ({ bench }) => {
    bench.attach(POOL);
    await bench.side(options);
    expect([bench.heaps.list(), bench.heaps.secureMemory]).toEqual([[], "not-ready"]);
    expect(bench.logs.map(({ message }) => message)).toContain("the secure side offers no heaps");
  });
}

test("a second secure side takes the place of the first", async ({ bench }) => {
  bench.attach(POOL);
  const first = await bench.side(DYNAMIC);
  await bench.side({ ...DYNAMIC, canModify: false });
  expect([first.serving.isClosed, bench.heaps.secureMemory, bench.heaps.list().length]).toEqual([true, "ready", 1]);
});

test("a pool has a base on a MiB and a size", () => {
  expect(protectedPoolFault(POOL)).toBeUndefined();
  expect(protectedPoolFault({ base: 4_096, sizeBytes: MIB })).toMatch("multiple of 1048576");
  expect(protectedPoolFault({ base: 0, sizeBytes: 0 })).toMatch("no range");
});

test("pages that cannot be had are counted, and the piece is free again", async () => {
  const kernel = createFakeKernel();
  const clock = new SimulatedClock();
  const pool = new ContiguousPool({ name: "pool", sizeBytes: MIB, alignmentBytes: 4_096, clock });
  let hasPages = false;
  const region = { pool, protect: async () => hasPages, release: async () => {}, improve: async () => false };
  const id = { heapType: AMLOGIC_SECURE, id: 0n };
  const heap = new SecureHeap({ id, description: "", kernel, clock, regions: [region], onFailure: () => {} });
  await expect(allocate(heap, 0)).rejects.toThrow("no pages");
  const figures = { commitsFailed: 1, lastCommitFailedNs: clock.nowNs(), usedBytes: 0, allocationsFailed: 0 };
  expect(heap.pools()).toMatchObject([figures]);
  hasPages = true;
  await heap.deleteVmo(1n, 0, await allocate(heap, 0));
  heap.stop();
});
