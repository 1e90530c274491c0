import { assert } from "#base";
import type { Heap } from "#heaps";
import type { Account } from "../accounts/accounts.ts";
import type { EventPair } from "#kernel";
import type { LogicalBuffer } from "../buffers/logical-buffer.ts";
import { LifetimeTrackers } from "../buffers/lifetime-trackers.ts";
import type { ServerContext } from "../context.ts";
import { warnAboutStall } from "../debug/describe-stall.ts";
import { clientFields, type LogFields } from "../debug/log-fields.ts";
import { StallWarning } from "../debug/stall-warning.ts";
import type { DomainError } from "../domain-error.ts";
import type { BareServerEvent, NodeRefData } from "../events.ts";
import { Node } from "../tree/node.ts";
import type { NodeProperties } from "../tree/properties.ts";
import type { Serving } from "../nodes/serving.ts";
import { endpointOf } from "../nodes/serving.ts";
import { breadthFirst } from "../tree/traversal.ts";
import type { CollectionSettings } from "../types.ts";
import { failRoot, failRootAfterException } from "./failure.ts";
import { Gate } from "./gate.ts";
import { dropServerStrongVmos } from "../buffers/lifetime.ts";

/**
 * How far the initial allocation is. It is attempted once: `allocated` and `failed` are final.
 * - `postponed`: everybody is ready, but secure memory is expected and not there yet.
 * - `allocating`: decided; the heap is making the buffers, and the gate is closed.
 */
export type AllocationState =
  | { readonly kind: "not-attempted" }
  | { readonly kind: "postponed" }
  | { readonly kind: "allocating"; readonly decided: CollectionSettings; readonly heap: Heap; readonly sinceNs: number }
  | { readonly kind: "allocated"; readonly decided: CollectionSettings; readonly heap: Heap; readonly atNs: number }
  | { readonly kind: "failed"; readonly error: DomainError };

/** One logical buffer collection: what AllocateSharedCollection or AllocateNonSharedCollection made. Lifecycle contract 2.1. */
export class LogicalBufferCollection {
  readonly context: ServerContext;
  readonly id: bigint;
  readonly account: Account;
  /** Bytes charged for each buffer that exists. */
  chargedBytesPerBuffer = 0;
  readonly createdAtNs: number;
  readonly gate: Gate = new Gate();
  readonly stallWarning: StallWarning;
  /** Buffers that are `live`, by index; each disappears by itself. */
  readonly buffers: Map<number, LogicalBuffer> = new Map();
  /** Buffers that exist: those of `buffers`, and those whose heap has not answered the deletion. */
  existingBuffers = 0;
  readonly trackers: LifetimeTrackers = new LifetimeTrackers();
  /** Nodes by the koid of their node_ref event. */
  readonly nodeRefs: Map<number, Node> = new Map();
  allocation: AllocationState = { kind: "not-attempted" };
  name: { readonly text: string; readonly priority: number } | undefined;
  isVerbose = false;
  /** Whether the server itself keeps every buffer's strong side alive. */
  holdsStrongVmos = false;
  /** The heap that made the buffers is lost: it is not asked to delete them. */
  isHeapLost = false;
  /** Buffers whose strong side is not gone. */
  strongBuffers = 0;
  #root: Node | undefined;
  /** Of the root, for as long as there is anything to say about the collection. */
  #rootProperties: NodeProperties | undefined;
  #strongNodes = 0;
  #isGone = false;

  /** @param account of the client that asked for the collection: it answers for everything in it */
  constructor(context: ServerContext, id: bigint, account: Account) {
    this.context = context;
    this.id = id;
    this.account = account;
    account.charge({ collections: 1 });
    this.createdAtNs = context.clock.nowNs();
    context.collections.set(id, this);
    this.stallWarning = new StallWarning(context.clock, (warning) =>
      this.enter(() => this.gate.pass(() => warnAboutStall(this, warning))),
    );
  }

  /** Null once the root has failed; buffers may live on. */
  get root(): Node | undefined {
    return this.#root;
  }
  /** Nodes of any kind that are not weak. */
  get strongNodes(): number {
    return this.#strongNodes;
  }
  get isGone(): boolean {
    return this.#isGone;
  }

  /** An input from outside that concerns this collection: one turn, and what it throws fails this collection only. */
  enter(input: () => void): void {
    this.context.turns.enter(() => {
      try {
        input();
      } catch (exception) {
        failRootAfterException(this, exception);
      }
    });
  }

