/** What would have had to be different: for each demand of a conflict the nearest value with which it disappears. */
import { MAX_UINT32, MAX_UINT64 } from "../arithmetic.ts";
import { PixelFormat } from "../formats.ts";
import { PixelFormatModifier } from "../modifiers.ts";
import type { FormatPair } from "../reasons.ts";
import { isReason } from "../run.ts";
import type { BufferUsage, ColorSpace, Heap, SizeU } from "../wire-types.ts";
import { copyConstraints, type Demand, type DemandValue, FORMATS } from "./demands.ts";
import type { Problem } from "./problem.ts";
import { changeText, demandText, offeredPairs, type PlainValue, plainValue, sizeText, withoutText } from "./words.ts";

/** A change to one demand of one participant that resolves a conflict. */
export interface Relaxation {
  readonly participant: string;
  /** FIDL path. */
  readonly field: string;
  readonly from: PlainValue;
  /** Undefined: only without the demand. */
  readonly to?: PlainValue | undefined;
  /** Whether the negotiation then succeeds; otherwise another conflict is behind this one. */
  readonly isEnough: boolean;
  /** A sentence without a full stop. */
  readonly text: string;
}

/** Demands of one conflict that are looked at, and things to try for one of them: they bound the time. */
const MAX_EASED_DEMANDS = 16;
const MAX_EASING_CANDIDATES = 256;

interface Found {
  readonly relaxation: Relaxation;
  /** How far the new value is from the old, relative to it. */
  readonly distance: number;
}

/**
 * Relaxations for a conflict, those that suffice first, then the nearest first. `members` must be a conflict together
 * with `fixed`, of which nothing is changed.
 */
export function easeConflict(
  problem: Problem,
  members: readonly Demand[],
  fixed: readonly Demand[] = [],
): Relaxation[] {
  const found: Found[] = [];
  for (const member of members.slice(0, MAX_EASED_DEMANDS)) {
    const { exists } = problem.subject(member.participant);
    const one = exists === true ? withoutSubject(problem, member) : easeDemand(problem, [...fixed, ...members], member);
    if (one !== undefined) found.push(one);
  }
  found.sort((a, b) => Number(b.relaxation.isEnough) - Number(a.relaxation.isEnough) || a.distance - b.distance);
  // The same field of several formats reads the same.
  const seen = new Set<string>();
  return found.map((one) => one.relaxation).filter(({ text }) => !seen.has(text) && seen.add(text));
}

/** What exists is as it is: somebody may only do without being like it. */
function withoutSubject(problem: Problem, member: Demand): Found {
  const { name } = problem.subject(member.participant);
  const isEnough = !isReason(problem.strictly({ at: member.participant, constraints: undefined }));
  const text = `${name} is left out`;
  return { relaxation: { participant: name, field: "must_match_vmo", from: "set", isEnough, text }, distance: 2 };
}

/** A value to try; undefined leaves the demand out. */
type Candidate = DemandValue | undefined;

function easeDemand(problem: Problem, members: readonly Demand[], member: Demand): Found | undefined {
  const others = members.filter((other) => other !== member);
  const resolves = (value: Candidate): boolean =>
    problem.conflict(value === undefined ? others : [...others, { ...member, value }]) === undefined;
  const suffices = (value: Candidate): boolean => {
    const constraints = copyConstraints(problem.subject(member.participant).constraints);
    member.set(constraints, value);
    return !isReason(problem.strictly({ at: member.participant, constraints }));
  };
  const near = nearest(problem, member, resolves);
  if (near === NOTHING) return undefined;
  if (suffices(near)) return describe(problem, member, near, true);
  const enough = nearest(problem, member, suffices);
  return enough === NOTHING ? describe(problem, member, near, false) : describe(problem, member, enough, true);
}

/** Says that no value will do. */
const NOTHING: unique symbol = Symbol("nothing");

function nearest(problem: Problem, member: Demand, works: (value: Candidate) => boolean): Candidate | typeof NOTHING {
  for (const candidate of candidates(problem, member, works)) if (works(candidate)) return candidate;
  return NOTHING;
}

/** Values to try, nearest first. */
function candidates(problem: Problem, member: Demand, works: (value: Candidate) => boolean): Candidate[] {
  const { value } = member;
  switch (member.easing) {
    case "lower":
      return [searchNumber(value, 0n, works), undefined];
    case "raise":
      return [searchNumber(value, typeof value === "bigint" ? MAX_UINT64 : BigInt(MAX_UINT32), works), undefined];
    case "divide":
      return [...divisorsOf(Number(value)), undefined];
    case "halve":
      return [...halvesOf(Number(value)), undefined];
    case "shrink":
      return [...shrunken(value as SizeU, works), undefined];
    case "extend":
      return member.what === FORMATS ? changes(problem, member) : [...extensions(problem, member), undefined];
    case "drop":
      return [...withoutSome(member), undefined];
  }
}

