/** Lifecycle contract 11, statements 133 to 138, as far as the server is concerned: any heap behind the port. */
import { expect, test as base } from "vitest";
import { MAX_CONCURRENT_RESERVATIONS } from "#base";
import { type AllocateVmoRequest, type Heap, HeapError, Heaps, SystemRamHeap } from "#heaps";
import type { BufferMemory } from "#kernel";
import type { FakeKernel } from "#kernel/fake";
import type { BufferCollectionClient } from "#gen/fuchsia_sysmem2";
import { PAGE, raw } from "../support/constraints.ts";
import { endWorld, type FakeWorld, fakeWorld, worldFixture } from "../support/fixture.ts";

const test = base.extend(worldFixture);

const HEAP_TYPE = "test.sysmem.heap.HEAP_TYPE.RECORDING";

/** A heap that notes what it is asked, fails where told, and answers deletions when told. */
class RecordingHeap extends SystemRamHeap implements Heap {
  override readonly id = { heapType: HEAP_TYPE, id: 0n };
  override maxConcurrentAllocations = 1;
  /** Called with each request before it is answered. */
  onAllocate: (index: number) => Promise<void> | undefined = () => undefined;
  readonly calls: string[] = [];
  readonly requests: AllocateVmoRequest[] = [];
  failAt: number | undefined;
  /** Given as the next answer instead of new memory. */
  nextAnswer: BufferMemory | undefined;
  deletionHeld: Promise<void> | undefined;

  override async allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    this.requests.push(request);
    this.calls.push(`allocate ${request.bufferIndex}`);
    await this.onAllocate(request.bufferIndex);
    if (request.bufferIndex === this.failAt) throw new HeapError("NO_MEMORY", "cannot allocate: full");
    const { nextAnswer } = this;
    this.nextAnswer = undefined;
    return nextAnswer ?? super.allocateVmo(request);
  }

  override async deleteVmo(collectionId: bigint, index: number, memory: BufferMemory): Promise<void> {
    this.calls.push(`delete ${index}`);
    await super.deleteVmo(collectionId, index, memory);
    await this.deletionHeld;
  }
}

const heapTest = test.extend<{ heapWorld: { world: FakeWorld; heap: RecordingHeap; heaps: Heaps } }>({
  heapWorld: async ({ task: _task }, use) => {
    const heaps = new Heaps();
    let heap: RecordingHeap | undefined;
    const world = fakeWorld({
      heaps: (kernel: FakeKernel) => {
        heap = new RecordingHeap(kernel);
        heaps.register(new SystemRamHeap(kernel));
        heaps.register(heap);
        return heaps;
      },
    });
    await use({ world, heap: heap as RecordingHeap, heaps });
    await endWorld(world);
  },
});

const inHeap = (count: number) => raw(5_000, count, { heap: HEAP_TYPE });

heapTest("L133: a heap that is not there (yet) is CONSTRAINTS_INTERSECTION_EMPTY", async ({ heapWorld: { world } }) => {
  const collection = world.nonShared();
  collection.setConstraints({ constraints: raw(PAGE, 1, { heap: "test.sysmem.heap.HEAP_TYPE.ABSENT" }) });
  await world.fails(collection);
  expect(world.server.snapshot().recentFailures[0]?.error).toBe("CONSTRAINTS_INTERSECTION_EMPTY");
});

heapTest("L134: AllocateVmo is called once per buffer, ascending, with the collection's id", async ({ heapWorld }) => {
  const { world, heap } = heapWorld;
  const { info } = await world.allocated(inHeap(3));
  expect(heap.calls).toEqual(["allocate 0", "allocate 1", "allocate 2"]);
  for (const request of heap.requests) {
    expect(request).toMatchObject({ sizeBytes: 8_192, bufferCollectionId: info.bufferCollectionId });
    expect(request.settings.bufferSettings?.sizeBytes).toBe(5_000n);
  }
});

