/** `strict`, `flexible`, `resource`, `open`, `ajar`, `closed`: which hold in the selected versions. */
import type { ModifierName, ModifierNode } from "../ast/ast.ts";
import * as syntax from "../diagnostics/syntax.ts";
import * as versioning from "../diagnostics/versioning.ts";
import { inherit, readVersion } from "./availability.ts";
import type { Context } from "./context.ts";
import { type Availability, existsAt, HEAD, overlap, type Selection, type Version } from "./version.ts";

export interface ModifierUse {
  readonly name: ModifierName;
  readonly node: ModifierNode;
  readonly availability: Availability;
}

const GROUPS: readonly (readonly ModifierName[])[] = [["strict", "flexible"], ["resource"], ["open", "ajar", "closed"]];

/** Checks modifiers and gives each its life. Those that cannot be on such an element are reported and left out. */
export function consumeModifiers(
  context: Context,
  nodes: readonly ModifierNode[],
  parent: Availability,
  allowed: readonly ModifierName[],
  what: string,
): readonly ModifierUse[] {
  const { reporter } = context;
  const uses: ModifierUse[] = [];
  for (const node of nodes) {
    if (!allowed.includes(node.name)) {
      reporter.report(syntax.CannotSpecifyModifier, node.span, node.name, what);
      continue;
    }
    const use: ModifierUse = { name: node.name, node, availability: modifierAvailability(context, node, parent) };
    const group = GROUPS.find((names) => names.includes(node.name));
    const rival = uses.find(
      (other) => group?.includes(other.name) === true && overlap(other.availability, use.availability),
    );
    if (rival === undefined) uses.push(use);
    else if (rival.name === use.name) reporter.report(syntax.DuplicateModifier, node.span, node.name);
    else reporter.report(syntax.ConflictingModifier, node.span, node.name, rival.name);
  }
  return uses;
}

function modifierAvailability(context: Context, node: ModifierNode, parent: Availability): Availability {
  let { added, removed } = parent;
  for (const argument of node.args) {
    const name = argument.name?.text;
    if (name !== "added" && name !== "removed") {
      context.reporter.report(versioning.InvalidModifierAvailableArgument, argument.span, name ?? "an unnamed one");
      continue;
    }
    const value = readVersion(context, argument.value);
    if (value === undefined) continue;
    if (name === "added") added = value;
    else removed = value;
  }
  if (node.args.length > 0 && added >= removed) {
    context.reporter.report(versioning.InvalidAvailabilityOrder, node.span, "added < removed");
    return inherit(parent);
  }
  return { ...inherit(parent), added, removed };
}

/** The version whose modifiers count: the newest selected one in which the element exists. */
export function decidingVersion(availability: Availability, selection: Selection): Version {
  return selection.filter((version) => existsAt(availability, version)).at(-1) ?? selection.at(-1) ?? HEAD;
}

/** The modifier of a group that holds at a version. */
export function modifierAt(
  uses: readonly ModifierUse[],
  names: readonly ModifierName[],
  version: Version,
): ModifierUse | undefined {
  return uses.find((use) => names.includes(use.name) && existsAt(use.availability, version));
}

/** Whether the strictness is the same in all versions of the element's life. */
export function isStrictnessConstant(uses: readonly ModifierUse[], life: Availability): boolean {
  const starts = [life.added, ...uses.flatMap((use) => [use.availability.added, use.availability.removed])];
  const seen = new Set<boolean>();
  for (const version of starts) {
    if (existsAt(life, version)) seen.add(modifierAt(uses, ["strict", "flexible"], version)?.name === "strict");
  }
  return seen.size <= 1;
}
