/** The server as a whole: heaps, quotas, totals. */
import { readFileSync } from "node:fs";
import { allHeaps } from "#heaps";
import {
  type Account,
  type Amounts,
  type HeapState,
  MAX_POOLS,
  type Quota,
  type ServerInfo,
} from "#gen/sysmem_inspect";
import type { HolderUsage, LogicalBufferCollection, Quotas as AccountQuotas, ServerContext } from "#server";
import { clip } from "./pages.ts";
import { poolState } from "./pool-state.ts";
import { commandOf } from "./processes.ts";

let version: string | undefined;

/** This package's version. */
export function packageVersion(): string {
  // The sources and what is built of them lie equally deep.
  version ??= (
    JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as { version: string }
  ).version;
  return version;
}

/** Bytes of the buffers of a collection that exist. */
function bufferBytes({ buffers }: LogicalBufferCollection): bigint {
  let bytes = 0n;
  for (const { memory } of buffers.values()) bytes += BigInt(memory.sizeBytes);
  return bytes;
}

/** The process and the whole of its server, as `ServerInfo` of `sysmem.inspect` says it. `startedAtNs` is on the context's clock. */
export function serverInfo(context: ServerContext, startedAtNs: number, thumbnailsAllowed: boolean): ServerInfo {
  let bytes = 0n;
  for (const collection of context.collections.values()) bytes += bufferBytes(collection);
  return {
    pid: process.pid,
    startedAtNs: BigInt(startedAtNs),
    nowNs: BigInt(context.clock.nowNs()),
    wallNs: BigInt(Date.now()) * 1_000_000n,
    version: packageVersion(),
    collectionCount: context.collections.size,
    bufferBytes: bytes,
    secureMemory: context.heaps.secureMemory,
    thumbnailsAllowed,
  };
}

/** Heaps with what is in use of each. */
export function heapStates(context: ServerContext): HeapState[] {
  const used = new Map<object, { buffers: number; bytes: bigint; collections: number }>();
  for (const collection of context.collections.values()) {
    const { allocation } = collection;
    if (allocation.kind !== "allocated") continue;
    const sum = used.get(allocation.heap) ?? { buffers: 0, bytes: 0n, collections: 0 };
    sum.buffers += collection.existingBuffers;
    sum.bytes += bufferBytes(collection);
    sum.collections++;
    used.set(allocation.heap, sum);
  }
  return allHeaps(context.heaps).map((heap) => {
    const { cpu, ram, inaccessible } = heap.properties.coherencyDomainSupport;
    const sum = used.get(heap);
    return {
      heap: { heapType: heap.id.heapType, id: heap.id.id },
      description: clip(heap.description),
      cpuDomain: cpu,
      ramDomain: ram,
      inaccessibleDomain: inaccessible,
      isSecure: heap.properties.isSecure,
      bufferCount: sum?.buffers ?? 0,
      bufferBytes: sum?.bytes ?? 0n,
      collectionCount: sum?.collections ?? 0,
      isPhysicallyContiguous: heap === context.heaps.contiguousSystemRam,
      pools: heap.pools?.().slice(0, MAX_POOLS).map(poolState),
    };
  });
}

/** Quotas and the use of them. Each number is one that the server keeps anyway, but for the waits, which are counted. */
export function quotas(context: ServerContext): Quota[] {
  const { limits, collections } = context;
  const worst = (name: keyof typeof limits, use: (collection: LogicalBufferCollection) => number): Quota => {
    let used = 0;
    let collectionId: bigint | undefined;
    for (const collection of collections.values()) {
      const count = use(collection);
      if (count <= used) continue;
      used = count;
      collectionId = collection.id;
    }
    return { name, limit: BigInt(limits[name]), used: BigInt(used), collectionId };
  };
  return [
    { name: "maxCollections", limit: BigInt(limits.maxCollections), used: BigInt(collections.size) },
    worst("maxNodesPerCollection", ({ root }) => root?.counters.nodes ?? 0),
    worst("maxLifetimeTrackersPerCollection", ({ trackers }) => trackers.count),
    worst("maxVmosPerBuffer", ({ buffers }) => Math.max(0, ...[...buffers.values()].map((one) => one.children.size))),
    ...accountQuotas(context),
  ];
}

/** The limits of accounts, each with the account that has used most of it. */
function accountQuotas({ accounts }: ServerContext): Quota[] {
  const usage = accounts.usage();
  const found: Quota[] = [];
  for (const [holder, quota] of [
    ["process", accounts.quotas.perProcess ?? {}],
    ["user", accounts.quotas.perUser ?? {}],
  ] as const) {
    for (const [kind, limit] of Object.entries(quota) as [keyof AccountQuotas, number | undefined][]) {
      if (limit === undefined) continue;
      const own = usage.filter((one) => one.holder === holder && one[kind] > 0);
      const most = own.reduce<HolderUsage | undefined>(
        (a, b) => (a !== undefined && a[kind] >= b[kind] ? a : b),
        undefined,
      );
      found.push({
        name: `${holder === "process" ? "perProcess" : "perUser"}.${kind}`,
        limit: BigInt(limit),
        used: BigInt(most?.[kind] ?? 0),
        ...(most && holderOf(most)),
      });
    }
  }
  return found;
}

/** A process by its id, a user by its own; nobody for clients that the kernel cannot name. */
function holderOf({ holder, id }: HolderUsage): { pid?: number; uid?: number } {
  if (holder === "process") return { pid: id };
  return id < 0 ? {} : { uid: id };
}

/** What every account uses, processes first, the greatest user of descriptors first among each. */
export function accountsOf({ accounts }: ServerContext): Account[] {
  const limits = { process: amounts(accounts.quotas.perProcess), user: amounts(accounts.quotas.perUser) };
  return accounts
    .usage()
    .sort((a, b) => a.holder.localeCompare(b.holder) || b.descriptors - a.descriptors)
    .map((usage) => ({
      ...holderOf(usage),
      ...(usage.holder === "process" && { command: clip(commandOf(usage.id), 64) }),
      used: amounts(usage),
      limits: limits[usage.holder],
    }));
}

function amounts(from: AccountQuotas = {}): Amounts {
  const of = (value: number | undefined) => (value === undefined ? undefined : BigInt(value));
  return {
    connections: of(from.connections),
    collections: of(from.collections),
    nodes: of(from.nodes),
    buffers: of(from.buffers),
    bytes: of(from.bytes),
    descriptors: of(from.descriptors),
  };
}
