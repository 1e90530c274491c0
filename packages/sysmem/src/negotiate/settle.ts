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
import { fail, type FormatPair, type Reason } from "./reasons.ts";
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
  let entry: SpecificEntry | undefined;
  if (all.formats.entries.length > 0) {
    const format = chooseFormat(run, all);
    if (isReason(format)) return format;
    entry = format;
  }
  const size = entry === undefined ? memory.minSizeBytes : imageBytes(entry, memory);
  if (typeof size !== "number") return size;
  const padded = entry === undefined ? size : paddedBytes(entry, memory, size);
  if (typeof padded !== "number") return padded;
  const caps = checkCaps(run, size, padded, count);
  if (caps !== undefined) return caps;
  return {
    bufferCount: count,
    settings: makeSettings(run, memory, chosen.heap, domain, size, padded, entry),
    heap: chosen.heap,
    contiguous: memory.contiguous,
    baseAlignment: Math.max(memory.baseAlignment, run.pageSize),
  };
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

/** An entry of a format that exists, which is all that is left after aggregation. */
interface SpecificEntry extends Entry {
  readonly format: PixelFormatFacts;
  readonly modifierFacts: ModifierFacts;
}

function isSpecific(entry: Entry): entry is SpecificEntry {
  return entry.format !== undefined && entry.modifierFacts !== undefined;
}

/** The cheapest of the formats that are left. Whether it fits is looked at later, and no other is tried then. */
function chooseFormat(run: Run, all: Accumulated): SpecificEntry | Reason {
  let best: SpecificEntry | undefined;
  let bestCost = 0;
  for (const entry of all.formats.entries) {
    if (!isSpecific(entry) || (all.memory.secure && !entry.modifierFacts.protectedOk)) continue;
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

function pairOf({ pixelFormat, modifier }: Entry): FormatPair {
  return { pixelFormat, pixelFormatModifier: modifier };
}

/** Bytes that the biggest required image takes. */
function imageBytes(entry: SpecificEntry, memory: MemoryFields): Computed {
  const max = Math.min(memory.maxSizeBytes, memory.maxUnpaddedBytes);
  let size = memory.minSizeBytes;
  const required = entry.requiredMaxSizes.length === 0 ? [{ width: 0, height: 0 }] : entry.requiredMaxSizes;
  for (const item of required) {
    const width = roundUp(Math.max(entry.minWidth, item.width), entry.alignWidth);
    const height = roundUp(Math.max(entry.minHeight, item.height), entry.alignHeight);
    if (width > entry.maxWidth) return fail("image-size-above-max", { axis: "width", value: width }, pairOf(entry));
    if (height > entry.maxHeight) return fail("image-size-above-max", { axis: "height", value: height }, pairOf(entry));
    const row = roundUp(Math.max(entry.format.strideBytes * width, entry.minBytesPerRow), entry.bytesPerRowDivisor);
    if (row > entry.maxBytesPerRow) {
      return fail("image-row-above-max", { width, row, max: entry.maxBytesPerRow }, pairOf(entry));
    }
    const area = width * height;
    if (area > MAX_UINT32) return fail("image-area-above-max", { area, max: MAX_UINT32 }, pairOf(entry));
    if (area > entry.maxArea) return fail("image-area-above-max", { area, max: entry.maxArea }, pairOf(entry));
    const bytes = imageSizeBytes(entry.format, entry.modifierFacts, width, height, row);
    if (bytes > max) {
      return fail("image-above-max-size-bytes", { width, height, size: bytes, max }, pairOf(entry));
    }
    size = Math.max(size, bytes);
  }
  return size;
}

/** Bytes with padding. Block padding and padding beyond the image overlap: the bigger one counts. */
function paddedBytes(entry: SpecificEntry, memory: MemoryFields, size: number): Computed {
  let padded = size + entry.padBeyondBytes;
  if (entry.padBlockWidth > 1 || entry.padBlockHeight > 1) {
    const blocks = blockPaddedBytes(entry, size);
    if (blocks === undefined) return fail("padding-undefined", undefined, pairOf(entry));
    padded = Math.max(padded, blocks);
  }
  if (padded <= memory.maxSizeBytes) return padded;
  return fail("padding-above-max-size-bytes", { size: padded, max: memory.maxSizeBytes }, pairOf(entry));
}

/**
 * Upper bound of the bytes that any image fitting `size` takes when its width and height are rounded up to whole
 * blocks: most is added by the lowest image, or by the lowest that is one row past whole blocks.
 */
function blockPaddedBytes(entry: SpecificEntry, size: number): number | undefined {
  // Heights that are allowed are multiples of the alignment, the smallest among them.
  const lowest = entry.minHeight;
  const oneRowPast = roundUp(roundDown(lowest - 1, entry.padBlockHeight) + entry.padBlockHeight + 1, entry.alignHeight);
  const first = blockGrowth(entry, size, lowest);
  if (first === undefined) return undefined;
  if (oneRowPast > entry.maxHeight) return size + Math.max(0, first);
  const second = blockGrowth(entry, size, oneRowPast);
  return second === undefined ? undefined : size + Math.max(0, first, second);
}

/**
 * What rounding to whole blocks adds to the widest image of a height that fits; 0 when none does, undefined where its
 * rows are.
 */
function blockGrowth(entry: SpecificEntry, size: number, height: number): number | undefined {
  const { format, modifierFacts: modifier, bytesPerRowDivisor: divisor } = entry;
  const stride = format.strideBytes;
  const widthOf = (bytes: number): number => Math.floor(roundDown(bytes, divisor) / stride);
  let width = Math.min(MAX_UINT32, Math.floor(Math.floor(size / stride) / height));
  width = Math.min(widthOf(width * stride), entry.maxWidth, widthOf(entry.maxBytesPerRow));
  width = roundDown(width, entry.alignWidth);
  if (width < entry.minWidth) return 0;
  const blocksWide = roundUp(width, entry.padBlockWidth);
  const blocksHigh = roundUp(height, entry.padBlockHeight);
  const unbounded = { ...entry, maxWidth: MAX_UINT32, maxBytesPerRow: MAX_UINT32, alignWidth: 1 };
  const plainRow = minimumRowBytesWithin(entry, format, modifier, width);
  const blockRow = minimumRowBytesWithin(unbounded, format, modifier, blocksWide);
  if (plainRow === undefined || blockRow === undefined) return undefined;
  return (
    imageSizeBytes(format, modifier, blocksWide, blocksHigh, blockRow) -
    imageSizeBytes(format, modifier, width, height, plainRow)
  );
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
  entry: SpecificEntry | undefined,
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
function toConstraints(entry: SpecificEntry): ImageFormatConstraints {
  return {
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
    isAlphaPresent: entry.format.hasAlpha ? entry.isAlphaPresent : undefined,
  };
}
