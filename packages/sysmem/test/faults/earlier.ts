/** The same by the earlier generations: a collection of v1, one of 2018 with its tokens, and one from a heap of 2019. */
import { join } from "node:path";
import { isSysmemError, Rights, Status } from "#base";
import { ClientEnd, MethodError } from "#fidl";
import { Sysmem } from "#gen/fuchsia_hardware_sysmem";
import * as v1 from "#gen/fuchsia_sysmem";
import * as v2018 from "#gen/fuchsia_sysmem_v2018";
import type { Kernel } from "#kernel";
import { Provider2019 } from "../heaps/support/provider-2019.ts";
import { v1Constraints, type V1Options } from "../server/v1/constraints.ts";
import { READ, spec, WRITE } from "../server/v2018/clients.ts";
import { Story } from "./story.ts";

/** Large enough to be reserved off the loop, and to ask how much memory there is. */
const LARGE_BYTES = 1_228_800;

const CPU = { cpu: v1.cpuUsageRead | v1.cpuUsageWrite };

/** An answer with its status beside it. */
function requireOk<T extends { readonly status: number }>(answer: T): T {
  if (answer.status !== Status.OK) throw new MethodError(answer.status);
  return answer;
}

export class EarlierStory extends Story {
  readonly #svc: string;
  readonly #kernel: Kernel;
  readonly #sound: Kernel;

  /**
   * @param kernel the participants'
   * @param sound the heap's, which makes memory
   */
  constructor(svc: string, kernel: Kernel, sound: Kernel) {
    super();
    this.#svc = svc;
    this.#kernel = kernel;
    this.#sound = sound;
  }

  protected override async tell(): Promise<void> {
    const old = await this.#connect("v1", () => v1.Allocator.bind(this.#open("fuchsia.sysmem.Allocator")));
    if (old !== undefined) {
      await this.#collection(old);
      this.letGo();
      await this.#heap(old);
      this.letGo();
    }
    const oldest = await this.#connect("2018", () =>
      v2018.Allocator.bind(this.#open("fuchsia.sysmem.v2018.Allocator")),
    );
    if (oldest !== undefined) await this.#calls(oldest);
  }

