/** Who determined what: for each setting of a result the demands without which it would be different. */
import type { Allocation, Environment, Participant } from "../api.ts";
import { compareAllocations, flat } from "../existing.ts";
import { NO_COST, NO_COSTS, formatCost } from "../costs.ts";
import { isReason } from "../run.ts";
import { describePair, type FormatPair } from "../reasons.ts";
import { PixelFormat } from "../formats.ts";
import { PixelFormatModifier } from "../modifiers.ts";
import { hasRealUsage, USAGE_FIELDS } from "../usage.ts";
import type { BufferUsage, ImageFormatConstraints } from "../wire-types.ts";
import { type Demand, FORMATS, pairsOf, type Subject } from "./demands.ts";
import { type Requirement, requirementOf } from "./failure.ts";
import { Problem, subjectsOf } from "./problem.ts";
import { type PlainValue, plainSetting } from "./words.ts";

/** One setting of a result and where it comes from. */
export interface Decision {
  /** `buffer_count`, or a FIDL path in the settings: `image_format_constraints.min_bytes_per_row`. */
  readonly setting: string;
  readonly value: PlainValue;
  /** Demands that determined it. Empty: nobody asked, the value is what the rules give then. */
  readonly decidedBy: readonly Requirement[];
  /** More to say than who: why this format and no other. */
  readonly note?: string | undefined;
}

/** Most demands that are left out one after the other to see what changes: it bounds the time. */
const MAX_DEMANDS_TRIED = 1024;

/** For each setting of a successful negotiation, who determined it. Undefined when it does not succeed. */
export function explainSuccess(participants: readonly Participant[], environment: Environment): Decision[] | undefined {
  const subjects = subjectsOf(participants, environment);
  const whole = new Problem(subjects, environment);
  const allocation = whole.strictly();
  if (isReason(allocation)) return undefined;
  const chosen = allocation.settings.imageFormatConstraints;
  const only = chosen === undefined ? subjects : subjects.map((subject) => onlyFormat(subject, chosen));
  const problem = new Problem(only, environment);
  const deciders = decidersBySetting(problem, allocation);
  const decisions: Decision[] = [];
  for (const { field, before } of compareAllocations(allocation, { bufferCount: 0, settings: {} })) {
    if (field === "image_format_constraints" || field === "buffer_settings") {
      for (const [setting, value] of membersOf(field, before))
        decisions.push(decisionFor(problem, deciders, setting, value));
    } else decisions.push(decisionFor(problem, deciders, field, before));
  }
  return chosen === undefined
    ? decisions
    : decisions.map((one) => withFormat(whole, environment, participants, chosen, one));
}

