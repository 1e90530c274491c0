/**
 * Ends of channels can be duplicated on Linux, and those of Zircon cannot: whoever keeps a duplicate must not be able to hold
 * up others. Lifecycle contract 10.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { test as base, expect } from "vitest";
import type { Channel } from "#base";
import { Allocator, BufferCollection, type BufferCollectionClient, BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import { createLinuxKernel, type LinuxKernel } from "#kernel";
import { loadLibc } from "../../../src/kernel/ffi/libc.ts";
import { raw } from "../support/constraints.ts";
import { World } from "../support/world.ts";

const F_DUPFD_CLOEXEC = 1030;

class LinuxWorld extends World {
  readonly linux: LinuxKernel;

  constructor(linux: LinuxKernel) {
    super({ kernel: linux, clients: linux, give: (channel) => channel, settle: () => sleep(20) });
    this.linux = linux;
  }

  /** A second descriptor of a channel's end. */
  duplicateEnd(channel: Channel): Channel {
    const fd = loadLibc().fcntl(this.linux.descriptorOf(channel), F_DUPFD_CLOEXEC, 0);
    return this.keep(this.linux.adoptDescriptor(fd) as Channel);
  }

  /** A root token as a bare channel, which the server knows. */
  async bareRoot(): Promise<Channel> {
    const allocator = this.allocator();
    const [client, server] = this.linux.createChannel();
    allocator.allocateSharedCollection({ tokenRequest: BufferCollectionToken.serverEnd(server) });
    await allocator.validateBufferCollectionToken({ tokenServerKoid: BigInt(client.relatedKoid()) });
    return client;
  }

  bindBare(end: Channel, allocator = this.allocator()): BufferCollectionClient {
    const { proxy, server } = BufferCollection.createProxy(this.linux);
    const token = BufferCollectionToken.clientEnd(end);
    allocator.bindSharedCollection({ token, bufferCollectionRequest: server });
    return this.keep(proxy);
  }
}

const test = base.extend<{ world: LinuxWorld }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures this one needs
  world: async ({}, use) => {
    const linux = createLinuxKernel();
    const world = new LinuxWorld(linux);
    await use(world);
    await world.dispose();
    linux.close();
  },
});

test("a bind is the end of the token's stream although its sender keeps a duplicate", async ({ world }) => {
  const end = await world.bareRoot();
  const kept = world.duplicateEnd(end);
  const collection = world.bindBare(end);
  collection.setConstraints({ constraints: raw() });
  expect((await world.info(collection)).buffers).toHaveLength(1);
  // Nothing more can be said on it.
  expect(kept.write(new Uint8Array(16), [])).toBe(false);
  await world.alive(collection);
});

test("a token's end that is sent twice costs its own domain at most", async ({ world }) => {
  const other = world.nonShared();
  const allocator = world.allocator();
  const end = await world.bareRoot();
  const again = world.duplicateEnd(end);
  const bound = world.bindBare(end, allocator);
  const unbound = world.bindBare(again, allocator);
  expect(await unbound.closed).toMatchObject({ cause: "peer-closed" });
  // Both were read in one turn, so that the first was still pending.
  expect(await bound.closed).toMatchObject({ cause: "peer-closed" });
  await world.alive(other);
  await allocator.validateBufferCollectionToken({ tokenServerKoid: 1n });
});

test("after the conversion a duplicate of the token's end is an unknown token", async ({ world }) => {
  const end = await world.bareRoot();
  const again = world.duplicateEnd(end);
  const bound = world.bindBare(end);
  await world.alive(bound);
  expect(await world.bindBare(again).closed).toMatchObject({ cause: "peer-closed" });
  await world.alive(bound);
});

test("a released token that is bound hears BAD_STATE through a duplicate", async ({ world }) => {
  const end = await world.bareRoot();
  const kept = BufferCollectionToken.bind(world.duplicateEnd(end));
  kept.release();
  const bound = world.bindBare(end);
  expect(await bound.closed).toMatchObject({ cause: "peer-closed" });
  expect(await kept.closed).toMatchObject({ cause: "epitaph", status: -20 });
});

test("the server's close reaches a client although somebody keeps a duplicate of the server's end", async ({
  world,
}) => {
  const [client, server] = world.linux.createChannel();
  world.duplicateEnd(server);
  const allocator = world.keep(Allocator.bind(client));
  world.server.serveAllocator(server);
  allocator.bindSharedCollection({});
  expect(await allocator.closed).toMatchObject({ cause: "epitaph", status: -1 });
});
