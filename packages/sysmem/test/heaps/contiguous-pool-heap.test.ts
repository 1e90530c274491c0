/** The contiguous pool with its memory, guards and patterns. Negotiation contract 8.1, 8.2, 8.4. */
import { expect, test as base } from "vitest";
import {
  CARVE_OUT_ALIGNMENT_BYTES,
  MAX_CLEARED_PER_TURN_BYTES,
  MAX_POOL_FREED_REGIONS,
  MAX_POOL_FREED_REGIONS_NAMED,
  MAX_POOL_HOLDERS_NAMED,
  POOL_FREED_CHECK_AGE_NS,
  POOL_FREED_CHECK_INTERVAL_NS,
  POOL_GUARD_CHECK_INTERVAL_NS,
  POOL_UNUSED_CHECK_SLICES,
} from "#base";
import { ContiguousPoolHeap, type ContiguousPoolHeapOptions, DEFAULT_POOL_GUARDS, type PoolMetrics } from "#heaps";
import type { BufferMemory, CarveOut } from "#kernel";
import { createFakeKernel, type FakeKernel } from "#kernel/fake";
import { SimulatedClock } from "../server/support/simulated-clock.ts";
import { type LogLine, recordingLogger } from "../server/support/world.ts";

const PAGE = 4_096;
const PAGES = 1_024;
const SECOND = 1e9;
const ALL_PATTERNED = { ...DEFAULT_POOL_GUARDS, unusedFractionDenominator: 1 };

