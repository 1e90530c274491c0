/** The last step: number of buffers, heap, domain, format and sizes out of the aggregated constraints. */
import type { Allocation, NegotiatedSettings } from "./api.ts";
import { MAX_UINT32, roundDown, roundUp } from "./arithmetic.ts";
import type { Accumulated } from "./attempt.ts";
import { formatCost } from "./costs.ts";
import type { Entry } from "./entry.ts";
import type { PixelFormatFacts } from "./formats.ts";
import { imageSizeBytes, minimumRowBytesWithin } from "./layout.ts";
import { chooseDomain, chooseHeap, type HeapName, type MemoryFields } from "./memory.ts";
import type { ModifierFacts } from "./modifiers.ts";
import { fail, type Reason } from "./reasons.ts";
import { isReason, type Run } from "./run.ts";
import type { CoherencyDomain, ImageFormatConstraints } from "./wire-types.ts";

/** A reason, or a number that was computed. */
type Computed = number | Reason;

/** Decides. */
export function settle(run: Run, all: Accumulated): Allocation | Reason {
  const count = bufferCount(run, all);
  if (typeof count !== "number") return count;
  const { memory } = all;
  const chosen = chooseHeap(run, memory);
  if (isReason(chosen)) return chosen;
  const domain = chooseDomain(memory, chosen.domains, all.usage.display !== 0);
  if (typeof domain !== "number") return domain;
  let entry: Entry | undefined;
  if (all.formats.entries.length > 0) {
    const format = chooseFormat(run, all);
    if (isReason(format)) return format;
    entry = format;
  }
  const size = entry === undefined ? memory.minSizeBytes : imageBytes(entry, memory);
  if (typeof size !== "number") return size;
  if (size > memory.maxUnpaddedBytes) {
    return fail("image-above-max-size-bytes", { ...sizeOf(entry), size, max: memory.maxUnpaddedBytes });
  }
  const padded = entry === undefined ? size : paddedBytes(entry, memory, size);
  if (typeof padded !== "number") return padded;
  const caps = checkCaps(run, size, padded, count);
  if (caps !== undefined) return caps;
  return {
    bufferCount: count,
    settings: makeSettings(run, memory, chosen.heap, domain, size, padded, entry),
    heap: chosen.heap,
    contiguous: memory.contiguous,
    baseAlignment: memory.contiguous ? Math.max(memory.baseAlignment, run.pageSize) : run.pageSize,
  };
}

function sizeOf(entry: Entry | undefined): { width: number; height: number } {
  return { width: entry?.minWidth ?? 0, height: entry?.minHeight ?? 0 };
}

function bufferCount(run: Run, all: Accumulated): Computed {
  const sum = all.camping + all.dedicatedSlack + all.sharedSlack;
  const count = Math.max(sum, all.minBufferCount);
  if (count > all.maxBufferCount) {
    return fail("count-above-max", {
      count,
      camping: all.camping,
      dedicated: all.dedicatedSlack,
      shared: all.sharedSlack,
      min: all.minBufferCount,
      max: all.maxBufferCount,
    });
  }
  if (count > run.rules.maxBufferCount) return fail("count-above-limit", { count, limit: run.rules.maxBufferCount });
  if (count === 0) return run.open ? 1 : fail("zero-buffers");
  return count;
}

/** The cheapest of the formats that are left. Whether it fits is looked at later, and no other is tried then. */
function chooseFormat(run: Run, all: Accumulated): Entry | Reason {
  let best: Entry | undefined;
  let bestCost = 0;
  for (const entry of all.formats.entries) {
    if (all.memory.secure && entry.modifierFacts?.protectedOk !== true) continue;
    const cost = formatCost(run.costs, entry.pixelFormat, entry.modifier, all.usage);
    if (best !== undefined && (cost > bestCost || (cost === bestCost && !precedes(entry, best)))) continue;
    best = entry;
    bestCost = cost;
  }
  return best ?? fail("no-protected-format");
}

/** Order among formats of equal cost. */
function precedes(a: Entry, b: Entry): boolean {
  return a.pixelFormat === b.pixelFormat ? a.modifier < b.modifier : a.pixelFormat < b.pixelFormat;
}

