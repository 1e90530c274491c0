/**
 * One image format of one participant, or of all together: its fields with defaults in place, and the rules that each
 * must obey. `fuchsia.sysmem2.ImageFormatConstraints`.
 */
import {
  isPowerOfTwo,
  leastCommonMultiple,
  MAX_UINT32,
  MAX_UINT64,
  fromUint64,
  roundDown,
  roundUp,
} from "./arithmetic.ts";
import { ColorSpace, isColorSpaceCompatible, PixelFormat, type PixelFormatFacts, pixelFormatFacts } from "./formats.ts";
import { minimumRowBytesWithin, type RowBounds } from "./layout.ts";
import { isPairSupported, type ModifierFacts, modifierFacts, PixelFormatModifier } from "./modifiers.ts";
import { fail, type Reason } from "./reasons.ts";
import { pairKey, type Run } from "./run.ts";
import type {
  ColorSpace as WireColorSpace,
  ImageFormatConstraints,
  PixelFormat as WirePixelFormat,
  PixelFormatModifier as WireModifier,
  SizeU,
} from "./wire-types.ts";

/** Working form of an entry: flat, every field present. Modified in place by whoever owns it. */
export interface Entry extends RowBounds {
  pixelFormat: WirePixelFormat;
  modifier: WireModifier;
  /** Equal for equal pairs, see `pairKey`. */
  key: number;
  /** Undefined for DO_NOT_CARE, unknown and unusable values. */
  format: PixelFormatFacts | undefined;
  modifierFacts: ModifierFacts | undefined;
  /** Whether the pixel format or the modifier is DO_NOT_CARE. */
  isPartlyOpen: boolean;
  colorSpaces: WireColorSpace[];
  minWidth: number;
  minHeight: number;
  maxWidth: number;
  maxHeight: number;
  minBytesPerRow: number;
  maxBytesPerRow: number;
  maxArea: bigint;
  alignWidth: number;
  alignHeight: number;
  rectAlignWidth: number;
  rectAlignHeight: number;
  requiredMinWidth: number;
  requiredMinHeight: number;
  requiredMaxWidth: number;
  requiredMaxHeight: number;
  requiredMaxSizes: SizeU[];
  bytesPerRowDivisor: number;
  startOffsetDivisor: number;
  atPixelBoundary: boolean;
  isAlphaPresent: boolean | undefined;
  padBlockWidth: number;
  padBlockHeight: number;
  padBeyondBytes: number;
}

/** Fills in the defaults for one pair of an entry. */
export function newEntry(
  run: Run,
  from: ImageFormatConstraints,
  pixelFormat: WirePixelFormat,
  modifier: WireModifier,
): Entry {
  const colorSpaces = from.colorSpaces ?? [];
  const facts = modifierFacts(modifier);
  // One literal without a spread: an object of this many members that is put together in pieces takes twenty times as
  // long to make, and this is where the time of a negotiation goes (bench/negotiate.ts).
  return {
    pixelFormat,
    modifier,
    key: pairKey(run, pixelFormat, modifier, facts),
    format: pixelFormatFacts(pixelFormat),
    modifierFacts: facts,
    isPartlyOpen: isPartlyOpen(pixelFormat, modifier),
    // While looking for conflicts, color_spaces nobody gave stand for any.
    colorSpaces: run.open && colorSpaces.length === 0 ? [ColorSpace.DO_NOT_CARE] : colorSpaces.slice(),
    minWidth: from.minSize?.width ?? 0,
    minHeight: from.minSize?.height ?? 0,
    maxWidth: from.maxSize?.width ?? MAX_UINT32,
    maxHeight: from.maxSize?.height ?? MAX_UINT32,
    minBytesPerRow: from.minBytesPerRow ?? 0,
    maxBytesPerRow: from.maxBytesPerRow ?? MAX_UINT32,
    maxArea: from.maxWidthTimesHeight ?? MAX_UINT64,
    alignWidth: from.sizeAlignment?.width ?? 1,
    alignHeight: from.sizeAlignment?.height ?? 1,
    rectAlignWidth: from.displayRectAlignment?.width ?? 1,
    rectAlignHeight: from.displayRectAlignment?.height ?? 1,
    requiredMinWidth: from.requiredMinSize?.width ?? MAX_UINT32,
    requiredMinHeight: from.requiredMinSize?.height ?? MAX_UINT32,
    requiredMaxWidth: from.requiredMaxSize?.width ?? 0,
    requiredMaxHeight: from.requiredMaxSize?.height ?? 0,
    requiredMaxSizes: from.requiredMaxSizeList?.slice() ?? [],
    bytesPerRowDivisor: from.bytesPerRowDivisor ?? 1,
    startOffsetDivisor: from.startOffsetDivisor ?? 1,
    atPixelBoundary: from.requireBytesPerRowAtPixelBoundary ?? false,
    isAlphaPresent: from.isAlphaPresent,
    padBlockWidth: from.padForBlockSize?.width ?? 1,
    padBlockHeight: from.padForBlockSize?.height ?? 1,
    padBeyondBytes: fromUint64(from.padBeyondImageSizeBytes ?? 0n),
  };
}

