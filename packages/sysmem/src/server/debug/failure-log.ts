import type { DomainError } from "../domain-error.ts";

/** A negotiation that failed, as inspection shows it afterwards. */
export interface FailureRecord {
  readonly collectionId: bigint;
  readonly name: string | undefined;
  readonly atNs: number;
  readonly attempt: "initial" | "late";
  readonly error: DomainError;
  /** The negotiation's explanation: which participants and fields cannot be satisfied together. */
  readonly explanation: unknown;
  readonly participants: readonly { readonly nodeId: number; readonly client: string; readonly clientId: bigint }[];
}

/** The last failed negotiations. */
export class FailureLog {
  readonly #records: FailureRecord[] = [];
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Oldest first. */
  get records(): readonly FailureRecord[] {
    return this.#records;
  }

  add(record: FailureRecord): void {
    this.#records.push(record);
    if (this.#records.length > this.#capacity) this.#records.shift();
  }
}
