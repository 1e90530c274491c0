/** What would be different without one participant. */
import type { Allocation, Environment, Outcome, Participant } from "../api.ts";
import { compareAllocations } from "../existing.ts";
import { negotiate } from "../negotiate.ts";
import { type PlainValue, plainSetting } from "./words.ts";

/** A setting with and without the participant. */
export interface WhatIfChange {
  readonly setting: string;
  readonly before: PlainValue;
  readonly after: PlainValue;
}

/** The negotiation with and without one participant. */
export interface WhatIf {
  readonly before: Outcome;
  readonly after: Outcome;
  /** Settings that differ; empty where one of the two has none. */
  readonly changes: readonly WhatIfChange[];
}

/** Negotiates once more without a participant, by its position in the list. */
export function whatIfWithout(
  participants: readonly Participant[],
  position: number,
  environment: Environment,
): WhatIf {
  const before = negotiate(participants, environment);
  const after = negotiate(participants.toSpliced(position, 1), environment);
  return { before, after, changes: before.ok && after.ok ? changesBetween(before, after) : [] };
}

/** Differences between two results, as data. */
export function changesBetween(before: Allocation, after: Allocation): WhatIfChange[] {
  return compareAllocations(before, after).map((difference) => ({
    setting: difference.field,
    before: plainSetting(difference.field, difference.before),
    after: plainSetting(difference.field, difference.after),
  }));
}
