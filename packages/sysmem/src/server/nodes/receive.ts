/** The way of every message and every close of a node's channel into the core. Lifecycle contract 1.3, 2.4, 2.5. */
import { assert, Status } from "#base";
import { KernelError } from "#kernel";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { failDomainOf } from "../collection/failure.ts";
import { checkAllocation } from "../allocation/check.ts";
import { type Deviation, deviation, type Generation } from "../domain-error.ts";
import type { FailureCause } from "../events.ts";
import { legality, type NodeMessage, v1StatusOf } from "../tree/message-matrix.ts";
import type { Node } from "../tree/node.ts";
import { columnOf, endpointOf, type NodeEndpoint, orphan } from "./serving.ts";
import { convertToCollection } from "./token.ts";

const NO_RESOURCES = "the machine has not enough for this channel: it is closed and its domain fails";

/** What handling a message may come to. */
export type Handled = Deviation | undefined;

/** Where a message came in. */
export interface Arrival {
  readonly collection: LogicalBufferCollection;
  readonly node: Node;
  readonly endpoint: NodeEndpoint;
  /** Generation of the messages that come in here, where the channel takes more than one. */
  readonly generation?: Generation | undefined;
}

/**
 * Handles one message, in its turn: now, or when the collection's gate opens.
 * @param run does what the message asks; what it returns, or an illegal state, is a deviation.
 * @param drop closes the message's handles; called in every case in which `run` did not take them over.
 */
export function receive(arrival: Arrival, message: NodeMessage, run: () => Handled, drop: () => void = () => {}): void {
  const { collection, node, endpoint } = arrival;
  collection.enter(() =>
    collection.gate.pass(() => {
      if (node.isDeleted || endpoint.isClosed || endpointOf(node) !== endpoint) {
        drop();
        return;
      }
      if (arrival.generation !== undefined) endpoint.generation = arrival.generation;
      let fault: Handled;
      try {
        fault = illegalState(node, message) ?? run();
      } catch (exception) {
        drop();
        if (!(exception instanceof KernelError)) throw exception;
        failForWant(arrival, message, exception);
        return;
      }
      if (fault === undefined) return;
      drop();
      deviate(arrival, message, fault);
    }),
  );
}

/** A message that no matrix row allows: an unknown method. */
export function receiveUnknownMethod(arrival: Arrival, ordinal: bigint): void {
  const { collection, node, endpoint } = arrival;
  collection.enter(() =>
    collection.gate.pass(() => {
      if (node.isDeleted || endpoint.isClosed || endpointOf(node) !== endpoint) return;
      deviate(arrival, `method ${ordinal}`, deviation("unknown method", Status.ERR_NOT_SUPPORTED));
    }),
  );
}

/** How a node's channel ended other than by the server's own decision. */
export interface ClientClose {
  /** Anything but the peer's end being closed is the same as an unclean close, Release or not. */
  readonly cause: "peer" | Extract<FailureCause, "malformed message" | "no resources">;
  readonly detail: string;
}

/** The client's end is closed, and everything it had sent was handled. */
export function receiveClose(arrival: Arrival, close: ClientClose): void {
  const { collection, node, endpoint } = arrival;
  collection.enter(() =>
    collection.gate.pass(() => {
      if (node.isDeleted || endpointOf(node) !== endpoint) return;
      const { serving } = node;
      const { cause, detail } = close;
      if (cause !== "peer") {
        const what = cause === "no resources" ? NO_RESOURCES : "a client broke the rules of its channel";
        collection.context.logger.error({ ...collection.describe(node), detail }, what);
        failDomainOf(collection, node, "UNSPECIFIED", cause, { message: "its channel", detail });
      } else if (serving.kind === "token" && serving.state.kind === "bind-pending") {
        convertToCollection(collection, node, serving.state);
      } else if (isReleased(node)) {
        becomeOrphan(collection, node);
        checkAllocation(collection);
      } else {
        failDomainOf(collection, node, "UNSPECIFIED", "unclean close");
      }
    }),
  );
}

function illegalState(node: Node, message: NodeMessage): Handled {
  const column = columnOf(node);
  assert(column !== undefined, "a served node has a column");
  const verdict = legality(message, column);
  assert(verdict !== "absent", `${message} cannot arrive at a ${column}`);
  return verdict === "legal" ? undefined : deviation(`${message} is illegal in state ${column}`, v1StatusOf(message));
}

/**
 * The sequence of a deviation: a log line, that channel closed at once, and in a task of its own the failure of its domain.
 */
export function deviate(arrival: Arrival, message: string, fault: Deviation): void {
  const { collection, node, endpoint } = arrival;
  collection.context.logger.error(
    { ...collection.describe(node), message, detail: fault.detail },
    "protocol deviation: this channel is closed and its domain fails",
  );
  collection.emit(() => ({ type: "deviation", node: collection.refData(node), message, detail: fault.detail }));
  endpoint.close(fault.epitaph ?? (endpoint.generation === "v1" ? fault.v1Status : Status.ERR_INTERNAL));
  const detail = { message, detail: fault.detail };
  collection.post(() => failDomainOf(collection, node, "UNSPECIFIED", "deviation", detail));
}

/**
 * The machine has too little of something for what a message asks. It costs the node that asked what a deviation would, and
 * those outside its domain nothing.
 */
function failForWant({ collection, node, endpoint }: Arrival, message: string, error: KernelError): void {
  collection.context.logger.error({ ...collection.describe(node), message, err: error }, NO_RESOURCES);
  endpoint.close(endpoint.generation === "v1" ? Status.ERR_NO_RESOURCES : Status.ERR_INTERNAL);
  const detail = { message, detail: error.message };
  collection.post(() => failDomainOf(collection, node, "UNSPECIFIED", "no resources", detail));
}

function isReleased(node: Node): boolean {
  const { serving } = node;
  switch (serving.kind) {
    case "token":
      return serving.state.kind === "released";
    case "collection":
      return serving.isReleased;
    case "group":
      return serving.state === "released";
    case "orphan":
      return false;
  }
}

/** A clean close: the node stays, with its constraints, and without a channel. */
function becomeOrphan(collection: LogicalBufferCollection, node: Node): void {
  const { serving } = node;
  if (serving.kind === "token") collection.context.tokens.delete(serving.endpoint.koid);
  if (serving.kind === "collection") {
    // Nobody is left to hear what they wait for.
    for (const tracker of serving.trackers) tracker.serverEnd.close();
    serving.trackers.length = 0;
    serving.waits.length = 0;
  }
  node.setServing(orphan);
  collection.makeWeak(node);
  collection.emit(() => ({ type: "node-orphaned", node: collection.refData(node) }));
}
