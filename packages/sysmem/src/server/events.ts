/**
 * What the server tells those who watch it: the demo, the inspector, `sysmem.inspect`, metrics. Plain data, in the order in which
 * it happened. Nothing is put together while nobody listens.
 */
import type { Logger } from "#base";
import type { DomainError } from "./domain-error.ts";
import type { BufferCollectionConstraints, SingleBufferSettings } from "./types.ts";

/** A node, as events name it. */
export interface NodeRefData {
  readonly nodeId: number;
  readonly client: string;
  readonly clientId: bigint;
  /** The participant's process, where the kernel knows. */
  readonly pid?: number;
}

/** Why a subtree failed, in the words of lifecycle contract 5.2. */
export type FailureCause =
  | "unclean close"
  | "malformed message"
  | "deviation"
  | "no connected client"
  | "initial allocation failed"
  | "late logical allocation failed"
  | "not selected by its group"
  | "no strong node before allocation"
  | "no strong VMO left"
  | "heap gone"
  | "server shutdown"
  | "quota"
  | "no resources"
  | "internal error";

/** Something that happened in a server: to which collection, and when on its clock. */
export type ServerEvent = { readonly collectionId: bigint; readonly atNs: number } & (
  | { readonly type: "collection-created"; readonly root: NodeRefData }
  | {
      readonly type: "node-created";
      readonly node: NodeRefData;
      readonly parentId: number;
      readonly kind: "token" | "group" | "attached-token";
    }
  | { readonly type: "token-bound"; readonly node: NodeRefData }
  | { readonly type: "node-orphaned"; readonly node: NodeRefData }
  | {
      readonly type: "constraints-set";
      readonly node: NodeRefData;
      readonly constraints: BufferCollectionConstraints | undefined;
    }
  | {
      readonly type: "allocation-decided";
      readonly attempt: "initial" | "late";
      /** Root of the subtree that was allocated. */
      readonly node: NodeRefData;
      readonly participants: readonly NodeRefData[];
      readonly bufferCount: number;
      readonly settings: SingleBufferSettings;
    }
  | {
      readonly type: "allocated";
      readonly buffers: readonly { readonly index: number; readonly inode: number; readonly sizeBytes: number }[];
      /** From the decision until every buffer was there. */
      readonly durationNs: number;
    }
  | {
      readonly type: "allocation-failed";
      readonly attempt: "initial" | "late";
      readonly node: NodeRefData;
      readonly error: DomainError;
      /** Names the failure for `Server.explainFailure`. */
      readonly failureId: number;
      /** In one sentence. */
      readonly reason: string;
    }
  | { readonly type: "deviation"; readonly node: NodeRefData; readonly message: string; readonly detail: string }
  | {
      readonly type: "domain-failed";
      /** Root of the subtree that fails. */
      readonly node: NodeRefData;
      /** The node at fault: where the failure started before it climbed to `node`. */
      readonly origin: NodeRefData;
      readonly error: DomainError;
      readonly cause: FailureCause;
      readonly nodeCount: number;
      readonly isRoot: boolean;
    }
  | {
      readonly type: "vmo-delivered";
      readonly node: NodeRefData;
      readonly bufferIndex: number;
      readonly isWeak: boolean;
    }
  | { readonly type: "strong-vmos-gone"; readonly bufferIndex: number; readonly weakOutstanding: number }
  | {
      readonly type: "weak-vmo-complaint";
      readonly bufferIndex: number;
      readonly childId: number;
      readonly client: string;
      readonly clientId: bigint;
    }
  | {
      readonly type: "buffer-freed";
      readonly bufferIndex: number;
      /** How long weak VMOs were kept after the strong side had gone; absent when there were none. */
      readonly weakDurationNs: number | undefined;
    }
  | { readonly type: "stall-warning"; readonly warning: number }
  | { readonly type: "collection-gone" }
);

/** The variant without what `emit` adds. */
type Bare<T> = T extends unknown ? Omit<T, "atNs" | "collectionId"> : never;
export type BareServerEvent = Bare<ServerEvent>;

/** Hears of events, in order and as they happen. What it throws is logged, and concerns nobody else. */
export type ServerObserver = (event: ServerEvent) => void;

/** The list of those who watch. */
export class Observers {
  readonly #observers = new Set<ServerObserver>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get isEmpty(): boolean {
    return this.#observers.size === 0;
  }

  /** Adds an observer; the result removes it. An observer that throws is logged and stays. */
  add(observer: ServerObserver): () => void {
    // A wrapper, so that one function added twice is told twice.
    const entry: ServerObserver = (event) => observer(event);
    this.#observers.add(entry);
    return () => void this.#observers.delete(entry);
  }

  emit(event: ServerEvent): void {
    for (const observer of this.#observers) {
      try {
        observer(event);
      } catch (error) {
        this.#logger.error({ err: error, event: event.type }, "an observer of the server threw");
      }
    }
  }
}
