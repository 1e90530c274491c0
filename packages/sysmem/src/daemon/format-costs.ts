/**
 * Files of format costs. In our notation: a list `format_costs` in TOML or JSON. In the original's: a persistent FIDL
 * `fuchsia.sysmem2/FormatCosts`, under any other name. Source: negotiation contract 4.3.
 */
import { PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import { type FormatCostEntry, FormatCosts } from "#gen/fuchsia_sysmem2";
import { DaemonError } from "./errors.ts";
import { readConfigurationFile, readSettings, Section, type Value } from "./settings.ts";

/** Reads one file. Entries of later files replace those of earlier ones with the same key. Throws `DaemonError` CONFIG. */
export async function loadFormatCosts(path: string): Promise<readonly FormatCostEntry[]> {
  if (!/\.(json|toml)$/.test(path)) return persistentFormatCosts(path);
  const root = new Section(await readSettings(path), path, "");
  const costs = root.required("format_costs").list().map(formatCost);
  root.rejectUnknown();
  return costs;
}

function persistentFormatCosts(path: string): readonly FormatCostEntry[] {
  let costs: readonly FormatCostEntry[];
  try {
    costs = FormatCosts.decodePersistent(readConfigurationFile(path)).formatCosts ?? [];
  } catch (error) {
    if (error instanceof DaemonError) throw error;
    const why = `it is no persistent fuchsia.sysmem2/FormatCosts: ${(error as Error).message}`;
    throw new DaemonError("CONFIG", `cannot read format costs ${path}: ${why}`, { cause: error });
  }
  costs.forEach(({ key, cost }, index) => {
    const missing = key?.pixelFormat === undefined ? "key.pixel_format" : cost === undefined ? "cost" : undefined;
    if (missing !== undefined) {
      throw new DaemonError("CONFIG", `cannot read format costs ${path}: format_costs[${index}].${missing} is missing`);
    }
    if (!Number.isFinite(cost)) {
      const why = `format_costs[${index}].cost must be a finite number, not ${cost}`;
      throw new DaemonError("CONFIG", `cannot read format costs ${path}: ${why}`);
    }
  });
  return costs;
}

/** One entry of `format_costs`. Format and modifier by name or by number; modifier absent = LINEAR, usage absent = no bits. */
export function formatCost(value: Value): FormatCostEntry {
  const section = value.section();
  const usage = section.get("usage")?.section();
  const bits = (name: string) => {
    const bit = usage?.get(name);
    return bit === undefined ? {} : { [name]: bit.uint32() };
  };
  const entry: FormatCostEntry = {
    key: {
      pixelFormat: section.required("pixel_format").member(PixelFormat),
      pixelFormatModifier:
        section.get("pixel_format_modifier")?.member(PixelFormatModifier) ?? PixelFormatModifier.LINEAR,
      bufferUsageBits: { ...bits("none"), ...bits("cpu"), ...bits("vulkan"), ...bits("display"), ...bits("video") },
    },
    cost: section.required("cost").number(),
  };
  usage?.rejectUnknown();
  section.rejectUnknown();
  return entry;
}
