import { type Channel, type Clock, type Logger, silentLogger, systemClock } from "#base";
import { attachHeaps, type HeapAttachments, type HeapRegistry, Heaps, systemRamOnly } from "#heaps";
import type { ServingClosed } from "#fidl";
import type { Kernel, PeerCredentials } from "#kernel";
import type { CostTable, TreeExplanation } from "#negotiate";
import { Accounts, describeBreach, type QuotaOptions } from "./accounts/accounts.ts";
import { checkAllocation } from "./allocation/check.ts";
import { VmoIndex } from "./buffers/vmo-index.ts";
import { failRoot } from "./collection/failure.ts";
import type { IdSource, ServerContext } from "./context.ts";
import { DomainFailureLog } from "./debug/domain-failures.ts";
import { clientFields, type LogFields } from "./debug/log-fields.ts";
import { FailureLog } from "./debug/failure-log.ts";
import { serveDriverConnector } from "./endpoints/hardware-driver-connector.ts";
import { serveHardwareSysmem } from "./endpoints/hardware-sysmem.ts";
import { serveToken } from "./endpoints/serve-token.ts";
import { serveV1Allocator } from "./endpoints/v1-allocator.ts";
import { serveV2018Allocator } from "./endpoints/v2018-allocator.ts";
import { type ServedConnection, serveV2Allocator } from "./endpoints/v2-allocator.ts";
import { Observers, type ServerObserver } from "./events.ts";
import { uniqueIds } from "./ids.ts";
import { defaultServerLimits, type ServerLimits } from "./limits.ts";
import { AllocatorConnection } from "./nodes/allocator.ts";
import { TokenIndex } from "./nodes/token-index.ts";
import { type ServerSnapshot, takeSnapshot } from "./snapshot.ts";
import { Turns } from "./turns.ts";
import { SharedCollections } from "./v2018/shared-collections.ts";

/** What a server is made of. Everything it knows of the world comes from here. */
export interface ServerOptions {
  readonly kernel: Kernel;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Default: system RAM alone. */
  readonly heaps?: HeapRegistry | undefined;
  /** What heaps and the secure side of other processes attach to. Default: made for `heaps` where that is a `Heaps`. */
  readonly attachments?: HeapAttachments | undefined;
  readonly logger?: Logger | undefined;
  readonly ids?: IdSource | undefined;
  /** Those not named keep their defaults. */
  readonly limits?: Partial<ServerLimits> | undefined;
  /** What one client process, and one user, may use. Default: as much as there is. */
  readonly quotas?: QuotaOptions | undefined;
  /** Default: no costs, so that ties go to the smaller pixel format value. */
  readonly formatCosts?: CostTable | undefined;
  /** Largest `size_bytes` of a buffer. Default: no limit beyond the contract's. */
  readonly maxAllocationSize?: bigint | undefined;
  /**
   * Whether participants can join a collection whose buffers are padded once it is allocated. Default false, as in the
   * original.
   */
  readonly lateAttachmentWithPadding?: boolean | undefined;
  readonly onEvent?: ServerObserver | undefined;
}

/** How a connection is served. */
export interface ServeAllocatorOptions {
  /** `v1` is `fuchsia.sysmem.Allocator`, `v2018` is `fuchsia.sysmem.v2018.Allocator`. Default `v2`. */
  readonly version?: "v1" | "v2" | "v2018" | undefined;
  /** Who is at the other end, for logs. */
  readonly peer?: PeerCredentials | undefined;
}

/** How a DriverConnector connection is served. */
export interface ServeConnectorOptions {
  readonly peer?: PeerCredentials | undefined;
  /** Whether `ConnectSysmem` is granted. Default: no. */
  readonly isPrivileged?: boolean | undefined;
}

