/**
 * Negotiation over a tree with groups: which child of each group, and what then.
 *
 * Combinations are tried in a fixed order; what is tried and how many times can be seen, so the search saves work
 * only where it cannot be noticed: constraints are prepared once, participants outside of all groups are combined
 * once, and a combination with the same participants as an earlier one is not computed again.
 */
import { MAX_GROUP_CHILD_COMBINATIONS } from "#base";
import {
  type Allocation,
  type Environment,
  type LateInput,
  NegotiationError,
  type Participant,
  type TreeNode,
  type TreeOutcome,
} from "./api.ts";
import {
  type Accumulated,
  accumulate,
  checkSecureMemory,
  checkSizeBound,
  copyAccumulated,
  finishAttempt,
  nothingYet,
} from "./attempt.ts";
import { compareAllocations, EXISTING_NAME, flat, mustMatchName, prepareExisting } from "./existing.ts";
import { type Prepared, prepareParticipant } from "./participant.ts";
import { fail, type Reason } from "./reasons.ts";
import { isReason, newRun, type Run } from "./run.ts";

/** Decides for a subtree in which every node is ready, without the branches below it that attach later. */
export function negotiateTree(root: TreeNode, environment: Environment): TreeOutcome {
  const run = newRun(environment);
  return new Search(run, flattenTree(root), { before: [], after: [] }, {}).run();
}

/**
 * Decides whether a subtree behind an AttachToken can join buffers that exist. Nothing may change: the settings that
 * come out with the newcomers have to be the existing ones in every field, for the same number of buffers.
 */
export function negotiateLate(input: LateInput): TreeOutcome {
  const run = newRun(input.environment);
  const before = input.allocated.flatMap((participant) => ownPart(run, participant));
  const { existing } = input;
  const after = [
    prepareExisting(run, EXISTING_NAME, existing.settings, existing.bufferCount),
    ...input.allocated.flatMap((participant) => mustMatchPart(run, participant)),
  ];
  // Secure memory was there when the buffers were made: it is not asked for again.
  const options: SearchOptions = {
    isSecureMemoryKnown: true,
    accept(allocation) {
      const difference = compareAllocations(existing, allocation)[0];
      if (difference === undefined) return undefined;
      const { field } = difference;
      return fail("existing-differs", { field, before: flat(difference.before), after: flat(difference.after) });
    },
  };
  return new Search(run, flattenTree(input.tree), { before, after }, options).run();
}

function ownPart(run: Run, participant: Participant): Prepared[] {
  return participant.constraints === undefined ? [] : [prepareParticipant(run, participant, participant.constraints)];
}

function mustMatchPart(run: Run, participant: Participant): Prepared[] {
  if (participant.constraints === undefined || participant.mustMatch === undefined) return [];
  return [prepareExisting(run, mustMatchName(participant), participant.mustMatch)];
}

/** A node in breadth-first order. */
export interface FlatNode {
  readonly node: TreeNode;
  /** Position of the parent; -1 for the root. */
  readonly parent: number;
  /** Which child of its parent it is. */
  readonly child: number;
  /** Position of the group in depth-first pre-order; -1 for other nodes. */
  group: number;
}

/** A tree with its nodes in breadth-first order. */
export interface FlatTree {
  readonly nodes: readonly FlatNode[];
  /** Positions of the groups, in depth-first pre-order: the earlier is the more important. */
  readonly groups: readonly number[];
}

/** Lays a tree out flat. Trees can be deep, so there is no recursion. */
export function flattenTree(root: TreeNode): FlatTree {
  const nodes: FlatNode[] = [{ node: root, parent: -1, child: 0, group: -1 }];
  const children: number[][] = [];
  for (let at = 0; at < nodes.length; at++) {
    const here: number[] = [];
    for (const [child, node] of (nodes[at]?.node.children ?? []).entries()) {
      here.push(nodes.length);
      nodes.push({ node, parent: at, child, group: -1 });
    }
    children.push(here);
  }
  const groups: number[] = [];
  const pending = [0];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const entry = nodes[at];
    if (entry?.node.kind === "group") {
      entry.group = groups.length;
      groups.push(at);
    }
    pending.push(...(children[at] ?? []).toReversed());
  }
  return { nodes, groups };
}

/** Which nodes a selection shows, by position. */
export function visibleNodes(tree: FlatTree, selection: readonly number[]): boolean[] {
  const visible: boolean[] = [];
  for (const { parent, child } of tree.nodes) {
    const above = tree.nodes[parent];
    if (above === undefined) visible.push(true);
    else visible.push(visible[parent] === true && (above.group < 0 || selection[above.group] === child));
  }
  return visible;
}

