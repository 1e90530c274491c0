/** The server over the kernel of this machine, in the process of its clients. */
import { setTimeout as sleep } from "node:timers/promises";
import { test as base } from "vitest";
import type { Channel } from "#base";
import { BufferCollection, type BufferCollectionClient, BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import { createLinuxKernel, type LinuxKernel } from "#kernel";
import { loadLibc } from "../../../src/kernel/ffi/libc.ts";
import { World } from "./world.ts";

const F_DUPFD_CLOEXEC = 1030;

export class LinuxWorld extends World {
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

/** Tests that get a `LinuxWorld` of their own. */
export const linuxTest = base.extend<{ world: LinuxWorld }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures this one needs
  world: async ({}, use) => {
    const linux = createLinuxKernel();
    const world = new LinuxWorld(linux);
    await use(world);
    await world.dispose();
    linux.close();
  },
});
