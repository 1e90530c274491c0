/** `sysmem heaps`: where memory comes from, and the server's quotas. */
import type { CommandContext } from "@stricli/core";
import { toJson } from "#fidl";
import { HeapState, Quota } from "#gen/sysmem_inspect";
import { poolTable } from "../inspect/pool-table.ts";
import { type InspectFlags, report } from "../inspect/report.ts";
import { bytes, safe, type Style } from "../inspect/words.ts";
import { formatTable } from "../table.ts";

export function runHeaps(this: CommandContext, flags: InspectFlags): Promise<void> {
  return report(this, flags, async (inspection) => {
    const heaps = await inspection.heaps();
    const { quotas = [], server } = await inspection.server();
    return {
      data: {
        heaps: heaps.map((one) => toJson(HeapState, one)),
        quotas: quotas.map((one) => toJson(Quota, one)),
      },
      text: (style) =>
        [heapTable(heaps, style), ...pools(heaps, style, server?.nowNs), quotaTable(quotas, style)].join("\n\n"),
    };
  });
}

function heapTable(heaps: readonly HeapState[], style: Style): string {
  const rows = heaps.map(({ heap, description, bufferCount, bufferBytes, collectionCount, isSecure, ...domains }) => [
    safe(heap?.heapType),
    String(heap?.id ?? 0n),
    [domains.cpuDomain && "CPU", domains.ramDomain && "RAM", domains.inaccessibleDomain && "INACCESSIBLE"]
      .filter(Boolean)
      .join(" "),
    isSecure === true ? "yes" : "no",
    String(collectionCount ?? 0),
    String(bufferCount ?? 0),
    bytes(bufferBytes),
    safe(description),
  ]);
  const head = ["HEAP", "ID", "DOMAINS", "SECURE", "COLLECTIONS", "BUFFERS", "IN USE", "DESCRIPTION"];
  return formatTable(rows, { head: head.map((title) => style("bold", title)), right: [1, 4, 5, 6] });
}

function pools(heaps: readonly HeapState[], style: Style, nowNs: bigint | undefined): string[] {
  return heaps.flatMap(({ pools: own = [] }) => own).map((pool) => poolTable(pool, style, nowNs ?? 0n));
}

function quotaTable(quotas: readonly Quota[], style: Style): string {
  const rows = quotas.map(({ name, used = 0n, limit = 0n, collectionId }) => {
    const isTight = Number(used) >= 0.9 * Number(limit);
    return [safe(name), style(isTight ? "red" : "reset", String(used)), String(limit), String(collectionId ?? "")];
  });
  const head = ["QUOTA", "USED", "LIMIT", "BY COLLECTION"];
  return formatTable(rows, { head: head.map((title) => style("bold", title)), right: [1, 2] });
}
