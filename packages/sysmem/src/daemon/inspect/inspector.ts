/** `sysmem.inspect/Inspector` over a server. */
import { type Channel, err, MAX_INSPECT_CONNECTIONS, MAX_INSPECT_PAGE_BYTES, ok, type Result, Status } from "#base";
import { DEFERRED, type Responder, type TypeCodec } from "#fidl";
import {
  Account,
  Buffer,
  type CollectionDetail,
  CollectionSummary,
  Error as InspectError,
  Failure,
  Finding,
  HeapState,
  Holder,
  Inspector,
  InspectorGetConstraintsResponse,
  InspectorGetFailedConstraintsResponse,
  type InspectorServer,
  type InspectorWatchResponse,
  MAX_PAGE,
  Node,
} from "#gen/sysmem_inspect";
import { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import type { Kernel, PeerCredentials, Vmo } from "#kernel";
import { collectionSnapshot, type LogicalBufferCollection, type Server } from "#server";
import { decisionsOf, fillDecisions } from "./explanations.ts";
import { explainedFailure, recentFailures, treeOfFailure } from "./failures.ts";
import { findingsOf } from "./findings.ts";
import { findHolders, type Holders } from "./holders.ts";
import { Journal } from "./journal.ts";
import { fill, sizeOf } from "./pages.ts";
import type { Thumbnails } from "./thumbnails.ts";
import { accountsOf, heapStates, quotas, serverInfo } from "./server-state.ts";
import { bufferOf, nodeOf, summaryOf } from "./summaries.ts";

/** Findings of one answer. */
const MAX_FINDINGS = 128;
/** Bytes left for findings beside settings, whose own size is bounded by the message that brought them. */
const FINDINGS_BYTES = 24_576;

/** Serves inspection of one server to any number of connections. */
export class InspectorService {
  readonly #server: Server;
  readonly #journal: Journal;
  readonly #thumbnails: Thumbnails;
  readonly #startedAtNs: number;
  readonly #connections = new Set<{ close(): void }>();

  constructor(server: Server, thumbnails: Thumbnails) {
    this.#server = server;
    this.#thumbnails = thumbnails;
    this.#journal = new Journal(server);
    this.#startedAtNs = server.context.clock.nowNs();
  }

  /** Whether somebody watches. */
  get isWatched(): boolean {
    return this.#journal.isRecording;
  }

  /** Serves a connection of somebody who may inspect; `peer` is for log lines. Takes ownership of `channel`. */
  serve(channel: Channel, peer: PeerCredentials): void {
    const { logger } = this.#server.context;
    if (this.#connections.size >= MAX_INSPECT_CONNECTIONS) {
      logger.warn({ ...peer, limit: MAX_INSPECT_CONNECTIONS }, "too many connections inspect this server");
      channel.close();
      return;
    }
    const connection = new Connection(this.#server, this.#journal, this.#thumbnails, this.#startedAtNs);
    const serving = Inspector.serve(channel, connection.handlers, {
      onClosed: () => {
        this.#connections.delete(serving);
        connection.end();
      },
      onHandlerError: (error, control) => {
        logger.error({ ...peer, err: error }, "an exception while inspecting");
        control.close(Status.ERR_INTERNAL);
      },
    });
    this.#connections.add(serving);
  }

  close(): void {
    for (const connection of [...this.#connections]) connection.close();
  }
}

/** What one connection has under way. */
class Connection {
  readonly #server: Server;
  readonly #journal: Journal;
  readonly #thumbnails: Thumbnails;
  readonly #startedAtNs: number;
  #stopListening: (() => void) | undefined;
  #watch: { readonly cursor: bigint; readonly responder: Responder<InspectorWatchResponse> } | undefined;
  /** The last look through /proc, for the pages after the first. */
  #look: { readonly collectionId: bigint; readonly holders: Holders } | undefined;

  constructor(server: Server, journal: Journal, thumbnails: Thumbnails, startedAtNs: number) {
    this.#server = server;
    this.#journal = journal;
    this.#thumbnails = thumbnails;
    this.#startedAtNs = startedAtNs;
  }

  end(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#watch = undefined;
    this.#look = undefined;
  }

  readonly handlers: InspectorServer = {
    getServer: () => {
      const { context } = this.#server;
      return { server: serverInfo(context, this.#startedAtNs, this.#thumbnails.isAllowed), quotas: quotas(context) };
    },
    listAccounts: ({ skip }) => {
      const { items, more } = fill(accountsOf(this.#server.context).slice(skip ?? 0), Account);
      return { accounts: items, more };
    },
    listHeaps: ({ skip }) => {
      const { items, more } = fill(heapStates(this.#server.context).slice(skip ?? 0), HeapState);
      return { heaps: items, more };
    },
    listCollections: ({ after = 0n, maxCount = MAX_PAGE }) => {
      const { items, more } = fill(this.#summaries(after), CollectionSummary, {
        maxCount: Math.max(1, Math.min(maxCount, MAX_PAGE)),
      });
      return { collections: items, more };
    },
    getCollection: ({ collectionId }) => this.#with(collectionId, detailOf),
    listNodes: ({ collectionId, skip }) =>
      this.#with(collectionId, (collection) => {
        const nodes = collectionSnapshot(collection).nodes.slice(skip ?? 0);
        const { items, more } = fill(mapped(nodes, nodeOf), Node);
        return ok({ nodes: items, more });
      }),
    getConstraints: ({ collectionId, nodeId }) =>
      this.#with(collectionId, (collection) => {
        const node = collectionSnapshot(collection).nodes.find((one) => BigInt(one.nodeId) === nodeId);
        if (node === undefined) return err(InspectError.NOT_FOUND);
        return inOneMessage({ constraints: node.constraints }, InspectorGetConstraintsResponse);
      }),
    getDecisions: ({ collectionId }) =>
      this.#with(collectionId, (collection) =>
        ok(fillDecisions(decisionsOf(this.#server.context, collectionSnapshot(collection)))),
      ),
    listBuffers: ({ collectionId, skip }) =>
      this.#with(collectionId, (collection) => {
        const { buffers } = collectionSnapshot(collection);
        const { items, more } = fill(mapped(buffers.slice(skip ?? 0), bufferOf), Buffer);
        return ok({ buffers: items, more });
      }),
    listHolders: async ({ collectionId = 0n, skip = 0 }) => {
      const collection = this.#find(collectionId);
      if (collection === undefined) return err(InspectError.NOT_FOUND);
      if (skip === 0 || this.#look?.collectionId !== collectionId) {
        this.#look = { collectionId, holders: await findHolders(collection) };
      }
      const { holders, hiddenProcesses } = this.#look.holders;
      const { items, more } = fill(holders.slice(skip), Holder);
      return ok({ holders: items, more, hiddenProcesses });
    },
    getThumbnail: async (request) => {
      const taken = await this.#thumbnails.take(request);
      if (!taken.ok) return taken;
      const { thumbnail, picture } = taken.value;
      const pixels = picture === undefined ? undefined : await vmoOf(this.#server.context.kernel, picture.rgba);
      return ok({ thumbnail, pixels });
    },
    listFailures: ({ skip, collectionId }) => {
      const all = recentFailures(this.#server);
      const wanted = collectionId === undefined ? all : all.filter((one) => one.collectionId === collectionId);
      const { items, more } = fill(wanted.slice(skip ?? 0), Failure);
      return { failures: items, more };
    },
    getFailure: ({ failureId }) => {
      const answer = failureId === undefined ? undefined : explainedFailure(this.#server, failureId);
      return answer === undefined ? err(InspectError.NOT_FOUND) : ok(answer);
    },
    listFailedNodes: ({ failureId, skip }) => {
      const tree = treeOfFailure(this.#server, failureId);
      if (tree === undefined) return err(InspectError.NOT_FOUND);
      const { items, more } = fill(mapped(tree.nodes.slice(skip ?? 0), nodeOf), Node);
      return ok({ nodes: items, more, isShortened: tree.isShortened });
    },
    getFailedConstraints: ({ failureId, nodeId }) => {
      const tree = treeOfFailure(this.#server, failureId);
      const node = tree?.nodes.find((one) => BigInt(one.nodeId) === nodeId);
      if (node === undefined) return err(InspectError.NOT_FOUND);
      const { constraints, mustMatch } = node;
      return inOneMessage({ constraints, mustMatch }, InspectorGetFailedConstraintsResponse);
    },
    watch: ({ cursor }, { responder, control }) => {
      if (this.#watch !== undefined) {
        control.close(Status.ERR_BAD_STATE);
        return DEFERRED;
      }
      this.#stopListening ??= this.#journal.listen(() => this.#tell());
      if (cursor === undefined) return { events: [], cursor: this.#journal.cursor, isResync: false };
      this.#watch = { cursor, responder };
      this.#tell();
      return DEFERRED;
    },
  };

  #tell(): void {
    if (this.#watch === undefined) return;
    const page = this.#journal.read(this.#watch.cursor);
    if (page === undefined) return;
    const { responder } = this.#watch;
    this.#watch = undefined;
    responder.reply(page);
  }

  #find(collectionId: bigint | undefined): LogicalBufferCollection | undefined {
    return this.#server.context.collections.get(collectionId ?? 0n);
  }

  #with<T>(
    collectionId: bigint | undefined,
    answer: (collection: LogicalBufferCollection) => Result<T, InspectError>,
  ): Result<T, InspectError> {
    const collection = this.#find(collectionId);
    return collection === undefined ? err(InspectError.NOT_FOUND) : answer(collection);
  }

  /** In order of their ids, which is that of their making: the map has them so. */
  *#summaries(after: bigint): Generator<CollectionSummary> {
    for (const collection of this.#server.context.collections.values()) {
      if (collection.id > after) yield summaryOf(collection);
    }
  }
}

function detailOf(collection: LogicalBufferCollection): Result<CollectionDetail, InspectError> {
  const snapshot = collectionSnapshot(collection);
  const { settings } = snapshot;
  const findings = fill(findingsOf(snapshot), Finding, { maxBytes: FINDINGS_BYTES, maxCount: MAX_FINDINGS });
  const fits = settings === undefined || isSmall(() => sizeOf(settings, SingleBufferSettings) + FINDINGS_BYTES);
  if (!fits) return err(InspectError.TOO_LARGE);
  return ok({
    summary: summaryOf(collection),
    settings,
    findings: findings.items,
    lifetimeTrackers: snapshot.lifetimeTrackers,
    isVerbose: snapshot.isVerbose,
    isShortened: findings.more,
  });
}

/** Memory of the caller's own. */
async function vmoOf(kernel: Kernel, bytes: Uint8Array): Promise<Vmo> {
  const memory = await kernel.createMemory(bytes.length, { name: "sysmem-thumbnail" });
  const mapping = memory.vmo.map();
  mapping.bytes.set(bytes);
  mapping.unmap();
  const vmo = memory.vmo.duplicate();
  memory.close();
  return vmo;
}

/** The answer, where one message holds it. */
function inOneMessage<T>(answer: T, codec: TypeCodec<T>): Result<T, InspectError> {
  return isSmall(() => sizeOf(answer, codec)) ? ok(answer) : err(InspectError.TOO_LARGE);
}

/** False as well when it does not even fit into a message alone. */
function isSmall(size: () => number): boolean {
  try {
    return size() <= MAX_INSPECT_PAGE_BYTES;
  } catch {
    return false;
  }
}

function* mapped<T, U>(items: readonly T[], convert: (item: T) => U): Generator<U> {
  for (const item of items) yield convert(item);
}
