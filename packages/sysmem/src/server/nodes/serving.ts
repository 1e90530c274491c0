/**
 * What serves a node at the moment: the part that does not survive token -> collection -> orphan.
 * States as in lifecycle contract 2.4.
 */
import type { EventPair, Kernel, PeerCredentials } from "#kernel";
import type { DomainError, Generation } from "../domain-error.ts";
import type { DebugInfo } from "../tree/properties.ts";
import type { Column } from "../tree/message-matrix.ts";
import type { Node } from "../tree/node.ts";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import type { DeliveredCollection } from "../buffers/delivery.ts";

/** The core's hold on a node's channel. The FIDL edge implements it, one for each generation. */
export interface NodeEndpoint {
  /** koid of the server's end. For tokens it is known; for others it may have to be asked of the kernel, which may throw. */
  readonly koid: number;
  /** Generation of the last message handled, where the channel takes both; v2 until a v1 message arrives. */
  generation: Generation;
  /** True once the server closed it, or the client's close was seen. */
  readonly isClosed: boolean;
  /** Sends the epitaph and closes. Calls back nothing; calls that wait for an answer stay unanswered. Idempotent. */
  close(epitaph: number): void;
  /** Who made the client's end, as the kernel recorded it. */
  peerCredentials(kernel: Kernel): PeerCredentials | undefined;
  /** koid of the client's end, 0 when it is closed. Asked of the kernel: for inspection. */
  relatedKoid(): number;
  /** Stops and resumes delivery, losing nothing. */
  pause(): void;
  resume(): void;
}

/** A channel end that will serve a node once it is time; until then unserved, its messages wait in the kernel. */
export interface EndToServe {
  serve(collection: LogicalBufferCollection, node: Node): NodeEndpoint;
  /** Drops the end without an epitaph. */
  drop(): void;
}

export interface TokenServing {
  readonly kind: "token";
  readonly endpoint: NodeEndpoint;
  readonly state: TokenState;
}

/**
 * - `active`: as created.
 * - `released`: Release was handled; its clean close makes the node an orphan.
 * - `bind-pending`: BindSharedCollection named it; the rest of its messages is handled, then it becomes a collection.
 */
export type TokenState =
  | { readonly kind: "active" }
  | { readonly kind: "released" }
  | {
      readonly kind: "bind-pending";
      readonly request: EndToServe;
      /** Replaces the node's debug info at conversion, when the binding Allocator has one. */
      readonly binder: { readonly debugInfo: DebugInfo | undefined; readonly pid: number | undefined };
    };

/** A `WaitForAllBuffersAllocated` without an answer yet. */
export interface PendingWait {
  readonly generation: Generation;
  /** Sends the reply. Takes ownership of the handles in it. */
  succeed(delivered: DeliveredCollection): void;
  fail(error: DomainError): void;
}

/** An `AttachLifetimeTracking` that waits for its node's logical allocation. */
export interface PendingTracker {
  readonly serverEnd: EventPair;
  readonly buffersRemaining: number;
}

export interface CollectionServing {
  readonly kind: "collection";
  readonly endpoint: NodeEndpoint;
  /** Whether SetConstraints was accepted is in the node's properties: constraints survive this object. */
  isReleased: boolean;
  /** WaitForAllBuffersAllocated has been received, answered or not. */
  hasWaited: boolean;
  readonly waits: PendingWait[];
  readonly trackers: PendingTracker[];
}

/** `open`: children may be added. `sealed`: AllChildrenPresent was accepted. `released`: sealed, then Release. */
export interface GroupServing {
  readonly kind: "group";
  readonly endpoint: NodeEndpoint;
  readonly state: "open" | "sealed" | "released";
}

/** No channel; what the node has said stays in force. */
export interface OrphanServing {
  readonly kind: "orphan";
}

export type Serving = TokenServing | CollectionServing | GroupServing | OrphanServing;

export const orphan: OrphanServing = { kind: "orphan" };

/** The node's column in the legal-message matrix; undefined for an orphan, which gets no messages. */
export function columnOf(node: Node): Column | undefined {
  const serving = node.serving;
  switch (serving.kind) {
    case "token":
      return `token-${serving.state.kind}`;
    case "collection":
      if (serving.isReleased) return "collection-released";
      // A v1 client may wait before it sets constraints; setting them is legal all the same.
      if (node.properties.constraints === undefined) return "collection-unconstrained";
      return serving.hasWaited ? "collection-waited" : "collection-constrained";
    case "group":
      return `group-${serving.state}`;
    case "orphan":
      return undefined;
  }
}

/** The node's channel, if it has one. */
export function endpointOf(node: Node): NodeEndpoint | undefined {
  return node.serving.kind === "orphan" ? undefined : node.serving.endpoint;
}