/** Bytes that the biggest required image takes. */
function imageBytes(entry: Entry, memory: MemoryFields): Computed {
  const { format, modifierFacts: modifier } = entry;
  let size = memory.minSizeBytes;
  if (format === undefined || modifier === undefined) return size;
  const required = entry.requiredMaxSizes.length === 0 ? [{ width: 0, height: 0 }] : entry.requiredMaxSizes;
  const pair = { pixelFormat: entry.pixelFormat, pixelFormatModifier: entry.modifier };
  for (const item of required) {
    const width = roundUp(Math.max(entry.minWidth, item.width), entry.alignWidth);
    const height = roundUp(Math.max(entry.minHeight, item.height), entry.alignHeight);
    if (width > entry.maxWidth) {
      return fail("image-size-above-max", { axis: "width", value: width, max: entry.maxWidth }, pair);
    }
    if (height > entry.maxHeight) {
      return fail("image-size-above-max", { axis: "height", value: height, max: entry.maxHeight }, pair);
    }
    const row = format.strideBytes * width;
    const bytesPerRow = roundUp(Math.max(row, entry.minBytesPerRow), entry.bytesPerRowDivisor);
    if (row > MAX_UINT32 || bytesPerRow > entry.maxBytesPerRow || bytesPerRow > MAX_UINT32) {
      return fail("image-row-above-max", { width, row: bytesPerRow, max: entry.maxBytesPerRow }, pair);
    }
    const area = width * height;
    if (area > MAX_UINT32) return fail("image-area-above-max", { area, max: 2 ** 32 - 1 }, pair);
    if (area > entry.maxArea) return fail("image-area-above-max", { area, max: entry.maxArea }, pair);
    const bytes = imageSizeBytes(format, modifier, width, height, bytesPerRow);
    if (bytes <= size) continue;
    if (bytes > memory.maxSizeBytes) {
      return fail("image-above-max-size-bytes", { width, height, size: bytes, max: memory.maxSizeBytes }, pair);
    }
    size = bytes;
  }
  return size;
}

/** Bytes with padding. Block padding and padding beyond the image overlap: the bigger one counts. */
function paddedBytes(entry: Entry, memory: MemoryFields, size: number): Computed {
  const pair = { pixelFormat: entry.pixelFormat, pixelFormatModifier: entry.modifier };
  let padded = size;
  if (entry.padBlockWidth > 1 || entry.padBlockHeight > 1) {
    const blocks = blockPaddedBytes(entry, size);
    if (blocks === undefined) return fail("padding-undefined", undefined, pair);
    if (blocks > memory.maxSizeBytes && blocks > padded) {
      return fail("padding-above-max-size-bytes", { size: blocks, max: memory.maxSizeBytes }, pair);
    }
    padded = Math.max(padded, blocks);
  }
  const beyond = size + entry.padBeyondBytes;
  if (beyond > padded) {
    if (beyond > memory.maxSizeBytes) {
      return fail("padding-above-max-size-bytes", { size: beyond, max: memory.maxSizeBytes }, pair);
    }
    padded = beyond;
  }
  return padded;
}

/**
 * Upper bound of the bytes that any image fitting `size` takes when its width and height are rounded up to whole
 * blocks: most is added by the lowest image, or by the lowest that is one row past whole blocks.
 */
function blockPaddedBytes(entry: Entry, size: number): number | undefined {
  const { format, modifierFacts: modifier } = entry;
  if (format === undefined || modifier === undefined) return size;
  const lowest = roundUp(entry.minHeight, entry.alignHeight);
  const oneRowPast = roundUp(roundDown(lowest - 1, entry.padBlockHeight) + entry.padBlockHeight + 1, entry.alignHeight);
  const first = blockGrowth(entry, format, modifier, size, lowest);
  if (first === undefined) return undefined;
  if (oneRowPast > entry.maxHeight) return size + Math.max(0, first);
  const second = blockGrowth(entry, format, modifier, size, oneRowPast);
  return second === undefined ? undefined : size + Math.max(0, first, second);
}

