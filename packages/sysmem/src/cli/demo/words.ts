/** Constraints and settings in words short enough for a table. */
import type { BufferCollectionConstraints, SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import { CPU_USAGE_READ, CPU_USAGE_READ_OFTEN, CPU_USAGE_WRITE, CPU_USAGE_WRITE_OFTEN } from "#gen/fuchsia_sysmem2";
import { ColorSpace, PixelFormat } from "#gen/fuchsia_images2";

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

/** What was decided, as rows of a table. */
export function decisionRows(settings: SingleBufferSettings, bufferCount: number): string[][] {
  const memory = settings.bufferSettings ?? {};
  const image = settings.imageFormatConstraints;
  const rows: string[][] = [];
  if (image !== undefined) {
    const colors = (image.colorSpaces ?? []).map((space) => ColorSpace.nameOf(space) ?? String(space)).join(" ");
    rows.push(["pixel_format", `${formatName(image.pixelFormat)}, ${colors}`]);
    rows.push(["bytes_per_row", `at least ${image.minBytesPerRow}, divisible by ${image.bytesPerRowDivisor}`]);
  }
  rows.push(["buffer_count", String(bufferCount)]);
  rows.push(["size_bytes", `${memory.sizeBytes} (VMO ${memory.rawVmoSize})`]);
  rows.push(["heap", memory.heap?.heapType ?? "-"]);
  return rows;
}
