/** Collections, nodes and buffers as `sysmem.inspect` has them. */
import type { SizeU } from "#gen/fuchsia_math";
import {
  AllocationState,
  Awaited,
  type Buffer,
  type CollectionSummary,
  FailurePropagation,
  type Node,
  NodeKind,
} from "#gen/sysmem_inspect";
import type { CollectionSnapshot, LogicalBufferCollection, NodeSnapshot } from "#server";
import { clip } from "./pages.ts";
import { commandOf } from "./processes.ts";

/** Clients and processes that a summary names. */
const MAX_NAMED = 8;
const MAX_COMMAND_BYTES = 64;

const ALLOCATION: Readonly<Record<CollectionSnapshot["allocation"], AllocationState>> = {
  "not-attempted": AllocationState.NOT_ATTEMPTED,
  postponed: AllocationState.POSTPONED,
  allocating: AllocationState.ALLOCATING,
  allocated: AllocationState.ALLOCATED,
  failed: AllocationState.FAILED,
};

const AWAITED: Readonly<Record<NodeSnapshot["state"], Awaited>> = {
  "token-active": Awaited.BIND_OR_RELEASE,
  "token-released": Awaited.CLOSE,
  "token-bind-pending": Awaited.END_OF_TOKEN,
  "collection-unconstrained": Awaited.SET_CONSTRAINTS,
  "collection-constrained": Awaited.NOTHING,
  "collection-waited": Awaited.NOTHING,
  "collection-released": Awaited.NOTHING,
  "group-open": Awaited.ALL_CHILDREN_PRESENT,
  "group-sealed": Awaited.NOTHING,
  "group-released": Awaited.NOTHING,
  orphan: Awaited.NOTHING,
};

const PROPAGATION: Readonly<Record<NodeSnapshot["mode"], FailurePropagation>> = {
  propagate: FailurePropagation.PROPAGATE,
  "propagate-before-allocation": FailurePropagation.PROPAGATE_BEFORE_ALLOCATION,
  "do-not-propagate": FailurePropagation.DO_NOT_PROPAGATE,
};

/** A collection in a list. Walks no further into the tree than it names clients. */
export function summaryOf(collection: LogicalBufferCollection): CollectionSummary {
  const { allocation, root, buffers, existingBuffers } = collection;
  const decided = allocation.kind === "allocated" || allocation.kind === "allocating" ? allocation.decided : undefined;
  let strongVmos = 0;
  let weakVmos = 0;
  for (const buffer of buffers.values()) {
    strongVmos += buffer.strongChildren;
    weakVmos += buffer.weakChildren;
  }
  const format = decided?.settings.imageFormatConstraints;
  const { clients, pids } = clientsOf(collection);
  return {
    collectionId: collection.id,
    name: collection.name === undefined ? undefined : clip(collection.name.text),
    createdAtNs: BigInt(collection.createdAtNs),
    allocation: ALLOCATION[allocation.kind],
    allocatedAtNs: allocation.kind === "allocated" ? BigInt(allocation.atNs) : undefined,
    nodeCount: root?.counters.nodes ?? 0,
    unreadyCount: root?.counters.unready ?? 0,
    strongNodeCount: collection.strongNodes,
    bufferCount: decided?.bufferCount,
    sizeBytes: decided?.settings.bufferSettings.sizeBytes,
    heap: decided?.settings.bufferSettings.heap,
    pixelFormat: format?.pixelFormat,
    pixelFormatModifier: format?.pixelFormatModifier,
    size: sizeOfImages(format),
    existingBuffers,
    strongVmos,
    weakVmos,
    clients,
    pids: Int32Array.from(pids),
  };
}

/** What images are like for which the buffers were made. */
export function sizeOfImages(
  format: { readonly requiredMaxSize?: SizeU | undefined; readonly minSize?: SizeU | undefined } | undefined,
): SizeU | undefined {
  return [format?.requiredMaxSize, format?.minSize].find(
    (size) => size !== undefined && size.width > 0 && size.height > 0,
  );
}

function clientsOf({ root }: LogicalBufferCollection): { clients: string[]; pids: number[] } {
  const clients = new Set<string>();
  const pids = new Set<number>();
  const nodes = root === undefined ? [] : [root];
  for (let at = 0; at < nodes.length && at < 4 * MAX_NAMED; at++) {
    const { properties, children } = nodes[at] as (typeof nodes)[number];
    const { debugInfo, pid, isGroup } = properties;
    if (!isGroup && debugInfo.name !== "" && clients.size < MAX_NAMED) clients.add(clip(debugInfo.name, 256));
    if (pid !== undefined && pid !== 0 && pids.size < MAX_NAMED) pids.add(pid);
    nodes.push(...children.slice(0, 4 * MAX_NAMED));
  }
  return { clients: [...clients], pids: [...pids] };
}

/** What a node still has to do before its collection can be allocated. */
export function awaitedOf(node: NodeSnapshot): Awaited {
  return AWAITED[node.state];
}

/** A node in a list. Reads its process' name from /proc. */
export function nodeOf(node: NodeSnapshot): Node {
  const { parentId, selectedChildId, pid, generation } = node;
  return {
    nodeId: BigInt(node.nodeId),
    parentId: parentId === undefined ? undefined : BigInt(parentId),
    kind: kindOf(node),
    state: node.state,
    isGroup: node.isGroup,
    client: clip(node.client),
    clientId: node.clientId,
    pid,
    command: pid === undefined ? undefined : clip(commandOf(pid), MAX_COMMAND_BYTES),
    rightsMask: node.rightsMask,
    propagation: PROPAGATION[node.mode],
    isAttached: node.isAttached,
    isWeak: node.isWeak,
    isWeakOk: node.isWeakOk,
    awaited: awaitedOf(node),
    isAllocated: node.isLogicallyAllocated,
    pendingWaits: node.pendingWaits,
    hasConstraints: node.hasConstraints,
    selectedChildId: selectedChildId === undefined ? undefined : BigInt(selectedChildId),
    generation: generation === undefined ? undefined : generation === "v1" ? 1 : 2,
  };
}

function kindOf({ state }: NodeSnapshot): NodeKind {
  if (state.startsWith("token")) return NodeKind.TOKEN;
  if (state.startsWith("group")) return NodeKind.GROUP;
  return state === "orphan" ? NodeKind.ORPHAN : NodeKind.COLLECTION;
}

/** A buffer in a list. */
export function bufferOf(buffer: CollectionSnapshot["buffers"][number]): Buffer {
  return {
    index: buffer.index,
    inode: BigInt(buffer.inode),
    sizeBytes: BigInt(buffer.sizeBytes),
    strongVmos: buffer.strongVmos,
    weakVmos: buffer.weakVmos,
    isStrongSideGone: buffer.isStrongSideGone,
  };
}