/** The members of an entry that say which format it is about. */
export type EntryPair = Pick<Entry, "pixelFormat" | "modifier" | "key" | "format" | "modifierFacts" | "isPartlyOpen">;

/** Looks a pair up. */
export function pairOf(run: Run, pixelFormat: WirePixelFormat, modifier: WireModifier): EntryPair {
  const facts = modifierFacts(modifier);
  return {
    pixelFormat,
    modifier,
    key: pairKey(run, pixelFormat, modifier, facts),
    format: pixelFormatFacts(pixelFormat),
    modifierFacts: facts,
    isPartlyOpen: isPartlyOpen(pixelFormat, modifier),
  };
}

function isPartlyOpen(pixelFormat: number, modifier: bigint): boolean {
  return pixelFormat === PixelFormat.DO_NOT_CARE || modifier === PixelFormatModifier.DO_NOT_CARE;
}

/** A copy that may be modified. Items of `requiredMaxSizes` are never modified and may be shared. */
export function copyEntry(entry: Entry): Entry {
  // Member by member and in the order of newEntry, so that both make objects of one shape.
  return {
    pixelFormat: entry.pixelFormat,
    modifier: entry.modifier,
    key: entry.key,
    format: entry.format,
    modifierFacts: entry.modifierFacts,
    isPartlyOpen: entry.isPartlyOpen,
    colorSpaces: entry.colorSpaces.slice(),
    minWidth: entry.minWidth,
    minHeight: entry.minHeight,
    maxWidth: entry.maxWidth,
    maxHeight: entry.maxHeight,
    minBytesPerRow: entry.minBytesPerRow,
    maxBytesPerRow: entry.maxBytesPerRow,
    maxArea: entry.maxArea,
    alignWidth: entry.alignWidth,
    alignHeight: entry.alignHeight,
    rectAlignWidth: entry.rectAlignWidth,
    rectAlignHeight: entry.rectAlignHeight,
    requiredMinWidth: entry.requiredMinWidth,
    requiredMinHeight: entry.requiredMinHeight,
    requiredMaxWidth: entry.requiredMaxWidth,
    requiredMaxHeight: entry.requiredMaxHeight,
    requiredMaxSizes: entry.requiredMaxSizes.slice(),
    bytesPerRowDivisor: entry.bytesPerRowDivisor,
    startOffsetDivisor: entry.startOffsetDivisor,
    atPixelBoundary: entry.atPixelBoundary,
    isAlphaPresent: entry.isAlphaPresent,
    padBlockWidth: entry.padBlockWidth,
    padBlockHeight: entry.padBlockHeight,
    padBeyondBytes: entry.padBeyondBytes,
  };
}

/** Whether the color spaces are still any. */
export function isColorSpaceOpen(colorSpaces: readonly number[]): boolean {
  return colorSpaces.length === 1 && colorSpaces[0] === ColorSpace.DO_NOT_CARE;
}

/**
 * Carries the fields of an entry into one another and checks them; done for each participant's entry, and once more
 * for what came out of all, which is how one participant's alignment reaches another's minimum.
 */
