/** Heaps and quotas of a daemon: what the configuration says, and what follows from the machine when it does not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  MAX_CONTIGUOUS_MEMORY_PERCENT,
  MAX_POOL_GUARD_PAGES,
  MAX_POOL_UNUSED_CYCLE_SECONDS,
  MAX_POOL_UNUSED_DENOMINATOR,
  MAX_QUEUED_SEND_BYTES,
  silentLogger,
  systemClock,
} from "#base";
import { type ContiguousPoolHeap, GOLDFISH_DEVICE_LOCAL } from "#heaps";
import { descriptorLimits, hugePagePools, machineMemoryBytes } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { DEFAULT_CONFIG, parseConfig } from "../../src/daemon/config.ts";
import { createHeaps, type HeapMachine, type HeapWorld } from "../../src/daemon/heaps.ts";
import type { Plain } from "../../src/daemon/settings.ts";
import { SimulatedClock } from "../server/support/simulated-clock.ts";
import { defaultQuotas, mergeQuotas } from "../../src/daemon/quotas.ts";

const MIB = 1 << 20;
const world: HeapWorld = { clock: systemClock, logger: silentLogger, abort: () => {} };
const machine: HeapMachine = { hugePages: [], dmaHeaps: [], memoryBytes: 1_000 * MIB };

test("quotas, a protected pool and heaps of 2019 are read", () => {
  const config = parseConfig(
    {
      quotas_per_process: { bytes: 1_000_000, collections: 3, pending_bytes: 65_536 },
      quotas_per_user: { nodes: 50, buffers: 9, connections: 4, descriptors: 77 },
      protected_memory: { base: 16 * MIB, size: 4 * MIB },
      protected_ranges_disable_dynamic: true,
      v2019_heaps: [{ heap_type: GOLDFISH_DEVICE_LOCAL, inaccessible: true, need_clear: true }],
    },
    "test",
  );
  expect(config.quotas).toEqual({
    perProcess: { bytes: 1_000_000, collections: 3, pendingBytes: 65_536 },
    perUser: { nodes: 50, buffers: 9, connections: 4, descriptors: 77 },
  });
  expect(config.protectedPool).toEqual({ base: 16 * MIB, sizeBytes: 4 * MIB, isDynamicDisabled: true });
  expect(config.v2019Heaps.get(GOLDFISH_DEVICE_LOCAL)).toEqual({
    coherencyDomainSupport: { cpu: false, ram: false, inaccessible: true },
    needClear: true,
    needFlush: false,
  });
});

for (const [settings, complaint] of [
  [{ quotas_per_user: { memory: 1 } }, "quotas_per_user.memory is not a setting"],
  [{ quotas_per_user: { bytes: -1 } }, "quotas_per_user.bytes must be an unsigned integer"],
  [{ protected_memory: { base: 0 } }, "protected_memory.size is missing"],
  [{ v2019_heaps: [{ heap_type: "x", cpu: "yes" }] }, "v2019_heaps[0].cpu must be true or false"],
  [
    { protected_ranges_disable_dynamic: true },
    "protected_ranges_disable_dynamic has no effect without protected_memory",
  ],
  [{ contiguous_memory_size: -1 }, "contiguous_memory_size must be an unsigned integer, not -1"],
  [{ contiguous_memory_size: "5%" }, 'contiguous_memory_size must be an unsigned integer, not "5%"'],
  [
    { contiguous_memory_size_percent: MAX_CONTIGUOUS_MEMORY_PERCENT + 1 },
    "contiguous_memory_size_percent must be an integer from 0 to 99, not 100",
  ],
  [{ contiguous_memory_size_percent: 2.5 }, "contiguous_memory_size_percent must be an integer from 0 to 99, not 2.5"],
  [{ contiguous_guard_page_count: 2 }, "contiguous_guard_page_count has no effect without contiguous_memory_size"],
  [{ contiguous_guard_pages_fatal: true }, "contiguous_guard_pages_fatal has no effect without contiguous_memory_size"],
  [
    { contiguous_memory_size: MIB, contiguous_guard_page_count: 0 },
    "contiguous_guard_page_count must be an integer from 1 to 262144, not 0",
  ],
  [
    { contiguous_memory_size: MIB, contiguous_guard_page_count: MAX_POOL_GUARD_PAGES + 1 },
    "contiguous_guard_page_count must be an integer from 1 to 262144, not 262145",
  ],
  [
    { contiguous_memory_size: MIB, contiguous_guard_pages_internal: 1 },
    "contiguous_guard_pages_internal must be true or false, not 1",
  ],
  [
    { contiguous_memory_size: MIB, contiguous_guard_pages_unused_cycle_seconds: 60 },
    "contiguous_guard_pages_unused_cycle_seconds has no effect without contiguous_guard_pages_unused = true",
  ],
  [
    {
      contiguous_memory_size: MIB,
      contiguous_guard_pages_unused: true,
      contiguous_guard_pages_unused_fraction_denominator: MAX_POOL_UNUSED_DENOMINATOR + 1,
    },
    "contiguous_guard_pages_unused_fraction_denominator must be an integer from 1 to 1048576",
  ],
  [
    {
      contiguous_memory_size: MIB,
      contiguous_guard_pages_unused: true,
      contiguous_guard_pages_unused_cycle_seconds: MAX_POOL_UNUSED_CYCLE_SECONDS + 1,
    },
    "contiguous_guard_pages_unused_cycle_seconds must be an integer from 1 to 86400",
  ],
] as const) {
  test(`a mistake is named: ${complaint}`, () => {
    expect(() => parseConfig(settings, "test")).toThrow(`test: ${complaint}`);
  });
}

test("without a word a process gets a quarter of the descriptors and half of the memory, a user a third and three quarters", () => {
  const defaults = defaultQuotas({ descriptors: 10_256, memoryBytes: 8_000 });
  expect(defaults).toEqual({
    perProcess: { descriptors: 2_500, bytes: 4_000, pendingBytes: 16 * MAX_QUEUED_SEND_BYTES },
    perUser: { descriptors: 3_333, bytes: 6_000, pendingBytes: 32 * MAX_QUEUED_SEND_BYTES },
  });
  expect(mergeQuotas(defaults, { perProcess: { bytes: 5, nodes: 6 } })).toEqual({
    perProcess: { ...defaults.perProcess, bytes: 5, nodes: 6 },
    perUser: defaults.perUser,
  });
  expect(defaultQuotas({ descriptors: 64, memoryBytes: 8 }).perProcess?.descriptors).toBe(64);
});

test("contiguous system RAM is there when huge pages are", () => {
  const kernel = createFakeKernel();
  const pool = { pageBytes: 2 * MIB, total: 0, free: 0, overcommit: 0 };
  const made = (hugePages: readonly (typeof pool)[]) =>
    createHeaps(kernel, DEFAULT_CONFIG, { ...machine, hugePages }, world);
  expect(made([]).heaps.contiguousSystemRam).toBeUndefined();
  expect(made([]).heaps.whyNoContiguousSystemRam).toMatch("no pool is configured, no huge pages are set aside");
  expect(made([pool]).heaps.contiguousSystemRam).toBeUndefined();
  expect(made([{ ...pool, total: 8 }]).heaps.contiguousSystemRam?.description).toMatch("huge page");
  expect(made([{ ...pool, overcommit: 1 }]).heaps.contiguousSystemRam).toBeDefined();
});

test("a protected pool that cannot be one is a mistake in the configuration", () => {
  const config = { ...DEFAULT_CONFIG, protectedPool: { base: 4_096, sizeBytes: MIB } };
  expect(() => createHeaps(createFakeKernel(), config, machine, world)).toThrow(
    "cannot use the configured protected_memory",
  );
});

/** What a file says, made to heaps. */
function fromSettings(settings: Plain, more: Partial<HeapMachine> = {}) {
  const kernel = createFakeKernel();
  const made = createHeaps(kernel, parseConfig(settings, "test"), { ...machine, ...more }, world);
  return { kernel, ...made, heap: made.heaps.contiguousSystemRam as ContiguousPoolHeap };
}