/** The sysmem server: everything between accepted connections and heaps. It owns no socket, no thread and no global. */
export interface Server {
  /** Serves an Allocator on a connection, by default `fuchsia.sysmem2.Allocator`. Takes ownership of `channel`. */
  serveAllocator(channel: Channel, options?: ServeAllocatorOptions): void;
  /**
   * Serves `fuchsia.hardware.sysmem.Sysmem`: whoever holds the other end may replace heaps, so the caller has made sure
   * that it may. Takes ownership of `channel`, and closes it when this server's heaps are fixed.
   */
  serveSysmem(channel: Channel, options?: { readonly peer?: PeerCredentials | undefined }): void;
  /** Serves `fuchsia.hardware.sysmem.DriverConnector`. Takes ownership of `channel`. */
  serveDriverConnector(channel: Channel, options?: ServeConnectorOptions): void;
  /** The server's state as plain data. */
  snapshot(): ServerSnapshot;
  /**
   * Why a failed negotiation of `snapshot().recentFailures` had no result: the smallest set of demands that exclude each
   * other. Worked out now, which may take milliseconds. Undefined when it is forgotten, or memory was the reason.
   */
  explainFailure(failureId: number): TreeExplanation | undefined;
  /** Tells everything that happens from now on; the result stops that. */
  observe(observer: ServerObserver): () => void;
  /**
   * Closes every connection and fails every collection. Resolves when all buffers are gone or, since clients may keep VMOs as
   * long as they like, at once when `waitForBuffers` is not set.
   */
  shutdown(options?: { readonly waitForBuffers?: boolean | undefined }): Promise<void>;
  /** For adapters of other generations and protocols that serve the same core. */
  readonly context: ServerContext;
}

/** Makes a server. It does nothing until it is given a connection. */
export function createServer(options: ServerOptions): Server {
  const logger = options.logger ?? silentLogger;
  const limits = { ...defaultServerLimits, ...options.limits };
  const observers = new Observers(logger);
  let lastNodeId = 0;
  const context: ServerContext = {
    kernel: options.kernel,
    clock: options.clock ?? systemClock,
    heaps: options.heaps ?? systemRamOnly(options.kernel),
    logger,
    ids: options.ids ?? uniqueIds(),
    limits,
    accounts: new Accounts(options.quotas),
    turns: new Turns((exception) => logger.error({ err: exception }, "an exception outside of any collection")),
    observers,
    edge: { serveToken },
    tokens: new TokenIndex(limits.rememberedUnknownKoids, logger),
    vmos: new VmoIndex(),
    failures: new FailureLog(limits),
    domainFailures: new DomainFailureLog(limits),
    collections: new Map(),
    costs: options.formatCosts,
    maxAllocationSize: options.maxAllocationSize,
    lateAttachmentWithPadding: options.lateAttachmentWithPadding ?? false,
    nextNodeId: () => ++lastNodeId,
  };
  if (options.onEvent !== undefined) observers.add(options.onEvent);
  followHeaps(context);
  const { kernel, clock, heaps } = context;
  const attachments =
    options.attachments ?? (heaps instanceof Heaps ? attachHeaps({ kernel, heaps, clock, logger }) : undefined);
  return new SysmemServer(context, attachments);
}

class SysmemServer implements Server {
  readonly context: ServerContext;
  readonly #attachments: HeapAttachments | undefined;
  readonly #connections = new Set<ServedConnection>();
  readonly #shared2018: SharedCollections;
  #isShutDown = false;

  constructor(context: ServerContext, attachments: HeapAttachments | undefined) {
    this.context = context;
    this.#attachments = attachments;
    this.#shared2018 = new SharedCollections(context);
  }

