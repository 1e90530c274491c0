/** `sysmem solve FILE.json`: the negotiation alone, with its reasons. */
import { createReadStream } from "node:fs";
import { MAX_SOLVE_FILE_BYTES, SysmemError, systemWords } from "#base";
import { toJson } from "#fidl";
import { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import {
  type Allocation,
  changesBetween,
  type Decision,
  type Environment,
  type Explanation,
  explainTree,
  negotiateTree,
  type TreeExplanation,
  type TreeNode,
  type TreeOutcome,
  type WhatIfChange,
} from "#negotiate";
import { formatTable } from "../table.ts";
import { readSolveInput } from "./solve-input.ts";

export interface SolveFlags {
  /** Who determined each setting; why each child of a group was rejected. */
  readonly explain?: boolean | undefined;
  /** One JSON value on stdout instead of text. */
  readonly json?: boolean | undefined;
  /** Name of a participant to leave out, to see what changes. */
  readonly whatIf?: string | undefined;
}

/** Where output goes. */
export interface SolveOutput {
  write(text: string): unknown;
}

/** Where input comes from when the file is `-`. */
export type SolveSource = AsyncIterable<Uint8Array | string>;

/** Nothing could be read from the file, or it names what is not there. */
export class SolveInputError extends SysmemError {
  readonly code = "SOLVE_INPUT";
}

/** The participants find no result. What there is to say about it has been printed. */
export class NoResultError extends SysmemError {
  readonly code = "NO_RESULT";
}

/**
 * Solves a file (`-` is standard input) and prints the settings, or why there are none. Returns nothing when there is a result, and otherwise
 * the error for the exit status.
 */
export async function runSolve(
  flags: SolveFlags,
  file: string,
  output: SolveOutput = process.stdout,
  input: SolveSource = process.stdin,
): Promise<SolveInputError | NoResultError | undefined> {
  let text: string | undefined;
  try {
    text = await readAll(file === "-" ? input : createReadStream(file));
  } catch (error) {
    return new SolveInputError(`cannot read ${file}: ${systemWords(error)}`, { cause: error });
  }
  if (text === undefined) return new SolveInputError(`cannot read ${file}: more than ${MAX_SOLVE_FILE_BYTES} bytes`);
  const read = readSolveInput(text);
  if (!read.ok) return new SolveInputError(`cannot use ${file}: ${read.error}`);
  const { tree, environment } = read.value;
  const outcome = negotiateTree(tree, environment);
  // A failure without its reasons would be of no use to anybody.
  const explanation = flags.explain === true || !outcome.ok ? explainTree(tree, environment) : undefined;
  let whatIf: WhatIf | undefined;
  if (flags.whatIf !== undefined) {
    whatIf = leaveOut(tree, flags.whatIf, environment, outcome);
    if (whatIf === undefined)
      return new SolveInputError(`${file} has no participant ${flags.whatIf}, it has ${namesIn(tree).join(", ")}`);
  }
  if (flags.json === true) output.write(`${JSON.stringify(asJson(outcome, explanation, whatIf), null, 2)}\n`);
  else output.write(asText(outcome, explanation, whatIf));
  return outcome.ok ? undefined : new NoResultError("the participants find no common settings");
}

/** All of a source as text; undefined when it is too long. */
async function readAll(source: SolveSource): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > MAX_SOLVE_FILE_BYTES) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function namesIn(node: TreeNode): string[] {
  const own = node.kind === "participant" ? [node.participant.name] : [];
  return [...own, ...(node.children ?? []).flatMap(namesIn)];
}

/** The negotiation without one participant. */
interface WhatIf {
  readonly without: string;
  readonly outcome: TreeOutcome;
  readonly changes: readonly WhatIfChange[];
}

function leaveOut(root: TreeNode, name: string, environment: Environment, before: TreeOutcome): WhatIf | undefined {
  let found = false;
  const copy = (node: TreeNode): TreeNode => {
    const children = (node.children ?? []).map(copy);
    if (node.kind !== "participant" || node.participant.name !== name) return { ...node, children };
    found = true;
    return { kind: "plain", name, children };
  };
  const tree = copy(root);
  if (!found) return undefined;
  const outcome = negotiateTree(tree, environment);
  return { without: name, outcome, changes: before.ok && outcome.ok ? changesBetween(before, outcome) : [] };
}

function asJson(outcome: TreeOutcome, explanation: TreeExplanation | undefined, whatIf: WhatIf | undefined): unknown {
  return {
    ...resultJson(outcome),
    ...(explanation && {
      summary: explanation.summary,
      ...(explanation.children.length > 0 && { group_children: explanation.children }),
      ...(explanation.decisions && { decisions: explanation.decisions }),
      ...(explanation.explanation && { explanation: explanation.explanation }),
    }),
    ...(whatIf && { what_if: { without: whatIf.without, ...resultJson(whatIf.outcome), changes: whatIf.changes } }),
  };
}