/** The value next to `from` on the way to `limit` that works, if all beyond it work as well. */
function searchNumber(from: DemandValue, limit: bigint, works: (value: Candidate) => boolean): Candidate {
  const back = (value: bigint): DemandValue => (typeof from === "bigint" ? value : Number(value));
  let bad = BigInt(from as number | bigint);
  let good = limit;
  if (!works(back(good))) return undefined;
  for (let gap = good - bad; gap > 1n || gap < -1n; gap = good - bad) {
    const middle = bad + gap / 2n;
    if (works(back(middle))) good = middle;
    else bad = middle;
  }
  // Nothing at all is said better by leaving the demand out.
  return good === limit ? undefined : back(good);
}

function divisorsOf(value: number): number[] {
  const small: number[] = [];
  const large: number[] = [];
  for (let divisor = 1; divisor * divisor <= value; divisor++) {
    if (value % divisor !== 0) continue;
    if (divisor > 1) small.push(divisor);
    if (divisor > 1 && divisor * divisor !== value) large.push(value / divisor);
  }
  return [...large, ...small.reverse()].slice(0, MAX_EASING_CANDIDATES);
}

function halvesOf(value: number): number[] {
  const halves: number[] = [];
  for (let half = Math.floor(value / 2); half > 1; half = Math.floor(half / 2)) halves.push(half);
  return halves;
}

function shrunken(size: SizeU, works: (value: Candidate) => boolean): SizeU[] {
  const sizes: SizeU[] = [];
  for (const axis of ["width", "height"] as const) {
    const found = searchNumber(size[axis], 1n, (value) => works({ ...size, [axis]: Number(value) }));
    if (found !== undefined) sizes.push({ ...size, [axis]: Number(found) });
  }
  return sizes.sort((a, b) => b.width * b.height - a.width * a.height);
}

/** The list with one more item out of what others name. */
function extensions(problem: Problem, member: Demand): DemandValue[] {
  const others = problem.demands.filter((demand) => demand.participant !== member.participant);
  const values: DemandValue[] = [];
  switch (member.what) {
    case "color_spaces": {
      const own = member.value as readonly ColorSpace[];
      const more = new Set(
        others.filter(({ what }) => what === member.what).flatMap(({ value }) => value as ColorSpace[]),
      );
      for (const colorSpace of more) if (!own.includes(colorSpace)) values.push([...own, colorSpace]);
      break;
    }
    case "permitted_heaps": {
      const own = member.value as readonly Heap[];
      const named = others.filter(({ what }) => what === member.what).flatMap(({ value }) => value as Heap[]);
      for (const heap of [...named, ...problem.registeredHeaps()]) values.push([...own, heap]);
      break;
    }
    default:
  }
  return values.slice(0, MAX_EASING_CANDIDATES);
}

/** The formats with one more out of what others offer, or without one that is itself the trouble. */
function changes(problem: Problem, member: Demand): DemandValue[] {
  const own = offeredPairs(problem.subject(member.participant));
  const seen = new Set(own.map(pairText));
  const values: DemandValue[] = [];
  for (const demand of problem.demands) {
    if (demand.what !== member.what || demand.participant === member.participant) continue;
    for (const also of offeredPairs(problem.subject(demand.participant))) {
      if (isOpen(also) || seen.has(pairText(also))) continue;
      seen.add(pairText(also));
      values.push({ also });
    }
  }
  if (own.length > 1) for (const without of own) values.push({ without });
  return values.slice(0, MAX_EASING_CANDIDATES);
}

function pairText(pair: FormatPair): string {
  return `${pair.pixelFormat} ${pair.pixelFormatModifier}`;
}

function isOpen(pair: FormatPair): boolean {
  return pair.pixelFormat === PixelFormat.DO_NOT_CARE || pair.pixelFormatModifier === PixelFormatModifier.DO_NOT_CARE;
}

/** A usage without one of its groups. */
function withoutSome(member: Demand): DemandValue[] {
  if (member.what !== "usage") return [];
  const usage = member.value as BufferUsage;
  const groups = (["cpu", "display", "video", "vulkan", "none"] as const).filter((group) => (usage[group] ?? 0) !== 0);
  if (groups.length < 2) return [];
  return groups.map((group) => ({ ...usage, [group]: 0 }));
}

function describe(problem: Problem, member: Demand, value: Candidate, isEnough: boolean): Found {
  const subject = problem.subject(member.participant);
  const from = plainValue(subject, member);
  const before = demandText(subject, member);
  const text =
    value === undefined
      ? withoutText(subject, member)
      : (changeText(member, value) ??
        `requires ${demandText(subject, member, value)} instead of ${shortOf(member, before)}`);
  const to = value === undefined ? undefined : plainValue(subject, member, value);
  return {
    relaxation: { participant: subject.name, field: member.field, from, to, isEnough, text: `${subject.name} ${text}` },
    distance: distanceOf(member.value, value),
  };
}

/** The old value alone where the sentence has said what it is a value of. */
function shortOf(member: Demand, text: string): string {
  if (member.easing === "shrink") return sizeText(member.value as SizeU);
  return typeof member.value === "object" ? text : String(member.value);
}

function distanceOf(from: DemandValue, to: Candidate): number {
  if (to === undefined) return 2;
  if (typeof from === "object") {
    if (!("width" in from)) return 1;
    const before = from as SizeU;
    const after = to as SizeU;
    return 1 - (after.width * after.height) / (before.width * before.height);
  }
  return Math.abs(Number(to) - Number(from)) / Math.max(Number(from), 1);
}