export function normalizeEntry(run: Run, entry: Entry, aggregated: boolean): Reason | undefined {
  const pair = { pixelFormat: entry.pixelFormat, pixelFormatModifier: entry.modifier };
  if (entry.pixelFormat === PixelFormat.INVALID || entry.modifier === PixelFormatModifier.INVALID) {
    return fail("invalid-format", undefined, pair);
  }
  const bad =
    powerOfTwo("size_alignment", entry.alignWidth) ??
    powerOfTwo("size_alignment", entry.alignHeight) ??
    powerOfTwo("display_rect_alignment", entry.rectAlignWidth) ??
    powerOfTwo("display_rect_alignment", entry.rectAlignHeight) ??
    powerOfTwo("pad_for_block_size", entry.padBlockWidth) ??
    powerOfTwo("pad_for_block_size", entry.padBlockHeight);
  if (bad !== undefined) return { ...bad, format: pair };
  if (entry.bytesPerRowDivisor === 0) return fail("divisor-zero", undefined, pair);
  for (const item of entry.requiredMaxSizes) {
    if (item.width === 0 || item.height === 0) return fail("zero-required-max-size", undefined, pair);
  }
  entry.minWidth = Math.max(entry.minWidth, entry.alignWidth);
  entry.minHeight = Math.max(entry.minHeight, entry.alignHeight);
  if (!entry.isPartlyOpen) {
    const reason = applyFormat(entry);
    if (reason !== undefined) return { ...reason, format: pair };
  }
  const reason = roundBounds(entry) ?? checkBounds(run, entry) ?? checkPadding(entry, aggregated);
  return reason === undefined ? undefined : { ...reason, format: pair };
}

function powerOfTwo(field: string, value: number): Reason | undefined {
  return isPowerOfTwo(value) ? undefined : fail("not-a-power-of-two", { field, value });
}

/** What a specific format brings along: divisors, sample alignment, the length of the shortest row. */
function applyFormat(entry: Entry): Reason | undefined {
  const { format, modifierFacts: modifier } = entry;
  if (format === undefined || modifier === undefined || !isPairSupported(format, modifier))
    return fail("unsupported-format");
  entry.alignWidth = Math.max(entry.alignWidth, format.widthDivisor);
  entry.alignHeight = Math.max(entry.alignHeight, format.heightDivisor);
  let divisor = leastCommonMultiple(entry.bytesPerRowDivisor, format.sampleAlignment);
  if (divisor === undefined)
    return fail("divisor-overflow", { a: entry.bytesPerRowDivisor, b: format.sampleAlignment });
  if (entry.atPixelBoundary) {
    const before = divisor;
    divisor = leastCommonMultiple(divisor, format.strideBytes);
    if (divisor === undefined) return fail("divisor-overflow", { a: before, b: format.strideBytes });
  }
  entry.bytesPerRowDivisor = divisor;
  entry.startOffsetDivisor = Math.max(entry.startOffsetDivisor, format.sampleAlignment);
  entry.minBytesPerRow = Math.max(entry.minBytesPerRow, divisor);
  const row = minimumRowBytesWithin(entry, format, modifier, entry.minWidth);
  if (row !== undefined) entry.minBytesPerRow = Math.max(entry.minBytesPerRow, row);
  return undefined;
}

function roundBounds(entry: Entry): Reason | undefined {
  const { alignWidth, alignHeight, bytesPerRowDivisor } = entry;
  const minWidth = roundUp(entry.minWidth, alignWidth);
  const minHeight = roundUp(entry.minHeight, alignHeight);
  const minBytesPerRow = roundUp(entry.minBytesPerRow, bytesPerRowDivisor);
  if (minWidth > MAX_UINT32) return overflow("min_size.width", entry.minWidth, alignWidth);
  if (minHeight > MAX_UINT32) return overflow("min_size.height", entry.minHeight, alignHeight);
  if (minBytesPerRow > MAX_UINT32) return overflow("min_bytes_per_row", entry.minBytesPerRow, bytesPerRowDivisor);
  entry.minWidth = minWidth;
  entry.minHeight = minHeight;
  entry.minBytesPerRow = minBytesPerRow;
  if (entry.maxWidth !== MAX_UINT32) entry.maxWidth = roundDown(entry.maxWidth, alignWidth);
  if (entry.maxHeight !== MAX_UINT32) entry.maxHeight = roundDown(entry.maxHeight, alignHeight);
  if (entry.maxBytesPerRow !== MAX_UINT32) entry.maxBytesPerRow = roundDown(entry.maxBytesPerRow, bytesPerRowDivisor);
  return undefined;
}