  /** A task for later in this turn. Nothing happens to a collection that is gone by then. */
  post(task: () => void): void {
    this.enter(() => {
      if (!this.#isGone) task();
    });
  }

  /** Adds a node. `serve` gets the finished node and returns what serves it. */
  addNode(parent: Node | undefined, properties: NodeProperties, serve: (node: Node) => Serving): Node {
    assert((parent === undefined) === (this.#root === undefined), "a tree has one root");
    // The endpoint needs the node and the node its serving object: it is an orphan for the blink between.
    const node = new Node(parent, properties, { kind: "orphan" });
    if (parent === undefined) {
      this.#root = node;
      this.#rootProperties = properties;
    }
    this.account.charge({ nodes: 1 });
    if (!properties.isWeak) this.#strongNodes++;
    node.setServing(serve(node));
    return node;
  }

  /** Takes a leaf out of the tree. */
  removeNode(node: Node): void {
    if (!node.properties.isWeak) this.#strongNodeLost();
    if (node.properties.nodeRef !== undefined) {
      this.nodeRefs.delete(node.properties.nodeRef.koid);
      node.properties.nodeRef.close();
    }
    node.delete();
    this.account.refund({ nodes: 1 });
    if (node !== this.#root) return;
    this.#root = undefined;
    this.#rootGone();
  }

  /** Makes a node weak, for good. Children that exist already stay as they are. */
  makeWeak(node: Node): void {
    if (node.properties.isWeak) return;
    node.properties.isWeak = true;
    this.#strongNodeLost();
  }

  /** Starts comparing a tracker with the buffers that exist, now and whenever one ends. Takes ownership of the end. */
  armTracker(serverEnd: EventPair, buffersRemaining: number): void {
    this.trackers.add(serverEnd, buffersRemaining);
    this.trackers.evaluate(this.existingBuffers);
  }

  /** Stops reading every channel of this collection, or starts again. */
  setPaused(paused: boolean): void {
    if (this.#root === undefined) return;
    for (const node of breadthFirst(this.#root)) {
      const endpoint = endpointOf(node);
      if (paused) endpoint?.pause();
      else endpoint?.resume();
    }
  }

  /**
   * Fields for a log line: about a node, or about the collection as a whole, for which its root stands, also when that
   * is gone and only buffers are left.
   */
  describe(node: Node | undefined = this.#root): LogFields {
    const properties = node?.properties ?? this.#rootProperties;
    return {
      collectionId: String(this.id),
      collection: this.name?.text ?? "Unknown",
      ...(properties !== undefined && { nodeId: properties.nodeId }),
      ...clientFields(properties?.debugInfo, { pid: this.#pidOf(node) }),
    };
  }

  /** The process of a node, or of whoever made the node while nobody has bound it: up to the collection's maker. */
  #pidOf(node: Node | undefined): number {
    let at = node;
    while (at !== undefined && at.properties.pid === undefined) at = at.parent;
    return at?.properties.pid ?? this.account.pid;
  }

  refData(node: Node): NodeRefData {
    const { debugInfo, pid } = node.properties;
    return { nodeId: node.id, client: debugInfo.name, clientId: debugInfo.id, ...(pid !== undefined && { pid }) };
  }

  /** Tells those who watch; `make` is called only when there are any. */
  emit(make: () => BareServerEvent): void {
    const { observers, clock } = this.context;
    if (observers.isEmpty) return;
    observers.emit({ ...make(), collectionId: this.id, atNs: clock.nowNs() });
  }

  /** So many buffers do not exist (any more), and cost their client nothing. */
  refundBuffers(buffers: number): void {
    this.account.refund({ buffers, bytes: buffers * this.chargedBytesPerBuffer });
  }

  /** Forgets the collection when nothing of it is left. */
  goIfDone(): void {
    if (this.#isGone || this.#root !== undefined || this.existingBuffers > 0) return;
    if (this.allocation.kind === "allocating") return;
    this.#isGone = true;
    this.account.refund({ collections: 1 });
    this.trackers.closeAll();
    this.context.collections.delete(this.id);
    this.emit(() => ({ type: "collection-gone" }));
  }

  #rootGone(): void {
    this.stallWarning.cancel();
    dropServerStrongVmos(this);
    // What still waits finds its node deleted and lets go of its handles.
    this.gate.open();
    this.goIfDone();
  }

  #strongNodeLost(): void {
    this.#strongNodes--;
    if (this.#strongNodes > 0) return;
    // In a task of its own, and not while buffers are being made: an allocation that the last strong node's leaving has set
    // going comes to its end first.
    this.post(() =>
      this.gate.pass(() => {
        if (this.#root === undefined) return;
        if (this.allocation.kind === "allocated") dropServerStrongVmos(this);
        else failRoot(this, "UNSPECIFIED", "no strong node before allocation");
      }),
    );
  }
}
