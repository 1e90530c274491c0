/** `sysmem why-alive`: what keeps a collection's buffers from being freed, process by process. */
import type { CommandContext } from "@stricli/core";
import { toJson } from "#fidl";
import { Buffer, type CollectionSummary, Holder, HolderKind, Node, NodeKind } from "#gen/sysmem_inspect";
import { InspectionError } from "../inspect/errors.ts";
import { type InspectFlags, report } from "../inspect/report.ts";
import { bytes, collectionTitle, count, ranges, safe, stateText, type Style } from "../inspect/words.ts";
import { formatTable } from "../table.ts";

interface Found {
  readonly summary: CollectionSummary;
  readonly nodes: readonly Node[];
  readonly buffers: readonly Buffer[];
  readonly holders: readonly Holder[];
  readonly hiddenProcesses: number;
}

/** Looks for the holders of a collection's buffers and prints them. */
export function runWhyAlive(this: CommandContext, flags: InspectFlags, what: string): Promise<void> {
  return report(this, flags, async (inspection) => {
    const id = await inspection.find(what);
    const summary = (await inspection.collection(id))?.summary;
    if (summary === undefined) throw new InspectionError("NO_COLLECTION", `collection ${id} is gone`);
    const found: Found = {
      summary,
      nodes: await inspection.nodes(id),
      buffers: await inspection.buffers(id),
      ...(await inspection.holders(id)),
    };
    return {
      data: {
        collection_id: String(id),
        participants: participants(found).map((node) => toJson(Node, node)),
        buffers: found.buffers.map((one) => toJson(Buffer, one)),
        holders: found.holders.map((one) => toJson(Holder, one)),
        hidden_processes: found.hiddenProcesses,
      },
      text: (style) => whyAliveText(found, style),
    };
  });
}

/** Nodes that keep the buffers: those with a channel that are not weak. */
function participants({ nodes }: Found): Node[] {
  return nodes.filter(({ kind, isWeak }) => kind !== NodeKind.ORPHAN && isWeak !== true);
}

/** The whole answer. */
export function whyAliveText(found: Found, style: Style): string {
  const { summary, buffers, holders, hiddenProcesses } = found;
  const title = style("bold", collectionTitle(summary.collectionId, summary.name));
  const size = bytes(buffers.reduce((sum, { sizeBytes = 0n }) => sum + sizeBytes, 0n));
  const lines = [`${title}: ${stateText(summary)}, ${count(buffers.length, "buffer")}, ${size}`, ""];
  if (buffers.length === 0) {
    lines.push("it has no buffers");
    return lines.join("\n");
  }
  const connected = participants(found);
  if (connected.length > 0) {
    lines.push(`${count(connected.length, "participant")} still connected, which keeps every buffer:`);
    const rows = connected.map(({ client, nodeId, pid, command }) => [
      style("cyan", safe(client) || "(no name)"),
      `#${nodeId}`,
      pid === undefined ? "" : `pid ${pid}`,
      safe(command),
    ]);
    lines.push(formatTable(rows, { indent: "  " }), "");
  }
  const byProcess = [...grouped(holders).values()];
  if (byProcess.length > 0) {
    lines.push("processes that hold its memory:");
    lines.push(
      formatTable(
        byProcess.map((some) => processRow(some, style)),
        { indent: "  ", head: ["PID", "PROCESS", "BUFFERS", "HOLDS", "VMO OF"].map((one) => style("bold", one)) },
      ),
    );
  }
  const lost = holders.filter(({ kind }) => kind === HolderKind.NOT_FOUND);
  if (lost.length > 0) {
    const of = [...new Set(lost.map((one) => safe(one.client)).filter(Boolean))].join(", ");
    const hidden =
      hiddenProcesses > 0 ? `, or with one of ${hiddenProcesses} processes that the server may not look into` : "";
    lines.push(
      "",
      `${count(lost.length, "VMO")}${of && ` sent to ${of}`} in no process: in a message that nobody has read yet${hidden}`,
    );
  }
  const first = buffers.filter(({ strongVmos, weakVmos }) => strongVmos === 0 && weakVmos === 0);
  if (connected.length === 0 && byProcess.length === 0 && first.length > 0) {
    lines.push(`the heap has not answered the deletion of ${count(first.length, "buffer")}`);
  }
  return lines.join("\n");
}

/** Memory held, by process and by the participant whose VMO it is. */
function grouped(holders: readonly Holder[]): Map<string, Holder[]> {
  const groups = new Map<string, Holder[]>();
  for (const holder of holders) {
    if (holder.kind !== HolderKind.DESCRIPTOR && holder.kind !== HolderKind.MAPPING) continue;
    const key = `${holder.pid} ${holder.client ?? ""} ${holder.nodeId ?? ""} ${holder.isWeak ?? ""}`;
    const group = groups.get(key) ?? [];
    group.push(holder);
    groups.set(key, group);
  }
  return groups;
}

function processRow(some: readonly Holder[], style: Style): string[] {
  const [first] = some as [Holder];
  const descriptors = some.filter(({ kind }) => kind === HolderKind.DESCRIPTOR);
  const mappings = some.filter(({ kind }) => kind === HolderKind.MAPPING);
  const what = [
    descriptors.length > 0 && count(descriptors.length, "descriptor"),
    mappings.length > 0 && count(mappings.length, "mapping"),
  ].filter((one) => one !== false);
  const strength = first.isWeak === undefined ? "" : first.isWeak ? " (weak)" : " (strong)";
  const receiver = first.receiverPid === undefined ? "" : `, sent to pid ${first.receiverPid}`;
  const owner = first.client === undefined ? "nobody: opened anew" : `${safe(first.client) || "(no name)"}${receiver}`;
  return [
    String(first.pid),
    safe(first.command),
    ranges(some.map(({ bufferIndex = 0 }) => bufferIndex)),
    `${what.join(", ")}${strength}`,
    style("cyan", owner),
  ];
}
