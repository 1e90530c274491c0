/** A server with clients in one process: what scenario tests are made of. */
import { AssertionError } from "node:assert";
import { expect } from "vitest";
import { type Channel, type Logger, Rights } from "#base";
import type { ClientEnd } from "#fidl";
import {
  Allocator,
  type AllocatorClient,
  BufferCollection,
  type BufferCollectionClient,
  type BufferCollectionConstraints,
  type BufferCollectionInfo,
  BufferCollectionToken,
  type BufferCollectionTokenClient,
  BufferCollectionTokenGroup,
  type BufferCollectionTokenGroupClient,
  Error,
} from "#gen/fuchsia_sysmem2";
import { asEventPair, asVmo, type EventPair, type Kernel, type Vmo } from "#kernel";
import { createServer, type Server, type ServerEvent, type ServerOptions, sequentialIds } from "#server";
import type { NodeEndpoint } from "../../../src/server/nodes/serving.ts";
import { RawChannel } from "./raw-channel.ts";
import { SimulatedClock } from "./simulated-clock.ts";

export const SAME: number = Rights.SAME_RIGHTS;

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** Keeps what is logged. */
export function recordingLogger(lines: LogLine[], bound: object = {}): Logger {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    trace: at("trace"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (more) => recordingLogger(lines, { ...bound, ...more }),
  };
}

/** What a test did not reckon with. */
export function unexpected(what = "something is not there"): never {
  throw new AssertionError({ message: what });
}

/** What a wait came to. */
export type WaitOutcome =
  | { readonly kind: "ok"; readonly info: BufferCollectionInfo }
  | { readonly kind: "error"; readonly error: string }
  | { readonly kind: "closed" };

/** Anything with a channel that the server may close. */
export type AnyNode = BufferCollectionTokenClient | BufferCollectionClient | BufferCollectionTokenGroupClient;

export interface WorldOptions extends Partial<Omit<ServerOptions, "kernel" | "clock" | "logger">> {
  /** The server's kernel. */
  readonly kernel: Kernel;
  /** The clients'. */
  readonly clients: Kernel;
  /** Moves a channel end to the server. */
  readonly give: (channel: Channel) => Channel;
  /** Runs until nothing more happens by itself. */
  readonly settle: () => Promise<void>;
  /** Default: one of its own. */
  readonly clock?: SimulatedClock | undefined;
}

export class World {
  /** The clients' kernel. */
  readonly kernel: Kernel;
  readonly clock: SimulatedClock;
  readonly logs: LogLine[] = [];
  readonly events: ServerEvent[] = [];
  readonly server: Server;
  /** Runs until nothing more happens by itself. */
  readonly settle: () => Promise<void>;
  readonly #give: (channel: Channel) => Channel;
  readonly #open = new Set<{ close(): void }>();

  constructor(options: WorldOptions) {
    const { kernel, clients, give, settle, clock = new SimulatedClock(), ...rest } = options;
    this.clock = clock;
    this.kernel = clients;
    this.#give = give;
    this.settle = settle;
    this.server = createServer({
      ids: sequentialIds(),
      ...rest,
      kernel,
      clock: this.clock,
      logger: recordingLogger(this.logs),
      onEvent: (event) => this.events.push(event),
    });
  }

