/** Heaps of other processes: registration, calls, and everything that can go wrong. Lifecycle contract 8.1 to 8.4. */
import { expect, test as base } from "vitest";
import {
  type Channel,
  HEAP_ALLOCATE_TIMEOUT_MS,
  HEAP_DELETE_TIMEOUT_MS,
  MAX_CLEARED_PER_TURN_BYTES,
  Status,
  type VmoHandle,
} from "#base";
import { ClientEnd } from "#fidl";
import type { HeapClient } from "#gen/fuchsia_hardware_sysmem";
import {
  type AllocateVmoRequest,
  GOLDFISH_DEVICE_LOCAL,
  type Heap,
  HeapRegistrar,
  Heaps,
  SYSTEM_RAM,
  SystemRamHeap,
} from "#heaps";
import type { BufferMemory } from "#kernel";
import { createFakeKernel, type FakeKernel } from "#kernel/fake";
import { SimulatedClock } from "../server/support/simulated-clock.ts";
import { recordingLogger, type LogLine } from "../server/support/world.ts";
import { EVERYTHING, DEFERRED, Provider, settle } from "./support/provider.ts";

const PAGE = 4096;

class Bench {
  readonly kernel: FakeKernel = createFakeKernel();
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly logs: LogLine[] = [];
  readonly heaps: Heaps = new Heaps();
  readonly gone: Heap[] = [];
  readonly registrar: HeapRegistrar;
  readonly #providers: Provider[] = [];

  constructor() {
    this.heaps.register(new SystemRamHeap(this.kernel));
    this.heaps.onHeapGone((heap) => this.gone.push(heap));
    const { kernel, clock, heaps } = this;
    this.registrar = new HeapRegistrar({ kernel, clock, heaps, logger: recordingLogger(this.logs) });
  }

  provider(): Provider {
    const provider = new Provider(this.kernel);
    this.#providers.push(provider);
    this.registrar.register(GOLDFISH_DEVICE_LOCAL, new ClientEnd<HeapClient>(provider.end));
    return provider;
  }

  async announced(properties = EVERYTHING): Promise<{ provider: Provider; heap: Heap }> {
    const provider = this.provider().announce(properties);
    await settle();
    return { provider, heap: this.heap() as Heap };
  }

  heap(): Heap | undefined {
    return this.heaps.find({ heapType: GOLDFISH_DEVICE_LOCAL, id: 0n }, { isPhysicallyContiguous: false });
  }

