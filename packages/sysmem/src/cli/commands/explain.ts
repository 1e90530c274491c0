/** `sysmem explain`: why there are no buffers, and who is to be asked; or who decided what there is. */
import type { CommandContext } from "@stricli/core";
import { toJson } from "#fidl";
import {
  CollectionDetail,
  Decision,
  type Explanation,
  type Failure,
  FailureKind,
  type Finding,
  Holder,
  HolderKind,
  InspectorGetFailureResponse,
  Severity,
} from "#gen/sysmem_inspect";
import type { Inspection } from "../inspect/connection.ts";
import { InspectionError } from "../inspect/errors.ts";
import { failedNodes } from "../inspect/failed-nodes.ts";
import { type InspectFlags, type Report, report } from "../inspect/report.ts";
import { collectionTitle, count, duration, errorName, safe, stateText, type Style } from "../inspect/words.ts";
import { formatTable } from "../table.ts";

/** Explains the last failure, or the failures and the present state of a collection, by its id or its name. */
export function runExplain(this: CommandContext, flags: InspectFlags, what = "last"): Promise<void> {
  return report(this, flags, async (inspection) => {
    if (what === "last") return explainLast(inspection, flags);
    const id = await inspection.findAlsoFailed(what);
    const nowNs = (await inspection.server()).server?.nowNs ?? 0n;
    const failures = (await inspection.failures(id)).toReversed();
    const explained = await Promise.all(failures.map((one) => inspection.failure(one.failureId ?? 0n)));
    const known = explained.filter((one) => one !== undefined);
    const detail = await inspection.collection(id);
    if (detail === undefined && known.length === 0) {
      throw new InspectionError("NO_COLLECTION", `collection ${id} is gone, and no failure of it is remembered`);
    }
    const live = detail && (await lookAt(inspection, id, detail));
    return {
      data: {
        failures: await asData(inspection, flags, known),
        ...(live && {
          collection: toJson(CollectionDetail, live.detail),
          holders_of_waiting: live.waitingHolders.map((one) => toJson(Holder, one)),
          decisions: live.decisions.map((one) => toJson(Decision, one)),
        }),
      },
      text: (style) =>
        [...known.map((one) => failureText(one, nowNs, style)), ...(live ? [liveText(live, style)] : [])].join("\n\n"),
    };
  });
}

/** With the nodes of each, which costs calls of their own. */
async function asData(
  inspection: Inspection,
  { json }: InspectFlags,
  failures: readonly InspectorGetFailureResponse[],
): Promise<object[]> {
  if (!json) return [];
  const data: object[] = [];
  for (const one of failures) {
    const nodes = await failedNodes(inspection, one.failure?.failureId ?? 0n);
    data.push({ ...(toJson(InspectorGetFailureResponse, one) as object), ...nodes });
  }
  return data;
}

async function explainLast(inspection: Inspection, flags: InspectFlags): Promise<Report> {
  const [newest] = await inspection.failures();
  const nowNs = (await inspection.server()).server?.nowNs ?? 0n;
  const failure = newest && (await inspection.failure(newest.failureId ?? 0n));
  return {
    data: { failures: await asData(inspection, flags, failure === undefined ? [] : [failure]) },
    text: (style) => (failure === undefined ? "nothing has failed" : failureText(failure, nowNs, style)),
  };
}

/** One failure, explained. */
export function failureText(
  { failure, explanation }: InspectorGetFailureResponse,
  nowNs: bigint,
  style: Style,
): string {
  const title = failureTitle(failure ?? {}, nowNs, style);
  if (explanation === undefined) return [title, "", safe(failure?.reason)].join("\n");
  return [title, "", ...explanationLines(explanation, style)].join("\n");
}

const KINDS: Readonly<Record<number, string>> = {
  [FailureKind.NEGOTIATION]: "the constraints have no common solution",
  [FailureKind.MEMORY]: "there is not enough memory",
  [FailureKind.PARTICIPANT]: "a participant failed",
  [FailureKind.ALLOCATOR]: "a connection to the Allocator was closed",
};

/** When and how a collection failed, and whose fault it was. */
export function failureTitle(failure: Failure, nowNs: bigint, style: Style): string {
  const { collectionId, collectionName, kind, atNs = nowNs, error, attempt } = failure;
  const where = collectionId === undefined ? "" : `${collectionTitle(collectionId, collectionName)}: `;
  const late = attempt === "late" ? "late participant: " : "";
  const what = style("red", `${late}${KINDS[kind ?? 0] ?? "a failure"} (${errorName(error)})`);
  const lines = [`${where}${what}, ${duration(nowNs - atNs)} ago`];
  if (failure.participant !== undefined) {
    const pid = failure.pid === undefined ? "" : `, pid ${failure.pid}`;
    lines.push(`participant: ${safe(failure.participant)}${pid}`);
  } else if (failure.pid !== undefined) lines.push(`process: pid ${failure.pid}`);
  if (failure.field !== undefined && failure.field !== "") lines.push(`field: ${safe(failure.field)}`);
  return lines.join("\n");
}

