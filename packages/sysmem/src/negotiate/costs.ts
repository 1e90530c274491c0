/**
 * Which of several possible formats to prefer. Nothing is compiled in: costs come from configuration, and without
 * them every format costs the same. Source: `fuchsia.sysmem2.FormatCosts`.
 */
import { USAGE_FIELDS, type UsageField } from "./usage.ts";
import type { BufferUsage, FormatCostEntry } from "./wire-types.ts";

/** The cost of a format that no entry names: more than any entry can say. */
export const NO_COST: number = Number.MAX_VALUE;

interface CostRow {
  readonly cpu: number;
  readonly vulkan: number;
  readonly display: number;
  readonly video: number;
  readonly bits: number;
  readonly cost: number;
}

/** Costs ready for lookup. Made by `costTable`. */
export interface CostTable {
  /** The layered entries, in the order in which later ones win ties. */
  readonly entries: readonly FormatCostEntry[];
  /** pixel format -> modifier -> entries. */
  readonly index: ReadonlyMap<number, ReadonlyMap<bigint, readonly CostRow[]>>;
}

/** No costs: ties are broken by the smaller pixel format value, then the smaller modifier. */
export const NO_COSTS: CostTable = { entries: [], index: new Map() };

/**
 * Layers cost files: the first is the base (board), later ones win. An entry with the key of an earlier one replaces
 * it. Entries without a key, a pixel format or a finite cost are ignored: the caller reports them.
 */
export function costTable(...files: (readonly FormatCostEntry[])[]): CostTable {
  const byKey = new Map<string, { entry: FormatCostEntry; pixelFormat: number; cost: number }>();
  for (const entry of files.flat()) {
    const { key, cost } = entry;
    if (key?.pixelFormat === undefined || cost === undefined || !Number.isFinite(cost)) continue;
    const text = costKeyText(entry);
    byKey.delete(text);
    byKey.set(text, { entry, pixelFormat: key.pixelFormat, cost });
  }
  const kept = [...byKey.values()];
  const index = new Map<number, Map<bigint, CostRow[]>>();
  for (const { entry, pixelFormat, cost } of kept) {
    const usage = entry.key?.bufferUsageBits ?? {};
    const bits = USAGE_FIELDS.reduce((sum, field) => sum + (field === "none" ? 0 : countBits(usage[field] ?? 0)), 0);
    const row: CostRow = {
      cpu: usage.cpu ?? 0,
      vulkan: usage.vulkan ?? 0,
      display: usage.display ?? 0,
      video: usage.video ?? 0,
      bits,
      cost: Math.fround(cost),
    };
    let modifiers = index.get(pixelFormat);
    if (modifiers === undefined) index.set(pixelFormat, (modifiers = new Map()));
    const modifier = entry.key?.pixelFormatModifier ?? 0n;
    const rows = modifiers.get(modifier);
    if (rows === undefined) modifiers.set(modifier, [row]);
    else rows.push(row);
  }
  return { entries: kept.map(({ entry }) => entry), index };
}

/** Text that is equal exactly for equal keys, un-set members standing for their defaults. */
export function costKeyText(entry: FormatCostEntry): string {
  const usage = USAGE_FIELDS.map((field: UsageField) => entry.key?.bufferUsageBits?.[field] ?? 0).join(",");
  return `${entry.key?.pixelFormat}/${entry.key?.pixelFormatModifier ?? 0n}/${usage}`;
}

/**
 * Cost of a specific format for an aggregated usage: of the entries whose usage bits are all used, the one with most
 * bits, and of equals the later one.
 */
export function formatCost(table: CostTable, pixelFormat: number, modifier: bigint, usage: BufferUsage): number {
  const rows = table.index.get(pixelFormat)?.get(modifier);
  if (rows === undefined) return NO_COST;
  const cpu = usage.cpu ?? 0;
  const vulkan = usage.vulkan ?? 0;
  const display = usage.display ?? 0;
  const video = usage.video ?? 0;
  let cost = NO_COST;
  let most = -1;
  for (const row of rows) {
    if ((row.cpu & ~cpu) | (row.vulkan & ~vulkan) | (row.display & ~display) | (row.video & ~video)) continue;
    if (row.bits < most) continue;
    most = row.bits;
    cost = row.cost;
  }
  return cost;
}

function countBits(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}