  serveAllocator(channel: Channel, options: ServeAllocatorOptions = {}): void {
    if (this.#isShutDown) {
      channel.close();
      return;
    }
    const { context } = this;
    const { peer } = options;
    if (this.#isRefused(channel, peer)) return;
    const connection = new AllocatorConnection(context, peer);
    if (options.version === "v2018") {
      this.#serve("a 2018 Allocator", channel, connection, (onClosed) =>
        serveV2018Allocator(channel, connection, this.#shared2018, onClosed),
      );
      return;
    }
    if (options.version !== "v1") {
      this.#serve("an Allocator", channel, connection, (onClosed) => serveV2Allocator(channel, connection, onClosed));
      return;
    }
    const unnamed = new AllocatorConnection(context, peer);
    const connectV2 = (end: Channel) => {
      if (this.#isRefused(end, peer)) return;
      const copy = new AllocatorConnection(context, peer, connection.debugInfo);
      this.#serve("an Allocator", end, copy, (onClosed) => serveV2Allocator(end, copy, onClosed));
    };
    const targets = { connection, nameless: unnamed, connectV2 };
    this.#serve("a v1 Allocator", channel, connection, (onClosed) => serveV1Allocator(channel, targets, onClosed));
  }

  serveSysmem(channel: Channel, options: { readonly peer?: PeerCredentials | undefined } = {}): void {
    const attachments = this.#attachments;
    if (this.#isShutDown || attachments === undefined) return channel.close();
    if (this.#isRefused(channel, options.peer)) return;
    const client = nameless(options.peer);
    this.#serve("a Sysmem channel", channel, client, (onClosed) =>
      serveHardwareSysmem(
        channel,
        { ...attachments, logger: this.context.logger, client: client.describe() },
        onClosed,
      ),
    );
  }

  serveDriverConnector(channel: Channel, options: ServeConnectorOptions = {}): void {
    if (this.#isShutDown) return channel.close();
    if (this.#isRefused(channel, options.peer)) return;
    const { kernel, logger } = this.context;
    const client = nameless(options.peer);
    // A connection that a broker has accepted knows who made it.
    const peerOf = (end: Channel) => kernel.peerCredentials(end) ?? options.peer;
    const targets = {
      allocatorV1: (end: Channel) => this.serveAllocator(end, { version: "v1", peer: peerOf(end) }),
      allocatorV2: (end: Channel) => this.serveAllocator(end, { peer: peerOf(end) }),
      sysmem: options.isPrivileged === true ? (end: Channel) => this.serveSysmem(end, options) : undefined,
      logger,
      client: client.describe(),
    };
    this.#serve("a DriverConnector", channel, client, (onClosed) => serveDriverConnector(channel, targets, onClosed));
  }

  /** Closes a connection that is one too many. */
  #isRefused(channel: Channel, peer: PeerCredentials | undefined): boolean {
    const breach = this.context.accounts.of(peer).check({ connections: 1 });
    if (breach === undefined) return false;
    this.context.logger.error({ ...clientFields(undefined, peer), breach }, describeBreach(breach));
    channel.close();
    return true;
  }

  /** Keeps a connection until it closes. */
  #serve(
    what: string,
    channel: Channel,
    client: ConnectedClient,
    serve: (onClosed: (info: ServingClosed) => void) => ServedConnection,
  ): void {
    const account = this.context.accounts.of(client.peer);
    account.charge({ connections: 1 });
    channel.setSendBudget(account.sendBudget);
    const served = serve((info) => {
      account.refund({ connections: 1 });
      this.#connections.delete(served);
      const fields = { ...client.describe(), kind: info.kind, detail: info.detail };
      const { logger } = this.context;
      if (info.kind === "no-resources") logger.error(fields, `the machine has not enough for ${what}: it is closed`);
      else logger.debug(fields, `${what} is closed`);
    });
    this.#connections.add(served);
  }

  snapshot(): ServerSnapshot {
    return takeSnapshot(this.context);
  }

  explainFailure(failureId: number): TreeExplanation | undefined {
    return this.context.failures.inquiry(failureId)?.explain();
  }

  observe(observer: ServerObserver): () => void {
    return this.context.observers.add(observer);
  }

  async shutdown(options: { readonly waitForBuffers?: boolean | undefined } = {}): Promise<void> {
    this.#isShutDown = true;
    const { turns, collections } = this.context;
    turns.enter(() => {
      for (const connection of [...this.#connections]) connection.close();
      this.#connections.clear();
      this.#shared2018.close();
    });
    for (const collection of [...collections.values()]) {
      collection.enter(() => failRoot(collection, "UNSPECIFIED", "server shutdown"));
    }
    if (options.waitForBuffers === true && collections.size > 0) {
      await new Promise<void>((resolve) => {
        const stop = this.observe(({ type }) => {
          if (type !== "collection-gone" || collections.size > 0) return;
          stop();
          resolve();
        });
      });
    }
    // Last: until here, heaps are told of every buffer that ends.
    this.#attachments?.close();
  }
}

/** Who is served: whose account it is, and fields for log lines about it. */
interface ConnectedClient {
  readonly peer: PeerCredentials | undefined;
  describe(): LogFields;
}

/** A client of a protocol in which clients have no names. */
function nameless(peer: PeerCredentials | undefined): ConnectedClient {
  return { peer, describe: () => clientFields(undefined, peer) };
}

/** Heaps come and go under the collections that use them. Lifecycle contract 8.4, 8.5. */
function followHeaps(context: ServerContext): void {
  context.heaps.onHeapGone((heap) => {
    for (const collection of [...context.collections.values()]) {
      const { allocation } = collection;
      if (allocation.kind !== "allocated" && allocation.kind !== "allocating") continue;
      if (allocation.heap !== heap) continue;
      collection.isHeapLost = true;
      collection.enter(() => failRoot(collection, "UNSPECIFIED", "heap gone"));
    }
  });
  context.heaps.onChanged(() => {
    for (const collection of [...context.collections.values()]) {
      if (collection.allocation.kind === "postponed") collection.enter(() => checkAllocation(collection));
    }
  });
}
