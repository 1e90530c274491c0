/** `fuchsia.hardware.sysmem`: Sysmem and DriverConnector. Lifecycle contract 8.1, interface reference 4.2 and 4.3. */
import { expect, test as base } from "vitest";
import { type Channel, Status } from "#base";
import { ClientEnd } from "#fidl";
import { Allocator as AllocatorV1 } from "#gen/fuchsia_sysmem";
import { Allocator, BufferCollection } from "#gen/fuchsia_sysmem2";
import {
  DriverConnector,
  type DriverConnectorClient,
  Heap,
  Sysmem,
  type SysmemClient,
} from "#gen/fuchsia_hardware_sysmem";
import { GOLDFISH_HOST_VISIBLE, type HeapRegistry, numberOfHeapType, SystemRamHeap } from "#heaps";
import type { FakeKernel } from "#kernel/fake";
import { raw } from "../support/constraints.ts";
import { endWorld, type FakeWorld, fakeWorld, worldFixture } from "../support/fixture.ts";

const test = base.extend(worldFixture);

/** A channel of a client, the other end of which is in the server's process. */
function connection(world: FakeWorld): { readonly client: Channel; readonly served: Channel } {
  const [client, server] = world.clientProcess.createChannel();
  return { client, served: world.clientProcess.give(server, world.serverProcess) as Channel };
}

function sysmem(world: FakeWorld): SysmemClient {
  const { client, served } = connection(world);
  world.server.serveSysmem(served);
  return world.keep(Sysmem.bind(client));
}

function connector(world: FakeWorld, isPrivileged?: boolean): DriverConnectorClient {
  const { client, served } = connection(world);
  world.server.serveDriverConnector(served, { isPrivileged });
  return world.keep(DriverConnector.bind(client));
}

for (const [what, number] of [
  ["an unknown heap cannot be registered (L139)", 0x1000_0000_0007_7777n],
  ["system RAM cannot be replaced", 0n],
] as const) {
  test(what, async ({ world }) => {
    const client = sysmem(world);
    const [mine, theirs] = world.clientProcess.createChannel();
    client.registerHeap({ heap: number, heapConnection: Heap.clientEnd(theirs) });
    expect(await client.closed).toMatchObject({ status: Status.ERR_INVALID_ARGS });
    await world.settle();
    expect(mine.relatedKoid()).toBe(0);
    mine.close();
    expect(world.server.snapshot().heaps).toHaveLength(1);
  });
}

test("a registration outlives the channel that it came by, and a collection takes memory from it", async ({
  world,
}) => {
  const client = sysmem(world);
  const [mine, theirs] = world.clientProcess.createChannel();
  const parents: { close(): void }[] = [];
  const serving = Heap.serve(mine, {
    async allocateVmo({ size }) {
      const memory = await world.clientProcess.createMemory(Number(size), { name: "heap" });
      parents.push(memory);
      return { ok: true, value: { vmo: memory.handOut({ writable: true }).vmo } };
    },
    deleteVmo: ({ vmo }) => vmo.close(),
  });
  const coherencyDomainSupport = { cpuSupported: true, ramSupported: true };
  serving.control.send.onRegister({ properties: { coherencyDomainSupport, needClear: true } });
  const heap = numberOfHeapType(GOLDFISH_HOST_VISIBLE) as bigint;
  client.registerHeap({ heap, heapConnection: Heap.clientEnd(theirs) });
  client.close();
  await world.settle();
  const { collection, info } = await world.allocated(raw(5_000, 2, { heap: GOLDFISH_HOST_VISIBLE }));
  expect(info.settings?.bufferSettings?.heap).toEqual({ heapType: GOLDFISH_HOST_VISIBLE, id: 0n });
  world.leave(collection);
  for (const index of [0, 1]) world.vmo(info, index).close();
  await world.settle();
  expect(world.server.snapshot().collections).toEqual([]);
  serving.close();
  for (const parent of parents) parent.close();
});

test("UnregisterSecureMem is answered, with and without a secure side", async ({ world }) => {
  const client = sysmem(world);
  expect(await client.unregisterSecureMem()).toEqual({ ok: true, value: {} });
  expect(world.server.snapshot().heaps).toHaveLength(1);
});

test("a connector connects allocators of both generations, and the privileged protocol for whom it is", async ({
  world,
}) => {
  const privileged = connector(world, true);
  const v2 = Allocator.createProxy(world.clientProcess);
  privileged.connectV2({ allocatorRequest: v2.server });
  const { proxy, server } = BufferCollection.createProxy(world.clientProcess);
  v2.proxy.allocateNonSharedCollection({ collectionRequest: server });
  await world.keep(proxy).sync();
  const v1 = AllocatorV1.createProxy(world.clientProcess);
  privileged.connectV1({ allocatorRequest: v1.server });
  expect((await v1.proxy.validateBufferCollectionToken({ tokenServerKoid: 1n })).isKnown).toBe(false);
  const granted = Sysmem.createProxy(world.clientProcess);
  privileged.connectSysmem({ sysmemRequest: granted.server });
  expect((await granted.proxy.unregisterSecureMem()).ok).toBe(true);
  for (const opened of [v2.proxy, v1.proxy, granted.proxy]) opened.close();

  const refused = Sysmem.createProxy(world.clientProcess);
  const anybody = connector(world);
  anybody.connectSysmem({ sysmemRequest: refused.server });
  await refused.proxy.closed;
  expect(anybody.isClosed).toBe(false);
});

test("a connector is told of no directory", async ({ world }) => {
  const client = connector(world);
  const [mine, theirs] = world.clientProcess.createChannel();
  client.setAuxServiceDirectory({ serviceDirectory: new ClientEnd(theirs) });
  await world.settle();
  expect(mine.relatedKoid()).toBe(0);
  mine.close();
});

base("a server whose heaps are fixed serves no Sysmem", async () => {
  /** What the server looks at, and nothing that heaps could join. */
  const fixed = (kernel: FakeKernel): HeapRegistry => {
    const heap = new SystemRamHeap(kernel);
    return {
      list: () => [heap],
      find: () => heap,
      secureMemory: "not-expected",
      contiguousSystemRam: undefined,
      onHeapGone() {},
      onChanged() {},
    };
  };
  const world = fakeWorld({ heaps: fixed });
  const { client, served } = connection(world);
  world.server.serveSysmem(served);
  expect(served.isClosed).toBe(true);
  client.close();
  await endWorld(world);
});