function overflow(field: string, value: number, multiple: number): Reason {
  return fail("rounding-overflow", { field, value, multiple });
}

function checkBounds(run: Run, entry: Entry): Reason | undefined {
  if (entry.colorSpaces.length === 0) return fail("no-color-space");
  if (entry.minWidth > entry.maxWidth) {
    return fail("min-above-max-size", {
      axis: "width",
      min: entry.minWidth,
      max: entry.maxWidth,
      multiple: entry.alignWidth,
    });
  }
  if (entry.minHeight > entry.maxHeight) {
    return fail("min-above-max-size", {
      axis: "height",
      min: entry.minHeight,
      max: entry.maxHeight,
      multiple: entry.alignHeight,
    });
  }
  if (entry.minBytesPerRow > entry.maxBytesPerRow) {
    return fail("min-above-max-bytes-per-row", {
      min: entry.minBytesPerRow,
      max: entry.maxBytesPerRow,
      multiple: entry.bytesPerRowDivisor,
    });
  }
  const area = entry.minWidth * entry.minHeight;
  if (area > MAX_UINT32) return fail("area-above-max", { area, max: 2 ** 32 - 1 });
  if (area > entry.maxArea) return fail("area-above-max", { area, max: entry.maxArea });
  if (!isPowerOfTwo(entry.startOffsetDivisor) || entry.startOffsetDivisor > run.pageSize) {
    return fail("start-offset-divisor", { value: entry.startOffsetDivisor });
  }
  return checkColorSpaces(entry) ?? checkRequired(entry);
}

function checkColorSpaces(entry: Entry): Reason | undefined {
  if (isColorSpaceOpen(entry.colorSpaces)) return undefined;
  if (entry.colorSpaces.includes(ColorSpace.DO_NOT_CARE)) return fail("color-spaces-mixed");
  if (entry.isPartlyOpen || entry.format === undefined) return undefined;
  for (const colorSpace of entry.colorSpaces) {
    if (!isColorSpaceCompatible(colorSpace, entry.format)) return fail("color-space-incompatible", { colorSpace });
  }
  return undefined;
}

function checkRequired(entry: Entry): Reason | undefined {
  const small = (axis: string, value: number, min: number): Reason | undefined =>
    value < min ? fail("required-min-size", { axis, value, min }) : undefined;
  const big = (axis: string, value: number, max: number): Reason | undefined =>
    value > max ? fail("required-max-size", { axis, value, max }) : undefined;
  const reason =
    small("width", entry.requiredMinWidth, entry.minWidth) ??
    small("height", entry.requiredMinHeight, entry.minHeight) ??
    big("width", entry.requiredMaxWidth, entry.maxWidth) ??
    big("height", entry.requiredMaxHeight, entry.maxHeight);
  if (reason !== undefined) return reason;
  for (const item of entry.requiredMaxSizes) {
    const found = big("width", item.width, entry.maxWidth) ?? big("height", item.height, entry.maxHeight);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The rules of `pad_for_block_size` are looked at only when the block is wider than 1: the original asks for the width
 * twice instead of width and height, and clients can see it.
 */
function checkPadding(entry: Entry, aggregated: boolean): Reason | undefined {
  if (entry.padBlockWidth <= 1) return undefined;
  if (entry.modifier !== PixelFormatModifier.LINEAR || entry.format?.singlePlane !== true)
    return fail("padding-format");
  if (entry.padBlockHeight <= 1) return undefined;
  const tooWide = aggregated ? entry.maxWidth >= 0x8000_0000 : entry.maxWidth === MAX_UINT32;
  return tooWide ? fail("padding-unbounded") : undefined;
}
