/** Pools, wherever a server tells of its heaps. Lifecycle contract 9.5. */
import { expect, test as base } from "vitest";
import { DEFAULT_CONFIG, serveMetrics } from "#daemon";
import { Inspector, HeapState, MAX_POOLS } from "#gen/sysmem_inspect";
import type { PoolMetrics } from "#heaps";
import { type Kernel, KernelError } from "#kernel";
import { InspectorService, Thumbnails } from "../../src/daemon/inspect/index.ts";
import { heapStates } from "../../src/daemon/inspect/server-state.ts";
import { poolTable } from "../../src/cli/inspect/pool-table.ts";
import { PAGE, raw as rawBuffers } from "../server/support/constraints.ts";
import { CARVE_OUT_BYTES, whyNoCarveOut } from "../support/carve-out.ts";
import { type PooledWorld, pooledFixture } from "../support/pooled-world.ts";
import { raw } from "./constraints.ts";
import { World } from "./world.ts";

const SYSTEM_RAM = "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM";

const test = base.extend(pooledFixture(66));

const contiguous = (pages: number) => rawBuffers(pages * PAGE, 1, { contiguous: true });

/** One collection of three pages, and one that finds no room. */
async function use({ world }: PooledWorld): Promise<void> {
  await world.allocated(rawBuffers(PAGE, 2));
  await world.allocated(contiguous(3));
  const refused = world.nonShared();
  refused.setConstraints({ constraints: contiguous(62) });
  await world.fails(refused, "NO_MEMORY");
  await world.settle();
}

test("sysmem.inspect tells every figure of a pool, of that heap and of no other", async ({ pooled }) => {
  const { world } = pooled;
  await use(pooled);
  const service = new InspectorService(world.server, new Thumbnails(world.server, () => false));
  const [client, served] = world.serverProcess.createChannel();
  service.serve(served, { pid: 1, uid: 0, gid: 0 });
  const inspector = Inspector.bind(client);
  const { heaps = [] } = await inspector.listHeaps({});
  expect(heaps.map(({ isPhysicallyContiguous, pools }) => [isPhysicallyContiguous, pools?.length])).toEqual([
    [false, undefined],
    [true, 1],
  ]);
  expect(heaps[1]).toMatchObject({ bufferCount: 1, bufferBytes: 12_288n });
  expect(heaps[1]?.pools).toEqual([
    {
      name: "SysmemContiguousPool",
      sizeBytes: 270_336n,
      isReady: true,
      usedBytes: 12_288n,
      highWaterMarkBytes: 12_288n,
      freeAtHighWaterMarkBytes: 249_856n,
      maxFreeAtHighWaterBytes: 249_856n,
      allocationsFailed: 1n,
      lastAllocationFailedAtNs: BigInt(world.clock.nowNs()),
      allocationsFailedFragmentation: 0n,
      commitsFailed: 0n,
      largestFreeBytes: 249_856n,
      largeContiguousRegionSumBytes: 249_856n,
      failedGuardRegionChecks: 0n,
    },
  ]);
  inspector.close();
  service.close();
  await world.settle();
});

test("/metrics has every figure, and adds up what stands in for a heap", async ({ pooled }) => {
  await use(pooled);
  const metrics = await serveMetrics(pooled.world.server, { kind: "tcp", host: "127.0.0.1", port: 0 });
  const labels = `{heap="${SYSTEM_RAM}",pool="SysmemContiguousPool"}`;
  for (let asked = 0; asked < 2; asked++) {
    const lines = (await (await fetch(metrics.url)).text()).split("\n");
    for (const line of [
      `sysmem_buffers{heap="${SYSTEM_RAM}"} 3`,
      `sysmem_buffer_bytes{heap="${SYSTEM_RAM}"} ${5 * PAGE}`,
      `sysmem_pool_bytes${labels} ${66 * PAGE}`,
      `sysmem_pool_ready${labels} 1`,
      `sysmem_pool_used_bytes${labels} ${3 * PAGE}`,
      `sysmem_pool_high_water_mark_bytes${labels} ${3 * PAGE}`,
      `sysmem_pool_free_at_high_water_mark_bytes${labels} ${61 * PAGE}`,
      `sysmem_pool_max_free_at_high_water_bytes${labels} ${61 * PAGE}`,
      `sysmem_pool_largest_free_bytes${labels} ${61 * PAGE}`,
      `sysmem_pool_large_contiguous_region_sum_bytes${labels} ${61 * PAGE}`,
      `sysmem_pool_allocations_failed_total${labels} 1`,
      `sysmem_pool_allocations_failed_fragmentation_total${labels} 0`,
      `sysmem_pool_commits_failed_total${labels} 0`,
      `sysmem_pool_failed_guard_region_checks_total${labels} 0`,
    ]) {
      expect(lines).toContain(line);
    }
    expect(lines.filter((line) => line.startsWith("sysmem_pool_loanable"))).toEqual([]);
  }
  await metrics.close();
});

test("of a heap that divides many pools the first are told", async ({ pooled }) => {
  const { world, pool } = pooled;
  for (const count of [MAX_POOLS, MAX_POOLS + 1]) {
    pool.pools = () => Array.from({ length: count }, (_, index) => ({ ...POOL, name: `pool-${index}` }));
    const state = heapStates(world.server.context)[1] as HeapState;
    expect(state.pools).toHaveLength(MAX_POOLS);
    expect(HeapState.encode(state).bytes.length).toBeLessThan(16_384);
  }
});

