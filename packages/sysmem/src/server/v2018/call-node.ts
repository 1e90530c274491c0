/**
 * Calls of 2018 as participants of a collection: each is a node of the tree like any other, only without a channel of its
 * own. It waits from the start, says its constraints, and leaves cleanly when it has its answer.
 */
import { err, ok, type Result, Status } from "#base";
import type { Kernel, PeerCredentials } from "#kernel";
import type { DeliveredCollection } from "../buffers/delivery.ts";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { type DomainError, type Generation, v1Status } from "../domain-error.ts";
import type { AllocatorConnection } from "../nodes/allocator.ts";
import { setConstraints, waitForAllBuffersAllocated } from "../nodes/collection.ts";
import { release } from "../nodes/common.ts";
import { type Arrival, type Handled, receiveClose } from "../nodes/receive.ts";
import type { EndToServe, NodeEndpoint, PendingWait } from "../nodes/serving.ts";
import { checkRoom, serveAsCollection } from "../nodes/token.ts";
import { inheritedProperties } from "../tree/node.ts";
import type { BufferCollectionConstraints } from "../types.ts";

/** One call of 2018 that takes part in an allocation. */
export interface AllocationCall {
  readonly constraints: BufferCollectionConstraints;
  readonly peer: PeerCredentials | undefined;
  /** Called exactly once: what is delivered belongs to the call; the error is a status. */
  answer(outcome: Result<DeliveredCollection, number>): void;
}

/**
 * Allocates one collection for these calls: the first is the root, the others are its children. Every call is answered,
 * now or later.
 */
export function allocateFor(
  connection: AllocatorConnection,
  root: AllocationCall,
  others: readonly AllocationCall[],
): void {
  const top = new CallNode(root);
  const full = connection.allocateNonSharedCollection(top);
  const nodes = [top, ...others.map((call) => new CallNode(call))];
  const { arrival } = top;
  if (full !== undefined || arrival === undefined) {
    const status = full === undefined ? Status.ERR_INTERNAL : Status.ERR_NO_MEMORY;
    for (const node of nodes) node.finish(err(status));
    return;
  }
  arrival.collection.enter(() => {
    const crowded = addChildren(arrival, nodes.slice(1));
    if (crowded !== undefined) {
      for (const node of nodes) node.finish(err(Status.ERR_NO_MEMORY));
      return;
    }
    // Everybody waits before anybody is ready, so that whatever comes of it reaches all.
    for (const node of nodes) node.wait();
    for (const node of nodes) node.constrain();
  });
}

function addChildren({ collection, node: root }: Arrival, children: readonly CallNode[]): Handled {
  const full = checkRoom(collection, children.length);
  if (full !== undefined) return full;
  for (const child of children) {
    const properties = inheritedProperties(root, {
      nodeId: collection.context.nextNodeId(),
      isGroup: false,
      rightsMask: root.properties.rightsMask,
      isAttached: false,
    });
    serveAsCollection(
      collection,
      collection.addNode(root, properties, () => ({ kind: "orphan" })),
      child,
      root.properties.pid,
    );
  }
  return undefined;
}

class CallNode implements EndToServe, NodeEndpoint, PendingWait {
  /** Told by statuses, as v1 is. */
  generation: Generation = "v1";
  readonly koid = 0;
  isClosed = false;
  arrival: Arrival | undefined;
  readonly #call: AllocationCall;
  #isAnswered = false;

  constructor(call: AllocationCall) {
    this.#call = call;
  }

  serve(collection: LogicalBufferCollection, node: Arrival["node"]): NodeEndpoint {
    this.arrival = { collection, node, endpoint: this };
    return this;
  }

  drop(): void {
    this.finish(err(Status.ERR_INTERNAL));
  }

  wait(): void {
    this.#whileServed(({ collection, node }) => {
      if (node.serving.kind === "collection") waitForAllBuffersAllocated(collection, node, node.serving, this);
    });
  }

  constrain(): void {
    this.#whileServed(({ collection, node }) => setConstraints(collection, node, this.#call.constraints, undefined));
  }

  succeed(delivered: DeliveredCollection): void {
    this.finish(ok(delivered));
  }

  fail(error: DomainError): void {
    this.finish(err(v1Status(error)));
  }

  /** The core's close: the collection failed, and this call had no answer before that. */
  close(epitaph: number): void {
    this.isClosed = true;
    this.finish(err(epitaph));
  }

  /** The call's whole message has arrived: there is nothing to hold back. */
  pause(): void {}
  resume(): void {}

  peerCredentials(_kernel: Kernel): PeerCredentials | undefined {
    return this.#call.peer;
  }
  relatedKoid(): number {
    return 0;
  }

  /** Answers the call, once, and leaves the tree as a client does that has what it wanted. */
  finish(outcome: Result<DeliveredCollection, number>): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#call.answer(outcome);
    const { arrival } = this;
    if (arrival === undefined || this.isClosed) return;
    arrival.collection.post(() =>
      this.#whileServed(({ node }) => {
        release(node);
        receiveClose(arrival, { cause: "peer", detail: "the call is answered" });
      }),
    );
  }

  #whileServed(act: (arrival: Arrival) => void): void {
    const { arrival } = this;
    if (arrival !== undefined && !this.isClosed && !arrival.node.isDeleted) act(arrival);
  }
}