function explanationLines(explanation: Explanation, style: Style): string[] {
  const { summary, requirements = [], relaxations = [], children = [], isShortened } = explanation;
  const lines = [safe(summary)];
  if (requirements.length > 0) {
    const rows = requirements.map(({ participant, field, text }) => [
      style("cyan", safe(participant)),
      safe(field),
      safe(text),
    ]);
    lines.push("", formatTable(rows, { head: ["PARTICIPANT", "FIELD", "REQUIRES"].map((one) => style("bold", one)) }));
  }
  if (children.length > 0) {
    const rows = children.map(({ group, name, status, summary: why }) => [
      safe(group),
      safe(name),
      style(status === "selected" ? "green" : "yellow", safe(status)),
      safe(why),
    ]);
    lines.push("", formatTable(rows, { head: ["GROUP", "CHILD", "OUTCOME", "WHY"].map((one) => style("bold", one)) }));
  }
  if (relaxations.length > 0) {
    lines.push("", requirements.length > 0 ? "It would work if" : "What is missing:");
    for (const { text, isEnough } of relaxations) {
      const rest =
        isEnough === true || requirements.length === 0 ? "" : " (and more: another conflict is behind this one)";
      lines.push(`  ${style("green", "+")} ${safe(text)}${rest}`);
    }
  }
  if (isShortened === true) lines.push("", "(shortened: there is more than one answer of the server holds)");
  return lines;
}

interface Live {
  readonly detail: CollectionDetail;
  readonly decisions: readonly Decision[];
  readonly waitingHolders: readonly Holder[];
}

async function lookAt(inspection: Inspection, id: bigint, detail: CollectionDetail): Promise<Live> {
  const waiting = (detail.findings ?? []).filter(({ severity }) => severity === Severity.WAITING);
  const nodes = new Set(waiting.map(({ nodeId }) => nodeId));
  const { holders } = waiting.length === 0 ? { holders: [] } : await inspection.holders(id);
  return {
    detail,
    decisions: await inspection.decisions(id),
    waitingHolders: holders.filter(({ kind, nodeId }) => kind === HolderKind.CHANNEL && nodes.has(nodeId)),
  };
}

function liveText({ detail, decisions, waitingHolders }: Live, style: Style): string {
  const { summary = {}, findings = [] } = detail;
  const title = style("bold", collectionTitle(summary.collectionId, summary.name));
  const lines = [`${title}: ${stateText(summary)}`];
  if (findings.length > 0) lines.push("", ...findings.map((one) => findingText(one, waitingHolders, style)));
  if (decisions.length > 0) {
    const rows = decisions
      .filter(isInteresting)
      .map(({ setting, value, decidedBy = [] }) => [
        safe(setting),
        valueText(value),
        [...new Set(decidedBy.map((one) => `${safe(one.participant)}: ${safe(one.field)}`))].join("\n"),
      ]);
    lines.push("", formatTable(rows, { head: ["SETTING", "VALUE", "DECIDED BY"].map((one) => style("bold", one)) }));
    // Settings that were decided together have one note.
    for (const note of new Set(decisions.flatMap((one) => one.note ?? []))) lines.push(safe(note));
    const left = decisions.length - rows.length;
    if (left > 0) lines.push(`(${count(left, "other setting")}: --json has all)`);
  }
  if (findings.length === 0 && decisions.length === 0) lines.push("nothing is the matter with it");
  return lines.join("\n");
}

/** Names without their quotes, and the heap by its type. */
function valueText(value: string | undefined): string {
  const heap = /^\{"heap_type":"([^"]*)"(?:,"id":"0")?\}$/.exec(value ?? "")?.[1];
  return safe(heap ?? (value ?? "").replace(/^"(.*)"$/, "$1"));
}

/** What somebody asked for, and what everybody wants to know. */
function isInteresting({ setting, decidedBy = [], note }: Decision): boolean {
  // It follows from the size.
  if (setting === "buffer_settings.raw_vmo_size") return false;
  return decidedBy.length > 0 || note !== undefined || setting === "buffer_count" || setting === "buffer_settings.heap";
}

const SEVERITIES: Readonly<Record<number, readonly [string, "yellow" | "red" | "gray"]>> = {
  [Severity.WAITING]: ["waiting", "yellow"],
  [Severity.PROBLEM]: ["problem", "red"],
  [Severity.NOTE]: ["note", "gray"],
};

function findingText({ severity, text, field, nodeId }: Finding, holders: readonly Holder[], style: Style): string {
  const [word, colour] = SEVERITIES[severity ?? 0] ?? ["note", "gray"];
  const lines = [`${style(colour, word)}: ${safe(text)}${field ? ` [${safe(field)}]` : ""}`];
  const holding = new Map<number, string>();
  for (const one of holders) {
    if (one.nodeId === nodeId && one.pid !== undefined) holding.set(one.pid, safe(one.command));
  }
  for (const [pid, command] of holding) lines.push(`  its channel is held by pid ${pid} (${command})`);
  return lines.join("\n");
}
