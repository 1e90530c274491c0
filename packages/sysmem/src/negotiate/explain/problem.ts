/** One negotiation as something that can be asked again and again with parts left out or changed. */
import type { Allocation, Environment, Participant } from "../api.ts";
import { accumulate, attempt, checkSecureMemory, finishAggregation, nothingYet } from "../attempt.ts";
import { existingSubject, mustMatchName } from "../existing.ts";
import { type Prepared, prepareParticipant } from "../participant.ts";
import type { FormatPair, Reason } from "../reasons.ts";
import { type Elimination, isReason, newRun, type Run } from "../run.ts";
import type { Heap } from "../wire-types.ts";
import { type Demand, type Draft, demandsOf, restrict, type Subject } from "./demands.ts";

/** Participants with constraints, and behind them what stands for each `must_match_vmo`. */
export function subjectsOf(participants: readonly Participant[], environment: Environment): Subject[] {
  const subjects: Subject[] = [];
  for (const { name, constraints } of participants) if (constraints !== undefined) subjects.push({ name, constraints });
  const run = newRun(environment);
  for (const participant of participants) {
    if (participant.constraints === undefined || participant.mustMatch === undefined) continue;
    subjects.push(existingSubject(run.rules, mustMatchName(participant), participant.mustMatch));
  }
  return subjects;
}

/** Last word on an allocation: why it is of no use, or undefined. */
export type Accept = (allocation: Allocation) => Reason | undefined;

/**
 * A list of participants that do or do not find together. Two ways to ask: *strictly*, as the negotiation itself; and
 * *openly*, where what nobody says is taken as said, so that only demands that exclude each other fail. Only openly
 * can demands be left out without the rest failing for want of them.
 */
export class Problem {
  readonly subjects: readonly Subject[];
  readonly demands: readonly Demand[];
  readonly #environment: Environment;
  readonly #strict: Run;
  readonly #open: Run;
  readonly #strictly: (Prepared | undefined)[] = [];
  readonly #openly: (Prepared | undefined)[] = [];
  readonly #accept: Accept | undefined;

  constructor(subjects: readonly Subject[], environment: Environment, accept?: Accept) {
    this.subjects = subjects;
    this.demands = subjects.flatMap((subject, at) => demandsOf(subject, at));
    this.#environment = environment;
    this.#strict = newRun(environment);
    this.#open = newRun(environment, true);
    this.#accept = accept;
  }

  subject(at: number): Subject {
    return this.subjects[at] ?? { name: "", constraints: {} };
  }

  /** Formats that all participants can use, out of which one is chosen. */
  commonFormats(): FormatPair[] {
    const all = nothingYet();
    for (const at of this.subjects.keys()) {
      if (accumulate(this.#strict, all, this.#prepare(this.#strict, this.#strictly, at)) !== undefined) return [];
    }
    if (finishAggregation(this.#strict, all) !== undefined) return [];
    const possible = all.formats.entries.filter(
      (entry) => !all.memory.secure || entry.modifierFacts?.protectedOk === true,
    );
    return possible.map(({ pixelFormat, modifier }) => ({ pixelFormat, pixelFormatModifier: modifier }));
  }

  /** Heaps that could be permitted. */
  registeredHeaps(): Heap[] {
    return this.#environment.heaps.map(({ heapType, id }) => ({ heapType, id }));
  }

  #prepare(run: Run, cache: (Prepared | undefined)[], at: number): Prepared {
    const known = cache[at];
    if (known !== undefined) return known;
    const subject = this.subject(at);
    const prepared = prepareParticipant(run, subject, subject.constraints, subject.synthetic);
    cache[at] = prepared;
    return prepared;
  }

  /** What the negotiation itself answers, with one participant's constraints exchanged or left out if asked for. */
  strictly(changed?: { readonly at: number; readonly constraints: Draft | undefined }): Allocation | Reason {
    const prepared: Prepared[] = [];
    for (const [at, subject] of this.subjects.entries()) {
      if (changed?.at !== at) prepared.push(this.#prepare(this.#strict, this.#strictly, at));
      else if (changed.constraints !== undefined) {
        prepared.push(prepareParticipant(this.#strict, subject, changed.constraints, subject.synthetic));
      }
    }
    const notNow = checkSecureMemory(this.#strict, prepared);
    if (notNow !== undefined && !notNow.ok) return notNow.reason;
    const answer = attempt(this.#strict, prepared);
    return isReason(answer) ? answer : (this.#accept?.(answer) ?? answer);
  }

  /** Whether these participants, by position, exclude each other. */
  failsForParticipants(positions: readonly number[]): boolean {
    const prepared = positions.map((at) => this.#prepare(this.#open, this.#openly, at));
    return this.#answers(this.#open, prepared) !== undefined;
  }

  /** Why these demands exclude each other; undefined when they do not. Order does not matter. */
  conflict(demands: readonly Demand[], eliminations?: Elimination[]): Reason | undefined {
    const run = eliminations === undefined ? this.#open : newRun(this.#environment, true, eliminations);
    return this.#answers(run, this.#restricted(run, demands));
  }

  /** What comes out for only these demands; a reason where they exclude each other. */
  outcomeOf(demands: readonly Demand[]): Allocation | Reason {
    return attempt(this.#open, this.#restricted(this.#open, demands));
  }

  #restricted(run: Run, demands: readonly Demand[]): Prepared[] {
    const byParticipant = new Map<number, Demand[]>();
    for (const demand of demands) {
      const list = byParticipant.get(demand.participant);
      if (list === undefined) byParticipant.set(demand.participant, [demand]);
      else list.push(demand);
    }
    return [...byParticipant.entries()]
      .sort(([a], [b]) => a - b)
      .map(([at, list]) => {
        const subject = this.subject(at);
        const bounded = list.some((demand) => demand.what === "max_size_bytes");
        return prepareParticipant(run, subject, restrict(subject, list), bounded ? subject.synthetic : undefined);
      });
  }

  #answers(run: Run, prepared: readonly Prepared[]): Reason | undefined {
    const answer = attempt(run, prepared);
    return isReason(answer) ? answer : this.#accept?.(answer);
  }
}