test("no pool without a word, and none of size 0, so that huge pages serve", () => {
  expect(DEFAULT_CONFIG.contiguousPool).toBeUndefined();
  for (const settings of [{ contiguous_memory_size: 0 }, { contiguous_memory_size_percent: 0 }]) {
    const hugePages = [{ pageBytes: 2 * MIB, total: 1, free: 1, overcommit: 0 }];
    expect(fromSettings(settings, { hugePages }).heap.description).toMatch("huge page");
  }
});

test("a size in bytes wins over a percentage of the memory, and both are whole pages", async () => {
  for (const [settings, sizeBytes] of [
    [{ contiguous_memory_size: 3 * MIB + 1 }, 3 * MIB + 4_096],
    [{ contiguous_memory_size_percent: 5 }, 50 * MIB],
    [{ contiguous_memory_size_percent: MAX_CONTIGUOUS_MEMORY_PERCENT }, 990 * MIB],
    [{ contiguous_memory_size_percent: 5, contiguous_memory_size: MIB }, MIB],
  ] as const) {
    const { heap, close, kernel } = fromSettings(settings);
    await heap.opened;
    expect(heap.pools()[0]).toMatchObject({ isReady: true, sizeBytes });
    expect(kernel.usedMemoryBytes).toBe(sizeBytes);
    close();
    expect([kernel.usedMemoryBytes, kernel.openHandleCount]).toEqual([0, 0]);
  }
});