function membersOf(path: string, table: unknown): [string, unknown][] {
  const members: [string, unknown][] = [];
  for (const [key, value] of Object.entries(table ?? {})) {
    const name = `${path}.${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
    const isSize = typeof value === "object" && value !== null && "width" in value;
    if (isSize) members.push(...membersOf(name, value));
    else members.push([name, value]);
  }
  return members;
}

/** The participant with, of its image formats, only the one that was chosen: the others decide nothing any more. */
function onlyFormat(subject: Subject, chosen: ImageFormatConstraints): Subject {
  const formats = subject.constraints.imageFormatConstraints ?? [];
  if (formats.length === 0 || chosen.pixelFormat === undefined || chosen.pixelFormatModifier === undefined)
    return subject;
  const { pixelFormat, pixelFormatModifier } = chosen;
  const realUsage = hasRealUsage(subject.constraints.usage ?? {});
  const fits = (pair: FormatPair): boolean =>
    (pair.pixelFormat === pixelFormat || pair.pixelFormat === PixelFormat.DO_NOT_CARE) &&
    (pair.pixelFormatModifier === pixelFormatModifier || pair.pixelFormatModifier === PixelFormatModifier.DO_NOT_CARE);
  const kept = formats.map((format): ImageFormatConstraints | undefined => {
    if (!pairsOf(format, realUsage).some(fits)) return undefined;
    const { pixelFormatAndModifiers: _, ...rest } = format;
    return { ...rest, pixelFormat, pixelFormatModifier };
  });
  const imageFormatConstraints = kept.filter((format) => format !== undefined);
  return { ...subject, constraints: { ...subject.constraints, imageFormatConstraints } };
}

/** Leaves out each demand in turn and notes which settings become different. */
function decidersBySetting(problem: Problem, allocation: Allocation): Map<string, Demand[]> {
  const deciders = new Map<string, Demand[]>();
  const demands = problem.demands.slice(0, MAX_DEMANDS_TRIED);
  for (const left of demands) {
    // Without its formats a participant would have no say in anything about images: that says nothing.
    if (left.what === FORMATS) continue;
    const without = problem.outcomeOf(problem.demands.filter((demand) => demand !== left));
    if (isReason(without)) continue;
    for (const { field } of compareAllocations(allocation, without)) {
      const list = deciders.get(field);
      if (list === undefined) deciders.set(field, [left]);
      else list.push(left);
    }
  }
  return deciders;
}

function decisionFor(
  problem: Problem,
  deciders: ReadonlyMap<string, Demand[]>,
  setting: string,
  value: unknown,
): Decision {
  let found = deciders.get(setting) ?? [];
  if (found.length === 0) {
    // Several participants ask for the same: leaving out one of them changes nothing.
    const what = setting.replace(/^(buffer_settings|image_format_constraints)\./, "");
    const alias = ALIASES[what] ?? what;
    found = problem.demands.filter((demand) =>
      what === "coherency_domain" ? limitsDomains(demand) : demand.what === alias && isHeld(demand, value),
    );
  }
  return {
    setting,
    value: plainSetting(setting, value),
    decidedBy: found.map((demand) => requirementOf(problem, demand)),
  };
}

/** Whether a demand has a say in the coherency domain. */
function limitsDomains(demand: Demand): boolean {
  if (demand.what.endsWith("_domain_supported") || demand.what === "secure_required") return true;
  const usage = demand.what === "usage" ? (demand.value as BufferUsage) : {};
  return (usage.cpu ?? 0) !== 0 || (usage.display ?? 0) !== 0;
}

const ALIASES: Readonly<Record<string, string>> = {
  is_physically_contiguous: "physically_contiguous_required",
  is_secure: "secure_required",
  size_bytes: "min_size_bytes",
  buffer_count: "min_buffer_count",
  heap: "permitted_heaps",
};

function isHeld(demand: Demand, value: unknown): boolean {
  if (Array.isArray(demand.value)) {
    const wanted = Array.isArray(value) ? value : [value];
    const offered = demand.value.map(flat);
    return wanted.length > 0 && wanted.every((item) => offered.includes(flat(item)));
  }
  return flat(demand.value) === flat(value);
}

/** Adds to the decision on the pixel format how it came about. */
function withFormat(
  whole: Problem,
  environment: Environment,
  participants: readonly Participant[],
  chosen: ImageFormatConstraints,
  decision: Decision,
): Decision {
  if (!/\.pixel_format(_modifier)?$/.test(decision.setting)) return decision;
  const { pixelFormat, pixelFormatModifier } = chosen;
  if (pixelFormat === undefined || pixelFormatModifier === undefined) return decision;
  const usage = Object.fromEntries(
    USAGE_FIELDS.map((field) => [
      field,
      participants.reduce((sum, { constraints }) => sum | (constraints?.usage?.[field] ?? 0), 0),
    ]),
  );
  const cost = formatCost(environment.costs ?? NO_COSTS, pixelFormat, pixelFormatModifier, usage);
  const offers = whole.demands.filter((demand) => demand.what === FORMATS);
  const deciding = offers.filter((offer) => {
    const rest = whole.demands.filter((demand) => demand.participant !== offer.participant);
    const without = whole.outcomeOf(rest);
    if (isReason(without)) return false;
    const other = without.settings.imageFormatConstraints;
    return other?.pixelFormat !== pixelFormat || other.pixelFormatModifier !== pixelFormatModifier;
  });
  const pair = describePair({ pixelFormat, pixelFormatModifier });
  const possible = whole.commonFormats().length;
  let note = `${pair} is the only format that all can use`;
  if (possible > 1) {
    const how =
      cost === NO_COST
        ? "no cost is configured for any, so the smallest value wins"
        : `its cost of ${cost} is the lowest`;
    note = `${pair} is one of ${possible} that all can use; ${how}`;
  }
  const decidedBy = (deciding.length > 0 ? deciding : offers).map((demand) => requirementOf(whole, demand));
  return { ...decision, decidedBy, note };
}