/** What rounding to whole blocks adds to the widest image of a height that fits; 0 when none does. */
function blockGrowth(
  entry: Entry,
  format: PixelFormatFacts,
  modifier: ModifierFacts,
  size: number,
  height: number,
): number | undefined {
  const stride = format.strideBytes;
  const divisor = entry.bytesPerRowDivisor;
  const widthOf = (bytes: number): number => Math.floor(roundDown(bytes, divisor) / stride);
  let width = Math.min(MAX_UINT32, Math.floor(Math.floor(size / stride) / height));
  width = Math.min(widthOf(width * stride), entry.maxWidth, widthOf(entry.maxBytesPerRow));
  width = roundDown(width, entry.alignWidth);
  if (width < entry.minWidth) return 0;
  const plain = formatBytes(entry, format, modifier, width, height);
  const unbounded: Entry = {
    ...entry,
    maxWidth: MAX_UINT32,
    maxHeight: MAX_UINT32,
    maxBytesPerRow: MAX_UINT32,
    alignWidth: 1,
    alignHeight: 1,
  };
  const blocksWide = roundUp(width, entry.padBlockWidth);
  const blocks = formatBytes(unbounded, format, modifier, blocksWide, roundUp(height, entry.padBlockHeight));
  return plain === undefined || blocks === undefined ? undefined : blocks - plain;
}

/** Bytes of the image of a size that an entry allows, with the shortest rows. */
function formatBytes(
  entry: Entry,
  format: PixelFormatFacts,
  modifier: ModifierFacts,
  width: number,
  height: number,
): number | undefined {
  if (width < entry.minWidth || width > entry.maxWidth || height < entry.minHeight || height > entry.maxHeight) {
    return undefined;
  }
  if (width % entry.alignWidth !== 0 || height % entry.alignHeight !== 0) return undefined;
  const bytesPerRow = minimumRowBytesWithin(entry, format, modifier, width);
  return bytesPerRow === undefined ? undefined : imageSizeBytes(format, modifier, width, height, bytesPerRow);
}

function checkCaps(run: Run, size: number, padded: number, count: number): Reason | undefined {
  const { maxBytesPerBuffer, maxBytesPerCollection } = run.rules;
  if (padded * count > maxBytesPerCollection) {
    return fail("collection-too-big", { count, size: padded, limit: maxBytesPerCollection });
  }
  if (padded > maxBytesPerBuffer) return fail("buffer-too-big", { size: padded, limit: maxBytesPerBuffer });
  if (size > run.maxAllocationSize) return fail("allocation-too-big", { size, limit: run.maxAllocationSize });
  return undefined;
}

function makeSettings(
  run: Run,
  memory: MemoryFields,
  heap: HeapName,
  coherencyDomain: CoherencyDomain,
  size: number,
  padded: number,
  entry: Entry | undefined,
): NegotiatedSettings {
  const settings: NegotiatedSettings = {
    bufferSettings: {
      sizeBytes: BigInt(size),
      isPhysicallyContiguous: memory.contiguous,
      isSecure: memory.secure,
      coherencyDomain,
      heap: { ...heap },
      rawVmoSize: BigInt(roundUp(padded, run.pageSize)),
    },
  };
  if (entry !== undefined) settings.imageFormatConstraints = toConstraints(entry);
  return settings;
}

/** The chosen entry as a result shows it: every field set, except alpha where the format has none. */
function toConstraints(entry: Entry): ImageFormatConstraints {
  const result: ImageFormatConstraints = {
    pixelFormat: entry.pixelFormat,
    pixelFormatModifier: entry.modifier,
    colorSpaces: entry.colorSpaces,
    minSize: { width: entry.minWidth, height: entry.minHeight },
    maxSize: { width: entry.maxWidth, height: entry.maxHeight },
    minBytesPerRow: entry.minBytesPerRow,
    maxBytesPerRow: entry.maxBytesPerRow,
    maxWidthTimesHeight: entry.maxArea,
    sizeAlignment: { width: entry.alignWidth, height: entry.alignHeight },
    displayRectAlignment: { width: entry.rectAlignWidth, height: entry.rectAlignHeight },
    requiredMinSize: { width: entry.requiredMinWidth, height: entry.requiredMinHeight },
    requiredMaxSize: { width: entry.requiredMaxWidth, height: entry.requiredMaxHeight },
    requiredMaxSizeList: entry.requiredMaxSizes.map((item) => ({ ...item })),
    bytesPerRowDivisor: entry.bytesPerRowDivisor,
    startOffsetDivisor: entry.startOffsetDivisor,
    requireBytesPerRowAtPixelBoundary: entry.atPixelBoundary,
    padForBlockSize: { width: entry.padBlockWidth, height: entry.padBlockHeight },
    padBeyondImageSizeBytes: BigInt(entry.padBeyondBytes),
  };
  if (entry.isAlphaPresent !== undefined && entry.format?.hasAlpha === true)
    result.isAlphaPresent = entry.isAlphaPresent;
  return result;
}