  end(): void {
    this.registrar.close();
    for (const provider of this.#providers) provider.die();
    expect({ handles: this.kernel.openHandleCount, memory: this.kernel.usedMemoryBytes }).toEqual({
      handles: 0,
      memory: 0,
    });
    expect(this.clock.pendingTimers).toBe(0);
    // Whatever happens, every line names the heap and its process.
    for (const { message, fields } of this.logs) {
      expect(fields, message).toMatchObject({ heap: GOLDFISH_DEVICE_LOCAL, heapPid: expect.any(Number) as number });
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

function request(index = 0, sizeBytes = PAGE): AllocateVmoRequest {
  return { sizeBytes, settings: {}, bufferCollectionId: 7n, bufferIndex: index, name: "test" };
}

async function failing(allocation: Promise<BufferMemory>): Promise<string> {
  try {
    (await allocation).close();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "no error";
}

test("a heap exists for allocation only after it has announced itself", async ({ bench }) => {
  const provider = bench.provider();
  await settle();
  expect(bench.heap()).toBeUndefined();
  provider.announce({ ...EVERYTHING, needClear: true, coherencyDomainSupport: { ramSupported: true } });
  await settle();
  expect(bench.heap()?.properties).toEqual({
    coherencyDomainSupport: { cpu: false, ram: true, inaccessible: false },
    needClear: true,
    needFlush: false,
    isSecure: false,
  });
});

test("an announcement without a required property costs the heap its channel", async ({ bench }) => {
  const provider = bench.provider().announce({ needClear: false });
  await settle();
  expect([bench.heap(), provider.closed]).toEqual([undefined, "peer-closed"]);
});

test("a second announcement costs the heap its channel and its place", async ({ bench }) => {
  const { provider } = await bench.announced();
  provider.announce();
  await settle();
  expect([bench.heap(), provider.closed, bench.gone.length]).toEqual([undefined, "peer-closed", 1]);
});

test("a heap stays until its successor has announced itself", async ({ bench }) => {
  const { provider: first, heap } = await bench.announced();
  const second = bench.provider();
  await settle();
  expect([bench.heap(), first.closed]).toEqual([heap, undefined]);
  second.announce();
  await settle();
  expect(bench.heap()).not.toBe(heap);
  expect([bench.gone, first.closed, second.closed]).toEqual([[heap], "peer-closed", undefined]);
});

test("of several registrations that have not announced themselves the latest counts", async ({ bench }) => {
  const [first, second] = [bench.provider(), bench.provider()];
  await settle();
  expect([first.closed, second.closed]).toEqual(["peer-closed", undefined]);
});

test("a buffer is made, and given back with its only handle", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  const memory = await heap.allocateVmo(request(3, 2 * PAGE));
  expect(provider.requests).toMatchObject([{ size: 8192n, bufferCollectionId: 7n, bufferIndex: 3n }]);
  const parent = provider.memories[0] as BufferMemory;
  expect(memory.koid).toBe(parent.koid);
  expect(parent.liveChildren.size).toBe(1);
  await heap.deleteVmo(7n, 3, memory);
  await settle();
  expect(provider.calls).toEqual(["allocate 3", "delete 3"]);
  expect(parent.liveChildren.size).toBe(0);
});

test("deleteVmo resolves when the heap has answered", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  const memory = await heap.allocateVmo(request());
  let answer = () => {};
  provider.deletionHeld = new Promise((resolve) => {
    answer = resolve;
  });
  let isDone = false;
  const deletion = heap.deleteVmo(7n, 0, memory).then(() => {
    isDone = true;
  });
  await settle();
  expect(isDone).toBe(false);
  answer();
  await deletion;
});

test("memory that needs clearing arrives as zeros", async ({ bench }) => {
  const { provider, heap } = await bench.announced({ ...EVERYTHING, needClear: true });
  provider.fill = 0xaa;
  for (const sizeBytes of [PAGE, MAX_CLEARED_PER_TURN_BYTES, MAX_CLEARED_PER_TURN_BYTES + PAGE]) {
    const memory = await heap.allocateVmo(request(0, sizeBytes));
    const mapping = memory.vmo.map();
    expect(mapping.bytes.every((byte) => byte === 0)).toBe(true);
    mapping.unmap();
    await heap.deleteVmo(7n, 0, memory);
  }
  expect(bench.kernel.openMappingCount).toBe(0);
});

test("memory that needs no clearing arrives as the heap made it", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  provider.fill = 0xaa;
  const memory = await heap.allocateVmo(request());
  const mapping = memory.vmo.map();
  expect(mapping.bytes[0]).toBe(0xaa);
  mapping.unmap();
  memory.close();
});

test("a heap's error is NO_MEMORY, and the heap stays", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  provider.answer = () => ({ ok: false, error: Status.ERR_NO_RESOURCES });
  expect(await failing(heap.allocateVmo(request()))).toBe("NO_MEMORY");
  provider.answer = undefined;
  (await heap.allocateVmo(request())).close();
  expect(bench.heap()).toBe(heap);
});

for (const [what, make] of [
  ["is too small", (provider: Provider) => provider.makeVmo(PAGE)],
  ["can only be read", (provider: Provider) => provider.makeVmo(2 * PAGE, false)],
] as const) {
  test(`a VMO that ${what} is refused and closed`, async ({ bench }) => {
    const { provider, heap } = await bench.announced();
    provider.answer = async () => ({ ok: true, value: { vmo: await make(provider) } });
    expect(await failing(heap.allocateVmo(request(0, 2 * PAGE)))).toBe("BAD_ANSWER");
    await settle();
    expect(provider.memories[0]?.liveChildren.size).toBe(0);
  });
}

test("the same memory cannot be two buffers at a time, and can be two in turn", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  const memory = await heap.allocateVmo(request());
  const parent = provider.memories[0] as BufferMemory;
  const again = async () => ({ ok: true as const, value: { vmo: parent.handOut({ writable: true }).vmo } });
  provider.answer = again;
  expect(await failing(heap.allocateVmo(request(1)))).toBe("BAD_ANSWER");
  await heap.deleteVmo(7n, 0, memory);
  (await heap.allocateVmo(request(2))).close();
});