heapTest(
  "L135: DeleteVmo is called for the buffer that is gone, and trackers wait for its answer",
  async ({ heapWorld }) => {
    const { world, heap } = heapWorld;
    const { collection, info } = await world.allocated(inHeap(3));
    const tracker = world.lifetime(collection, 2);
    await collection.sync();
    let answer = () => {};
    heap.deletionHeld = new Promise((resolve) => {
      answer = resolve;
    });
    world.leave(collection);
    world.vmo(info, 1).close();
    await world.settle();
    expect(heap.calls.slice(3)).toEqual(["delete 1"]);
    expect(tracker.isPeerClosed()).toBe(false);
    answer();
    await world.settle();
    expect(tracker.isPeerClosed()).toBe(true);
  },
);

heapTest(
  "L136: when AllocateVmo fails for index 2, 0 and 1 are deleted, 3 is never asked for, waits get NO_MEMORY",
  async ({ heapWorld }) => {
    const { world, heap } = heapWorld;
    heap.failAt = 2;
    const [a, b] = (await world.family(2)) as [BufferCollectionClient, BufferCollectionClient];
    a.setConstraints({ constraints: inHeap(2) });
    const pending = await world.pending(a);
    b.setConstraints({ constraints: inHeap(2) });
    await world.closed(a, b);
    expect(pending.outcome()).toEqual({ kind: "error", error: "NO_MEMORY" });
    expect(heap.calls).toEqual(["allocate 0", "allocate 1", "allocate 2", "delete 0", "delete 1"]);
    heap.failAt = undefined;
    expect((await world.allocated(inHeap(1))).info.buffers).toHaveLength(1);
  },
);

/** Holds every answer of a heap back until its index is named. */
function holdAnswers(heap: RecordingHeap): (index: number) => void {
  const held = new Map<number, () => void>();
  heap.onAllocate = (index) => new Promise((resolve) => held.set(index, resolve));
  return (index) => held.get(index)?.();
}

heapTest("a heap that takes several is asked in ascending order, for no more than it takes", async ({ heapWorld }) => {
  const { world, heap } = heapWorld;
  heap.maxConcurrentAllocations = 2;
  const answer = holdAnswers(heap);
  const collection = world.nonShared();
  collection.setConstraints({ constraints: inHeap(4) });
  const pending = await world.pending(collection);
  expect(heap.calls).toEqual(["allocate 0", "allocate 1"]);
  answer(1);
  await world.settle();
  expect(heap.calls.slice(2)).toEqual(["allocate 2"]);
  answer(2);
  await world.settle();
  expect(heap.calls.slice(3)).toEqual(["allocate 3"]);
  answer(3);
  await world.settle();
  expect(pending.outcome()).toBeUndefined();
  answer(0);
  await world.settle();
  expect(pending.outcome()?.kind).toBe("ok");
});

heapTest("system RAM makes MAX_CONCURRENT_RESERVATIONS buffers of a collection at a time", async ({ heapWorld }) => {
  const { world, heap } = heapWorld;
  heap.maxConcurrentAllocations = new SystemRamHeap(world.serverProcess).maxConcurrentAllocations;
  const answer = holdAnswers(heap);
  const collection = world.nonShared();
  collection.setConstraints({ constraints: inHeap(MAX_CONCURRENT_RESERVATIONS + 1) });
  await world.settle();
  expect(heap.calls).toHaveLength(MAX_CONCURRENT_RESERVATIONS);
  for (let index = 0; index <= MAX_CONCURRENT_RESERVATIONS; index++) {
    answer(index);
    await world.settle();
  }
  expect(heap.calls).toHaveLength(MAX_CONCURRENT_RESERVATIONS + 1);
});

heapTest("when one of several fails, what was under way is waited for and given back", async ({ heapWorld }) => {
  const { world, heap } = heapWorld;
  heap.maxConcurrentAllocations = 2;
  heap.failAt = 1;
  const answer = holdAnswers(heap);
  const [a, b] = (await world.family(2)) as [BufferCollectionClient, BufferCollectionClient];
  a.setConstraints({ constraints: inHeap(4) });
  const pending = await world.pending(a);
  b.setConstraints({ constraints: inHeap(4) });
  await world.settle();
  answer(1);
  await world.settle();
  expect(pending.outcome()).toBeUndefined();
  answer(0);
  await world.closed(a, b);
  expect(pending.outcome()).toEqual({ kind: "error", error: "NO_MEMORY" });
  expect(heap.calls).toEqual(["allocate 0", "allocate 1", "delete 0"]);
});

