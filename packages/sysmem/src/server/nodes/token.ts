/** What a token can be asked to do. Lifecycle contract 4.3, and conversion of 2.4. */
import { type Channel, Rights, Status } from "#base";
import { describeBreach } from "../accounts/accounts.ts";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { deviation } from "../domain-error.ts";
import { attachedName } from "../tree/debug-info.ts";
import { inheritedProperties, type Node } from "../tree/node.ts";
import { attenuate } from "../tree/rights.ts";
import type { EndToServe, TokenState } from "./serving.ts";
import type { Handled } from "./receive.ts";

/** Room for so many more nodes, or why not. */
export function checkRoom(collection: LogicalBufferCollection, count: number): Handled {
  const { maxNodesPerCollection } = collection.context.limits;
  const nodes = collection.root?.counters.nodes ?? 0;
  if (nodes + count <= maxNodesPerCollection) {
    const breach = collection.account.check({ nodes: count });
    return breach && deviation(describeBreach(breach), Status.ERR_NO_RESOURCES);
  }
  return deviation(`quota maxNodesPerCollection (${maxNodesPerCollection}) is used up`, Status.ERR_NO_RESOURCES);
}

/**
 * Adds a token below `parent` and serves it. Takes ownership of `channel`, unless it throws: then `parent` must fail, since
 * the child is there without a channel. Room must have been checked.
 */
export function addToken(
  collection: LogicalBufferCollection,
  parent: Node,
  channel: Channel,
  requestedRights: number,
  options: { readonly isAttached: boolean } = { isAttached: false },
): Node {
  const { context } = collection;
  const properties = inheritedProperties(parent, {
    nodeId: context.nextNodeId(),
    isGroup: false,
    rightsMask: attenuate(parent.properties.rightsMask, requestedRights),
    isAttached: options.isAttached,
    ...(options.isAttached && {
      debugInfo: attachedName(parent.properties.debugInfo, context.limits.maxDebugNameBytes),
    }),
  });
  const node = collection.addNode(parent, properties, (added) => ({
    kind: "token",
    endpoint: context.edge.serveToken(channel, collection, added),
    state: { kind: "active" },
  }));
  if (node.serving.kind === "token") context.tokens.add(node.serving.endpoint.koid, { collection, node });
  collection.emit(() => ({
    type: "node-created",
    node: collection.refData(node),
    parentId: parent.id,
    kind: options.isAttached ? "attached-token" : "token",
  }));
  return node;
}

/** `Duplicate`: one child. Takes ownership of `channel` when it succeeds. */
export function duplicate(collection: LogicalBufferCollection, node: Node, mask: number, channel: Channel): Handled {
  const full = checkRoom(collection, 1);
  if (full !== undefined) return full;
  if (mask === 0) {
    collection.context.logger.error(
      collection.describe(node),
      "Duplicate with rights_attenuation_mask 0 is deprecated: rights are not reduced",
    );
  }
  addToken(collection, node, channel, mask === 0 ? Rights.SAME_RIGHTS : mask);
  return undefined;
}

/**
 * `DuplicateSync` and `CreateChildrenSync`: one child for each mask, or a deviation before any is made. Throws `KernelError`.
 */
export function addTokens(
  collection: LogicalBufferCollection,
  node: Node,
  masks: Iterable<number>,
  reply: (clientEnds: Channel[]) => void,
): Handled {
  const list = [...masks];
  if (list.includes(0)) return deviation("a rights_attenuation_mask is 0");
  const full = checkRoom(collection, list.length);
  if (full !== undefined) return full;
  const clientEnds: Channel[] = [];
  let unserved: Channel | undefined;
  try {
    for (const mask of list) {
      const [clientEnd, serverEnd] = collection.context.kernel.createChannel();
      clientEnds.push(clientEnd);
      unserved = serverEnd;
      addToken(collection, node, serverEnd, mask);
      unserved = undefined;
    }
  } catch (error) {
    // The kernel has no channels left. The children made so far fail with the node that asked for them.
    unserved?.close();
    for (const clientEnd of clientEnds) clientEnd.close();
    throw error;
  }
  reply(clientEnds);
  return undefined;
}

/** `SetDispensable`. An attached node stays a failure domain of its own at all times. */
export function setDispensable(node: Node): Handled {
  if (node.properties.mode === "propagate") node.properties.mode = "propagate-before-allocation";
  return undefined;
}

/** `CreateBufferCollectionTokenGroup`. Takes ownership of `end` when it succeeds. */
export function createGroup(collection: LogicalBufferCollection, parent: Node, end: EndToServe): Handled {
  const full = checkRoom(collection, 1);
  if (full !== undefined) return full;
  const properties = inheritedProperties(parent, {
    nodeId: collection.context.nextNodeId(),
    isGroup: true,
    rightsMask: parent.properties.rightsMask,
    isAttached: false,
  });
  const node = collection.addNode(parent, properties, (added) => ({
    kind: "group",
    endpoint: end.serve(collection, added),
    state: "open",
  }));
  notePid(collection, node, parent.properties.pid);
  collection.emit(() => ({
    type: "node-created",
    node: collection.refData(node),
    parentId: parent.id,
    kind: "group",
  }));
  return undefined;
}

/** The token's channel is drained and closed: the same position in the tree is served as a collection from now on. */
export function convertToCollection(
  collection: LogicalBufferCollection,
  node: Node,
  state: Extract<TokenState, { kind: "bind-pending" }>,
): void {
  if (node.serving.kind === "token") collection.context.tokens.delete(node.serving.endpoint.koid);
  // After every message queued on the token, so that the binder has the last word.
  const { debugInfo, pid } = state.binder;
  if (debugInfo !== undefined) node.properties.debugInfo = debugInfo;
  serveAsCollection(collection, node, state.request, pid);
}

/** Starts serving a collection's channel at a node. `binder` is the process that asked for it, where that is known. */
export function serveAsCollection(
  collection: LogicalBufferCollection,
  node: Node,
  request: EndToServe,
  binder: number | undefined,
): void {
  node.setServing({
    kind: "collection",
    endpoint: request.serve(collection, node),
    isReleased: false,
    hasWaited: false,
    waits: [],
    trackers: [],
  });
  notePid(collection, node, binder);
  collection.emit(() => ({ type: "token-bound", node: collection.refData(node) }));
}

/**
 * Remembers whose process it is; a token says nothing about that, since its channel may be the server's own making.
 * `asker` stands in where the channel is closed already, as when its process has died.
 */
function notePid(collection: LogicalBufferCollection, node: Node, asker: number | undefined): void {
  if (node.serving.kind === "orphan") return;
  node.properties.pid = node.serving.endpoint.peerCredentials(collection.context.kernel)?.pid ?? asker;
}
