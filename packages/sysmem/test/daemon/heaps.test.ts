/** Heaps and quotas of a daemon: what the configuration says, and what follows from the machine when it does not. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { MAX_QUEUED_SEND_BYTES, silentLogger, systemClock } from "#base";
import { GOLDFISH_DEVICE_LOCAL } from "#heaps";
import { descriptorLimits, hugePagePools, machineMemoryBytes } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { DEFAULT_CONFIG, parseConfig } from "../../src/daemon/config.ts";
import { createHeaps } from "../../src/daemon/heaps.ts";
import { defaultQuotas, mergeQuotas } from "../../src/daemon/quotas.ts";
import { writeFileSync, mkdirSync } from "node:fs";

const MIB = 1 << 20;
const world = { clock: systemClock, logger: silentLogger };

test("quotas, a protected pool and heaps of 2019 are read", () => {
  const config = parseConfig(
    {
      quotas_per_process: { bytes: 1_000_000, collections: 3, pending_bytes: 65_536 },
      quotas_per_user: { nodes: 50, buffers: 9, connections: 4, descriptors: 77 },
      protected_memory: { base: 16 * MIB, size: 4 * MIB },
      v2019_heaps: [{ heap_type: GOLDFISH_DEVICE_LOCAL, inaccessible: true, need_clear: true }],
    },
    "test",
  );
  expect(config.quotas).toEqual({
    perProcess: { bytes: 1_000_000, collections: 3, pendingBytes: 65_536 },
    perUser: { nodes: 50, buffers: 9, connections: 4, descriptors: 77 },
  });
  expect(config.protectedPool).toEqual({ base: 16 * MIB, sizeBytes: 4 * MIB });
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
  const made = (hugePages: readonly (typeof pool)[]) => createHeaps(kernel, DEFAULT_CONFIG, hugePages, world);
  expect(made([]).heaps.contiguousSystemRam).toBeUndefined();
  expect(made([pool]).heaps.contiguousSystemRam).toBeUndefined();
  expect(made([{ ...pool, total: 8 }]).heaps.contiguousSystemRam?.description).toMatch("huge page");
  expect(made([{ ...pool, overcommit: 1 }]).heaps.contiguousSystemRam).toBeDefined();
});

test("a protected pool that cannot be one is a mistake in the configuration", () => {
  const config = { ...DEFAULT_CONFIG, protectedPool: { base: 4_096, sizeBytes: MIB } };
  expect(() => createHeaps(createFakeKernel(), config, [], world)).toThrow(
    "cannot use the configured protected_memory",
  );
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
