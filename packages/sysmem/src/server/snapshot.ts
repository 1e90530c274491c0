/** The server's state as plain data: what `sysmem.inspect`, the CLI and the inspector show. Lifecycle contract 9.5. */
import { allHeaps, type Heap, type PoolMetrics } from "#heaps";
import type { HolderUsage, QuotaOptions } from "./accounts/accounts.ts";
import type { LogicalBufferCollection } from "./collection/logical-buffer-collection.ts";
import type { ServerContext } from "./context.ts";
import type { FailureRecord } from "./debug/failure-log.ts";
import type { DomainError } from "./domain-error.ts";
import { columnOf, endpointOf } from "./nodes/serving.ts";
import type { Column } from "./tree/message-matrix.ts";
import type { Node } from "./tree/node.ts";
import type { PropagationMode } from "./tree/properties.ts";
import { breadthFirst } from "./tree/traversal.ts";
import type { BufferCollectionConstraints, SingleBufferSettings } from "./types.ts";

export interface NodeSnapshot {
  readonly nodeId: number;
  /** Undefined for the root. */
  readonly parentId: number | undefined;
  readonly isGroup: boolean;
  readonly state: Column | "orphan";
  readonly generation: "v1" | "v2" | undefined;
  readonly channelKoid: number | undefined;
  readonly client: string;
  readonly clientId: bigint;
  /** The participant's process, where the kernel knows. */
  readonly pid: number | undefined;
  readonly rightsMask: number;
  readonly mode: PropagationMode;
  readonly isAttached: boolean;
  readonly isWeak: boolean;
  readonly isWeakOk: boolean;
  readonly isReady: boolean;
  readonly isLogicallyAllocated: boolean;
  readonly pendingWaits: number;
  readonly hasConstraints: boolean;
  readonly constraints: BufferCollectionConstraints | undefined;
  /** Settings that `must_match_vmo` stands for. */
  readonly mustMatch: SingleBufferSettings | undefined;
  /** Groups after allocation: the chosen child. */
  readonly selectedChildId: number | undefined;
}

export interface BufferSnapshot {
  readonly index: number;
  readonly inode: number;
  readonly sizeBytes: number;
  readonly strongVmos: number;
  readonly weakVmos: number;
  readonly isStrongSideGone: boolean;
}

export interface CollectionSnapshot {
  readonly collectionId: bigint;
  readonly name: string | undefined;
  readonly createdAtNs: number;
  readonly isVerbose: boolean;
  readonly allocation: "not-attempted" | "postponed" | "allocating" | "allocated" | "failed";
  readonly error: DomainError | undefined;
  readonly allocatedAtNs: number | undefined;
  readonly heapType: string | undefined;
  readonly heapId: bigint | undefined;
  readonly bufferCount: number | undefined;
  readonly settings: SingleBufferSettings | undefined;
  /** Buffers that exist, those being deleted included. */
  readonly existingBuffers: number;
  readonly buffers: readonly BufferSnapshot[];
  readonly strongNodes: number;
  readonly lifetimeTrackers: number;
  /** Breadth-first; empty after the root has failed. */
  readonly nodes: readonly NodeSnapshot[];
}

export interface HeapSnapshot {
  readonly heapType: string;
  readonly id: bigint;
  readonly description: string;
  /** Heaps that divide pools: how each is used. Absent for the others. */
  readonly pools?: readonly PoolMetrics[] | undefined;
}

export interface ServerSnapshot {
  readonly atNs: number;
  readonly heaps: readonly HeapSnapshot[];
  readonly collections: readonly CollectionSnapshot[];
  readonly recentFailures: readonly FailureRecord[];
  /** What each client process and each user uses, and may use. */
  readonly usage: readonly HolderUsage[];
  readonly quotas: QuotaOptions;
}

/** The whole server at this moment. Shares nothing with it that changes. */
export function takeSnapshot(context: ServerContext): ServerSnapshot {
  return {
    atNs: context.clock.nowNs(),
    heaps: allHeaps(context.heaps).map(heapSnapshot),
    collections: [...context.collections.values()].map(collectionSnapshot),
    recentFailures: context.failures.records,
    usage: context.accounts.usage(),
    quotas: context.accounts.quotas,
  };
}

function heapSnapshot(heap: Heap): HeapSnapshot {
  const { id, description } = heap;
  const pools = heap.pools?.();
  return { heapType: id.heapType, id: id.id, description, ...(pools !== undefined && { pools }) };
}

/** One collection at this moment. */
export function collectionSnapshot(collection: LogicalBufferCollection): CollectionSnapshot {
  const { allocation, root } = collection;
  const decided = allocation.kind === "allocated" || allocation.kind === "allocating" ? allocation.decided : undefined;
  return {
    collectionId: collection.id,
    name: collection.name?.text,
    createdAtNs: collection.createdAtNs,
    isVerbose: collection.isVerbose,
    allocation: allocation.kind,
    error: allocation.kind === "failed" ? allocation.error : undefined,
    allocatedAtNs: allocation.kind === "allocated" ? allocation.atNs : undefined,
    heapType: decided?.settings.bufferSettings.heap.heapType,
    heapId: decided?.settings.bufferSettings.heap.id,
    bufferCount: decided?.bufferCount,
    settings: decided?.settings,
    existingBuffers: collection.existingBuffers,
    buffers: [...collection.buffers.values()].map((buffer) => ({
      index: buffer.index,
      inode: buffer.memory.inode,
      sizeBytes: buffer.memory.sizeBytes,
      strongVmos: buffer.strongChildren,
      weakVmos: buffer.weakChildren,
      isStrongSideGone: buffer.isStrongSideGone,
    })),
    strongNodes: collection.strongNodes,
    lifetimeTrackers: collection.trackers.count,
    nodes: root === undefined ? [] : breadthFirst(root).map(nodeSnapshot),
  };
}

/** One node at this moment. */
export function nodeSnapshot(node: Node): NodeSnapshot {
  const { properties, serving } = node;
  const endpoint = endpointOf(node);
  return {
    nodeId: node.id,
    parentId: node.parent?.id,
    isGroup: properties.isGroup,
    state: columnOf(node) ?? "orphan",
    generation: endpoint?.generation,
    channelKoid: endpoint?.koid,
    client: properties.debugInfo.name,
    clientId: properties.debugInfo.id,
    pid: properties.pid,
    rightsMask: properties.rightsMask,
    mode: properties.mode,
    isAttached: properties.isAttached,
    isWeak: properties.isWeak,
    isWeakOk: properties.isWeakOk,
    isReady: node.isReady,
    isLogicallyAllocated: properties.isLogicallyAllocated,
    pendingWaits: serving.kind === "collection" ? serving.waits.length : 0,
    hasConstraints: properties.constraints !== undefined,
    constraints: properties.constraints?.constraints,
    mustMatch: properties.constraints?.mustMatch,
    selectedChildId: properties.selectedChild?.id,
  };
}
