/** `sysmem ls`: the collections of a server. */
import type { CommandContext } from "@stricli/core";
import { toJson } from "#fidl";
import { AllocationState, CollectionSummary } from "#gen/sysmem_inspect";
import { type InspectFlags, outputOf, report } from "../inspect/report.ts";
import { bytes, duration, formatText, safe, stateText, type Style } from "../inspect/words.ts";
import { clipColumns, formatTable } from "../table.ts";

/** Columns of a name, and of a list of clients. */
const NAME_WIDTH = 32;

/** Prints the table, or the data as JSON. */
export function runLs(this: CommandContext, flags: InspectFlags): Promise<void> {
  return report(this, flags, async (inspection) => {
    const [collections, { server }] = [await inspection.collections(), await inspection.server()];
    return {
      data: { collections: collections.map((one) => toJson(CollectionSummary, one)) },
      text: (style) => lsText(collections, server?.nowNs ?? 0n, style, outputOf(this).columns),
    };
  });
}

/** The table of `sysmem ls`, also the body of `sysmem top`. On a terminal lines are cut where it ends, as `ps` does. */
export function lsText(
  collections: readonly CollectionSummary[],
  nowNs: bigint,
  style: Style,
  columns: number = Number.POSITIVE_INFINITY,
): string {
  if (collections.length === 0) return "no collections";
  const rows = collections.map((one) => [
    String(one.collectionId),
    short(safe(one.name) || "-"),
    coloured(one, style),
    one.bufferCount === undefined ? "" : `${one.existingBuffers ?? 0}/${one.bufferCount}`,
    one.sizeBytes === undefined ? "" : bytes(one.sizeBytes),
    formatText(one),
    String(one.nodeCount ?? 0),
    String((one.strongVmos ?? 0) + (one.weakVmos ?? 0)),
    duration(nowNs - (one.createdAtNs ?? nowNs)),
    short((one.clients ?? []).map(safe).join(", ")),
  ]);
  const head = ["ID", "NAME", "STATE", "BUFFERS", "SIZE", "FORMAT", "NODES", "VMOS", "AGE", "CLIENTS"];
  const table = formatTable(rows, { head: head.map((title) => style("bold", title)), right: [3, 4, 6, 7, 8] });
  return table
    .split("\n")
    .map((line) => clipColumns(line, columns))
    .join("\n");
}

function coloured(summary: CollectionSummary, style: Style): string {
  const text = stateText(summary);
  if (summary.allocation === AllocationState.ALLOCATED)
    return style(summary.nodeCount === 0 ? "yellow" : "green", text);
  return style(summary.allocation === AllocationState.FAILED ? "red" : "yellow", text);
}

function short(text: string): string {
  return clipColumns(text, NAME_WIDTH, "...");
}
