/** `sysmem tree`: the nodes of a collection, and who is being waited for. */
import type { CommandContext } from "@stricli/core";
import { Rights } from "#base";
import { toJson } from "#fidl";
import { Awaited, CollectionSummary, Failure, FailurePropagation, Node, NodeKind } from "#gen/sysmem_inspect";
import type { FailedTree, Inspection } from "../inspect/connection.ts";
import { InspectionError } from "../inspect/errors.ts";
import { type InspectFlags, type Report, report } from "../inspect/report.ts";
import { awaitedText, collectionTitle, safe, stateText, type Style } from "../inspect/words.ts";
import { failureTitle } from "./explain.ts";

interface Shown {
  readonly summary: CollectionSummary;
  readonly nodes: readonly Node[];
}

/** Prints the tree of one collection, by its id or its name, all trees, or the tree of what failed. */
export function runTree(this: CommandContext, flags: InspectFlags, id?: string): Promise<void> {
  return report(this, flags, async (inspection) => {
    if (id === "last") return reportFailed(inspection, (await inspection.failures()).slice(0, 1));
    const ids =
      id === undefined
        ? (await inspection.collections()).map((one) => one.collectionId ?? 0n)
        : [await inspection.findAlsoFailed(id)];
    const shown: Shown[] = [];
    for (const collectionId of ids) {
      const summary = (await inspection.collection(collectionId))?.summary;
      // It may have gone since it was listed.
      if (summary !== undefined) shown.push({ summary, nodes: await inspection.nodes(collectionId) });
    }
    if (id !== undefined && shown.length === 0) {
      const failures = await inspection.failures(ids[0]);
      if (failures.length === 0) throw new InspectionError("NO_COLLECTION", `collection ${id} is gone`);
      return reportFailed(inspection, failures);
    }
    return {
      data: {
        collections: shown.map(({ summary, nodes }) => ({
          ...(toJson(CollectionSummary, summary) as object),
          nodes: nodes.map((node) => toJson(Node, node)),
        })),
      },
      text: (style) => (shown.length === 0 ? "no collections" : shown.map((one) => treeText(one, style)).join("\n\n")),
    };
  });
}

/** What failed, newest first: each with its nodes as they were at that moment. */
async function reportFailed(inspection: Inspection, failures: readonly Failure[]): Promise<Report> {
  const nowNs = (await inspection.server()).server?.nowNs ?? 0n;
  const shown: { readonly failure: Failure; readonly tree: FailedTree | undefined }[] = [];
  for (const failure of failures) {
    shown.push({ failure, tree: await inspection.failedTree(failure.failureId ?? 0n) });
  }
  return {
    data: {
      failures: shown.map(({ failure, tree }) => ({
        ...(toJson(Failure, failure) as object),
        ...(tree && { nodes: tree.nodes.map((node) => toJson(Node, node)), is_shortened: tree.isShortened }),
      })),
    },
    text: (style) => {
      if (shown.length === 0) return "nothing has failed";
      return shown.map(({ failure, tree }) => failedText(failure, tree, nowNs, style)).join("\n\n");
    },
  };
}

function failedText(failure: Failure, tree: FailedTree | undefined, nowNs: bigint, style: Style): string {
  const lines = [failureTitle(failure, nowNs, style)];
  if (tree === undefined) {
    // An Allocator has none.
    if (failure.collectionId !== undefined) lines.push("its nodes are not kept any more: newer failures have theirs");
    return lines.join("\n");
  }
  lines.push("as it was:", ...nodeLines(tree.nodes, style, failure.nodeId));
  if (tree.isShortened) lines.push("(shortened: the server keeps no more of one failure)");
  return lines.join("\n");
}

/** One collection's tree. */
export function treeText({ summary, nodes }: Shown, style: Style): string {
  const title = style("bold", collectionTitle(summary.collectionId, summary.name));
  const lines = [`${title}: ${stateText(summary)}`];
  if (nodes.length === 0) lines.push("no node is left; VMOs keep its buffers (sysmem why-alive says whose)");
  return [...lines, ...nodeLines(nodes, style)].join("\n");
}

/** @param culprit the node that a failure started with */
function nodeLines(nodes: readonly Node[], style: Style, culprit?: bigint): string[] {
  const lines: string[] = [];
  const known = new Set(nodes.map(({ nodeId }) => nodeId));
  const isTop = ({ parentId }: Node): boolean => parentId === undefined || !known.has(parentId);
  const children = new Map<bigint, Node[]>();
  for (const node of nodes) {
    if (isTop(node) || node.parentId === undefined) continue;
    const siblings = children.get(node.parentId) ?? [];
    siblings.push(node);
    children.set(node.parentId, siblings);
  }
  // By hand, not by recursion: clients choose the depth.
  const open = nodes.filter(isTop).map((node) => ({ node, lead: "", branch: "" }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, lead, branch } = next;
    const mark = node.nodeId === culprit ? `  ${style("red", "failed first")}` : "";
    lines.push(`${lead}${branch}${nodeText(node, nodes, style)}${mark}`);
    const below = children.get(node.nodeId ?? 0n) ?? [];
    const indent = branch === "" ? "" : branch.startsWith("├") ? "│  " : "   ";
    below.toReversed().forEach((child, index) => {
      open.push({ node: child, lead: lead + indent, branch: index === 0 ? "└─ " : "├─ " });
    });
  }
  return lines;
}

const KINDS: Readonly<Record<number, string>> = {
  [NodeKind.TOKEN]: "token",
  [NodeKind.COLLECTION]: "collection",
  [NodeKind.GROUP]: "group",
  [NodeKind.ORPHAN]: "orphan",
};

function nodeText(node: Node, nodes: readonly Node[], style: Style): string {
  const kind = KINDS[node.kind ?? 0] ?? "node";
  const name = safe(node.client) || "(no name)";
  const words = [
    style("cyan", name),
    node.isGroup === true && kind === "orphan" ? "group, orphan" : kind,
    `#${node.nodeId}`,
  ];
  if (node.pid !== undefined) words.push(`pid ${node.pid}${node.command ? ` (${safe(node.command)})` : ""}`);
  const awaited = awaitedText(node.awaited);
  if (node.awaited !== undefined && node.awaited !== Awaited.NOTHING) words.push(style("yellow", awaited));
  else words.push(style("green", node.isAllocated === true ? "allocated" : "ready"));
  words.push(...marks(node, nodes));
  return words.join("  ");
}

function marks(node: Node, nodes: readonly Node[]): string[] {
  const parent = nodes.find((one) => one.nodeId === node.parentId);
  const rights = node.rightsMask ?? 0;
  return [
    node.isAttached === true && "attached",
    node.propagation === FailurePropagation.PROPAGATE_BEFORE_ALLOCATION && "dispensable",
    node.isWeak === true && node.kind !== NodeKind.ORPHAN && "weak",
    node.isWeakOk === true && "weak-ok",
    (rights & Rights.WRITE) === 0 && "read-only",
    (node.pendingWaits ?? 0) > 0 && "waits for buffers",
    node.generation === 1 && "v1",
    parent?.selectedChildId !== undefined && parent.selectedChildId === node.nodeId && "selected",
  ].filter((mark) => mark !== false);
}