/** Lets what is done in turns of the loop be done. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
}

class Bench {
  readonly kernel: FakeKernel = createFakeKernel();
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly logs: LogLine[] = [];
  corruptions = 0;
  readonly #heaps: ContiguousPoolHeap[] = [];
  #bytes: Uint8Array | undefined;

  /** A pool of 1024 pages between its guards. */
  async pool(options: Partial<ContiguousPoolHeapOptions> = {}): Promise<ContiguousPoolHeap> {
    const make = this.kernel.createCarveOut.bind(this.kernel);
    this.kernel.createCarveOut = async (sizeBytes, named): Promise<CarveOut> => {
      const carveOut = await make(sizeBytes, named);
      this.#bytes = carveOut.bytes;
      return carveOut;
    };
    const heap = new ContiguousPoolHeap({
      kernel: this.kernel,
      clock: this.clock,
      logger: recordingLogger(this.logs),
      sizeBytes: (PAGES + 2) * PAGE,
      onCorruption: () => this.corruptions++,
      ...options,
    });
    this.#heaps.push(heap);
    await heap.opened;
    return heap;
  }

  /** Writes where the hardware could: anywhere. */
  write(at: number, byte = 0xee): void {
    (this.#bytes as Uint8Array)[at] = byte;
  }

  read(at: number): number | undefined {
    return this.#bytes?.[at];
  }

  async pass(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed++) {
      this.clock.advance(SECOND);
      await settle();
    }
  }

  errors(part: string): readonly Record<string, unknown>[] {
    return this.logs.filter(({ message }) => message.includes(part)).map(({ fields }) => fields);
  }

  end(): void {
    for (const heap of this.#heaps) heap.close();
    expect([this.kernel.openHandleCount, this.kernel.openMappingCount, this.clock.pendingTimers]).toEqual([0, 0, 0]);
    expect(this.kernel.usedMemoryBytes).toBe(0);
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

const allocate = (heap: ContiguousPoolHeap, index = 0, sizeBytes = PAGE, more = {}): Promise<BufferMemory> =>
  heap.allocateVmo({
    sizeBytes,
    settings: {},
    bufferCollectionId: 7n,
    bufferIndex: index,
    name: `frames:${index}`,
    ...more,
  });

const figures = (heap: ContiguousPoolHeap): PoolMetrics => heap.pools()[0] as PoolMetrics;
const failedChecks = (heap: ContiguousPoolHeap): number | undefined => figures(heap).failedGuardRegionChecks;

test("fills completely, refuses the next, and has room again after one has gone", async ({ bench }) => {
  const heap = await bench.pool();
  const buffers: BufferMemory[] = [];
  for (let index = 0; index < PAGES; index++) buffers.push(await allocate(heap, index));
  await expect(allocate(heap)).rejects.toMatchObject({
    code: "NO_MEMORY",
    message: "cannot allocate 4096 contiguous bytes: 0 of the 4202496 bytes of the contiguous pool are free",
  });
  await heap.deleteVmo(7n, 9, buffers[9] as BufferMemory);
  buffers[9] = await allocate(heap, 9);
  for (let index = 0; index < PAGES; index += 2) await heap.deleteVmo(7n, index, buffers[index] as BufferMemory);
  await expect(allocate(heap, 0, 2 * PAGE)).rejects.toThrow(
    "the 2097152 free bytes of the contiguous pool are in pieces of 4096 at most",
  );
  await expect(allocate(heap, 0, PAGES * PAGE)).rejects.toMatchObject({ code: "NO_MEMORY" });
  expect(figures(heap)).toEqual({
    name: "SysmemContiguousPool",
    sizeBytes: (PAGES + 2) * PAGE,
    isReady: true,
    usedBytes: (PAGES / 2) * PAGE,
    highWaterMarkBytes: PAGES * PAGE,
    freeAtHighWaterMarkBytes: 0,
    maxFreeAtHighWaterBytes: 0,
    allocationsFailed: 3,
    allocationsFailedFragmentation: 1,
    lastAllocationFailedNs: bench.clock.nowNs(),
    commitsFailed: 0,
    lastCommitFailedNs: undefined,
    largestFreeBytes: PAGE,
    largestFreeSumBytes: 10 * PAGE,
    failedGuardRegionChecks: 0,
    lastFailedGuardRegionCheckNs: undefined,
  });
  for (let index = 1; index < PAGES; index += 2) await heap.deleteVmo(7n, index, buffers[index] as BufferMemory);
});

test("pieces are named after their buffers, lie side by side, and share the pool's pages", async ({ bench }) => {
  const heap = await bench.pool();
  const [one, two] = [await allocate(heap, 0, 2 * PAGE), await allocate(heap, 1, PAGE)];
  expect([one.vmo.name, one.sizeBytes, two.vmo.name, two.sizeBytes]).toEqual(["frames:0", 8_192, "frames:1", 4_096]);
  expect(one.koid).not.toBe(two.koid);
  const mapping = two.vmo.map({ writable: true });
  mapping.bytes[3] = 42;
  // Behind the guard and the first buffer.
  expect(bench.read(3 * PAGE + 3)).toBe(42);
  mapping.unmap();
  for (const [index, memory] of [one, two].entries()) await heap.deleteVmo(7n, index, memory);
});

test("what a buffer left behind is not what the next one finds", async ({ bench }) => {
  const heap = await bench.pool();
  const size = 3 * MAX_CLEARED_PER_TURN_BYTES;
  for (let round = 0; round < 2; round++) {
    const memory = await allocate(heap, 0, size);
    const mapping = memory.vmo.map({ writable: true });
    expect(mapping.bytes.every((byte) => byte === 0)).toBe(true);
    mapping.bytes.fill(0xab);
    mapping.unmap();
    await heap.deleteVmo(7n, 0, memory);
  }
});

test("large buffers are cleared in turns of the loop, and a small one does not wait for them", async ({ bench }) => {
  const heap = await bench.pool({ sizeBytes: 96 * MAX_CLEARED_PER_TURN_BYTES });
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns += 1;
    if (!isDone) setImmediate(count);
  };
  setImmediate(count);
  const order: string[] = [];
  const large = allocate(heap, 0, 32 * MAX_CLEARED_PER_TURN_BYTES).finally(() => order.push("large"));
  const small = allocate(heap, 1, PAGE).finally(() => order.push("small"));
  await Promise.all([large, small]);
  isDone = true;
  expect(order).toEqual(["small", "large"]);
  expect(turns).toBeGreaterThanOrEqual(30);
  await heap.deleteVmo(7n, 0, await large);
  await heap.deleteVmo(7n, 1, await small);
});

test("guards around a buffer: two failed checks after writing on both sides, two more when it goes", async ({
  bench,
}) => {
  const heap = await bench.pool({ guards: { ...DEFAULT_POOL_GUARDS, hasInternal: true } });
  const memory = await allocate(heap);
  await bench.pass(6);
  expect(failedChecks(heap)).toBe(0);
  // The pool's guard, the buffer's, the buffer, its second one.
  bench.write(2 * PAGE - 1);
  bench.write(3 * PAGE);
  await bench.pass(5);
  expect(failedChecks(heap)).toBe(2);
  expect(figures(heap).lastFailedGuardRegionCheckNs).toBeDefined();
  expect(bench.errors("memory that belongs to nobody was written")).toEqual([
    expect.objectContaining({ where: "the guard before a buffer", buffer: "frames:0", at: 2 * PAGE - 1 }),
    expect.objectContaining({ where: "the guard behind a buffer", buffer: "frames:0", at: 3 * PAGE }),
  ]);
  await heap.deleteVmo(7n, 0, memory);
  expect([failedChecks(heap), bench.corruptions]).toEqual([4, 4]);
  // Said once.
  expect(bench.errors("memory that belongs to nobody")).toHaveLength(2);
  // The next buffer has whole guards.
  const next = await allocate(heap, 1);
  await bench.pass(6);
  await heap.deleteVmo(7n, 1, next);
  expect(failedChecks(heap)).toBe(4);
});

test("guards at both ends: two failed checks, and none where guards around a buffer would be", async ({ bench }) => {
  const heap = await bench.pool();
  const memory = await allocate(heap, 0, PAGE);
  await bench.pass(6);
  bench.write(2 * PAGE);
  await bench.pass(5);
  expect(failedChecks(heap)).toBe(0);
  bench.write(0);
  bench.write((PAGES + 2) * PAGE - 1);
  await bench.pass(5);
  expect(failedChecks(heap)).toBe(2);
  await heap.deleteVmo(7n, 0, memory);
  expect(failedChecks(heap)).toBe(2);
});

test("guards of several pages are whole from end to end", async ({ bench }) => {
  const heap = await bench.pool({ guards: { ...DEFAULT_POOL_GUARDS, pageCount: 3, hasInternal: true } });
  const memory = await allocate(heap);
  for (const at of [3 * PAGE - 1, 6 * PAGE - 1, 7 * PAGE, 10 * PAGE - 1]) {
    const before = bench.read(at) as number;
    expect(before).toBe((at + 1) % 256);
    bench.write(at, before + 1);
    const found = failedChecks(heap) ?? 0;
    await bench.pass(5);
    expect(failedChecks(heap)).toBe(found + 1);
    bench.write(at, before);
  }
  await heap.deleteVmo(7n, 0, memory);
});

test("patterns in unused pages: a write outside of any buffer is found, after one has gone too, and many", async ({
  bench,
}) => {
  const heap = await bench.pool({ guards: ALL_PATTERNED });
  bench.write(20 * PAGE);
  await bench.pass(600);
  expect(failedChecks(heap)).toBe(1);
  const memory = await allocate(heap);
  await heap.deleteVmo(7n, 0, memory);
  bench.write(PAGE + 5);
  await bench.pass(2);
  expect(failedChecks(heap)).toBe(2);
  expect(bench.errors("memory that belongs to nobody").at(-1)).toMatchObject({
    where: "unused pages",
    begin: PAGE,
    at: PAGE + 5,
    lastFreed: [{ name: "frames:0", begin: PAGE, end: 2 * PAGE, freedAgoMs: 2_000 }],
  });
  for (let page = 100; page < 200; page += 2) bench.write(page * PAGE);
  await bench.pass(600);
  expect(failedChecks(heap)).toBe(52);
  // The pattern is whole again.
  await bench.pass(600);
  expect([failedChecks(heap), bench.corruptions]).toEqual([52, 52]);
});

test("patterns are looked at for the last time when a buffer gets the pages, which are zeros then", async ({
  bench,
}) => {
  const heap = await bench.pool({ guards: ALL_PATTERNED });
  bench.write(PAGE + 77);
  const memory = await allocate(heap, 0, 2 * PAGE);
  expect(failedChecks(heap)).toBe(1);
  const mapping = memory.vmo.map();
  expect(mapping.bytes.every((byte) => byte === 0)).toBe(true);
  mapping.unmap();
  // Pages in use are nobody's business.
  bench.write(PAGE + 78);
  await bench.pass(601);
  expect(failedChecks(heap)).toBe(1);
  await heap.deleteVmo(7n, 0, memory);
  expect(bench.read(PAGE)).toBe(1);
});

test("of so many pages the first has the pattern, whoever had it before; the others are only cleared", async ({
  bench,
}) => {
  const heap = await bench.pool({ guards: { ...ALL_PATTERNED, unusedFractionDenominator: 8, unusedCycleSeconds: 64 } });
  const memory = await allocate(heap, 0, 16 * PAGE);
  await heap.deleteVmo(7n, 0, memory);
  expect([8, 16, 24, 9, 17].map((page) => bench.read(page * PAGE + 1))).toEqual([2, 2, 2, 0, 0]);
  bench.write(9 * PAGE);
  bench.write(32 * PAGE);
  await bench.pass(65);
  expect(failedChecks(heap)).toBe(1);
});

test("a line of the log names the latest of those who had the memory, as far as they are remembered", async ({
  bench,
}) => {
  const heap = await bench.pool({ guards: ALL_PATTERNED });
  for (let index = 0; index < MAX_POOL_FREED_REGIONS_NAMED + 1; index++) {
    await heap.deleteVmo(7n, index, await allocate(heap, index));
  }
  bench.write(PAGE);
  await bench.pass(2);
  const names = (): string[] => {
    const lastFreed = bench.errors("memory that belongs to nobody").at(-1)?.["lastFreed"] as { name: string }[];
    return lastFreed.map(({ name }) => name);
  };
  expect(names()).toEqual([
    "frames:8",
    "frames:7",
    "frames:6",
    "frames:5",
    "frames:4",
    "frames:3",
    "frames:2",
    "frames:1",
  ]);
});

test("as many buffers as are remembered are named, and not one more", async ({ bench }) => {
  const heap = await bench.pool({ guards: ALL_PATTERNED });
  // Beside the two that had the first page.
  for (const others of [MAX_POOL_FREED_REGIONS - 2, MAX_POOL_FREED_REGIONS - 1]) {
    await heap.deleteVmo(7n, 0, await allocate(heap, 1_000));
    // One stays in the first page's place while the others come and go beside it.
    const place = await allocate(heap, 1_001);
    for (let index = 0; index < others; index++) await heap.deleteVmo(7n, index, await allocate(heap, index));
    await heap.deleteVmo(7n, 0, place);
    bench.write(PAGE);
    await bench.pass(2);
    const found = bench.errors("memory that belongs to nobody").at(-1)?.["lastFreed"] as { name: string }[];
    const named = found.map(({ name }) => name).filter((name) => name.startsWith("frames:100"));
    expect(named).toEqual(others === MAX_POOL_FREED_REGIONS - 2 ? ["frames:1001", "frames:1000"] : ["frames:1001"]);
  }
});

test("each look is made when it is due, and not before", async ({ bench }) => {
  const heap = await bench.pool({ guards: { ...ALL_PATTERNED, unusedCycleSeconds: POOL_UNUSED_CHECK_SLICES * 100 } });
  const pass = async (ns: number): Promise<void> => {
    bench.clock.advance(ns);
    await settle();
  };
  bench.write(0);
  await pass(POOL_GUARD_CHECK_INTERVAL_NS - 1);
  expect(failedChecks(heap)).toBe(0);
  await pass(1);
  expect(failedChecks(heap)).toBe(1);
  bench.write(0, 1);
  // A page of the second part, and one of the last.
  bench.write(20 * PAGE);
  bench.write(1_020 * PAGE);
  const begun = POOL_GUARD_CHECK_INTERVAL_NS;
  await pass(200e9 - begun - 1);
  expect(failedChecks(heap)).toBe(1);
  await pass(1);
  expect(failedChecks(heap)).toBe(2);
  for (let slice = 2; slice < POOL_UNUSED_CHECK_SLICES - 1; slice++) await pass(100e9);
  await pass(100e9 - 1);
  expect(failedChecks(heap)).toBe(2);
  await pass(1);
  expect(failedChecks(heap)).toBe(3);
});

test("the pages of a buffer that has gone are looked at soon, for a while", async ({ bench }) => {
  const heap = await bench.pool({ guards: { ...ALL_PATTERNED, unusedCycleSeconds: 86_400 } });
  // Looks are due every 2 s from the pool's beginning; the buffer goes at 1 s.
  await bench.pass(1);
  await heap.deleteVmo(7n, 0, await allocate(heap));
  bench.write(PAGE);
  await bench.pass(1);
  expect(failedChecks(heap)).toBe(1);
  bench.write(PAGE);
  bench.clock.advance(POOL_FREED_CHECK_INTERVAL_NS - 1);
  await settle();
  expect(failedChecks(heap)).toBe(1);
  bench.clock.advance(1);
  await settle();
  expect(failedChecks(heap)).toBe(2);
  // At 6 s it has been gone for as long as it is looked at.
  expect(POOL_FREED_CHECK_AGE_NS).toBe(5 * SECOND);
  bench.write(PAGE);
  await bench.pass(20);
  expect(failedChecks(heap)).toBe(2);
});

test("alignment is had up to the carve-out's, and more is refused with the reason", async ({ bench }) => {
  const heap = await bench.pool({ sizeBytes: 3 * CARVE_OUT_ALIGNMENT_BYTES });
  const odd = await allocate(heap, 0, PAGE);
  const aligned = await allocate(heap, 1, PAGE, { baseAlignmentBytes: 1 << 20 });
  const mapping = aligned.vmo.map({ writable: true });
  mapping.bytes[0] = 7;
  expect(bench.read(1 << 20)).toBe(7);
  mapping.unmap();
  const most = await allocate(heap, 2, PAGE, { baseAlignmentBytes: CARVE_OUT_ALIGNMENT_BYTES });
  await expect(allocate(heap, 3, PAGE, { baseAlignmentBytes: 2 * CARVE_OUT_ALIGNMENT_BYTES })).rejects.toThrow(
    "cannot allocate 4096 contiguous bytes at a multiple of 4194304: the contiguous pool is aligned to 2097152 only",
  );
  for (const memory of [odd, aligned, most]) await heap.deleteVmo(7n, 0, memory);
  const guarded = await bench.pool({ guards: { ...DEFAULT_POOL_GUARDS, hasInternal: true } });
  await expect(allocate(guarded, 0, PAGE, { baseAlignmentBytes: 8_192 })).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    message: expect.stringContaining("has guards around each buffer") as string,
  });
});

