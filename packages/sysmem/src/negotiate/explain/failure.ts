/** Why a negotiation failed: the smallest set of demands that exclude each other, and what would resolve it. */
import type { Environment, NegotiationError, Participant } from "../api.ts";
import { negotiate } from "../negotiate.ts";
import { describePair, describeReason, type Reason, type ReasonCode, type ReasonKind, reasonKind } from "../reasons.ts";
import type { Elimination } from "../run.ts";
import { type Demand, FORMATS } from "./demands.ts";
import { easeConflict, type Relaxation } from "./easing.ts";
import { minimalFailing, smallestFailing } from "./minimal.ts";
import { Problem, subjectsOf } from "./problem.ts";
import { demandText, offeredPairs, type PlainValue, plainPair, plainValue } from "./words.ts";

/** One demand of a conflict. */
export interface Requirement {
  readonly participant: string;
  /** FIDL path inside the participant's constraints, `image_format_constraints[0].max_bytes_per_row`. */
  readonly field: string;
  readonly value: PlainValue;
  /** What it asks for, to be read after "requires". */
  readonly text: string;
}

/** An image format that could not be had, and why. */
export interface EliminatedFormat {
  readonly format: PlainValue;
  readonly why: Elimination["why"];
}

/** Why there is no result. */
export interface Explanation {
  readonly error: NegotiationError;
  readonly kind: ReasonKind;
  /** The check that failed for the requirements below alone. */
  readonly code: ReasonCode;
  /** What that check saw, as a sentence without a full stop. */
  readonly reason: string;
  /** The whole in one sentence: who requires what, and why that cannot be. */
  readonly summary: string;
  /**
   * Demands that cannot be met together; without any one of them the others can. Empty where nothing excludes
   * anything: somebody has to say more, or it is not about constraints.
   */
  readonly requirements: readonly Requirement[];
  /** Formats that the requirements rule out. */
  readonly eliminatedFormats: readonly EliminatedFormat[];
  /** What would have worked; sufficient and near ones first. */
  readonly relaxations: readonly Relaxation[];
}

/** Explains why participants find no result; undefined when they do. Takes many times as long as negotiating. */
export function explainFailure(
  participants: readonly Participant[],
  environment: Environment,
): Explanation | undefined {
  const outcome = negotiate(participants, environment);
  if (outcome.ok) return undefined;
  const problem = new Problem(subjectsOf(participants, environment), environment);
  return explainProblem(problem, outcome.error, outcome.reason);
}

/** Explains a problem that failed with `reason`. */
export function explainProblem(problem: Problem, error: NegotiationError, reason: Reason): Explanation {
  const members = findConflict(problem, reason);
  const eliminations: Elimination[] = [];
  const seen = members.length === 0 ? reason : (problem.conflict(members, eliminations) ?? reason);
  return {
    error,
    kind: reasonKind(seen),
    code: seen.code,
    reason: describeReason(seen),
    summary: summarize(problem, members, seen, eliminations),
    requirements: members.map((demand) => requirementOf(problem, demand)),
    eliminatedFormats: eliminations.map((one) => ({ format: plainPair(one), why: one.why })),
    relaxations: members.length === 0 ? suggest(seen) : easeConflict(problem, members),
  };
}

/** A demand as data. */
export function requirementOf(problem: Problem, demand: Demand): Requirement {
  const subject = problem.subject(demand.participant);
  return {
    participant: subject.name,
    field: demand.field,
    value: plainValue(subject, demand),
    text: demandText(subject, demand),
  };
}

/** The smallest conflict that can be found: first among whole participants, then among their demands. */
export function findConflict(problem: Problem, reason: Reason): Demand[] {
  const kind = reasonKind(reason);
  if (kind === "missing" || kind === "state") return [];
  const everybody = problem.subjects.map((_, at) => at);
  if (!problem.failsForParticipants(everybody)) return [];
  const parties = new Set(smallestFailing(everybody, (some) => problem.failsForParticipants(some)));
  const demands = problem.demands.filter((demand) => parties.has(demand.participant));
  if (problem.conflict(demands) === undefined) return [];
  return minimalFailing(demands, (some) => problem.conflict(some) !== undefined);
}

