/** The sysmem server: the node tree, allocation, lifetimes. A deterministic machine over a kernel, a clock and heaps. */
export {
  createServer,
  type ServeAllocatorOptions,
  type ServeConnectorOptions,
  type Server,
  type ServerOptions,
} from "./server.ts";
export {
  type BareServerEvent,
  type FailureCause,
  type NodeRefData,
  type ServerEvent,
  type ServerObserver,
} from "./events.ts";
export { type Amounts, type HolderUsage, type QuotaOptions, type Quotas } from "./accounts/accounts.ts";
export { defaultServerLimits, type ServerLimits } from "./limits.ts";
export { type DomainError, type Generation, v1Status, v2Error } from "./domain-error.ts";
export { environmentOf } from "./allocation/negotiation.ts";
export type { DomainFailureRecord, FaultDetail } from "./debug/domain-failures.ts";
export type { IdSource, ServerContext } from "./context.ts";
export { sequentialIds, uniqueIds } from "./ids.ts";
export type { FailedTree } from "./debug/failed-tree.ts";
export type { FailureRecord } from "./debug/failure-log.ts";
export type { LogicalBufferCollection } from "./collection/logical-buffer-collection.ts";
export { collectionSnapshot } from "./snapshot.ts";
export type {
  BufferSnapshot,
  CollectionSnapshot,
  HeapSnapshot,
  NodeSnapshot,
  ServerSnapshot,
} from "./snapshot.ts";
