/** `sysmem heaps`: where memory comes from, the server's quotas, and who uses how much of them. */
import type { CommandContext } from "@stricli/core";
import { toJson } from "#fidl";
import { Account, HeapState, Quota } from "#gen/sysmem_inspect";
import { poolTable } from "../inspect/pool-table.ts";
import { type InspectFlags, report } from "../inspect/report.ts";
import { bytes, safe, type Style } from "../inspect/words.ts";
import { formatTable } from "../table.ts";

/** Prints the tables, or the data as JSON. */
export function runHeaps(this: CommandContext, flags: InspectFlags): Promise<void> {
  return report(this, flags, async (inspection) => {
    const heaps = await inspection.heaps();
    const { quotas = [], server } = await inspection.server();
    const accounts = await inspection.accounts();
    return {
      data: {
        heaps: heaps.map((one) => toJson(HeapState, one)),
        quotas: quotas.map((one) => toJson(Quota, one)),
        accounts: accounts.map((one) => toJson(Account, one)),
      },
      text: (style) =>
        [
          heapTable(heaps, style),
          ...pools(heaps, style, server?.nowNs),
          quotaTable(quotas, style),
          accountTable(accounts, style),
        ]
          .filter(Boolean)
          .join("\n\n"),
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
  const rows = quotas.map((quota) => {
    const { name = "", used = 0n, limit = 0n } = quota;
    const text = /bytes$/i.test(name) ? bytes : String;
    return [safe(name), amount(used, limit, style, text(used)), text(limit), heaviestUser(quota)];
  });
  const head = ["QUOTA", "USED", "LIMIT", "MOST BY"];
  return formatTable(rows, { head: head.map((title) => style("bold", title)), right: [1, 2] });
}

const isTight = (used: bigint, limit: bigint | undefined): boolean =>
  limit !== undefined && Number(used) >= 0.9 * Number(limit);

function amount(used: bigint, limit: bigint | undefined, style: Style, text = String(used)): string {
  return isTight(used, limit) ? style("red", text) : text;
}

/** Who uses most of a quota that many have. */
export function heaviestUser({ collectionId, pid, uid }: Quota): string {
  if (collectionId !== undefined) return `collection ${collectionId}`;
  if (pid !== undefined) return `pid ${pid}`;
  return uid === undefined ? "" : `uid ${uid}`;
}

/** Every process and user with what it uses; empty when nobody uses anything. */
function accountTable(accounts: readonly Account[], style: Style): string {
  if (accounts.length === 0) return "";
  const rows = accounts.map(({ pid, uid, command, used = {}, limits = {} }) => [
    pid === undefined ? (uid === undefined ? "unknown users" : `uid ${uid}`) : `pid ${pid}`,
    safe(command),
    ...(["connections", "collections", "nodes", "buffers"] as const).map((kind) =>
      amount(used[kind] ?? 0n, limits[kind], style),
    ),
    amount(used.bytes ?? 0n, limits.bytes, style, bytes(used.bytes)),
    amount(used.descriptors ?? 0n, limits.descriptors, style),
  ]);
  const head = ["ACCOUNT", "PROCESS", "CONNECTIONS", "COLLECTIONS", "NODES", "BUFFERS", "MEMORY", "DESCRIPTORS"];
  return formatTable(rows, { head: head.map((title) => style("bold", title)), right: [2, 3, 4, 5, 6, 7] });
}
