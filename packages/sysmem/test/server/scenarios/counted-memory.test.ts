/** Memory whose holders the kernel counts and does not tell apart, and memory whose VMOs are files of their own: decision 16. */
import { expect, test } from "vitest";
import { type AllocateVmoRequest, type Heap, Heaps, SystemRamHeap } from "#heaps";
import type { BufferMemory, Vmo } from "#kernel";
import type { FakeKernel } from "#kernel/fake";
import { PAGE, raw } from "../support/constraints.ts";
import { endWorld, type FakeWorld, fakeWorld } from "../support/fixture.ts";

const HEAP_TYPE = "test.sysmem.heap.HEAP_TYPE.COUNTED";

/** Its memory is that of one DMA-BUF, as far as the port goes. */
class CountedHeap extends SystemRamHeap implements Heap {
  override readonly id = { heapType: HEAP_TYPE, id: 0n };
  override get description(): string {
    return "counted";
  }
  override readonly maxConcurrentAllocations = 1;
  made = 0;

  override async allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    this.made += 1;
    return Object.defineProperty(await super.allocateVmo(request), "tellsChildrenApart", { value: false });
  }
}

/** Every VMO is a file of its own, made as a separate memory here: what is shown is its identity. */
class PiecewiseHeap extends SystemRamHeap implements Heap {
  override readonly id = { heapType: HEAP_TYPE, id: 0n };
  readonly #memories = new Map<BufferMemory, BufferMemory[]>();
  readonly #spare: BufferMemory[] = [];

  /** Memory files for the VMOs to come. */
  async prepare(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      this.#spare.push(await super.allocateVmo({ ...REQUEST, bufferIndex: index }));
    }
  }

  override async allocateVmo(request: AllocateVmoRequest): Promise<BufferMemory> {
    const memory = await super.allocateVmo(request);
    const files: BufferMemory[] = [];
    this.#memories.set(memory, files);
    return Object.assign(Object.create(memory) as BufferMemory, {
      handOut: (options: { readonly writable: boolean }) => {
        const file = this.#spare.pop() as BufferMemory;
        files.push(file);
        const childId = files.length;
        file.onChildGone(() => this.#listeners.get(memory)?.(childId));
        return { vmo: file.handOut(options).vmo, childId };
      },
      identify: (vmo: Vmo) => {
        const index = files.findIndex(({ koid }) => koid === vmo.koid);
        return index < 0 ? undefined : index + 1;
      },
      onChildGone: (listener: (childId: number) => void) => this.#listeners.set(memory, listener),
      close: () => {
        for (const file of files) file.close();
        memory.close();
      },
      koid: memory.koid,
      inode: memory.inode,
      sizeBytes: memory.sizeBytes,
      vmo: memory.vmo,
      tellsChildrenApart: true,
    });
  }

  readonly #listeners = new Map<BufferMemory, (childId: number) => void>();

  dropSpare(): void {
    for (const file of this.#spare.splice(0)) file.close();
  }
}

const REQUEST = { sizeBytes: PAGE, settings: {}, bufferCollectionId: 0n, bufferIndex: 0, name: "file" };

function worldWith<H extends Heap>(make: (kernel: FakeKernel) => H): { world: FakeWorld; heap: H } {
  let heap: H | undefined;
  const world = fakeWorld({
    heaps(kernel) {
      const heaps = new Heaps();
      heap = make(kernel);
      heaps.register(new SystemRamHeap(kernel));
      heaps.register(heap);
      return heaps;
    },
  });
  return { world, heap: heap as H };
}

const there = (camping = 1, options = {}) => raw(PAGE, camping, { heap: HEAP_TYPE, ...options });

test("a weak participant fails the allocation from a heap that could not tell its VMOs from strong ones", async () => {
  const { world, heap } = worldWith((kernel) => new CountedHeap(kernel));
  const root = await world.root();
  const token = await world.dup(root);
  token.setDebugClientInfo({ name: "recorder", id: 7n });
  token.setWeak();
  const [strong, weak] = [world.bind(root), world.bind(token)];
  weak.setWeakOk({});
  strong.setConstraints({ constraints: there(2) });
  weak.setConstraints({ constraints: there(0) });
  expect(await world.wait(strong)).toMatchObject({ kind: "error", error: "NO_MEMORY" });
  expect(heap.made).toBe(1);
  const [failure] = world.server.snapshot().recentFailures;
  expect(failure?.reason).toContain('client "recorder" (id 7) is weak');
  expect(failure?.reason).toContain(`heap ${HEAP_TYPE} (counted) has no memory for weak clients`);
  await endWorld(world);
});

test("strong participants alone get buffers from it, which end when all holders are gone", async () => {
  const { world } = worldWith((kernel) => new CountedHeap(kernel));
  const [first, second] = await world.participants(there(1), there(1));
  if (first === undefined || second === undefined) throw new Error("two participants were asked for");
  const [left, right] = [await world.info(first), await world.info(second)];
  expect(world.vmo(left, 0).koid).toBe(world.vmo(right, 0).koid);
  await endWorld(world);
});

test("a weak participant that is attached later fails alone", async () => {
  const { world } = worldWith((kernel) => new CountedHeap(kernel));
  const [strong] = await world.participants(there(1, { count: 2 }));
  if (strong === undefined) throw new Error("a participant was asked for");
  await world.info(strong);
  const token = await world.attach(strong);
  token.setWeak();
  const late = world.bind(token);
  late.setWeakOk({});
  late.setConstraints({ constraints: there(1) });
  await world.closed(late);
  const [failure] = world.server.snapshot().recentFailures;
  expect(failure).toMatchObject({ attempt: "late", error: "NO_MEMORY" });
  expect(failure?.reason).toContain(`heap ${HEAP_TYPE}`);
  await world.alive(strong);
  await endWorld(world);
});

test("GetVmoInfo makes no weak VMO of such memory", async () => {
  const { world } = worldWith((kernel) => new CountedHeap(kernel));
  const [strong] = await world.participants(there(1));
  if (strong === undefined) throw new Error("a participant was asked for");
  const info = await world.info(strong);
  const allocator = world.allocator();
  const plain = await allocator.getVmoInfo({ vmo: world.vmo(info, 0).duplicate() });
  expect(plain.ok && plain.value.bufferIndex).toBe(0n);
  const weak = await allocator.getVmoInfo({ vmo: world.vmo(info, 0).duplicate(), needWeak: true });
  expect(weak.ok).toBe(false);
  await endWorld(world);
});

test("a VMO that is a file of its own is found by its own koid for as long as it lives", async () => {
  const { world, heap } = worldWith((kernel) => new PiecewiseHeap(kernel));
  await heap.prepare(2);
  const [first, second] = await world.participants(there(1), there(0));
  if (first === undefined || second === undefined) throw new Error("two participants were asked for");
  const [left, right] = [await world.info(first), await world.info(second)];
  const [one, two] = [world.vmo(left, 0), world.vmo(right, 0)];
  expect(one.koid).not.toBe(two.koid);
  const allocator = world.allocator();
  for (const vmo of [one, two]) {
    const found = await allocator.getVmoInfo({ vmo: vmo.duplicate() });
    expect(found.ok && found.value.bufferCollectionId).toBe(left.bufferCollectionId);
  }
  heap.dropSpare();
  await endWorld(world);
});
