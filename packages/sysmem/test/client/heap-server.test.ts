/** HeapServer: what it does for people who write heaps. Interface reference 4.1. */
import { join } from "node:path";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { expect } from "vitest";
import { HeapServer, type HeapServerOptions } from "#client";
import { serve } from "#daemon";
import { Heap, type HeapClient } from "#gen/fuchsia_hardware_sysmem";
import { GOLDFISH_HOST_VISIBLE } from "#heaps";
import { asVmo, createLinuxKernel, KernelError } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { eventually } from "../kernel/collect.ts";
import { test } from "../support/leaks.ts";

const BUFFER = { settings: {}, bufferCollectionId: 5n, bufferIndex: 0n };

function fakeHeap(overrides: Partial<HeapServerOptions> = {}) {
  const kernel = createFakeKernel();
  const [client, served] = kernel.createChannel();
  const released: number[] = [];
  const server = HeapServer.serve(served, {
    heapType: GOLDFISH_HOST_VISIBLE,
    kernel,
    domains: { cpu: true },
    makeMemory: ({ sizeBytes }) => kernel.createMemory(sizeBytes, { name: "heap" }),
    releaseMemory: (_, { bufferIndex }) => void released.push(bufferIndex),
    ...overrides,
  });
  const sysmem: HeapClient = Heap.bind(client);
  return { kernel, server, sysmem, released };
}

async function made(sysmem: HeapClient, index = 0n) {
  const answer = await sysmem.allocateVmo({ ...BUFFER, bufferIndex: index, size: 4_096n });
  if (!answer.ok) expect.fail(`status ${answer.error}`);
  return asVmo(answer.value.vmo);
}

test("the announcement says what its author said", async () => {
  const { sysmem } = fakeHeap({ domains: { inaccessible: true }, needClear: true });
  const { value } = await sysmem.events().next();
  expect(value?.payload.properties).toEqual({
    coherencyDomainSupport: { cpuSupported: false, ramSupported: false, inaccessibleSupported: true },
    needClear: true,
    needFlush: false,
  });
  sysmem.close();
});

