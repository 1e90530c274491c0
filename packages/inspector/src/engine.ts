/** The negotiation itself, as the server runs it: loaded when somebody asks "what if". */
import { parseExactJson, readSolveInput } from "../../sysmem/src/cli/commands/solve-input.ts";
import { fromJson } from "../../sysmem/src/fidl/index.ts";
import { BufferCollectionConstraints } from "../../sysmem/src/gen/fuchsia_sysmem2.ts";
import { explainTree, type TreeExplanation } from "../../sysmem/src/negotiate/index.ts";
import type { Decision, Explanation, Requirement } from "./api.ts";
import { lineOfField, lineOfMessage } from "./json-lines.ts";

/** What would become of the participants. */
export type Solution =
  | { readonly kind: "fault"; readonly text: string }
  | { readonly kind: "solved"; readonly decisions: readonly Decision[]; readonly explanation: Explanation }
  | { readonly kind: "failed"; readonly explanation: Explanation };

/** What is wrong with constraints that a person typed. */
export interface Fault {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Undefined when they are constraints. */
export function faultIn(text: string): Fault | undefined {
  if (text.trim() === "") return undefined;
  const parsed = parseExactJson(text);
  if (!parsed.ok) return { line: lineOfMessage(text, parsed.error), text: parsed.error };
  const result = fromJson(BufferCollectionConstraints, parsed.value);
  if (result.ok) return undefined;
  const [{ path, expected, actual }] = result.error as [(typeof result.error)[number]];
  const name = path.split(".").at(-1) || "the whole";
  return { line: lineOfField(text, path), text: `${name}: expected ${expected}, not ${actual}` };
}

/** Solves what `sysmem solve` would be given as a file. */
export function solve(text: string): Solution {
  const input = readSolveInput(text);
  if (!input.ok) return { kind: "fault", text: input.error };
  const tree = explainTree(input.value.tree, input.value.environment);
  const explanation = explanationOf(tree);
  if (!tree.ok) return { kind: "failed", explanation };
  const decisions = (tree.decisions ?? []).map(
    ({ setting, value, decidedBy, note }): Decision => ({
      setting,
      value: JSON.stringify(value),
      decided_by: decidedBy.map(requirementOf),
      ...(note !== undefined && { note }),
    }),
  );
  return { kind: "solved", decisions, explanation };
}

function requirementOf(one: { participant: string; field: string; value: unknown; text: string }): Requirement {
  const { participant, field, text } = one;
  return { participant, field, text, value: JSON.stringify(one.value) };
}

function explanationOf({ summary, explanation, children }: TreeExplanation): Explanation {
  return {
    summary,
    requirements: (explanation?.requirements ?? []).map(requirementOf),
    relaxations: (explanation?.relaxations ?? []).map(({ participant, field, from, to, isEnough, text }) => ({
      participant,
      field,
      before: JSON.stringify(from),
      ...(to !== undefined && { after: JSON.stringify(to) }),
      is_enough: isEnough,
      text,
    })),
    children: children.map(({ group, child, name, status, explanation: why }) => ({
      group,
      child,
      name,
      status,
      ...(why !== undefined && { summary: why.summary }),
    })),
    is_shortened: false,
  };
}