test("a pool that has no room says in the log who has how much of it", async ({ bench }) => {
  const heap = await bench.pool({ sizeBytes: (MAX_POOL_HOLDERS_NAMED + 4) * PAGE });
  const buffers: BufferMemory[] = [];
  for (let id = 0; id < MAX_POOL_HOLDERS_NAMED + 1; id++) {
    buffers.push(await allocate(heap, id, PAGE, { bufferCollectionId: BigInt(id) }));
  }
  buffers.push(await allocate(heap, 99, PAGE, { bufferCollectionId: 5n }));
  await expect(allocate(heap, 0, PAGE)).rejects.toMatchObject({ code: "NO_MEMORY" });
  const [line] = bench.errors("has no piece");
  const holders = line?.["holders"] as unknown[];
  expect(holders).toHaveLength(MAX_POOL_HOLDERS_NAMED);
  expect(holders[0]).toEqual({ collectionId: "5", bytes: 2 * PAGE, buffers: 2, firstBuffer: "frames:5" });
  expect(line).toMatchObject({ failure: "no-room", buffer: "frames:0", collectionId: "7", sizeBytes: PAGE });
  for (const memory of buffers) await heap.deleteVmo(7n, 0, memory);
});

test("a piece that the kernel does not make is free again, and the next one works", async ({ bench }) => {
  const heap = await bench.pool();
  bench.kernel.faults.nextPieceErrors.push("NO_RESOURCES");
  await expect(allocate(heap)).rejects.toMatchObject({ code: "NO_MEMORY" });
  expect(figures(heap).usedBytes).toBe(0);
  await heap.deleteVmo(7n, 0, await allocate(heap));
});