function resultJson(outcome: TreeOutcome): object {
  const search = { combinations_tried: outcome.combinationsTried };
  if (!outcome.ok) return { status: "error", error: errorName(outcome.error), ...search };
  return {
    status: "ok",
    buffer_count: outcome.bufferCount,
    settings: toJson(SingleBufferSettings, outcome.settings),
    participants: outcome.participants.map((participant) => participant.name),
    ...search,
  };
}

const ERROR_NAMES: Readonly<Record<number, string>> = {
  1: "UNSPECIFIED",
  2: "PROTOCOL_DEVIATION",
  6: "CONSTRAINTS_INTERSECTION_EMPTY",
  7: "PENDING",
  8: "TOO_MANY_GROUP_CHILD_COMBINATIONS",
};

function errorName(error: number): string {
  return ERROR_NAMES[error] ?? String(error);
}

function asText(outcome: TreeOutcome, explanation: TreeExplanation | undefined, whatIf: WhatIf | undefined): string {
  const parts: string[] = [];
  if (outcome.ok) parts.push(settingsText(outcome, explanation?.decisions));
  else parts.push(`${errorName(outcome.error)}\n`);
  const rejected = explanation?.children.some((child) => child.status === "rejected") === true;
  if (explanation !== undefined && (!outcome.ok || rejected)) parts.push(`${explanation.summary}\n`);
  if (explanation?.explanation !== undefined) parts.push(explanationText(explanation.explanation));
  if (whatIf !== undefined) parts.push(whatIfText(whatIf));
  return parts.join("\n");
}

function settingsText(allocation: Allocation, decisions: readonly Decision[] | undefined): string {
  const rows: string[][] = [["buffer_count", String(allocation.bufferCount)]];
  addRows("", toJson(SingleBufferSettings, allocation.settings), rows);
  if (decisions === undefined) return `${formatTable(rows)}\n`;
  const reasons = new Map(decisions.map((decision) => [decision.setting, reasonText(decision)]));
  // A size is one setting here and two there.
  const shown = rows.map(([setting = "", value = ""]) => {
    const parts = [reasons.get(setting), reasons.get(`${setting}.width`), reasons.get(`${setting}.height`)];
    return [setting, value, [...new Set(parts.filter((part) => part))].join("; ")];
  });
  return `${formatTable(shown, { head: ["setting", "value", "because"] })}\n`;
}

function reasonText(decision: Decision): string {
  const who = decision.decidedBy.map(({ participant, text }) => `${participant} requires ${text}`);
  return [...(decision.note === undefined ? [] : [decision.note]), ...(decision.note === undefined ? who : [])].join(
    "; ",
  );
}

/** One row for each member; sizes, heaps and lists in one piece. */
function addRows(path: string, value: unknown, rows: string[][]): void {
  const isTable = typeof value === "object" && value !== null && !Array.isArray(value);
  if (isTable && (path === "" || path === "buffer_settings" || path === "image_format_constraints")) {
    for (const [key, member] of Object.entries(value)) addRows(path === "" ? key : `${path}.${key}`, member, rows);
  } else rows.push([path, valueText(value)]);
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  const members = value as { width?: number; height?: number; heap_type?: string; id?: string };
  if (members.heap_type !== undefined) return `${members.heap_type} ${members.id ?? ""}`.trim();
  return `${members.width}x${members.height}`;
}

function explanationText(explanation: Explanation): string {
  const lines: string[] = [];
  if (explanation.requirements.length > 0) {
    lines.push("cannot be met together:");
    const rows = explanation.requirements.map(({ participant, field, text }) => [participant, field, text]);
    lines.push(formatTable(rows, { indent: "  " }));
  }
  if (explanation.relaxations.length > 0) {
    if (lines.length > 0) lines.push("");
    lines.push(explanation.requirements.length > 0 ? "would work if:" : "what is missing:");
    for (const { text, isEnough } of explanation.relaxations) {
      const more =
        isEnough || explanation.requirements.length === 0 ? "" : " (and more: another conflict is behind this one)";
      lines.push(`  ${text}${more}`);
    }
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

function whatIfText({ without, outcome, changes }: WhatIf): string {
  if (!outcome.ok) return `without ${without}: ${errorName(outcome.error)}\n`;
  const head = `without ${without}: ${outcome.bufferCount} buffers of ${outcome.settings.bufferSettings.sizeBytes} bytes\n`;
  if (changes.length === 0) return head;
  const rows = changes.map(({ setting, before, after }) => [setting, valueText(before), "->", valueText(after)]);
  return `${head}${formatTable(rows, { indent: "  " })}\n`;
}
