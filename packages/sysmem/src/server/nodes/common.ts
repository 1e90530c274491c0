/** What every node can be asked to do. Lifecycle contract 4.2. */
import { Status } from "#base";
import type { Event, EventPair } from "#kernel";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { deviation } from "../domain-error.ts";
import { areAlternates } from "../tree/alternate.ts";
import { renamed } from "../tree/debug-info.ts";
import type { Node } from "../tree/node.ts";
import type { Handled } from "./receive.ts";

/** `Release`: the close that follows will be a clean one. The server does not close the channel by itself. */
export function release(node: Node): Handled {
  const { serving } = node;
  switch (serving.kind) {
    case "token":
      node.setServing({ kind: "token", endpoint: serving.endpoint, state: { kind: "released" } });
      break;
    case "collection":
      serving.isReleased = true;
      break;
    case "group":
      node.setServing({ kind: "group", endpoint: serving.endpoint, state: "released" });
      break;
    case "orphan":
      break;
  }
  return undefined;
}

/** `SetName`: the first one, then only those of strictly higher priority. */
export function setName(collection: LogicalBufferCollection, priority: number, text: string): Handled {
  if (collection.name === undefined || priority > collection.name.priority) collection.name = { text, priority };
  return undefined;
}

/** `SetDebugClientInfo`. */
export function setDebugClientInfo(collection: LogicalBufferCollection, node: Node, name: string, id: bigint): Handled {
  const { properties } = node;
  properties.debugInfo = renamed(properties.debugInfo, name, id, collection.context.limits.maxDebugNameBytes);
  return undefined;
}

/** `SetDebugTimeoutLogDeadline`, in nanoseconds of the monotonic clock. */
export function setDebugTimeoutLogDeadline(collection: LogicalBufferCollection, deadlineNs: number): Handled {
  collection.stallWarning.setDeadline(deadlineNs);
  return undefined;
}

/** `SetVerboseLogging`: sticky, and for the whole collection. */
export function setVerboseLogging(collection: LogicalBufferCollection): Handled {
  collection.isVerbose = true;
  return undefined;
}

/** `GetNodeRef`: another handle to the node's event. The caller owns it. Throws `KernelError`. */
export function nodeRef(collection: LogicalBufferCollection, node: Node): Event {
  const { properties } = node;
  if (properties.nodeRef === undefined) {
    const event = collection.context.kernel.createEvent();
    try {
      collection.nodeRefs.set(event.koid, node);
    } catch (error) {
      event.close();
      throw error;
    }
    properties.nodeRef = event;
  }
  return properties.nodeRef.duplicate();
}

/** `IsAlternateFor`. The event stays the caller's. Undefined = not a node_ref of this collection. */
export function isAlternateFor(collection: LogicalBufferCollection, node: Node, ref: Event): boolean | undefined {
  const other = collection.nodeRefs.get(ref.koid);
  return other === undefined ? undefined : areAlternates(node, other);
}

/** `SetWeak`: this node and children created from now on; implies consent for this node alone. */
export function setWeak(collection: LogicalBufferCollection, node: Node): Handled {
  node.properties.isWeakOk = true;
  collection.makeWeak(node);
  return undefined;
}

/** `SetWeakOk`. The flag for children is sticky. */
export function setWeakOk(node: Node, forChildNodesAlso: boolean): Handled {
  node.properties.isWeakOk = true;
  if (forChildNodesAlso) node.properties.isWeakOkForChildren = true;
  return undefined;
}

/** `AttachNodeTracking`. Takes ownership of `serverEnd` when it succeeds. */
export function attachNodeTracking(collection: LogicalBufferCollection, node: Node, serverEnd: EventPair): Handled {
  const { nodeTracking } = node.properties;
  const { maxNodeTrackersPerNode } = collection.context.limits;
  if (nodeTracking.length >= maxNodeTrackersPerNode) {
    return deviation(`more than ${maxNodeTrackersPerNode} AttachNodeTracking on one node`, Status.ERR_NO_RESOURCES);
  }
  serverEnd.dropData();
  nodeTracking.push(serverEnd);
  return undefined;
}