const DIVISION: PoolMetrics = {
  name: "SysmemProtectedPool",
  sizeBytes: 4 << 20,
  isReady: true,
  usedBytes: 65_536,
  highWaterMarkBytes: 1 << 20,
  freeAtHighWaterMarkBytes: 3 << 20,
  maxFreeAtHighWaterBytes: 2 << 20,
  allocationsFailed: 3,
  lastAllocationFailedNs: 5e9,
  allocationsFailedFragmentation: 1,
  commitsFailed: 2,
  lastCommitFailedNs: 6e9,
  largestFreeBytes: 1 << 20,
  largestFreeSumBytes: 3 << 20,
};
const POOL: PoolMetrics = { ...DIVISION, loanableBytes: 3 << 20, loanableRatio: 0.75, loanableEfficiency: 0.8125 };

test("sysmem heaps shows a pool under the contract's names", async ({ pooled }) => {
  const { world, pool } = pooled;
  const shown = () =>
    poolTable(heapStates(world.server.context)[1]?.pools?.[0] ?? {}, (_, text) => text, 65_000_000_000n);
  pool.pools = () => [POOL];
  expect(shown()).toBe(
    [
      "POOL                              SysmemProtectedPool",
      "size                              4.0 MiB",
      "is_ready                          yes",
      "used_size                         64.0 KiB",
      "high_water_mark                   1.0 MiB",
      "free_at_high_water_mark           3.0 MiB",
      "max_free_at_high_water            2.0 MiB",
      "large_contiguous_region_sum       3.0 MiB",
      "allocations_failed                3, 60 s ago",
      "allocations_failed_fragmentation  1",
      "commits_failed                    2, 59 s ago",
      "loanable_bytes                    3.0 MiB",
      "loanable_ratio                    75.0 %",
      "loanable_efficiency               81.3 %",
    ].join("\n"),
  );
  pool.pools = () => [{ ...DIVISION, isReady: false, failedGuardRegionChecks: 4 }];
  expect(shown()).toMatch(/^is_ready +no$/m);
  expect(shown()).toMatch(/^failed_guard_region_checks +4$/m);
  expect(shown()).not.toMatch("loanable");
});

const CONFIG = {
  ...DEFAULT_CONFIG,
  contiguousPool: {
    size: { bytes: CARVE_OUT_BYTES },
    guards: { pageCount: 1, hasInternal: false, unusedFractionDenominator: 0, unusedCycleSeconds: 600 },
    isFatal: false,
  },
};

base("a daemon whose machine cannot set the memory aside starts, and explains what fails for it", async () => {
  const prepare = (kernel: Kernel): void => {
    kernel.createCarveOut = async (sizeBytes) => {
      throw new KernelError("NOT_SUPPORTED", `cannot set aside ${sizeBytes} bytes: there is no /dev/udmabuf`);
    };
  };
  const world = new World({ config: CONFIG, prepare });
  try {
    await world.until(() => world.daemon.server.context.heaps.contiguousSystemRam === undefined);
    const ordinary = world.local("ordinary", world.collection("ordinary"), raw());
    (await ordinary.waitForBuffers()).close();
    const memory = { minSizeBytes: 4_096n, physicallyContiguousRequired: true };
    world.local("camera", world.collection("contiguous"), raw({ bufferMemoryConstraints: memory }));
    await world.failed("contiguous");
    const { out } = await world.sysmem("explain");
    expect(out).toContain(
      `there is no contiguous pool: cannot set aside ${CARVE_OUT_BYTES} bytes: there is no /dev/udmabuf`,
    );
    expect((await world.sysmem("heaps")).out).not.toContain("POOL");
  } finally {
    await world.clear();
    await world.close();
  }
});

const whyMissing = await whyNoCarveOut();
const realPool = "a daemon gives contiguous buffers of other processes out of its pool, and has their memory back";
base.skipIf(whyMissing !== undefined)(`${realPool} (${whyMissing ?? "carve-outs"})`, async () => {
  const world = new World({ config: CONFIG });
  try {
    const pool = () => world.daemon.server.snapshot().heaps.find(({ pools }) => pools !== undefined)?.pools?.[0];
    await world.until(() => pool()?.isReady);
    const root = world.collection("camera");
    const memory = { minSizeBytes: 65_536n, physicallyContiguousRequired: true, minPhysicalBaseAlignment: 65_536n };
    const sensor = world.participant(
      "constrain",
      "sensor",
      await root.duplicate(),
      raw({ bufferMemoryConstraints: memory }),
    );
    const here = world.local("display", root, raw());
    const buffers = await here.waitForBuffers();
    await sensor.says("allocated");
    const { count } = buffers;
    expect(pool()?.usedBytes).toBe(count * 65_536);
    const { out } = await world.sysmem("heaps");
    expect(out).toMatch(/^POOL +SysmemContiguousPool$/m);
    expect(out).toMatch(new RegExp(`^used_size +${count * 64}\\.0 KiB$`, "m"));
    buffers.close();
    await sensor.kill();
    await world.until(() => pool()?.usedBytes === 0);
    expect(pool()?.failedGuardRegionChecks).toBe(0);
  } finally {
    await world.clear();
    await world.close();
  }
});
