/** Why a tree has no result, or not the one that its groups prefer. */
import { MAX_GROUP_CHILD_COMBINATIONS } from "#base";
import {
  type Environment,
  type LateInput,
  NegotiationError,
  type Participant,
  type TreeNode,
  type TreeOutcome,
} from "../api.ts";
import { compareAllocations, EXISTING_NAME, existingSubject, flat } from "../existing.ts";
import { negotiateTree, type FlatTree, flattenTree, negotiateLate, nextSelection, visibleNodes } from "../tree.ts";
import { describeReason, fail, type Reason, reasonKind } from "../reasons.ts";
import { DEFAULT_RULES, isReason } from "../run.ts";
import { type Decision, explainSuccess } from "./decisions.ts";
import type { Demand, Subject } from "./demands.ts";
import { easeConflict } from "./easing.ts";
import { type Explanation, explainProblem, requirementOf } from "./failure.ts";
import { minimalFailing } from "./minimal.ts";
import { type Accept, Problem, subjectsOf } from "./problem.ts";
import { demandText } from "./words.ts";

/** What became of one child of a group. */
export interface ChildExplanation {
  /** The group's name, or its place: `group 1`. */
  readonly group: string;
  readonly child: number;
  /** The name of the first participant of the child, or its place. */
  readonly name: string;
  readonly status: "selected" | "rejected" | "not tried";
  /** Why the first combination with this child failed. Only for rejected ones. */
  readonly explanation?: Explanation | undefined;
}

/** A tree's outcome with its reasons. */
export interface TreeExplanation {
  readonly ok: boolean;
  readonly summary: string;
  /** Every child of every group, in the order of the groups. Empty when there are no groups. */
  readonly children: readonly ChildExplanation[];
  /** Without a result: why the last combination failed. */
  readonly explanation?: Explanation | undefined;
  /** With a result: who determined each setting. */
  readonly decisions?: readonly Decision[] | undefined;
}

/** Explains what `negotiateTree` answers. */
export function explainTree(root: TreeNode, environment: Environment): TreeExplanation {
  const outcome = negotiateTree(root, environment);
  const explain = (participants: readonly Participant[]): Explanation | undefined => {
    const problem = new Problem(subjectsOf(participants, environment), environment);
    return explainWith(problem, outcome);
  };
  const decisions = outcome.ok ? explainSuccess(outcome.participants, environment) : undefined;
  return compose(flattenTree(root), outcome, explain, decisions);
}

/** Explains what `negotiateLate` answers. */
export function explainLate(input: LateInput): TreeExplanation {
  const { existing, environment } = input;
  const accept: Accept = (allocation) => {
    const difference = compareAllocations(existing, allocation)[0];
    if (difference === undefined) return undefined;
    const { field, before, after } = difference;
    return fail("existing-differs", { field, before: flat(before), after: flat(after) });
  };
  const outcome = negotiateLate(input);
  const explain = (newcomers: readonly Participant[]): Explanation | undefined => {
    const rules = { ...DEFAULT_RULES, ...environment.rules };
    const known: Subject[] = [
      existingSubject(rules, EXISTING_NAME, existing.settings, existing.bufferCount),
      ...subjectsOf(input.allocated, environment),
    ];
    const added = subjectsOf(newcomers, environment);
    const settled = {
      ...environment,
      secureMemory: environment.secureMemory === undefined ? undefined : ("ready" as const),
    };
    return explainNewcomers(new Problem([...known, ...added], settled, accept), known.length);
  };
  return compose(flattenTree(input.tree), outcome, explain, undefined);
}

/** What newcomers demand that existing buffers cannot give. Everybody before `first` is there already and stays. */
function explainNewcomers(problem: Problem, first: number): Explanation | undefined {
  const answer = problem.strictly();
  if (!isReason(answer)) return undefined;
  const error = NegotiationError.CONSTRAINTS_INTERSECTION_EMPTY;
  const fixed = problem.demands.filter((demand) => demand.participant < first);
  const fresh = problem.demands.filter((demand) => demand.participant >= first);
  const fails = (some: readonly Demand[]): boolean => problem.conflict([...fixed, ...some]) !== undefined;
  // Not even those who have the buffers would get them again.
  const canNobodyJoin = fails([]);
  // Where newcomers' demands do not fail either, something has to be said that nobody says.
  const members = fails(fresh) && !canNobodyJoin ? minimalFailing(fresh, fails) : [];
  const reason = members.length === 0 ? answer : (problem.conflict([...fixed, ...members]) ?? answer);
  const clauses = members.map(
    (demand) =>
      `${problem.subject(demand.participant).name} requires ${demandText(problem.subject(demand.participant), demand)}`,
  );
  return {
    error,
    kind: reasonKind(reason),
    code: reason.code,
    reason: describeReason(reason),
    summary: canNobodyJoin
      ? `nobody can join these buffers any more: ${describeReason(reason)}${joiningHint(reason)}`
      : [clauses.join("; "), describeReason(reason)].filter((part) => part !== "").join(": "),
    requirements: members.map((demand) => requirementOf(problem, demand)),
    eliminatedFormats: [],
    relaxations: easeConflict(problem, members, fixed),
  };
}