heapTest("when the tree fails meanwhile, no more is asked for and all is given back", async ({ heapWorld }) => {
  const { world, heap } = heapWorld;
  heap.maxConcurrentAllocations = 2;
  const answer = holdAnswers(heap);
  const collection = world.nonShared();
  collection.setConstraints({ constraints: inHeap(4) });
  await world.settle();
  const isShutDown = world.server.shutdown();
  answer(0);
  answer(1);
  await isShutDown;
  await world.settle();
  expect(heap.calls).toEqual(["allocate 0", "allocate 1", "delete 0", "delete 1"]);
  expect(world.server.snapshot().collections).toEqual([]);
});

heapTest("the memory of a buffer that another heap made is no answer", async ({ heapWorld: { world, heap } }) => {
  const { collection: owner, info } = await world.allocated(raw());
  heap.nextAnswer = world.serverProcess.adoptMemory(world.vmo(info, 0).duplicate());
  const thief = world.nonShared();
  thief.setConstraints({ constraints: inHeap(1) });
  await world.closed(thief);
  expect(heap.calls).toEqual(["allocate 0", "delete 0"]);
  const [failure] = world.server.snapshot().recentFailures;
  expect(failure?.error).toBe("NO_MEMORY");
  expect(failure?.reason).toContain("it is the memory of another buffer");
  // The owner's VMO is still known for what it is, and still keeps its buffer.
  const answer = await world.allocator().getVmoInfo({ vmo: world.vmo(info, 0).duplicate() });
  expect(answer).toMatchObject({ ok: true, value: { bufferCollectionId: info.bufferCollectionId, bufferIndex: 0n } });
  const tracker = world.lifetime(owner, 0);
  await owner.sync();
  world.leave(owner);
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(false);
  world.closeVmos(info);
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(true);
});

heapTest(
  "L137: when the heap is lost its collections close, delivered VMOs stay usable, others do not notice",
  async ({ heapWorld }) => {
    const { world, heap, heaps } = heapWorld;
    const { collection, info } = await world.allocated(inHeap(1));
    const { collection: other } = await world.allocated(raw());
    const undecided = world.nonShared();
    await undecided.sync();
    heaps.unregister(heap);
    await world.closed(collection);
    const mapping = world.vmo(info, 0).map({ writable: true });
    mapping.bytes[0] = 9;
    expect(mapping.bytes[0]).toBe(9);
    mapping.unmap();
    await world.alive(other, undecided);
    undecided.setConstraints({ constraints: inHeap(1) });
    await world.fails(undecided);
    world.closeVmos(info);
    await world.settle();
    expect(heap.calls).toEqual(["allocate 0"]);
  },
);

heapTest("a heap lost while it is allocating costs that collection alone", async ({ heapWorld }) => {
  const { world, heap, heaps } = heapWorld;
  const { release } = world.holdMemory();
  const collection = world.nonShared();
  collection.setConstraints({ constraints: inHeap(2) });
  await world.settle();
  heaps.unregister(heap);
  release();
  await world.closed(collection);
});

heapTest("L138: a fresh buffer reads as zeros", async ({ heapWorld: { world } }) => {
  const { info } = await world.allocated(raw(PAGE, 1));
  const mapping = world.vmo(info, 0).map();
  expect(mapping.bytes.every((byte) => byte === 0)).toBe(true);
  mapping.unmap();
});

heapTest("the heap's memory is named after the collection and the index", async ({ heapWorld: { world } }) => {
  const collection = world.nonShared();
  collection.setName({ priority: 1, name: "frames" });
  collection.setConstraints({ constraints: raw(PAGE, 2) });
  const info = await world.info(collection);
  expect([world.vmo(info, 0).name, world.vmo(info, 1).name]).toEqual(["frames:0", "frames:1"]);
});