  /** Closes every client and VMO that the test left open, then the server. */
  async dispose(): Promise<void> {
    for (const open of this.#open) open.close();
    this.#open.clear();
    await this.settle();
    await this.server.shutdown({ waitForBuffers: true });
    await this.settle();
  }

  /** Closes it at the end of the test. */
  keep<T extends { close(): void }>(owned: T): T {
    this.#open.add(owned);
    return owned;
  }

  errors(part: string): LogLine[] {
    return this.logs.filter((line) => line.level === "error" && line.message.includes(part));
  }

  allocator(): AllocatorClient {
    const [client, server] = this.kernel.createChannel();
    this.server.serveAllocator(this.#give(server));
    return this.keep(Allocator.bind(client));
  }

  /** An Allocator connection written to by hand. */
  rawAllocator(): RawChannel {
    const [client, server] = this.kernel.createChannel();
    this.server.serveAllocator(this.#give(server));
    return this.keep(new RawChannel(client));
  }

  /** A duplicate whose end is written to by hand. */
  async rawDup(token: BufferCollectionTokenClient): Promise<RawChannel> {
    const [client, server] = this.kernel.createChannel();
    token.duplicate({ rightsAttenuationMask: SAME, tokenRequest: BufferCollectionToken.serverEnd(server) });
    await token.sync();
    return this.keep(new RawChannel(client));
  }

  /** The server's side of a token. */
  endpointOf(token: BufferCollectionTokenClient): NodeEndpoint {
    const serving = this.server.context.tokens.find(token.relatedKoid())?.node.serving;
    if (serving?.kind !== "token") unexpected("the server does not know this token");
    return serving.endpoint;
  }

  /** A root token, not synced. */
  shared(allocator: AllocatorClient = this.allocator()): BufferCollectionTokenClient {
    const { proxy, server } = BufferCollectionToken.createProxy(this.kernel);
    allocator.allocateSharedCollection({ tokenRequest: server });
    return this.keep(proxy);
  }

  /** A root token, synced. */
  async root(): Promise<BufferCollectionTokenClient> {
    const token = this.shared();
    await token.sync();
    return token;
  }

  nonShared(allocator: AllocatorClient = this.allocator()): BufferCollectionClient {
    const { proxy, server } = BufferCollection.createProxy(this.kernel);
    allocator.allocateNonSharedCollection({ collectionRequest: server });
    return this.keep(proxy);
  }

  /** A duplicate, not synced. */
  duplicate(token: BufferCollectionTokenClient, mask: number = SAME): BufferCollectionTokenClient {
    const { proxy, server } = BufferCollectionToken.createProxy(this.kernel);
    token.duplicate({ rightsAttenuationMask: mask, tokenRequest: server });
    return this.keep(proxy);
  }

  async dup(token: BufferCollectionTokenClient, mask: number = SAME): Promise<BufferCollectionTokenClient> {
    const child = this.duplicate(token, mask);
    await token.sync();
    return child;
  }

  async group(token: BufferCollectionTokenClient): Promise<BufferCollectionTokenGroupClient> {
    const { proxy, server } = BufferCollectionTokenGroup.createProxy(this.kernel);
    token.createBufferCollectionTokenGroup({ groupRequest: server });
    await token.sync();
    return this.keep(proxy);
  }

  async child(group: BufferCollectionTokenGroupClient, mask?: number): Promise<BufferCollectionTokenClient> {
    const { proxy, server } = BufferCollectionToken.createProxy(this.kernel);
    group.createChild({ tokenRequest: server, rightsAttenuationMask: mask });
    await group.sync();
    return this.keep(proxy);
  }

  async attach(collection: BufferCollectionClient, mask: number = SAME): Promise<BufferCollectionTokenClient> {
    const { proxy, server } = BufferCollectionToken.createProxy(this.kernel);
    collection.attachToken({ rightsAttenuationMask: mask, tokenRequest: server });
    await collection.sync();
    return this.keep(proxy);
  }

  bind(
    token: BufferCollectionTokenClient | ClientEnd<BufferCollectionTokenClient>,
    allocator: AllocatorClient = this.allocator(),
  ): BufferCollectionClient {
    const end = "unbind" in token ? token.unbind() : token;
    const { proxy, server } = BufferCollection.createProxy(this.kernel);
    allocator.bindSharedCollection({ token: end, bufferCollectionRequest: server });
    return this.keep(proxy);
  }

  /** `n` participants, all bound: a root and its duplicates (or a chain of them). */
  async family(n: number, isChain = false): Promise<BufferCollectionClient[]> {
    const tokens = [await this.root()];
    for (let i = 1; i < n; i++) {
      tokens.push(await this.dup((isChain ? tokens[i - 1] : tokens[0]) as BufferCollectionTokenClient));
    }
    return tokens.map((token) => this.bind(token));
  }

  /** As many participants as constraints, set in order. */
  async participants(...constraints: BufferCollectionConstraints[]): Promise<BufferCollectionClient[]> {
    const collections = await this.family(constraints.length);
    collections.forEach((c, i) => c.setConstraints({ constraints: constraints[i] }));
    return collections;
  }

  /** One participant, allocated. */
  async allocated(
    constraints: BufferCollectionConstraints,
  ): Promise<{ collection: BufferCollectionClient; info: BufferCollectionInfo }> {
    const collection = this.nonShared();
    collection.setConstraints({ constraints });
    return { collection, info: await this.info(collection) };
  }

  async wait(collection: BufferCollectionClient): Promise<WaitOutcome> {
    try {
      const result = await collection.waitForAllBuffersAllocated();
      if (!result.ok) return { kind: "error", error: Error.nameOf(result.error) ?? String(result.error) };
      const info = result.value.bufferCollectionInfo ?? {};
      for (const { vmo, closeWeakAsap } of info.buffers ?? []) {
        if (vmo !== undefined) this.keep(vmo);
        if (closeWeakAsap !== undefined) this.keep(closeWeakAsap);
      }
      return { kind: "ok", info };
    } catch {
      return { kind: "closed" };
    }
  }

  /** A wait that must succeed. */
  async info(collection: BufferCollectionClient): Promise<BufferCollectionInfo> {
    const outcome = await this.wait(collection);
    if (outcome.kind !== "ok") unexpected(`the wait came to ${JSON.stringify(outcome)}`);
    return outcome.info;
  }

  /** A wait that must not succeed: it gets the error, or finds the channel closed when the failure came first. */
  async fails(collection: BufferCollectionClient, error = "CONSTRAINTS_INTERSECTION_EMPTY"): Promise<void> {
    const outcome = await this.wait(collection);
    expect([{ kind: "closed" }, { kind: "error", error }]).toContainEqual(outcome);
  }

  /** A wait as it stands once everything has settled: undefined = not answered. */
  async pending(collection: BufferCollectionClient): Promise<{ readonly outcome: () => WaitOutcome | undefined }> {
    let outcome: WaitOutcome | undefined;
    const follow = async () => {
      outcome = await this.wait(collection);
    };
    void follow();
    await this.settle();
    return { outcome: () => outcome };
  }

  async check(collection: BufferCollectionClient): Promise<string> {
    const result = await collection.checkAllBuffersAllocated();
    return result.ok ? "ok" : (Error.nameOf(result.error) ?? String(result.error));
  }

  /** The node answers. */
  async alive(...nodes: AnyNode[]): Promise<void> {
    for (const node of nodes) await node.sync();
  }

  /** The server has closed these, with the epitaph of v2. */
  async closed(
    ...nodes: { readonly closed: Promise<{ readonly cause: string; readonly status: number }> }[]
  ): Promise<void> {
    for (const node of nodes) expect(await node.closed).toMatchObject({ cause: "epitaph", status: -1 });
  }

  /** Release, then close. */
  leave(...nodes: AnyNode[]): void {
    for (const node of nodes) {
      node.release();
      node.close();
    }
  }

  /** Two ends: the server's to send, and one to watch. */
  eventPair(): { readonly mine: EventPair; readonly theirs: EventPair } {
    const [mine, theirs] = this.kernel.createEventPair();
    return { mine: this.keep(mine), theirs };
  }

  lifetime(collection: BufferCollectionClient, buffersRemaining: number): EventPair {
    const { mine, theirs } = this.eventPair();
    collection.attachLifetimeTracking({ serverEnd: theirs, buffersRemaining });
    return mine;
  }

  nodeTracking(node: AnyNode): EventPair {
    const { mine, theirs } = this.eventPair();
    node.attachNodeTracking({ serverEnd: theirs });
    return mine;
  }

  /** What is behind the handles of a reply. */
  vmo(info: BufferCollectionInfo, index: number): Vmo {
    const vmo = info.buffers?.[index]?.vmo;
    if (vmo === undefined) unexpected(`buffer ${index} has no VMO`);
    return asVmo(vmo);
  }
  closeWeakAsap(info: BufferCollectionInfo, index: number): EventPair {
    const end = info.buffers?.[index]?.closeWeakAsap;
    if (end === undefined) unexpected(`buffer ${index} has no close_weak_asap`);
    return asEventPair(end);
  }
  closeVmos(info: BufferCollectionInfo): void {
    for (const { vmo } of info.buffers ?? []) vmo?.close();
  }

  /** A channel end that never was a token. */
  strangeToken(): { readonly mine: Channel; readonly end: ClientEnd<BufferCollectionTokenClient> } {
    const [mine, other] = this.kernel.createChannel();
    return { mine: this.keep(mine), end: this.keep(BufferCollectionToken.clientEnd(other)) };
  }
}