test("DeleteVmo is answered after the author has released the memory", async () => {
  let release = () => {};
  const { sysmem, server } = fakeHeap({
    releaseMemory: () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  });
  const vmo = await made(sysmem);
  let isAnswered = false;
  const deletion = sysmem.deleteVmo({ ...BUFFER, vmo }).then(() => {
    isAnswered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect([isAnswered, server.bufferCount]).toEqual([false, 1]);
  release();
  await deletion;
  expect(server.bufferCount).toBe(0);
  sysmem.close();
});

test("memory is released when the kernel says that nobody is left, with or without DeleteVmo", async () => {
  const { sysmem, server, released } = fakeHeap();
  const vmo = await made(sysmem);
  sysmem.close();
  await server.closed;
  expect([released, server.bufferCount]).toEqual([[], 1]);
  vmo.close();
  await server.whenIdle();
  expect(released).toEqual([0]);
});

test("memory whose holders cannot be looked for is looked at again, and kept until then", async () => {
  let failures = 2;
  let looks = 0;
  const { sysmem, server, released } = fakeHeap({
    async makeMemory({ sizeBytes }, kernel) {
      const memory = await kernel.createMemory(sizeBytes, { name: "heap" });
      const look = memory.hasDescendants.bind(memory);
      memory.hasDescendants = () => {
        looks += 1;
        if (failures-- > 0) throw new KernelError("NO_MEMORY", "cannot look: as the test wishes");
        return look();
      };
      return memory;
    },
  });
  (await made(sysmem)).close();
  await eventually(() => looks === 1);
  expect([released, server.bufferCount]).toEqual([[], 1]);
  await eventually(() => server.bufferCount === 0);
  expect([released, looks]).toEqual([[0], 3]);
  sysmem.close();
});

test("participants that outlive sysmem keep the memory", async () => {
  const { kernel, sysmem, server, released } = fakeHeap();
  const adopted = kernel.adoptMemory(await made(sysmem));
  const participant = adopted.handOut({ writable: true }).vmo;
  adopted.close();
  sysmem.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect([released, server.bufferCount]).toEqual([[], 1]);
  participant.close();
  await server.whenIdle();
  expect(released).toEqual([0]);
});

test("an author who has no memory refuses, and what it throws is told apart", async () => {
  let thrown: Error = new KernelError("NO_MEMORY", "none");
  const { sysmem, server } = fakeHeap({
    makeMemory() {
      throw thrown;
    },
  });
  expect(await sysmem.allocateVmo({ ...BUFFER, size: 4_096n })).toEqual({ ok: false, error: -4 });
  thrown = new TypeError("a mistake");
  expect(await sysmem.allocateVmo({ ...BUFFER, size: 4_096n })).toEqual({ ok: false, error: -1 });
  expect(server.bufferCount).toBe(0);
  sysmem.close();
});

test("one buffer cannot be asked for twice while it exists", async () => {
  const { sysmem } = fakeHeap();
  const vmo = await made(sysmem);
  expect(await sysmem.allocateVmo({ ...BUFFER, size: 4_096n })).toEqual({ ok: false, error: -26 });
  await sysmem.deleteVmo({ ...BUFFER, vmo });
  const again = await made(sysmem);
  again.close();
  sysmem.close();
});

test("DeleteVmo for a buffer that nobody knows is answered and its handle closed", async () => {
  const { kernel, sysmem } = fakeHeap();
  const memory = await kernel.createMemory(4_096, { name: "stranger" });
  await sysmem.deleteVmo({ ...BUFFER, bufferIndex: 9n, vmo: memory.handOut({ writable: true }).vmo });
  await eventually(() => memory.liveChildren.size === 0);
  memory.close();
  sysmem.close();
});

test("a heap registers with the daemon, gives memory to a participant and gets it back", async () => {
  const svc = mkdtempSync(join(tmpdir(), "sysmem-heap-"));
  const kernel = createLinuxKernel({ keepAlive: false });
  const daemon = serve({ svc, kernel });
  const released: number[] = [];
  const heap = HeapServer.register({
    heapType: GOLDFISH_HOST_VISIBLE,
    svc,
    kernel,
    domains: { cpu: true },
    makeMemory: ({ sizeBytes }) => kernel.createMemory(sizeBytes, { name: "from-the-heap" }),
    releaseMemory: (_, { bufferIndex }) => void released.push(bufferIndex),
  });
  await eventually(() => daemon.server.snapshot().heaps.length === 2);
  const { Sysmem } = await import("#client");
  const sysmem = Sysmem.connect({ svc, kernel });
  const collection = sysmem.allocateNonSharedCollection().setConstraints({
    usage: { cpu: 5 },
    minBufferCount: 2,
    bufferMemoryConstraints: {
      minSizeBytes: 4_096n,
      cpuDomainSupported: true,
      permittedHeaps: [{ heapType: GOLDFISH_HOST_VISIBLE, id: 0n }],
    },
  });
  const buffers = await collection.waitForBuffers();
  expect(heap.bufferCount).toBe(2);
  buffers.close();
  collection.release();
  await heap.whenIdle();
  expect(released.toSorted((a, b) => a - b)).toEqual([0, 1]);
  sysmem.close();
  heap.close();
  await daemon.close();
  await heap.closed;
  kernel.close();
  rmSync(svc, { recursive: true, force: true });
});

test("where no server is, registering says so", () => {
  expect(() =>
    HeapServer.register({
      heapType: GOLDFISH_HOST_VISIBLE,
      svc: "/nonexistent/svc",
      kernel: createFakeKernel(),
      domains: { cpu: true },
      makeMemory: () => expect.fail("nobody asks"),
    }),
  ).toThrow("cannot connect to /nonexistent/svc/fuchsia.hardware.sysmem.Sysmem: no server listens there");
});
