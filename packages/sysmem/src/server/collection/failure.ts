/** How a subtree fails. Lifecycle contract 5.1, 5.2, 5.4. */
import { KernelError } from "#kernel";
import { type DomainError, epitaphFor } from "../domain-error.ts";
import type { FailureCause } from "../events.ts";
import type { Node } from "../tree/node.ts";
import { describeTree } from "../debug/describe-tree.ts";
import { type FaultDetail, isRemarkable } from "../debug/domain-failures.ts";
import { failedTree } from "../debug/failed-tree.ts";
import { failureDomainOf, takeDownOrder } from "../tree/failure-domain.ts";
import type { LogicalBufferCollection } from "./logical-buffer-collection.ts";

/** Fails the failure domain that a node belongs to. Nothing happens when the node is deleted already. */
export function failDomainOf(
  collection: LogicalBufferCollection,
  node: Node,
  error: DomainError,
  cause: FailureCause,
  fault?: FaultDetail,
): void {
  if (node.isDeleted) return;
  failSubtree(collection, failureDomainOf(node), error, cause, node, fault);
}

/** Fails the whole tree. Nothing happens when it has failed already. */
export function failRoot(collection: LogicalBufferCollection, error: DomainError, cause: FailureCause): void {
  const root = collection.root;
  if (root !== undefined) failSubtree(collection, root, error, cause);
}

/**
 * Fails a subtree, deepest level first: every channel in it is closed, every node deleted. Nodes outside are untouched,
 * and so are VMOs in clients' hands.
 */
export function failSubtree(
  collection: LogicalBufferCollection,
  top: Node,
  error: DomainError,
  cause: FailureCause,
  origin: Node = top,
  fault?: FaultDetail,
): void {
  logFailure(collection, top, error, cause, origin);
  const nodeCount = top.counters.nodes;
  const isRoot = top.parent === undefined;
  if (isRemarkable(cause, top.properties.isLogicallyAllocated)) {
    const { pid, debugInfo } = origin.properties;
    const { clock, domainFailures, limits } = collection.context;
    const record = {
      atNs: clock.nowNs(),
      collectionId: collection.id,
      name: collection.name?.text,
      error,
      cause,
      fault,
      nodeId: origin.id,
      client: debugInfo.name,
      clientId: debugInfo.id,
      pid,
      nodeCount,
      isRoot,
    };
    domainFailures.add(record, failedTree(top, limits));
  }
  collection.emit(() => ({
    type: "domain-failed",
    node: collection.refData(top),
    origin: collection.refData(origin),
    error,
    cause,
    nodeCount,
    isRoot,
  }));
  const nodes = takeDownOrder(top);
  top.doom(nodes);
  for (const node of nodes) removeFailedNode(collection, node, error);
}

/** Our own mistake, or a machine without resources: costs the collection in which it happened, and nobody else. */
export function failRootAfterException(collection: LogicalBufferCollection, exception: unknown): void {
  const { logger } = collection.context;
  const { root } = collection;
  const fields = { ...collection.describe(root), err: exception, tree: root && describeTree(root) };
  const isWant = exception instanceof KernelError;
  if (isWant) logger.error(fields, "the machine has not enough for this collection: it fails");
  else logger.error(fields, "an exception fails this collection");
  try {
    failRoot(collection, "UNSPECIFIED", isWant ? "no resources" : "internal error");
  } catch (again) {
    logger.error({ ...collection.describe(), err: again }, "failing this collection threw as well");
  }
}

function removeFailedNode(collection: LogicalBufferCollection, node: Node, error: DomainError): void {
  const serving = node.serving;
  switch (serving.kind) {
    case "token":
      collection.context.tokens.delete(serving.endpoint.koid);
      serving.endpoint.close(epitaphFor(error, serving.endpoint.generation));
      if (serving.state.kind === "bind-pending") serving.state.request.drop();
      break;
    case "collection":
      serving.endpoint.close(epitaphFor(error, serving.endpoint.generation));
      for (const tracker of serving.trackers) tracker.serverEnd.close();
      serving.trackers.length = 0;
      serving.waits.length = 0;
      break;
    case "group":
      serving.endpoint.close(epitaphFor(error, serving.endpoint.generation));
      break;
    case "orphan":
      break;
  }
  const { nodeTracking } = node.properties;
  collection.removeNode(node);
  // Last of all: its counts do not count any more.
  for (const end of nodeTracking) end.close();
  nodeTracking.length = 0;
}

function logFailure(
  collection: LogicalBufferCollection,
  top: Node,
  error: DomainError,
  cause: FailureCause,
  origin: Node,
): void {
  const { logger } = collection.context;
  const fields = { ...collection.describe(origin), error, cause, subtree: top.id, nodes: top.counters.nodes };
  // Everybody in it has left in order: before there were buffers, too, nobody is there who could miss them.
  const isNormalEnd =
    cause === "no connected client" && (top.properties.isLogicallyAllocated || top.counters.connected === 0);
  if (isNormalEnd && top.parent === undefined) logger.info(fields, "the last client of this collection has left");
  else if (isNormalEnd || cause === "not selected by its group") logger.info(fields, "a subtree is removed");
  else if (top.parent === undefined) logger.error(fields, "this collection fails");
  else logger.error(fields, "a subtree of this collection fails");
}
