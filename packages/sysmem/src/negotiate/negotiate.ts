/** Negotiation over one list of participants. */
import type { Environment, NegotiationError, Outcome, Participant } from "./api.ts";
import {
  attempt,
  checkSecureMemory,
  checkSizeBound,
  finishAggregation,
  nothingYet,
  accumulate,
  noIntersection,
} from "./attempt.ts";
import { EXISTING_NAME, mustMatchName, prepareExisting } from "./existing.ts";
import { type Prepared, prepareParticipant } from "./participant.ts";
import type { Reason } from "./reasons.ts";
import { isReason, newRun, type Run } from "./run.ts";
import type { BufferCollectionConstraints, SingleBufferSettings } from "./wire-types.ts";

/**
 * Decides for participants in participant order. The order shows only in which of several permitted heaps is tried
 * first, and in the order of `required_max_size_list`.
 *
 * @example
 * ```ts
 * const outcome = negotiate([{ name: "camera", constraints }, { name: "display", constraints: other }], { heaps });
 * if (outcome.ok) allocate(outcome.bufferCount, outcome.settings);
 * else log(describeReason(outcome.reason));
 * ```
 */
export function negotiate(participants: readonly Participant[], environment: Environment): Outcome {
  const run = newRun(environment);
  const prepared = prepareAll(run, participants);
  return checkSecureMemory(run, prepared) ?? toOutcome(attempt(run, prepared));
}

/** Wraps what an attempt answered. */
function toOutcome(answer: ReturnType<typeof attempt>): Outcome {
  return isReason(answer) ? noIntersection(answer) : { ok: true, ...answer };
}

/** Participants with constraints, in order, and behind them one for each `must_match_vmo`. */
function prepareAll(run: Run, participants: readonly Participant[]): Prepared[] {
  const prepared: Prepared[] = [];
  for (const participant of participants) {
    if (participant.constraints !== undefined)
      prepared.push(prepareParticipant(run, participant, participant.constraints));
  }
  for (const participant of participants) {
    if (participant.constraints === undefined || participant.mustMatch === undefined) continue;
    prepared.push(prepareExisting(run, mustMatchName(participant), participant.mustMatch));
  }
  return prepared;
}

/** Answer of `checkConstraints`. */
export type CheckOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly error: NegotiationError; readonly reason: Reason };

/**
 * Whether a buffer with these settings is one that the constraints allow: `constraints_to_check` of GetVmoInfo.
 * Numbers of buffers and sizes are not computed again; only what is combined is checked.
 */
export function checkConstraints(
  constraints: BufferCollectionConstraints,
  settings: SingleBufferSettings,
  environment: Environment,
): CheckOutcome {
  const run = newRun(environment);
  const participants = [
    prepareParticipant(run, { name: "constraints_to_check" }, constraints),
    prepareExisting(run, EXISTING_NAME, settings),
  ];
  const all = nothingYet();
  let reason = checkSizeBound(run, participants);
  for (const participant of participants) reason ??= accumulate(run, all, participant);
  reason ??= finishAggregation(run, all);
  return reason === undefined ? { ok: true } : noIntersection(reason);
}
