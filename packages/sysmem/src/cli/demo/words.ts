/** Constraints and settings in words short enough for a table. */
import type { BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import { CPU_USAGE_READ, CPU_USAGE_READ_OFTEN, CPU_USAGE_WRITE, CPU_USAGE_WRITE_OFTEN } from "#gen/fuchsia_sysmem2";
import { PixelFormat } from "#gen/fuchsia_images2";
import type { Decision } from "#negotiate";

const formatName = (value: number | undefined): string => PixelFormat.nameOf(value ?? 0) ?? String(value);

const unique = (items: readonly string[]): string => [...new Set(items)].join(" ");

/** Pixel formats that a participant accepts, by name. */
export function formatsOf(constraints: BufferCollectionConstraints): string {
  const entries = constraints.imageFormatConstraints ?? [];
  const formats = entries.flatMap((entry) => [
    ...(entry.pixelFormat === undefined ? [] : [entry.pixelFormat]),
    ...(entry.pixelFormatAndModifiers ?? []).map((pair) => pair.pixelFormat),
  ]);
  return unique(formats.map(formatName)) || "no image";
}

/** What a participant does with the buffers. */
export function usageOf(constraints: BufferCollectionConstraints): string {
  const cpu = constraints.usage?.cpu ?? 0;
  const words = [];
  if (cpu & (CPU_USAGE_READ | CPU_USAGE_READ_OFTEN)) words.push("read");
  if (cpu & (CPU_USAGE_WRITE | CPU_USAGE_WRITE_OFTEN)) words.push("write");
  return words.join(" + ") || "none";
}

/** How many buffers a participant keeps to itself. */
export function countsOf(constraints: BufferCollectionConstraints): string {
  const shared = constraints.minBufferCountForSharedSlack ?? 0;
  const own = (constraints.minBufferCountForCamping ?? 0) + (constraints.minBufferCountForDedicatedSlack ?? 0);
  return shared > 0 ? `${own} + ${shared} shared` : String(own);
}

/** What else a participant demands of the layout. */
export function demandsOf(constraints: BufferCollectionConstraints): string {
  const words: string[] = [];
  for (const entry of constraints.imageFormatConstraints ?? []) {
    const { requiredMaxSize, bytesPerRowDivisor, sizeAlignment } = entry;
    if (requiredMaxSize !== undefined) words.push(`${requiredMaxSize.width}x${requiredMaxSize.height}`);
    if (bytesPerRowDivisor !== undefined) words.push(`rows of ${bytesPerRowDivisor}n bytes`);
    if (sizeAlignment !== undefined) words.push(`size ${sizeAlignment.width}x${sizeAlignment.height}n`);
  }
  return [...new Set(words)].join(", ") || "-";
}

/** Settings that a person who watches frames go by wants to know; the others hold for every collection like this one. */
const SHOWN = [
  "image_format_constraints.pixel_format",
  "image_format_constraints.color_spaces",
  "image_format_constraints.min_size.width",
  "image_format_constraints.min_size.height",
  "image_format_constraints.bytes_per_row_divisor",
  "image_format_constraints.min_bytes_per_row",
  "buffer_count",
  "buffer_settings.size_bytes",
  "buffer_settings.coherency_domain",
  "buffer_settings.heap",
];

const plain = (value: unknown): string => {
  // A heap of its own kind has the id 0, which says nothing.
  if (typeof value === "object" && value !== null && "heap_type" in value && "id" in value && value.id === "0") {
    return String(value.heap_type);
  }
  if (Array.isArray(value)) return value.map(plain).join(" ");
  if (typeof value === "object" && value !== null) return Object.values(value).map(plain).join(" ");
  return String(value);
};

/** Settings, their values and whose demands determined them, as rows of a table. */
export function decisionRows(decisions: readonly Decision[]): string[][] {
  return SHOWN.flatMap((setting) => {
    const decision = decisions.find((one) => one.setting === setting);
    if (decision === undefined) return [];
    const who = decision.decidedBy.map((demand) => `${demand.participant}: ${demand.text}`);
    const why = [...new Set(who)].join("\n") || "follows from the rest";
    return [[setting.split(".").slice(1).join(".") || setting, plain(decision.value), decision.note ?? why]];
  });
}
