/**
 * The shared flow of 2018. A token's peer stands for a collection that is to be; tokens are matched with it by koid,
 * whichever arrives first. When the kernel says that no token is left anywhere, all usages are known and the buffers are
 * allocated. Source: interface contract 8.1.
 */
import { ok, type Result, Status } from "#base";
import type { BufferUsage } from "#gen/fuchsia_sysmem_v2018";
import type { EventPair, PeerCredentials } from "#kernel";
import type { DeliveredCollection } from "../buffers/delivery.ts";
import type { ServerContext } from "../context.ts";
import { deviation } from "../domain-error.ts";
import { AllocatorConnection } from "../nodes/allocator.ts";
import type { Handled } from "../nodes/receive.ts";
import type { BufferCollectionConstraints } from "../types.ts";
import { type AllocationCall, allocateFor } from "./call-node.ts";
import { usageConstraints } from "./conversion.ts";

/** A call that waits for its answer. */
export interface WaitingCall {
  readonly peer: PeerCredentials | undefined;
  /** Nobody waits for the answer any more. */
  readonly isGone: boolean;
  answer(outcome: Result<DeliveredCollection, number>): void;
}

/** A participant that has bound its token. */
interface Binder {
  readonly usage: BufferUsage;
  readonly call: WaitingCall;
}

/** `AllocateSharedCollection` was called; tokens may still be somewhere. */
interface Session {
  readonly constraints: BufferCollectionConstraints;
  readonly coordinator: WaitingCall;
  readonly tokenPeer: EventPair;
  readonly binders: Set<Binder>;
  watch: { cancel(): void };
}

/** `BindSharedCollection` was called, and the token's peer is not here yet. */
interface Unpaired {
  readonly binder: Binder;
  readonly token: EventPair;
  watch: { cancel(): void };
}

const nothingToCancel = { cancel: (): void => {} };

/** The shared collections of 2018 that one server waits for. */
export class SharedCollections {
  readonly #context: ServerContext;
  readonly #sessions = new Map<number, Session>();
  readonly #unpaired = new Map<number, Set<Unpaired>>();

  constructor(context: ServerContext) {
    this.#context = context;
  }

  /** Token peers and tokens that are waited for, for accounting. */
  get size(): number {
    let size = this.#sessions.size;
    for (const waiting of this.#unpaired.values()) size += waiting.size;
    return size;
  }

  /** `AllocateSharedCollection`. Takes ownership of `tokenPeer` when it succeeds. */
  open(constraints: BufferCollectionConstraints, tokenPeer: EventPair, coordinator: WaitingCall): Handled {
    const { maxCollections } = this.#context.limits;
    const { koid } = tokenPeer;
    // Two peers of each other would each wait for the server to close the other.
    if (this.#sessions.has(koid) || this.#sessions.has(tokenPeer.relatedKoid())) {
      tokenPeer.close();
      coordinator.answer({ ok: false, error: Status.ERR_INVALID_ARGS });
      return undefined;
    }
    if (this.#sessions.size >= maxCollections) {
      return deviation(`quota maxCollections (${maxCollections}) is used up`, Status.ERR_NO_RESOURCES);
    }
    const session: Session = { constraints, coordinator, tokenPeer, binders: new Set(), watch: nothingToCancel };
    // First of all: it is what the kernel may refuse.
    session.watch = tokenPeer.onPeerClosed(() => this.#context.turns.enter(() => this.#complete(koid, session)));
    this.#sessions.set(koid, session);
    for (const { binder, token, watch } of this.#unpaired.get(koid) ?? []) {
      watch.cancel();
      token.close();
      session.binders.add(binder);
    }
    this.#unpaired.delete(koid);
    return undefined;
  }

  /**
   * `BindSharedCollection`. Takes ownership of `token` when it succeeds.
   * @returns a deviation, or a way to give the call up before it is answered
   */
  bind(usage: BufferUsage, token: EventPair, call: WaitingCall): Result<() => void, NonNullable<Handled>> {
    const koid = token.relatedKoid();
    const binder: Binder = { usage, call };
    const session = this.#sessions.get(koid);
    if (session !== undefined) {
      // The coordinator is a node as well.
      const { maxNodesPerCollection: limit } = this.#context.limits;
      if (session.binders.size + 1 >= limit) {
        const fault = deviation(`quota maxNodesPerCollection (${limit}) is used up`, Status.ERR_NO_RESOURCES);
        return { ok: false, error: fault };
      }
      session.binders.add(binder);
      token.close();
    } else if (koid === 0) {
      token.close();
      call.answer({ ok: false, error: Status.ERR_INVALID_ARGS });
    } else {
      this.#await(koid, { binder, token, watch: nothingToCancel });
    }
    return ok(() => this.#giveUp(koid, binder));
  }

  /** Lets go of every token and peer. Calls stay unanswered: their channels are being closed. */
  close(): void {
    for (const { tokenPeer, watch } of this.#sessions.values()) {
      watch.cancel();
      tokenPeer.close();
    }
    this.#sessions.clear();
    for (const waiting of this.#unpaired.values()) for (const unpaired of waiting) letGo(unpaired);
    this.#unpaired.clear();
  }

  #await(koid: number, unpaired: Unpaired): void {
    unpaired.watch = unpaired.token.onPeerClosed(() =>
      this.#context.turns.enter(() => {
        if (!this.#forget(koid, unpaired)) return;
        // Its peer was closed without having come here: this token leads nowhere.
        unpaired.binder.call.answer({ ok: false, error: Status.ERR_INVALID_ARGS });
      }),
    );
    const waiting = this.#unpaired.get(koid) ?? new Set();
    this.#unpaired.set(koid, waiting.add(unpaired));
  }

  /** False when it was not waiting any more. */
  #forget(koid: number, unpaired: Unpaired): boolean {
    const waiting = this.#unpaired.get(koid);
    if (waiting?.delete(unpaired) !== true) return false;
    if (waiting.size === 0) this.#unpaired.delete(koid);
    letGo(unpaired);
    return true;
  }

  /** A participant that is gone before the allocation has no part in it; the others go on. */
  #giveUp(koid: number, binder: Binder): void {
    this.#sessions.get(koid)?.binders.delete(binder);
    for (const unpaired of this.#unpaired.get(koid) ?? []) {
      if (unpaired.binder === binder) this.#forget(koid, unpaired);
    }
  }

  /** No token is left. */
  #complete(koid: number, { constraints, coordinator, tokenPeer, binders }: Session): void {
    if (!this.#sessions.delete(koid)) return;
    tokenPeer.close();
    if (coordinator.isGone && binders.size === 0) return;
    const root: AllocationCall = {
      // It has a say in what the buffers are like, and touches none of them.
      constraints: { ...constraints, usage: { none: 1 } },
      peer: coordinator.peer,
      answer: (outcome) => coordinator.answer(outcome),
    };
    const others = [...binders].map(
      ({ usage, call }): AllocationCall => ({
        constraints: usageConstraints(usage),
        peer: call.peer,
        answer: (outcome) => call.answer(outcome),
      }),
    );
    allocateFor(new AllocatorConnection(this.#context, coordinator.peer), root, others);
  }
}

function letGo({ token, watch }: Unpaired): void {
  watch.cancel();
  token.close();
}