/** Moves to the next combination. @returns false when there is none. `selection` is modified. */
export function nextSelection(tree: FlatTree, selection: number[], visible: readonly boolean[]): boolean {
  for (let group = tree.groups.length - 1; group >= 0; group--) {
    const at = tree.groups[group] ?? 0;
    if (visible[at] !== true) continue;
    const last = (tree.nodes[at]?.node.children?.length ?? 0) - 1;
    const selected = selection[group] ?? 0;
    if (selected < last) {
      selection[group] = selected + 1;
      return true;
    }
    selection[group] = 0;
  }
  return false;
}

interface SearchOptions {
  readonly isSecureMemoryKnown?: boolean;
  /** The last word on an allocation: why not, or undefined. */
  readonly accept?: (allocation: Allocation) => Reason | undefined;
}

/** A participant of the tree, prepared. */
interface Candidate {
  readonly at: number;
  readonly participant: Participant;
  readonly own: Prepared;
  readonly mustMatch: readonly Prepared[];
}

class Search {
  readonly #run: Run;
  readonly #tree: FlatTree;
  readonly #around: { readonly before: readonly Prepared[]; readonly after: readonly Prepared[] };
  readonly #options: SearchOptions;
  readonly #candidates: Candidate[] = [];
  /** How many candidates come first in every combination, and what they have in common. */
  #shared = 0;
  #start: Accumulated | Reason = nothingYet();

  constructor(
    run: Run,
    tree: FlatTree,
    around: { before: readonly Prepared[]; after: readonly Prepared[] },
    options: SearchOptions,
  ) {
    this.#run = run;
    this.#tree = tree;
    this.#around = around;
    this.#options = options;
    for (const [at, { node }] of tree.nodes.entries()) {
      if (node.kind !== "participant") continue;
      const { participant } = node;
      const [own] = ownPart(run, participant);
      if (own === undefined) continue;
      this.#candidates.push({ at, participant, own, mustMatch: mustMatchPart(run, participant) });
    }
    this.#combineShared();
  }

  #combineShared(): void {
    const always = this.#alwaysVisible();
    while (always[this.#candidates[this.#shared]?.at ?? -1] === true) this.#shared++;
    const start = nothingYet();
    const first = this.#candidates.slice(0, this.#shared).map((candidate) => candidate.own);
    for (const participant of [...this.#around.before, ...first]) {
      const reason = accumulate(this.#run, start, participant);
      if (reason === undefined) continue;
      this.#start = reason;
      return;
    }
    this.#start = start;
  }

  #alwaysVisible(): boolean[] {
    const always: boolean[] = [];
    for (const { parent } of this.#tree.nodes) {
      const above = this.#tree.nodes[parent];
      always.push(above === undefined || (always[parent] === true && above.group < 0));
    }
    return always;
  }

  run(): TreeOutcome {
    const selection = this.#tree.groups.map(() => 0);
    const failed = new Map<string, Reason>();
    for (let tried = 1; ; tried++) {
      const visible = visibleNodes(this.#tree, selection);
      const members = this.#candidates.filter((candidate) => visible[candidate.at]);
      const key = members.map((candidate) => candidate.at).join(" ");
      const known = failed.get(key);
      const answer = known ?? this.#attempt(members);
      const search = { selection: selection.slice(), combinationsTried: tried };
      if ("ok" in answer) return { ...answer, ...search };
      if (!isReason(answer)) {
        const nodes = this.#tree.nodes.map((entry) => entry.node);
        return {
          ok: true,
          ...answer,
          ...search,
          participants: members.map((candidate) => candidate.participant),
          selected: nodes.filter((_, at) => visible[at]),
          unselected: nodes.filter((_, at) => !visible[at]),
        };
      }
      failed.set(key, answer);
      if (!nextSelection(this.#tree, selection, visible)) {
        return { ok: false, error: NegotiationError.CONSTRAINTS_INTERSECTION_EMPTY, reason: answer, ...search };
      }
      if (tried === MAX_GROUP_CHILD_COMBINATIONS) {
        const reason = fail("too-many-combinations", { limit: MAX_GROUP_CHILD_COMBINATIONS });
        return { ok: false, error: NegotiationError.TOO_MANY_GROUP_CHILD_COMBINATIONS, reason, ...search };
      }
    }
  }

  #attempt(
    members: readonly Candidate[],
  ): Allocation | Reason | { ok: false; error: NegotiationError; reason: Reason } {
    const own = members.map((candidate) => candidate.own);
    const extra = [...this.#around.after, ...members.flatMap((candidate) => candidate.mustMatch)];
    const all = [...this.#around.before, ...own, ...extra];
    if (this.#options.isSecureMemoryKnown !== true) {
      const notNow = checkSecureMemory(this.#run, all);
      if (notNow !== undefined && !notNow.ok) return notNow;
    }
    const unbounded = checkSizeBound(this.#run, all);
    if (unbounded !== undefined) return unbounded;
    if (isReason(this.#start)) return this.#start;
    const rest = [...own.slice(this.#shared), ...extra];
    const answer = finishAttempt(this.#run, copyAccumulated(this.#start), rest);
    if (isReason(answer)) return answer;
    return this.#options.accept?.(answer) ?? answer;
  }
}