/** `encoder requires bytes_per_row of at most 1900; display requires bytes_per_row of at least 1920: …`. */
function summarize(
  problem: Problem,
  members: readonly Demand[],
  reason: Reason,
  eliminations: readonly Elimination[],
): string {
  if (members.length === 0) return describeReason(reason);
  const clauses: string[] = [];
  for (const at of new Set(members.map((demand) => demand.participant))) {
    const own = members.filter((demand) => demand.participant === at);
    clauses.push(clauseOf(problem, at, own, reason.format === undefined));
  }
  const why = describeReason({ ...reason, participant: undefined });
  const ruledOut =
    reason.code === "no-common-format" ? eliminations.filter(({ why }) => why !== "not-offered-by-all") : [];
  const details = ruledOut.map((one) => `${describePair(one)} has no common ${ELIMINATED[one.why]}`);
  return `${clauses.join("; ")}: ${[why, ...details].join("; ")}`;
}

const ELIMINATED: Readonly<Record<Elimination["why"], string>> = {
  "not-offered-by-all": "offer",
  "color-space": "color space",
  alpha: "is_alpha_present",
  divisor: "bytes_per_row_divisor",
};

/** What one participant requires. Its formats are only the scene where the conflict is about their fields. */
function clauseOf(problem: Problem, at: number, demands: readonly Demand[], namesFormats: boolean): string {
  const subject = problem.subject(at);
  const hasFields = demands.some((demand) => demand.format !== undefined);
  const texts = demands
    .filter((demand) => !hasFields || demand.what !== FORMATS)
    .map((demand) => demandText(subject, demand));
  const formats = hasFields && namesFormats ? ` for ${nameFormats(problem, at, demands)}` : "";
  return `${subject.name} requires ${[...new Set(texts)].join(" and ")}${formats}`;
}

function nameFormats(problem: Problem, at: number, demands: readonly Demand[]): string {
  const subject = problem.subject(at);
  const formats = subject.constraints.imageFormatConstraints ?? [];
  const concerned = new Set(demands.flatMap((demand) => (demand.format === undefined ? [] : [demand.format])));
  const only = formats.filter((_, position) => concerned.has(position));
  const pairs = offeredPairs({ ...subject, constraints: { ...subject.constraints, imageFormatConstraints: only } });
  const names = pairs.slice(0, 3).map(describePair);
  if (pairs.length > 3) names.push(`${pairs.length - 3} more`);
  return names.join(" and ");
}

/** Where nobody demands too much: what somebody could say. */
function suggest(reason: Reason): Relaxation[] {
  const text = SUGGESTIONS[reason.code];
  if (text === undefined) return [];
  const [field, sentence] = text;
  const participant = reason.participant ?? "";
  const who = participant === "" ? "one participant" : participant;
  return [{ participant, field, from: "un-set", isEnough: false, text: `${who} ${sentence}` }];
}

const SUGGESTIONS: Readonly<Partial<Record<ReasonCode, readonly [field: string, sentence: string]>>> = {
  "no-participants": ["", "sets constraints"],
  "no-size-bound": [
    "buffer_memory_constraints.min_size_bytes",
    "sets min_size_bytes, or an image format with min_size",
  ],
  "no-usage-bit": ["usage", "sets at least one usage bit; NONE_USAGE if it does not use the memory"],
  "only-none-usage": ["usage", "uses the memory, or sets NONE_USAGE_PERMIT_ALLOCATION"],
  "no-color-space": ["image_format_constraints.color_spaces", "sets color_spaces; DO_NOT_CARE if it can take any"],
  "no-specific-format": ["image_format_constraints.pixel_format", "names a pixel format and modifier it wants"],
  "no-specific-color-space": ["image_format_constraints.color_spaces", "names a color space it wants"],
  "zero-buffers": ["min_buffer_count_for_camping", "says how many buffers it holds at a time"],
};
