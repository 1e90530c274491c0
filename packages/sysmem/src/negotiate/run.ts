/** What one negotiation carries around: its environment with defaults in place, and where to note what it drops. */
import { MAX_BUFFERS_PER_COLLECTION, MAX_BYTES_PER_BUFFER, MAX_BYTES_PER_COLLECTION, MAX_MESSAGE_HANDLES } from "#base";
import type { DomainSupport, Environment, HeapInfo, NegotiationRules, SecureMemoryState } from "./api.ts";
import { fromUint64 } from "./arithmetic.ts";
import { type CostTable, NO_COSTS } from "./costs.ts";
import type { ModifierFacts } from "./modifiers.ts";
import type { Reason } from "./reasons.ts";

/** What holds where nobody says otherwise: the original's rules. */
export const DEFAULT_RULES: NegotiationRules = {
  maxBufferCount: Math.min(MAX_BUFFERS_PER_COLLECTION, MAX_MESSAGE_HANDLES),
  lateAttachmentWithPadding: false,
  maxBytesPerBuffer: MAX_BYTES_PER_BUFFER,
  maxBytesPerCollection: MAX_BYTES_PER_COLLECTION,
};

/** An image format that was dropped because the participants cannot all have it. */
export interface Elimination {
  readonly pixelFormat: number;
  readonly pixelFormatModifier: bigint;
  readonly why: "not-offered-by-all" | "color-space" | "alpha" | "divisor";
}

/** State of one negotiation. */
export interface Run {
  readonly heaps: readonly HeapInfo[];
  readonly contiguousSystemRam: DomainSupport | undefined;
  readonly whyNoContiguousSystemRam: string | undefined;
  readonly costs: CostTable;
  readonly secureMemory: SecureMemoryState;
  readonly maxAllocationSize: number;
  readonly pageSize: number;
  readonly rules: NegotiationRules;
  /**
   * Set while looking for conflicts: what somebody has to say and nobody says is then taken as said, so that only
   * demands that exclude each other fail.
   */
  readonly open: boolean;
  /** Filled when present. */
  readonly eliminations: Elimination[] | undefined;
  /** Small integers for modifiers that no table knows. */
  readonly unknownModifiers: Map<bigint, number>;
}

/** Larger than every id of the table of modifiers. */
const FIRST_UNKNOWN_ID = 1024;

/** Starts a negotiation. */
export function newRun(environment: Environment, open = false, eliminations?: Elimination[]): Run {
  return {
    heaps: environment.heaps,
    contiguousSystemRam: environment.contiguousSystemRam,
    whyNoContiguousSystemRam: environment.whyNoContiguousSystemRam,
    costs: environment.costs ?? NO_COSTS,
    secureMemory: environment.secureMemory ?? "not-expected",
    maxAllocationSize:
      environment.maxAllocationSize === undefined
        ? Number.POSITIVE_INFINITY
        : fromUint64(environment.maxAllocationSize),
    pageSize: environment.pageSize ?? 4096,
    rules: { ...DEFAULT_RULES, ...environment.rules },
    open,
    eliminations,
    unknownModifiers: new Map(),
  };
}

/** One number for a pixel format and modifier, equal for equal pairs within one negotiation. `facts` of the modifier. */
export function pairKey(run: Run, pixelFormat: number, modifier: bigint, facts: ModifierFacts | undefined): number {
  let id = facts?.id ?? run.unknownModifiers.get(modifier);
  if (id === undefined) {
    id = FIRST_UNKNOWN_ID + run.unknownModifiers.size;
    run.unknownModifiers.set(modifier, id);
  }
  return id * 0x1_0000_0000 + pixelFormat;
}

/** Whether a step's answer is a failure. */
export function isReason(value: object | undefined): value is Reason {
  return value !== undefined && "code" in value;
}