  #open(service: string) {
    return this.#kernel.connect(join(this.#svc, service));
  }

  async #connect<T extends { close(): void }>(who: string, connect: () => T): Promise<T | undefined> {
    const client = await this.try(who, "connect", connect);
    return client && this.keepToTheEnd(client);
  }

  /** Two participants from a token, a third one that comes later, and somebody who asks what is what. */
  async #collection(allocator: v1.AllocatorClient): Promise<void> {
    const root = await this.try("v1", "AllocateSharedCollection", () => {
      const { proxy, server } = v1.BufferCollectionToken.createProxy(this.#kernel);
      allocator.setDebugClientInfo({ name: "v1", id: 1n });
      allocator.allocateSharedCollection({ tokenRequest: server });
      return this.keep(proxy);
    });
    if (root === undefined) return;
    await this.try("v1", "SetName", () => root.setName({ priority: 1, name: "old frames" }));
    const tokens = await this.try("v1", "DuplicateSync", async () => {
      const answer = await root.duplicateSync({ rightsAttenuationMasks: [Rights.SAME_RIGHTS] });
      return answer.tokens.map((end) => this.keep(v1.BufferCollectionToken.bind(end)));
    });
    const child = await this.try("v1", "CreateBufferCollectionTokenGroup", () => this.#group(root));
    const [second] = tokens ?? [];
    if (second === undefined || child === undefined) return;
    const parts = [root, second, child].map((token) => this.#bind(allocator, token, { memory: {} }));
    const collections = await Promise.all(parts);
    const [first] = await Promise.all(
      collections.map(async (collection) => collection && this.#wait("v1", collection)),
    );
    const [camera] = collections;
    if (first === undefined || camera === undefined) return;
    await this.try("v1", "CheckBuffersAllocated", async () => requireOk(await camera.checkBuffersAllocated()));
    const late = await this.try("v1", "AttachToken", async () => {
      const { proxy, server } = v1.BufferCollectionToken.createProxy(this.#kernel);
      camera.attachToken({ rightsAttenuationMask: Rights.SAME_RIGHTS, tokenRequest: server });
      await camera.sync();
      return this.keep(proxy);
    });
    const joined = late && (await this.#bind(allocator, late, { memory: {}, minBufferCountForCamping: 0 }));
    if (joined !== undefined) await this.#wait("v1", joined);
  }

  /** A group of one, with the token that it chooses. */
  async #group(root: v1.BufferCollectionTokenClient): Promise<v1.BufferCollectionTokenClient> {
    const { proxy: group, server } = v1.BufferCollectionTokenGroup.createProxy(this.#kernel);
    this.keep(group);
    root.createBufferCollectionTokenGroup({ groupRequest: server });
    const { tokens } = await group.createChildrenSync({ rightsAttenuationMasks: [Rights.SAME_RIGHTS] });
    const [child] = tokens.map((end) => this.keep(v1.BufferCollectionToken.bind(end)));
    group.allChildrenPresent();
    group.close_();
    if (child === undefined) throw new TypeError("an answer without the token that was asked for");
    return child;
  }

  async #bind(
    allocator: v1.AllocatorClient,
    token: v1.BufferCollectionTokenClient,
    options: V1Options,
  ): Promise<v1.BufferCollectionClient | undefined> {
    return this.try("v1", "BindSharedCollection", async () => {
      await token.sync();
      const { proxy, server } = v1.BufferCollection.createProxy(this.#kernel);
      this.keep({ close: () => leave(proxy) });
      allocator.bindSharedCollection({ token: token.unbind(), bufferCollectionRequest: server });
      const memory = { minSizeBytes: LARGE_BYTES, ...options.memory };
      const constraints = v1Constraints({ usage: CPU, minBufferCountForCamping: 1, ...options, memory });
      proxy.setConstraints({ hasConstraints: true, constraints });
      return proxy;
    });
  }

  async #wait(who: string, collection: v1.BufferCollectionClient): Promise<boolean | undefined> {
    return this.try(who, "WaitForBuffersAllocated", async () => {
      const answer = await collection.waitForBuffersAllocated();
      for (const { vmo } of answer.bufferCollectionInfo.buffers) if (vmo) this.keep(vmo);
      return requireOk(answer).bufferCollectionInfo.bufferCount > 0;
    });
  }

  /** A heap of 2019 joins, makes the buffers of one collection, and leaves. */
  async #heap(allocator: v1.AllocatorClient): Promise<void> {
    const sysmem = await this.#connect("heap", () => Sysmem.bind(this.#open("fuchsia.hardware.sysmem.Sysmem")));
    if (sysmem === undefined) return;
    await this.try("heap", "RegisterHeap", async () => {
      const [served, given] = this.#sound.createChannel();
      this.keep(new Provider2019(this.#sound, served));
      sysmem.registerHeap({ heap: v1.HeapType.GOLDFISH_DEVICE_LOCAL, heapConnection: new ClientEnd(given) });
      await sysmem.unregisterSecureMem();
    });
    const alone = await this.try("heap", "AllocateNonSharedCollection", () => {
      const { proxy, server } = v1.BufferCollection.createProxy(this.#kernel);
      this.keep({ close: () => leave(proxy) });
      allocator.allocateNonSharedCollection({ collectionRequest: server });
      const heapPermitted = Array<v1.HeapType>(32).fill(v1.HeapType.GOLDFISH_DEVICE_LOCAL);
      const memory = { minSizeBytes: 4_096, heapPermittedCount: 1, heapPermitted };
      const constraints = v1Constraints({ usage: CPU, minBufferCountForCamping: 2, memory });
      proxy.setConstraints({ hasConstraints: true, constraints });
      return proxy;
    });
    if (alone !== undefined) await this.#wait("heap", alone);
  }

  /** The two flows of 2018: alone, and with a token that goes round. */
  async #calls(allocator: v2018.AllocatorClient): Promise<void> {
    await this.try("2018", "AllocateCollection", async () => {
      requireOk(this.#take(await allocator.allocateCollection({ bufferCount: 2, spec: spec(), usage: WRITE })));
    });
    await this.try("2018", "the shared flow", async () => {
      const [token, tokenPeer] = this.#kernel.createEventPair();
      this.keep(token);
      const producer = token.duplicate();
      const bound = [
        allocator.bindSharedCollection({ usage: WRITE, token: producer }),
        allocator.allocateSharedCollection({ bufferCount: 2, spec: spec(), tokenPeer }),
        allocator.bindSharedCollection({ usage: READ, token: token.duplicate() }),
      ] as const;
      token.close();
      const [producing, coordinated, consuming] = await Promise.all(bound);
      // One may have buffers where another has none.
      for (const answer of [this.#take(producing), this.#take(consuming), coordinated]) requireOk(answer);
    });
  }

  #take<T extends { readonly collection: v2018.BufferCollectionInfo }>(answer: T): T {
    for (const vmo of answer.collection.vmos) if (vmo) this.keep(vmo);
    return answer;
  }
}

/** Cleanly, where the server has not gone first. */
function leave(collection: v1.BufferCollectionClient): void {
  try {
    collection.close_();
  } catch (error) {
    if (!isSysmemError(error)) throw error;
  }
  collection.close();
}
