/** Who decided what, and why there is no result: the negotiation's answers in the terms of `sysmem.inspect`. */
import { MAX_INSPECT_VALUE_BYTES } from "#base";
import { toJson, type JsonValue } from "#fidl";
import { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import { ChildOutcome, Decision, type Explanation, Relaxation, Requirement } from "#gen/sysmem_inspect";
import {
  type Explanation as NegotiationExplanation,
  explainSuccess,
  type Requirement as NegotiationRequirement,
  type TreeExplanation,
} from "#negotiate";
import { type CollectionSnapshot, environmentOf, type ServerContext } from "#server";
import { type Names, namesOf } from "./names.ts";
import { clip, fill } from "./pages.ts";

/** Bytes of an answer that each list of an explanation may take. */
const LIST_BYTES = 12_288;
const MAX_DEMANDS = 64;
/** Bytes of those who decided one setting. */
const DECIDERS_BYTES = 8_192;

/** Decisions about a collection, in the order of the settings. */
export function decisionsOf(context: ServerContext, collection: CollectionSnapshot): Decision[] {
  const { settings, bufferCount } = collection;
  if (settings === undefined) return [];
  const names = namesOf(collection.nodes);
  const participants = collection.nodes
    .filter((node) => node.hasConstraints && node.isLogicallyAllocated)
    .map(({ nodeId, constraints, mustMatch }) => ({
      name: names.of(nodeId),
      constraints: constraints ?? {},
      mustMatch,
    }));
  const isFew = participants.length <= context.limits.maxExplainedParticipants;
  const explained = isFew ? (explainSuccess(participants, environmentOf(context)) ?? []) : [];
  const byName = new Map(explained.map((decision) => [decision.setting, decision]));
  return flatten(settings, bufferCount).map(([setting, value]) => {
    const decision = byName.get(setting);
    const isSame = decision !== undefined && text(decision.value) === text(value);
    if (isSame) {
      return {
        setting,
        value: shortValue(value),
        decidedBy: decidersOf(decision.decidedBy, names),
        note: decision.note === undefined ? undefined : clip(decision.note),
      };
    }
    const note = isFew
      ? "those who are still there would not decide it so: somebody else did who has left"
      : `more than ${context.limits.maxExplainedParticipants} participants: who decided it is not worked out`;
    return { setting, value: shortValue(value), decidedBy: [], note };
  });
}

function decidersOf(demands: readonly NegotiationRequirement[], names: Names): Requirement[] {
  const all = demands.map((one) => requirementOf(one, names));
  return fill(all, Requirement, { maxBytes: DECIDERS_BYTES, maxCount: MAX_DEMANDS }).items;
}

/** Settings by path, `buffer_settings.heap` and sizes in one piece as the negotiation has them. */
function flatten(settings: SingleBufferSettings, bufferCount: number | undefined): [string, JsonValue][] {
  const all = toJson(SingleBufferSettings, settings) as Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
  const flat: [string, JsonValue][] = bufferCount === undefined ? [] : [["buffer_count", bufferCount]];
  for (const [table, members] of Object.entries(all)) {
    for (const [name, value] of Object.entries(members)) {
      const path = `${table}.${name}`;
      const isSize = typeof value === "object" && value !== null && "width" in value;
      if (isSize) for (const [side, length] of Object.entries(value)) flat.push([`${path}.${side}`, length]);
      else flat.push([path, value]);
    }
  }
  return flat;
}

/** Numbers are written as strings by one and as numbers by the other. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === "number" ? String(item) : item));
}

function shortValue(value: unknown): string {
  return clip(JSON.stringify(value), MAX_INSPECT_VALUE_BYTES);
}

function requirementOf(one: NegotiationRequirement, names: Names): Requirement {
  const participant = names.shorten(one.participant);
  const node = names.find(participant);
  return {
    participant: clip(participant, MAX_INSPECT_VALUE_BYTES),
    nodeId: node === undefined ? undefined : BigInt(node.nodeId),
    field: clip(one.field, MAX_INSPECT_VALUE_BYTES),
    value: shortValue(one.value),
    text: clip(names.shorten(one.text), 2 * MAX_INSPECT_VALUE_BYTES),
  };
}

/** Fits decisions into an answer. */
export function fillDecisions(decisions: readonly Decision[]): { decisions: Decision[]; isShortened: boolean } {
  const { items, more } = fill(decisions, Decision, { maxCount: 256 });
  return { decisions: items, isShortened: more };
}

/** A failed negotiation's explanation. */
export function explanationOf(tree: TreeExplanation, names: Names): Explanation {
  const { explanation } = tree;
  const requirements = fill(
    (explanation?.requirements ?? []).map((one) => requirementOf(one, names)),
    Requirement,
    { maxBytes: LIST_BYTES, maxCount: MAX_DEMANDS },
  );
  const relaxations = fill(relaxationsOf(explanation, names), Relaxation, {
    maxBytes: LIST_BYTES,
    maxCount: MAX_DEMANDS,
  });
  const children = fill(childrenOf(tree, names), ChildOutcome, { maxBytes: LIST_BYTES, maxCount: MAX_DEMANDS });
  return {
    summary: clip(names.shorten(tree.summary)),
    code: explanation?.code,
    requirements: requirements.items,
    relaxations: relaxations.items,
    children: children.items,
    isShortened: requirements.more || relaxations.more || children.more,
  };
}

function relaxationsOf(explanation: NegotiationExplanation | undefined, names: Names): Relaxation[] {
  return (explanation?.relaxations ?? []).map((one) => {
    const participant = names.shorten(one.participant);
    const node = names.find(participant);
    return {
      participant: clip(participant, MAX_INSPECT_VALUE_BYTES),
      nodeId: node === undefined ? undefined : BigInt(node.nodeId),
      field: clip(one.field, MAX_INSPECT_VALUE_BYTES),
      before: shortValue(one.from),
      after: one.to === undefined ? undefined : shortValue(one.to),
      isEnough: one.isEnough,
      text: clip(names.shorten(one.text), 2 * MAX_INSPECT_VALUE_BYTES),
    };
  });
}

function childrenOf(tree: TreeExplanation, names: Names): ChildOutcome[] {
  return tree.children.map(({ group, child, name, status, explanation }) => ({
    group: clip(names.shorten(group), MAX_INSPECT_VALUE_BYTES),
    child,
    name: clip(names.shorten(name), MAX_INSPECT_VALUE_BYTES),
    status,
    summary: explanation === undefined ? undefined : clip(names.shorten(explanation.summary), MAX_INSPECT_VALUE_BYTES),
  }));
}