test("every guard setting is read, and has its default without a word", () => {
  expect(parseConfig({ contiguous_memory_size: MIB }, "test").contiguousPool).toEqual({
    size: { bytes: MIB },
    guards: { pageCount: 1, hasInternal: false, unusedFractionDenominator: 0, unusedCycleSeconds: 600 },
    isFatal: false,
  });
  const unused = { contiguous_memory_size: MIB, contiguous_guard_pages_unused: true };
  expect(parseConfig(unused, "test").contiguousPool?.guards.unusedFractionDenominator).toBe(1);
  const all = {
    ...unused,
    contiguous_guard_page_count: MAX_POOL_GUARD_PAGES,
    contiguous_guard_pages_internal: true,
    contiguous_guard_pages_fatal: true,
    contiguous_guard_pages_unused_fraction_denominator: MAX_POOL_UNUSED_DENOMINATOR,
    contiguous_guard_pages_unused_cycle_seconds: MAX_POOL_UNUSED_CYCLE_SECONDS,
  };
  expect(parseConfig(all, "test").contiguousPool).toEqual({
    size: { bytes: MIB },
    guards: {
      pageCount: MAX_POOL_GUARD_PAGES,
      hasInternal: true,
      unusedFractionDenominator: MAX_POOL_UNUSED_DENOMINATOR,
      unusedCycleSeconds: MAX_POOL_UNUSED_CYCLE_SECONDS,
    },
    isFatal: true,
  });
});

test("a pool that can be none on any machine is a mistake in the configuration", () => {
  const guards = { contiguous_guard_page_count: 128 };
  expect(() => fromSettings({ contiguous_memory_size: MIB, ...guards })).toThrow(
    "cannot use the configured contiguous_memory_size: 1048576 bytes have no room beside 1048576 bytes of guards",
  );
  expect(() => fromSettings({ contiguous_memory_size_percent: 1 }, { memoryBytes: Number.POSITIVE_INFINITY })).toThrow(
    "cannot use the configured contiguous_memory_size_percent: this machine does not tell how much memory it has",
  );
  expect(() => fromSettings({ contiguous_memory_size: Number.MAX_SAFE_INTEGER })).toThrow("are no size of memory");
  const { heap, close } = fromSettings({ contiguous_memory_size: MIB + 4_096, ...guards });
  expect(heap).toBeDefined();
  close();
});

test("a machine that cannot set the memory aside has no contiguous memory, huge pages or not, and says why", async () => {
  const kernel = createFakeKernel();
  kernel.faults.nextMemoryErrors.push("NOT_SUPPORTED");
  const hugePages = [{ pageBytes: 2 * MIB, total: 1, free: 1, overcommit: 0 }];
  const config = parseConfig({ contiguous_memory_size: MIB }, "test");
  const { heaps, close } = createHeaps(kernel, config, { ...machine, hugePages }, world);
  await (heaps.contiguousSystemRam as ContiguousPoolHeap).opened;
  await Promise.resolve();
  expect(heaps.contiguousSystemRam).toBeUndefined();
  expect(heaps.whyNoContiguousSystemRam).toMatch(/^there is no contiguous pool: cannot /);
  close();
});

test("where it is fatal, a write outside of all buffers ends the process; elsewhere it is counted", async () => {
  for (const isFatal of [true, false]) {
    let aborted = 0;
    let bytes: Uint8Array | undefined;
    const kernel = createFakeKernel();
    const make = kernel.createCarveOut.bind(kernel);
    kernel.createCarveOut = async (...args) => {
      const carveOut = await make(...args);
      bytes = carveOut.bytes;
      return carveOut;
    };
    const clock = new SimulatedClock();
    const config = parseConfig({ contiguous_memory_size: MIB, contiguous_guard_pages_fatal: isFatal }, "test");
    const { heaps, close } = createHeaps(kernel, config, machine, { ...world, clock, abort: () => aborted++ });
    const heap = heaps.contiguousSystemRam as ContiguousPoolHeap;
    await heap.opened;
    (bytes as Uint8Array)[0] = 99;
    clock.advance(6e9);
    expect([heap.pools()[0]?.failedGuardRegionChecks, aborted]).toEqual([1, Number(isFatal)]);
    close();
  }
});

test("figures of the machine are read, and guessed where there are none", () => {
  expect(descriptorLimits("Max open files            1024                 4096                 files \n")).toEqual({
    soft: 1_024,
    hard: 4_096,
  });
  expect(descriptorLimits("")).toEqual({ soft: 1_048_576, hard: 1_048_576 });
  expect(descriptorLimits().soft).toBeGreaterThan(0);
  expect(machineMemoryBytes("MemTotal:       16 kB\n")).toBe(16_384);
  expect(machineMemoryBytes("")).toBe(Number.POSITIVE_INFINITY);
  const folder = mkdtempSync(join(tmpdir(), "sysmem-huge-"));
  for (const [kilobytes, total] of [
    [1_048_576, 1],
    [2_048, 20],
  ]) {
    const pool = join(folder, `hugepages-${kilobytes}kB`);
    mkdirSync(pool);
    writeFileSync(join(pool, "nr_hugepages"), `${total}\n`);
    writeFileSync(join(pool, "free_hugepages"), "1\n");
    writeFileSync(join(pool, "nr_overcommit_hugepages"), "0\n");
  }
  expect(hugePagePools(folder)).toEqual([
    { pageBytes: 2 * MIB, total: 20, free: 1, overcommit: 0 },
    { pageBytes: 1_024 * MIB, total: 1, free: 1, overcommit: 0 },
  ]);
  expect(hugePagePools(join(folder, "absent"))).toEqual([]);
  rmSync(folder, { recursive: true });
});
