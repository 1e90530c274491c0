import type { TreeExplanation } from "#negotiate";
import type { DomainError } from "../domain-error.ts";
import type { FailedTree } from "./failed-tree.ts";

/** A negotiation that failed, as inspection shows it afterwards. */
export interface FailureRecord {
  /** Counts up; names the failure for `Server.explainFailure`. */
  readonly failureId: number;
  readonly collectionId: bigint;
  readonly name: string | undefined;
  readonly atNs: number;
  readonly attempt: "initial" | "late";
  readonly error: DomainError;
  /** In one sentence. */
  readonly reason: string;
  readonly participants: readonly { readonly nodeId: number; readonly client: string; readonly clientId: bigint }[];
}

/** What can still be asked about a negotiation that failed. */
export interface Inquiry {
  /** Finds out which participants and fields cannot be satisfied together. Costs many times what negotiating costs. */
  readonly explain: () => TreeExplanation;
}

interface Entry {
  readonly record: FailureRecord;
  inquiry: Inquiry | undefined;
  tree: FailedTree | undefined;
}

/**
 * The last failed negotiations. What the participants had said is kept with the newest of them only, and only when they
 * were few: an explanation is worked out when somebody asks for it.
 */
export class FailureLog {
  readonly #records: Entry[] = [];
  readonly #capacity: number;
  readonly #maxExplained: number;
  readonly #maxParticipants: number;
  #lastId = 0;

  constructor(limits: {
    readonly rememberedFailures: number;
    readonly rememberedExplanations: number;
    readonly maxExplainedParticipants: number;
  }) {
    this.#capacity = limits.rememberedFailures;
    this.#maxExplained = limits.rememberedExplanations;
    this.#maxParticipants = limits.maxExplainedParticipants;
  }

  /** Oldest first. */
  get records(): FailureRecord[] {
    return this.#records.map(({ record }) => record);
  }

  add(failure: Omit<FailureRecord, "failureId">, tree: FailedTree, inquiry: Inquiry | undefined): FailureRecord {
    const record = { ...failure, failureId: ++this.#lastId };
    const isFew = failure.participants.length <= this.#maxParticipants;
    this.#records.push({ record, inquiry: isFew ? inquiry : undefined, tree });
    if (this.#records.length > this.#capacity) this.#records.shift();
    const tooOld = this.#records.at(-1 - this.#maxExplained);
    if (tooOld !== undefined) {
      tooOld.inquiry = undefined;
      tooOld.tree = undefined;
    }
    return record;
  }

  /** Undefined when the failure is forgotten, or had nothing to do with constraints. */
  inquiry(failureId: number): Inquiry | undefined {
    return this.#find(failureId)?.inquiry;
  }

  /** Undefined when it is forgotten. */
  tree(failureId: number): FailedTree | undefined {
    return this.#find(failureId)?.tree;
  }

  #find(failureId: number): Entry | undefined {
    return this.#records.find(({ record }) => record.failureId === failureId);
  }
}