/** What of the server's settings would let newcomers in. */
function joiningHint({ code }: Reason): string {
  if (code !== "padding-above-max-size-bytes") return "";
  return " without padding (late_attachment_with_padding in the server's configuration lets participants join them)";
}

function explainWith(problem: Problem, outcome: TreeOutcome): Explanation | undefined {
  const answer = problem.strictly();
  if (!isReason(answer)) return undefined;
  const error = outcome.ok ? NegotiationError.CONSTRAINTS_INTERSECTION_EMPTY : outcome.error;
  return explainProblem(problem, error, answer);
}

/** Walks through the combinations that were tried and explains the first that each child was part of. */
function compose(
  tree: FlatTree,
  outcome: TreeOutcome,
  explain: (participants: readonly Participant[]) => Explanation | undefined,
  decisions: readonly Decision[] | undefined,
): TreeExplanation {
  const rejected = new Map<string, Explanation | undefined>();
  const selection = tree.groups.map(() => 0);
  let last: Explanation | undefined;
  for (let tried = 1; tried <= Math.min(outcome.combinationsTried, MAX_GROUP_CHILD_COMBINATIONS); tried++) {
    const visible = visibleNodes(tree, selection);
    const isLast = tried === outcome.combinationsTried;
    const keys = tree.groups.flatMap((at, group) => (visible[at] ? [`${group} ${selection[group]}`] : []));
    if (!(isLast && outcome.ok) && (isLast || keys.some((key) => !rejected.has(key)))) {
      last = explain(participantsIn(tree, visible));
      for (const key of keys) if (!rejected.has(key)) rejected.set(key, last);
    }
    if (!nextSelection(tree, selection, visible)) break;
  }
  const children = childrenOf(tree, outcome, rejected);
  const explanation = outcome.ok ? undefined : last;
  return { ok: outcome.ok, summary: summarize(outcome, children, explanation), children, explanation, decisions };
}

function participantsIn(tree: FlatTree, visible: readonly boolean[]): Participant[] {
  return tree.nodes.flatMap(({ node }, at) => (visible[at] && node.kind === "participant" ? [node.participant] : []));
}

function childrenOf(
  tree: FlatTree,
  outcome: TreeOutcome,
  rejected: ReadonlyMap<string, Explanation | undefined>,
): ChildExplanation[] {
  const winner = visibleNodes(tree, outcome.selection);
  return tree.groups.flatMap((at, group) => {
    const node = tree.nodes[at]?.node;
    const name = (node?.kind === "group" ? node.name : undefined) ?? `group ${group + 1}`;
    return (node?.children ?? []).map((child, position): ChildExplanation => {
      const common = { group: name, child: position, name: nameOf(child) ?? `child ${position + 1}` };
      if (outcome.ok && winner[at] && outcome.selection[group] === position) return { ...common, status: "selected" };
      const key = `${group} ${position}`;
      if (!rejected.has(key)) return { ...common, status: "not tried" };
      return { ...common, status: "rejected", explanation: rejected.get(key) };
    });
  });
}

/** The name of the first participant in a branch, breadth first. */
function nameOf(root: TreeNode): string | undefined {
  for (const { node } of flattenTree(root).nodes) {
    if (node.kind === "participant") return node.participant.name;
    if (node.name !== undefined) return node.name;
  }
  return undefined;
}

function summarize(outcome: TreeOutcome, children: readonly ChildExplanation[], last: Explanation | undefined): string {
  const rejected = children.filter(({ status }) => status === "rejected");
  const why = rejected.map(
    ({ group, name, explanation }) => `${group}: ${name} is not possible: ${explanation?.summary ?? "no result"}`,
  );
  if (outcome.ok) return why.length === 0 ? "everybody agrees" : why.join("\n");
  const first =
    outcome.error === NegotiationError.TOO_MANY_GROUP_CHILD_COMBINATIONS ? [describeReason(outcome.reason)] : [];
  if (rejected.length === 0) return [...first, last?.summary ?? describeReason(outcome.reason)].join("\n");
  return [...first, ...why].join("\n");
}
