/** Collections of several buffers that want the same memory at once: who began gets all of it, or nobody has any. */
import { expect, test as base } from "vitest";
import type { BufferCollectionClient } from "#gen/fuchsia_sysmem2";
import { createFakeKernel, createSteppedScheduler, seededRandom } from "#kernel/fake";
import { pooledFixture } from "../../support/pooled-world.ts";
import { PAGE, raw } from "../support/constraints.ts";
import { endWorld, type FakeWorld, fakeWorld, worldFixture } from "../support/fixture.ts";
import type { WaitOutcome } from "../support/world.ts";

const test = base.extend({ ...worldFixture, ...pooledFixture(8) });

/** Collections that all become ready in the same turn, and what a wait that each had pending came to. */
async function compete(world: FakeWorld, ...wanted: ReturnType<typeof raw>[]): Promise<WaitOutcome[]> {
  const waits: Promise<WaitOutcome>[] = [];
  const last: BufferCollectionClient[] = [];
  for (const constraints of wanted) {
    const [first, second] = (await world.family(2)) as [BufferCollectionClient, BufferCollectionClient];
    first.setConstraints({ constraints });
    waits.push(world.wait(first));
    last.push(second);
  }
  await world.settle();
  for (const each of last) each.setConstraints({ constraints: raw(PAGE, 0) });
  return Promise.all(waits);
}

const reasons = (world: FakeWorld) =>
  world.events.flatMap((event) => (event.type === "allocation-failed" ? [event.reason] : []));

test("of two collections that fit one at a time, the first has its buffers and the other NO_MEMORY", async ({
  world,
}) => {
  world.serverProcess.faults.memoryLimitBytes = 5 * PAGE;
  const outcomes = await compete(world, raw(PAGE, 4), raw(PAGE, 4));
  expect(outcomes.map(({ kind }) => kind)).toEqual(["ok", "error"]);
  expect(outcomes[1]).toEqual({ kind: "error", error: "NO_MEMORY" });
  expect(reasons(world)).toEqual([
    "the heap gave no memory: cannot set 16384 bytes of memory aside: 4096 bytes are available, and 16384 more are promised",
  ]);
});

test("a buffer by itself does not take what a collection was promised", async ({ world }) => {
  world.serverProcess.faults.memoryLimitBytes = 4 * PAGE;
  const outcomes = await compete(world, raw(PAGE, 4), raw(PAGE, 1));
  expect(outcomes.map(({ kind }) => kind)).toEqual(["ok", "error"]);
});

test("of two collections that the pool holds one of, the first has its buffers", async ({
  pooled: { world, pool },
}) => {
  const contiguous = raw(PAGE, 4, { contiguous: true });
  const outcomes = await compete(world, contiguous, contiguous);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["ok", "error"]);
  expect(reasons(world)).toEqual([
    "the heap gave no memory: cannot allocate 4 times 4096 contiguous bytes: 8192 of the 32768 bytes of the contiguous pool are free",
  ]);
  // What the other had before it was refused is free again.
  expect(pool.pools()[0]?.usedBytes).toBe(4 * PAGE);
});

test("a collection whose tree fails while its buffers are made gives back the rest of its claim", async ({ world }) => {
  world.serverProcess.faults.memoryLimitBytes = 4 * PAGE;
  const { release } = world.holdMemory();
  const [first, second] = [world.nonShared(), world.nonShared()];
  first.setConstraints({ constraints: raw(PAGE, 4) });
  await world.settle();
  const promised = world.serverProcess.claimedMemoryBytes;
  first.close();
  await world.settle();
  release();
  expect(promised).toBe(4 * PAGE);
  await world.settle();
  expect(world.serverProcess.claimedMemoryBytes).toBe(0);
  second.setConstraints({ constraints: raw(PAGE, 4) });
  expect((await world.wait(second)).kind).toBe("ok");
});

test("in any order of answers, with faults and early leavers, somebody gets what fits and no claim is left", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = seededRandom(seed);
    const pick = (below: number) => Math.floor(random() * below);
    const scheduler = createSteppedScheduler(random);
    const serverProcess = createFakeKernel({ scheduler });
    const settle = async () => void (await scheduler.run());
    const world = fakeWorld({ serverProcess, settle });
    const counts = Array.from({ length: 2 + pick(3) }, () => 2 + pick(5));
    serverProcess.faults.memoryLimitBytes = (Math.max(...counts) + pick(3)) * PAGE;
    const hasFaults = seed % 3 === 0;
    if (hasFaults)
      serverProcess.faults.nextMemoryErrors.push(...Array.from({ length: pick(4) }, () => undefined), "NO_MEMORY");
    const collections = counts.map((count) => {
      const collection = world.nonShared();
      collection.setConstraints({ constraints: raw(PAGE, count) });
      return collection;
    });
    const waits = collections.map((collection) => world.wait(collection));
    const leaves = seed % 5 === 0;
    if (leaves) {
      await scheduler.run(pick(30));
      collections[pick(collections.length)]?.close();
    }
    await settle();
    const kinds = (await Promise.all(waits)).map(({ kind }) => kind);
    if (!hasFaults && !leaves) expect({ seed, kinds }).toMatchObject({ kinds: expect.arrayContaining(["ok"]) });
    expect({ seed, claimed: serverProcess.claimedMemoryBytes }).toEqual({ seed, claimed: 0 });
    await endWorld(world);
  }
});