test("a handle that is no VMO ends the heap", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  provider.answer = () => ({ ok: true, value: { vmo: provider.kernel.createEvent() as unknown as VmoHandle } });
  expect(await failing(heap.allocateVmo(request()))).not.toBe("no error");
  await settle();
  expect(bench.heap()).toBeUndefined();
});

test("garbage on the channel ends the heap and fails what waits for it", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  let channel: Channel | undefined;
  provider.answer = () => {
    channel = provider.serving.unbind();
    provider.kernel.writeRaw(channel, new Uint8Array(24).fill(0x5a));
    return DEFERRED;
  };
  expect(await failing(heap.allocateVmo(request()))).toBe("HEAP_GONE");
  await settle();
  expect([bench.heap(), bench.gone]).toEqual([undefined, [heap]]);
  channel?.close();
});

test("a heap that dies while it allocates fails that allocation", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  provider.answer = () => {
    queueMicrotask(() => provider.die());
    return DEFERRED;
  };
  expect(await failing(heap.allocateVmo(request()))).toBe("HEAP_GONE");
  expect(bench.heap()).toBeUndefined();
});

test("a heap that dies while it deletes leaves nothing to wait for", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  const memory = await heap.allocateVmo(request());
  provider.deletionHeld = new Promise(() => {});
  const deletion = heap.deleteVmo(7n, 0, memory);
  await settle();
  provider.die();
  await deletion;
  expect(bench.logs.filter(({ level }) => level === "error")).toEqual([]);
});

test("a buffer of a heap that is gone is let go without a word", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  const memory = await heap.allocateVmo(request());
  provider.die();
  await settle();
  await heap.deleteVmo(7n, 0, memory);
  expect(memory.vmo.isClosed).toBe(true);
});

test("an allocation that is not answered in time fails, and its late answer is given back", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  let answer = () => {};
  provider.answer = (_, call) => {
    answer = () =>
      void provider.makeVmo(PAGE).then((vmo) => {
        call.responder.reply({ vmo });
      });
    return DEFERRED;
  };
  const allocation = failing(heap.allocateVmo(request()));
  await settle();
  let outcome: string | undefined;
  void allocation.then((code) => (outcome = code));
  bench.clock.advance(HEAP_ALLOCATE_TIMEOUT_MS * 1e6 - 1);
  await settle();
  expect(outcome).toBe(undefined);
  bench.clock.advance(1);
  expect(await allocation).toBe("TIMED_OUT");
  answer();
  await settle();
  expect(provider.memories[0]?.liveChildren.size).toBe(0);
  provider.answer = undefined;
  (await heap.allocateVmo(request(1))).close();
});

test("a deletion that is not answered in time is over, and logged", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  const memory = await heap.allocateVmo(request());
  provider.deletionHeld = new Promise(() => {});
  const deletion = heap.deleteVmo(7n, 0, memory);
  let isOver = false;
  void deletion.then(() => (isOver = true));
  await settle();
  bench.clock.advance(HEAP_DELETE_TIMEOUT_MS * 1e6 - 1);
  await settle();
  expect(isOver).toBe(false);
  bench.clock.advance(1);
  await deletion;
  expect(bench.logs.map(({ message }) => message)).toContain("a heap failed to delete a buffer");
});

test("system RAM stays first whatever is registered", async ({ bench }) => {
  await bench.announced();
  expect(bench.heaps.list().map(({ id }) => id.heapType)).toEqual([SYSTEM_RAM, GOLDFISH_DEVICE_LOCAL]);
});

test("physical alignment above a page cannot be asked for, and fails without a call", async ({ bench }) => {
  const { provider, heap } = await bench.announced();
  expect(await failing(heap.allocateVmo({ ...request(), baseAlignmentBytes: 2 * PAGE }))).toBe("NOT_SUPPORTED");
  expect(provider.calls).toEqual([]);
  (await heap.allocateVmo({ ...request(), baseAlignmentBytes: PAGE })).close();
});
