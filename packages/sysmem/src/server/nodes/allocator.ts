/** What an Allocator can be asked to do, in the terms of no generation. Lifecycle contract 4.1. */
import { type Channel, err, ok, type Result, Rights, Status } from "#base";
import { type EventPair, KernelError, type PeerCredentials, type Vmo } from "#kernel";
import { type Account, describeBreach } from "../accounts/accounts.ts";
import { checkConstraints } from "#negotiate";
import { environmentOf } from "../allocation/negotiation.ts";
import type { Receiver } from "../buffers/logical-buffer.ts";
import type { KnownVmo } from "../buffers/vmo-index.ts";
import { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import type { ServerContext } from "../context.ts";
import { deviation, type DomainError } from "../domain-error.ts";
import { clientFields, type LogFields } from "../debug/log-fields.ts";
import { failRootAfterException } from "../collection/failure.ts";
import { rootProperties } from "../tree/node.ts";
import { type DebugInfo, noDebugInfo, type NodeProperties } from "../tree/properties.ts";
import { ALL_RIGHTS } from "../tree/rights.ts";
import type { BufferCollectionConstraints, SingleBufferSettings } from "../types.ts";
import { deviate, type Handled } from "./receive.ts";
import type { EndToServe } from "./serving.ts";
import { serveAsCollection } from "./token.ts";
import { sameSettings } from "../buffers/same-settings.ts";

/** Questions about a VMO. The handles stay the asker's. */
export interface VmoQuestions {
  readonly vmo: Vmo | undefined;
  readonly needWeak: boolean;
  readonly needSettings: boolean;
  readonly constraintsToCheck: BufferCollectionConstraints | undefined;
  readonly settingsToCheck: Vmo | undefined;
  readonly settingsToCheckIgnoreSize: boolean;
}

/** Answers; the handles belong to the asker. */
export interface VmoAnswers {
  readonly bufferCollectionId: bigint;
  readonly bufferIndex: number;
  readonly closeWeakAsap: EventPair | undefined;
  readonly weakVmo: Vmo | undefined;
  readonly settings: SingleBufferSettings | undefined;
  readonly constraintsOk: boolean | undefined;
  readonly settingsMatch: boolean | undefined;
}

/** One Allocator connection. Its end has no effect on what was made through it. */
export class AllocatorConnection {
  readonly context: ServerContext;
  /** Who connected, where the kernel knows. */
  readonly peer: PeerCredentials | undefined;
  readonly #account: Account;
  #debugInfo: DebugInfo | undefined;

  constructor(context: ServerContext, peer: PeerCredentials | undefined, debugInfo?: DebugInfo) {
    this.context = context;
    this.peer = peer;
    this.#account = context.accounts.of(peer);
    this.#debugInfo = debugInfo;
  }

  get debugInfo(): DebugInfo | undefined {
    return this.#debugInfo;
  }

  /** Fields for a log line about this connection. */
  describe(): LogFields {
    return clientFields(this.#debugInfo, this.peer);
  }

  /** `SetDebugClientInfo`: for what is created or bound from now on. */
  setDebugClientInfo(name: string, id: bigint): void {
    this.#debugInfo = { name, id };
  }

  /** Keeps for inspection that a message on this connection broke a rule, a quota was used up, or the machine had no more. */
  recordFault(message: string, detail: string, cause: "deviation" | "no resources" = "deviation"): void {
    const { clock, domainFailures } = this.context;
    domainFailures.add({
      atNs: clock.nowNs(),
      collectionId: undefined,
      name: undefined,
      error: cause === "deviation" ? "PROTOCOL_DEVIATION" : "UNSPECIFIED",
      cause,
      fault: { message, detail },
      nodeId: undefined,
      client: this.#debugInfo?.name ?? "",
      clientId: this.#debugInfo?.id ?? 0n,
      pid: this.peer?.pid,
      nodeCount: 0,
      isRoot: false,
    });
  }

  /** `AllocateSharedCollection`. Takes ownership of `tokenChannel` when it succeeds. */
  allocateSharedCollection(tokenChannel: Channel): Handled {
    const full = this.#checkRoom();
    if (full !== undefined) return full;
    const { context } = this;
    const drop = () => tokenChannel.close();
    this.#create(drop, (collection) => {
      const node = collection.addNode(undefined, this.#rootProperties(), (added) => ({
        kind: "token",
        endpoint: context.edge.serveToken(tokenChannel, collection, added),
        state: { kind: "active" },
      }));
      if (node.serving.kind === "token") context.tokens.add(node.serving.endpoint.koid, { collection, node });
      collection.emit(() => ({ type: "collection-created", root: collection.refData(node) }));
    });
    return undefined;
  }

  /** `AllocateNonSharedCollection`. Takes ownership of `request` when it succeeds. */
  allocateNonSharedCollection(request: EndToServe): Handled {
    const full = this.#checkRoom();
    if (full !== undefined) return full;
    const drop = () => request.drop();
    this.#create(drop, (collection) => {
      const node = collection.addNode(undefined, this.#rootProperties(), () => ({ kind: "orphan" }));
      collection.emit(() => ({ type: "collection-created", root: collection.refData(node) }));
      serveAsCollection(collection, node, request, this.peer?.pid);
    });
    return undefined;
  }

  /** `BindSharedCollection`. Takes ownership of both ends, whatever comes of it. Throws `KernelError`. */
  bindSharedCollection(tokenClientEnd: Channel, request: EndToServe): void {
    const { context } = this;
    let koid: number;
    try {
      koid = tokenClientEnd.relatedKoid();
    } catch (error) {
      // Nobody can tell whose token it is: it ends without having been bound.
      request.drop();
      throw error;
    } finally {
      // End of stream for the token, whoever keeps a duplicate of its end: what is queued on it is still handled.
      tokenClientEnd.closeForAll();
    }
    const known = context.tokens.find(koid);
    if (known === undefined) {
      context.logger.error({ koid, ...this.describe() }, "BindSharedCollection with a token that is not known");
      request.drop();
      return;
    }
    const { collection, node } = known;
    const { serving } = node;
    if (serving.kind === "token" && serving.state.kind === "active") {
      const binder = { debugInfo: this.#debugInfo, pid: this.peer?.pid };
      const state = { kind: "bind-pending", request, binder } as const;
      node.setServing({ kind: "token", endpoint: serving.endpoint, state });
      return;
    }
    request.drop();
    if (serving.kind !== "token") return;
    const fault = deviation("bound although released or being bound", Status.ERR_BAD_STATE, Status.ERR_BAD_STATE);
    collection.enter(() => {
      deviate({ collection, node, endpoint: serving.endpoint }, "BindSharedCollection", fault);
    });
  }

  /** `ValidateBufferCollectionToken`. */
  isKnownToken(koid: bigint): boolean {
    return koid <= Number.MAX_SAFE_INTEGER && this.context.tokens.find(Number(koid)) !== undefined;
  }

  /** `GetVmoInfo`, in the contract's order of evaluation (4.1.2). */
  vmoInfo(questions: VmoQuestions): Result<VmoAnswers, DomainError> {
    try {
      return this.#vmoInfo(questions);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.context.logger.error(
        { client: this.#debugInfo?.name, peer: this.peer, err: error },
        "the kernel refused what GetVmoInfo needs",
      );
      return err("UNSPECIFIED");
    }
  }

  #vmoInfo(questions: VmoQuestions): Result<VmoAnswers, DomainError> {
    const { context } = this;
    const found = this.#find(questions.vmo);
    if (!found.ok) return found;
    const { buffer, isWeak, rights } = found.value;
    const { collection } = buffer;
    const { allocation } = collection;
    if (allocation.kind !== "allocated") return err("UNSPECIFIED");
    const { settings } = allocation.decided;

    if (questions.needWeak && buffer.isStrongSideGone) return err("NO_MORE_STRONG_VMO_HANDLES");

    let settingsMatch: boolean | undefined;
    if (questions.settingsToCheck !== undefined) {
      const other = this.#find(questions.settingsToCheck);
      if (!other.ok) return other;
      const { allocation: its } = other.value.buffer.collection;
      if (its.kind !== "allocated") return err("UNSPECIFIED");
      settingsMatch = sameSettings(settings, its.decided.settings, questions.settingsToCheckIgnoreSize);
    }
    const { constraintsToCheck } = questions;
    const constraintsOk =
      constraintsToCheck && checkConstraints(constraintsToCheck, settings, environmentOf(context)).ok;

    let weakVmo: Vmo | undefined;
    let closeWeakAsap: EventPair | undefined;
    if (questions.needWeak) {
      if (buffer.children.size >= context.limits.maxVmosPerBuffer) {
        context.logger.error(
          { ...collection.describe(), nodeId: undefined, ...this.describe() },
          "quota maxVmosPerBuffer is used up: no weak VMO for this client",
        );
        return err("UNSPECIFIED");
      }
    }
    try {
      if (isWeak || questions.needWeak) closeWeakAsap = buffer.closeWeakAsap(context.kernel);
      if (questions.needWeak) {
        // No more rights than the handle that was shown.
        const writable = (rights & Rights.WRITE) !== 0;
        weakVmo = buffer.handOut({ isWeak: true, writable, receiver: this.#receiver() });
      }
    } catch (error) {
      closeWeakAsap?.close();
      throw error;
    }
    return ok({
      bufferCollectionId: collection.id,
      bufferIndex: buffer.index,
      closeWeakAsap,
      weakVmo,
      settings: questions.needSettings ? settings : undefined,
      constraintsOk,
      settingsMatch,
    });
  }

  #find(vmo: Vmo | undefined): Result<KnownVmo & { readonly rights: number }, DomainError> {
    if (vmo === undefined) return err("PROTOCOL_DEVIATION");
    const { rights } = vmo;
    if (rights === 0) return err("HANDLE_ACCESS_DENIED");
    const known = this.context.vmos.find(vmo);
    return known === undefined ? err("NOT_FOUND") : ok({ ...known, rights });
  }

  #receiver(): Receiver {
    return { ...(this.#debugInfo ?? noDebugInfo), nodeId: undefined, pid: this.peer?.pid };
  }

  #checkRoom(): Handled {
    const { maxCollections } = this.context.limits;
    if (this.context.collections.size < maxCollections) {
      const breach = this.#account.check({ collections: 1, nodes: 1 });
      return breach && deviation(describeBreach(breach), Status.ERR_NO_RESOURCES);
    }
    return deviation(`quota maxCollections (${maxCollections}) is used up`, Status.ERR_NO_RESOURCES);
  }

  /** @param drop closes the channel end that came for the root */
  #create(drop: () => void, addRoot: (collection: LogicalBufferCollection) => void): void {
    const collection = new LogicalBufferCollection(this.context, this.context.ids.nextCollectionId(), this.#account);
    try {
      addRoot(collection);
    } catch (exception) {
      drop();
      failRootAfterException(collection, exception);
      collection.goIfDone();
    }
  }

  #rootProperties(): NodeProperties {
    return rootProperties(this.context.nextNodeId(), this.#debugInfo ?? noDebugInfo, ALL_RIGHTS);
  }
}
