/** Collections that must be physically contiguous, from a pool. Negotiation contract 2.3, 8; lifecycle contract 8.1, 9.5. */
import { expect, test as base } from "vitest";
import type { BufferCollectionClient } from "#gen/fuchsia_sysmem2";
import { ContiguousPoolHeap, systemRamOnly } from "#heaps";
import { createFakeKernel } from "#kernel/fake";
import { type PooledWorld, pooledFixture } from "../../support/pooled-world.ts";
import { PAGE, raw } from "../support/constraints.ts";
import { endWorld, fakeWorld } from "../support/fixture.ts";
import { SimulatedClock } from "../support/simulated-clock.ts";

const POOL_PAGES = 1_026;

const test = base.extend(pooledFixture(POOL_PAGES));

const contiguous = (pages: number, count = 1, alignment?: number) =>
  raw(pages * PAGE, count, { contiguous: true, ...(alignment !== undefined && { alignment }) });

const poolOf = ({ world }: PooledWorld) =>
  world.server.snapshot().heaps.find(({ pools }) => pools !== undefined)?.pools?.[0];

test("a contiguous collection lies in the pool, and its figures are in the snapshot", async ({ pooled }) => {
  const { world } = pooled;
  const { info } = await world.allocated(contiguous(4, 3));
  expect(info.settings?.bufferSettings).toMatchObject({ isPhysicallyContiguous: true });
  expect(poolOf(pooled)).toMatchObject({
    name: "SysmemContiguousPool",
    isReady: true,
    sizeBytes: POOL_PAGES * PAGE,
    usedBytes: 12 * PAGE,
    highWaterMarkBytes: 12 * PAGE,
    freeAtHighWaterMarkBytes: (POOL_PAGES - 14) * PAGE,
    maxFreeAtHighWaterBytes: (POOL_PAGES - 14) * PAGE,
    largestFreeSumBytes: (POOL_PAGES - 14) * PAGE,
    allocationsFailed: 0,
    failedGuardRegionChecks: 0,
  });
  // The three share the pool's memory: nothing else was taken from the machine.
  expect(world.serverProcess.usedMemoryBytes).toBe(POOL_PAGES * PAGE);
  const [one, two] = [world.vmo(info, 0).map({ writable: true }), world.vmo(info, 1).map()];
  one.bytes.fill(1);
  expect(two.bytes.every((byte) => byte === 0)).toBe(true);
  for (const mapping of [one, two]) mapping.unmap();
});

test("a pool that is full fails a collection with NO_MEMORY and says why; it works when buffers are gone", async ({
  pooled,
}) => {
  const { world } = pooled;
  const { collection, info } = await world.allocated(contiguous(512, 2));
  const refused = world.nonShared();
  refused.setConstraints({ constraints: contiguous(1) });
  await world.fails(refused, "NO_MEMORY");
  expect(world.server.snapshot().recentFailures[0]).toMatchObject({
    error: "NO_MEMORY",
    reason:
      "the heap gave no memory: cannot allocate 4096 contiguous bytes: 0 of the 4202496 bytes of the contiguous pool are free",
  });
  expect(poolOf(pooled)).toMatchObject({ allocationsFailed: 1, allocationsFailedFragmentation: 0 });
  // Buffers that were made before one was refused are free again.
  world.leave(collection);
  world.vmo(info, 0).close();
  await world.settle();
  expect(poolOf(pooled)?.usedBytes).toBe(512 * PAGE);
  const halfway = world.nonShared();
  halfway.setConstraints({ constraints: contiguous(300, 2) });
  await world.fails(halfway, "NO_MEMORY");
  expect(poolOf(pooled)?.usedBytes).toBe(512 * PAGE);
  const { info: again } = await world.allocated(contiguous(512, 1));
  expect(again.buffers).toHaveLength(1);
  expect(poolOf(pooled)?.usedBytes).toBe(1_024 * PAGE);
});

test("the largest min_physical_base_alignment of all reaches the pool", async ({ pooled }) => {
  const { world } = pooled;
  const [a, b] = (await world.participants(contiguous(1, 1, 8_192), contiguous(1, 1, 65_536))) as [
    BufferCollectionClient,
    BufferCollectionClient,
  ];
  const info = await world.info(a);
  await world.info(b);
  expect(info.buffers).toHaveLength(2);
  // From the first multiple behind the guard: two pages, a multiple apart.
  expect(poolOf(pooled)).toMatchObject({ usedBytes: 2 * PAGE, largestFreeBytes: (POOL_PAGES - 1 - 33) * PAGE });
  const refused = world.nonShared();
  refused.setConstraints({ constraints: contiguous(1, 1, 1 << 30) });
  await world.fails(refused, "NO_MEMORY");
  expect(world.server.snapshot().recentFailures[0]?.reason).toContain("at a multiple of 1073741824");
});

test("where the pool cannot be made, a group takes another child, and without one the reason is told", async () => {
  const serverProcess = createFakeKernel();
  serverProcess.faults.nextMemoryErrors.push("NOT_SUPPORTED");
  const heaps = systemRamOnly(serverProcess);
  const pool = new ContiguousPoolHeap({ kernel: serverProcess, clock: new SimulatedClock(), sizeBytes: 64 * PAGE });
  heaps.setContiguousSystemRam(undefined, (await pool.opened)?.message);
  const world = fakeWorld({ serverProcess, heaps: () => heaps });
  const token = await world.root();
  const group = await world.group(token);
  const children = [await world.child(group), await world.child(group)];
  const root = world.bind(token);
  const [first, second] = children.map((child) => world.bind(child)) as [
    BufferCollectionClient,
    BufferCollectionClient,
  ];
  root.setConstraints({ constraints: raw() });
  first.setConstraints({ constraints: contiguous(1) });
  second.setConstraints({ constraints: raw() });
  group.allChildrenPresent();
  await world.info(second);
  await world.fails(first);
  const alone = world.nonShared();
  alone.setConstraints({ constraints: contiguous(1) });
  await world.fails(alone);
  expect(world.server.snapshot().recentFailures[0]?.reason).toMatch(
    /^nothing can allocate from .*SYSTEM_RAM, physically contiguous \(there is no contiguous pool: cannot /,
  );
  const snapshot = world.server.snapshot();
  expect(snapshot.heaps).toHaveLength(1);
  pool.close();
  await endWorld(world);
});
