/** The negotiation itself, as the server runs it: loaded when somebody asks "what if". */
import { parseExactJson, readSolveInput } from "../../sysmem/src/cli/commands/solve-input.ts";
import { explainTree, type TreeExplanation } from "../../sysmem/src/negotiate/index.ts";
import type { Decision, Explanation, Requirement } from "./api.ts";

/** What would become of the participants. */
export type Solution =
  | { readonly kind: "fault"; readonly text: string }
  | { readonly kind: "solved"; readonly decisions: readonly Decision[]; readonly explanation: Explanation }
  | { readonly kind: "failed"; readonly explanation: Explanation };

/** Solves what `sysmem solve` would be given as a file. `parts` of it were typed by a person, and are looked at first. */
export function solve(text: string, parts: readonly { readonly name: string; readonly text: string }[]): Solution {
  for (const part of parts) {
    const parsed = parseExactJson(part.text.trim() || "{}");
    if (!parsed.ok) return { kind: "fault", text: `${part.name}: ${parsed.error}` };
  }
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