test("a machine without contiguous memory: allocations say so, and the log as well", async ({ bench }) => {
  bench.kernel.faults.nextMemoryErrors.push("NOT_SUPPORTED");
  const heap = await bench.pool();
  expect((await heap.opened)?.message).toMatch(/^there is no contiguous pool: cannot create memory/);
  await expect(allocate(heap)).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    message: expect.stringMatching(/^cannot allocate 4096 contiguous bytes: there is no contiguous pool: /) as string,
  });
  expect(bench.errors("cannot be set aside")).toHaveLength(1);
  expect(figures(heap)).toMatchObject({ isReady: false, allocationsFailed: 0, sizeBytes: (PAGES + 2) * PAGE });
});

test("allocations wait while the memory is being set aside; one whose server ends meanwhile fails", async ({
  bench,
}) => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const make = bench.kernel.createCarveOut.bind(bench.kernel);
  bench.kernel.createCarveOut = async (...args) => {
    await held;
    return make(...args);
  };
  const options = { kernel: bench.kernel, clock: bench.clock, sizeBytes: 64 * PAGE };
  const [kept, ended] = [new ContiguousPoolHeap(options), new ContiguousPoolHeap(options)];
  expect(figures(kept).isReady).toBe(false);
  const [early, late] = [allocate(kept), allocate(ended)];
  ended.close();
  release();
  await expect(late).rejects.toMatchObject({ code: "HEAP_GONE" });
  const memory = await early;
  expect(figures(kept)).toMatchObject({ isReady: true, usedBytes: PAGE });
  // The end of the server leaves buffers to their holders, and finds nothing wrong in memory that is gone.
  const { vmo } = memory.handOut({ writable: true });
  kept.close();
  await kept.deleteVmo(7n, 0, memory);
  expect(vmo.map().bytes).toHaveLength(PAGE);
  await expect(allocate(kept)).rejects.toMatchObject({ code: "HEAP_GONE" });
  bench.kernel.kill();
});

test("a server that ends while a buffer is being cleared gets no buffer", async ({ bench }) => {
  const heap = await bench.pool({ sizeBytes: 8 * MAX_CLEARED_PER_TURN_BYTES });
  const pending = allocate(heap, 0, 4 * MAX_CLEARED_PER_TURN_BYTES);
  await new Promise((resolve) => setImmediate(resolve));
  heap.close();
  await expect(pending).rejects.toMatchObject({ code: "HEAP_GONE" });
  expect(failedChecks(heap)).toBe(0);
});
