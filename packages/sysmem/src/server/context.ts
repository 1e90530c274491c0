/** What the whole server shares: the world that was passed in, and the indexes over all collections. */
import type { Channel, Clock, Logger } from "#base";
import type { Kernel } from "#kernel";
import type { HeapRegistry } from "#heaps";
import type { CostTable } from "#negotiate";
import type { Accounts } from "./accounts/accounts.ts";
import type { ServerLimits } from "./limits.ts";
import type { Observers } from "./events.ts";
import type { NodeEndpoint } from "./nodes/serving.ts";
import type { Node } from "./tree/node.ts";
import type { Turns } from "./turns.ts";
import type { TokenIndex } from "./nodes/token-index.ts";
import type { VmoIndex } from "./buffers/vmo-index.ts";
import type { DomainFailureLog } from "./debug/domain-failures.ts";
import type { FailureLog } from "./debug/failure-log.ts";
import type { LogicalBufferCollection } from "./collection/logical-buffer-collection.ts";

/** Numbers that have to be unique. */
export interface IdSource {
  /** Non-zero and unique per boot, so that ids of an earlier server process are never met again. */
  nextCollectionId(): bigint;
}

/** The FIDL edge, as the core needs it: serving a token's channel needs no decision of its own. */
export interface Edge {
  serveToken(channel: Channel, collection: LogicalBufferCollection, node: Node): NodeEndpoint;
}

export interface ServerContext {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly heaps: HeapRegistry;
  readonly logger: Logger;
  readonly ids: IdSource;
  readonly limits: ServerLimits;
  /** Who uses how much, and may. */
  readonly accounts: Accounts;
  readonly turns: Turns;
  readonly observers: Observers;
  readonly edge: Edge;
  readonly tokens: TokenIndex;
  readonly vmos: VmoIndex;
  readonly failures: FailureLog;
  readonly domainFailures: DomainFailureLog;
  readonly collections: Map<bigint, LogicalBufferCollection>;
  /** Format costs. A changed table holds for the negotiations that follow. */
  costs: CostTable | undefined;
  /** Largest `size_bytes` of one buffer; undefined = no limit beyond the contract's. */
  maxAllocationSize: bigint | undefined;
  /** See `NegotiationRules`. */
  lateAttachmentWithPadding: boolean;
  nextNodeId(): number;
}
