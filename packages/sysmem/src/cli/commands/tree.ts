/** `sysmem tree`: the nodes of a collection, and who is being waited for. */
import type { CommandContext } from "@stricli/core";
import { Rights } from "#base";
import { toJson } from "#fidl";
import { Awaited, CollectionSummary, FailurePropagation, Node, NodeKind } from "#gen/sysmem_inspect";
import { InspectionError } from "../inspect/errors.ts";
import { type InspectFlags, report } from "../inspect/report.ts";
import { awaitedText, collectionTitle, safe, stateText, type Style } from "../inspect/words.ts";

interface Shown {
  readonly summary: CollectionSummary;
  readonly nodes: readonly Node[];
}

/** Prints the tree of one collection, by its id or its name, or all trees. */
export function runTree(this: CommandContext, flags: InspectFlags, id?: string): Promise<void> {
  return report(this, flags, async (inspection) => {
    const ids =
      id === undefined
        ? (await inspection.collections()).map((one) => one.collectionId ?? 0n)
        : [await inspection.find(id)];
    const shown: Shown[] = [];
    for (const collectionId of ids) {
      const summary = (await inspection.collection(collectionId))?.summary;
      // It may have gone since it was listed.
      if (summary !== undefined) shown.push({ summary, nodes: await inspection.nodes(collectionId) });
    }
    if (id !== undefined && shown.length === 0) throw new InspectionError("NO_COLLECTION", `collection ${id} is gone`);
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

/** One collection's tree. */
export function treeText({ summary, nodes }: Shown, style: Style): string {
  const title = style("bold", collectionTitle(summary.collectionId, summary.name));
  const lines = [`${title}: ${stateText(summary)}`];
  if (nodes.length === 0) lines.push("no node is left; VMOs keep its buffers (sysmem why-alive says whose)");
  const children = new Map<bigint, Node[]>();
  for (const node of nodes) {
    if (node.parentId === undefined) continue;
    const siblings = children.get(node.parentId) ?? [];
    siblings.push(node);
    children.set(node.parentId, siblings);
  }
  // By hand, not by recursion: clients choose the depth.
  const open = nodes.filter((node) => node.parentId === undefined).map((node) => ({ node, lead: "", branch: "" }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, lead, branch } = next;
    lines.push(`${lead}${branch}${nodeText(node, nodes, style)}`);
    const below = children.get(node.nodeId ?? 0n) ?? [];
    const indent = branch === "" ? "" : branch.startsWith("├") ? "│  " : "   ";
    below.toReversed().forEach((child, index) => {
      open.push({ node: child, lead: lead + indent, branch: index === 0 ? "└─ " : "├─ " });
    });
  }
  return lines.join("\n");
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
