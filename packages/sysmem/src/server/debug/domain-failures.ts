/** Failures that are no negotiation's: a participant that went or broke the rules, a quota, a lost heap. */
import type { DomainError } from "../domain-error.ts";
import type { FailureCause } from "../events.ts";
import type { FailedTree } from "./failed-tree.ts";

/** What was wrong with a message. */
export interface FaultDetail {
  /** The message, or what else it was about. */
  readonly message: string;
  readonly detail: string;
}

/** A failure domain that failed, or an Allocator that was closed, as inspection shows it afterwards. */
export interface DomainFailureRecord {
  /** Counts up. */
  readonly id: number;
  readonly atNs: number;
  /** Undefined when it was an Allocator's. */
  readonly collectionId: bigint | undefined;
  readonly name: string | undefined;
  readonly error: DomainError;
  readonly cause: FailureCause;
  readonly fault: FaultDetail | undefined;
  /** Where the failure started; undefined when it was an Allocator's. */
  readonly nodeId: number | undefined;
  readonly client: string;
  readonly clientId: bigint;
  /** The participant's process, where the kernel knows. */
  readonly pid: number | undefined;
  /** Nodes that failed together. */
  readonly nodeCount: number;
  readonly isRoot: boolean;
}

/** How collections end in order, or what the log of negotiations tells better. */
const UNREMARKABLE: ReadonlySet<FailureCause> = new Set<FailureCause>([
  "initial allocation failed",
  "late logical allocation failed",
  "not selected by its group",
  "no strong VMO left",
  "server shutdown",
]);

/** Whether a person who looks for a culprit wants to hear of it. */
export function isRemarkable(cause: FailureCause, isAllocated: boolean): boolean {
  return !UNREMARKABLE.has(cause) && !(cause === "no connected client" && isAllocated);
}

/** The last of them. Their trees are kept with the newest only. */
export class DomainFailureLog {
  readonly #records: { readonly record: DomainFailureRecord; tree: FailedTree | undefined }[] = [];
  readonly #capacity: number;
  readonly #maxTrees: number;
  #lastId = 0;

  constructor(limits: { readonly rememberedFailures: number; readonly rememberedExplanations: number }) {
    this.#capacity = limits.rememberedFailures;
    this.#maxTrees = limits.rememberedExplanations;
  }

  /** Oldest first. */
  get records(): DomainFailureRecord[] {
    return this.#records.map(({ record }) => record);
  }

  /** @param tree absent when it is an Allocator's failure */
  add(record: Omit<DomainFailureRecord, "id">, tree?: FailedTree): void {
    this.#records.push({ record: { ...record, id: ++this.#lastId }, tree });
    if (this.#records.length > this.#capacity) this.#records.shift();
    const tooOld = this.#records.at(-1 - this.#maxTrees);
    if (tooOld !== undefined) tooOld.tree = undefined;
  }

  /** Undefined when it is forgotten, or there was none. */
  tree(id: number): FailedTree | undefined {
    return this.#records.find(({ record }) => record.id === id)?.tree;
  }
}
