/**
 * Where the bytes of an image are: sizes, planes, offsets, strides. Used by the negotiation itself, by client code
 * that draws into buffers and by tools that show them.
 *
 * Sizes are bytes as numbers. A size past 2^53 comes out rounded; it is larger than every buffer there can be.
 */
import { MAX_UINT32, roundUp } from "./arithmetic.ts";
import { PixelFormat, type PixelFormatFacts, pixelFormatFacts } from "./formats.ts";
import {
  INTEL_TILE_BYTES,
  isPairSupported,
  type ModifierFacts,
  modifierFacts,
  PixelFormatModifier,
} from "./modifiers.ts";
import type { ImageFormat, ImageFormatConstraints, SizeU } from "./wire-types.ts";

/** Index of the plane that holds what is not pixels: transaction elimination (ARM), colour control (Intel). */
export const AUXILIARY_PLANE = 3;

/** Bytes of an image without padding behind it. `bytesPerRow` is plane 0's and plays no part for AFBC. */
export function imageSizeBytes(
  format: PixelFormatFacts,
  modifier: ModifierFacts,
  width: number,
  height: number,
  bytesPerRow: number,
): number {
  if (modifier.family === "afbc") {
    const size = afbcSize(modifier, width, height);
    return modifier.te ? size + transactionEliminationBytes(size, width, height) : size;
  }
  if (modifier.family === "intel") {
    const tiles = intelTiles(format, modifier, height, bytesPerRow);
    let sum = 0;
    for (const plane of tiles) sum += plane.wide * plane.high;
    const last = tiles[tiles.length - 1];
    if (modifier.ccs && last !== undefined) sum += Math.ceil(last.wide / 32) * Math.ceil(last.high / 16);
    return INTEL_TILE_BYTES * sum;
  }
  const size = linearSize(format, height, bytesPerRow);
  return modifier.te ? size + transactionEliminationBytes(size, width, height) : size;
}

function linearSize(format: PixelFormatFacts, height: number, bytesPerRow: number): number {
  const luma = height * bytesPerRow;
  return format.planes === "packed" ? luma : Math.floor((luma * 3) / 2);
}

function afbcSize(modifier: ModifierFacts, width: number, height: number): number {
  const blocksWide = roundUp(width, modifier.alignWidth) / modifier.blockWidth;
  const blocksHigh = roundUp(height, modifier.alignHeight) / modifier.blockHeight;
  const blocks = blocksWide * blocksHigh;
  return blocks * modifier.blockWidth * modifier.blockHeight * 4 + roundUp(16 * blocks, modifier.headerAlignment);
}

function transactionEliminationRow(width: number): number {
  return roundUp(16 * Math.ceil(width / 32), 64);
}

/** The plane and the gap in front of it. */
function transactionEliminationBytes(start: number, width: number, height: number): number {
  const plane = 64 + 2 * transactionEliminationRow(width) * Math.ceil(height / 32);
  return roundUp(start, 64) - start + plane;
}

/** The image planes of an Intel tiling, in tiles. */
function intelTiles(
  format: PixelFormatFacts,
  modifier: ModifierFacts,
  height: number,
  bytesPerRow: number,
): { wide: number; high: number }[] {
  const wide = Math.ceil(bytesPerRow / modifier.tileRowBytes);
  const luma = { wide, high: Math.ceil(height / modifier.tileRows) };
  if (format.value !== PixelFormat.NV12) return [luma];
  return [luma, { wide, high: Math.ceil(Math.ceil(height / 2) / modifier.tileRows) }];
}

/** Offset and stride of a plane in bytes, undefined when the image has no such plane or it cannot be addressed. */
export interface PlanePosition {
  readonly offset: number;
  /** 0 where rows have no meaning (AFBC); undefined where they are not told (Intel CCS without CCS). */
  readonly rowBytes: number | undefined;
}

/**
 * Where a plane starts. As in Fuchsia's image-format library the auxiliary plane of AFBC and Intel images has a
 * position whether or not the modifier has that plane; `imageLayout` leaves it out then.
 */
export function planePosition(
  format: PixelFormatFacts,
  modifier: ModifierFacts,
  width: number,
  height: number,
  bytesPerRow: number,
  plane: number,
): PlanePosition | undefined {
  switch (modifier.family) {
    case "afbc":
      if (plane === 0) return { offset: 0, rowBytes: 0 };
      if (plane !== AUXILIARY_PLANE) return undefined;
      return { offset: roundUp(afbcSize(modifier, width, height), 64), rowBytes: transactionEliminationRow(width) };
    case "intel": {
      const tiles = intelTiles(format, modifier, height, bytesPerRow);
      const before = (count: number): number =>
        INTEL_TILE_BYTES * tiles.slice(0, count).reduce((sum, tile) => sum + tile.wide * tile.high, 0);
      const tile = tiles[plane];
      if (tile !== undefined) return { offset: before(plane), rowBytes: tile.wide * modifier.tileRowBytes };
      if (plane !== AUXILIARY_PLANE) return undefined;
      const rowBytes = modifier.ccs ? 128 * Math.ceil((tiles[0]?.wide ?? 0) / 32) : undefined;
      return { offset: before(tiles.length), rowBytes };
    }
    case "arm-linear-te":
      if (plane === AUXILIARY_PLANE) {
        const offset = roundUp(linearSize(format, height, bytesPerRow), 64);
        return { offset, rowBytes: transactionEliminationRow(width) };
      }
      return linearPlane(format, height, bytesPerRow, plane);
    case "goldfish":
      return plane === 0 ? { offset: 0, rowBytes: bytesPerRow } : undefined;
    case "linear":
      return linearPlane(format, height, bytesPerRow, plane);
  }
}

function linearPlane(
  format: PixelFormatFacts,
  height: number,
  bytesPerRow: number,
  plane: number,
): PlanePosition | undefined {
  if (plane === 0) return { offset: 0, rowBytes: bytesPerRow };
  const luma = height * bytesPerRow;
  if (format.planes === "two-plane-420" && plane === 1) return { offset: luma, rowBytes: bytesPerRow };
  if (format.planes !== "three-plane-420") return undefined;
  const rowBytes = Math.floor(bytesPerRow / 2);
  if (plane === 1) return { offset: luma, rowBytes };
  if (plane === 2) return { offset: luma + Math.floor(height / 2) * rowBytes, rowBytes };
  return undefined;
}

/** What `minimumRowBytes` reads; every member as in `ImageFormatConstraints`, un-set meaning no bound. */
export interface RowBounds {
  readonly minWidth: number;
  readonly maxWidth: number;
  readonly alignWidth: number;
  readonly minBytesPerRow: number;
  readonly maxBytesPerRow: number;
  readonly bytesPerRowDivisor: number;
}

/**
 * Smallest bytes per row for images of a width; undefined when the width is out of bounds, the row would be too long,
 * or rows are not defined (goldfish). Two oddities of the original are kept, because settings show them: for Intel
 * tilings the divisor is rounded up to whole tiles instead of taking the common multiple, and AFBC with tiled headers
 * counts fewer bytes than a row of pixels has.
 */
export function minimumRowBytesWithin(
  bounds: RowBounds,
  format: PixelFormatFacts,
  modifier: ModifierFacts,
  width: number,
): number | undefined {
  let aligned = width;
  let divisor = bounds.bytesPerRowDivisor;
  switch (modifier.family) {
    case "goldfish":
      return undefined;
    case "afbc":
      if (width < bounds.minWidth || width > bounds.maxWidth) return undefined;
      return Math.ceil(width / modifier.alignWidth) * modifier.blockWidth * 4;
    case "intel":
      aligned = roundUp(width, bounds.alignWidth);
      if (aligned < bounds.minWidth || aligned > bounds.maxWidth) return undefined;
      divisor = roundUp(divisor, modifier.tileRowBytes);
      break;
    default:
      if (width < bounds.minWidth || width > bounds.maxWidth) return undefined;
      aligned = roundUp(width, bounds.alignWidth);
  }
  const row = roundUp(Math.max(format.strideBytes * aligned, bounds.minBytesPerRow), divisor);
  return row > bounds.maxBytesPerRow ? undefined : row;
}

/**
 * Smallest `bytes_per_row` that constraints with one specific pixel format allow for images of `width` pixels.
 * Undefined when there is none, or the format is not specific or not supported.
 */
export function minimumRowBytes(constraints: ImageFormatConstraints, width: number): number | undefined {
  const facts = factsOf(constraints.pixelFormat, constraints.pixelFormatModifier);
  return facts && minimumRowBytesWithin(rowBounds(constraints), facts.format, facts.modifier, width);
}

/** What is known of a pair that exists; an un-set modifier is LINEAR. */
function factsOf(
  pixelFormat: number = PixelFormat.INVALID,
  pixelFormatModifier: bigint = PixelFormatModifier.LINEAR,
): { format: PixelFormatFacts; modifier: ModifierFacts } | undefined {
  const format = pixelFormatFacts(pixelFormat);
  const modifier = modifierFacts(pixelFormatModifier);
  if (format === undefined || modifier === undefined || !isPairSupported(format, modifier)) return undefined;
  return { format, modifier };
}

function rowBounds(constraints: ImageFormatConstraints): RowBounds {
  return {
    minWidth: constraints.minSize?.width ?? 0,
    maxWidth: constraints.maxSize?.width ?? MAX_UINT32,
    alignWidth: constraints.sizeAlignment?.width || 1,
    minBytesPerRow: constraints.minBytesPerRow ?? 0,
    maxBytesPerRow: constraints.maxBytesPerRow ?? MAX_UINT32,
    bytesPerRowDivisor: constraints.bytesPerRowDivisor || 1,
  };
}

/**
 * The image of a size that constraints with one specific pixel format allow, typically those of a collection's
 * settings: shortest rows, first colour space, the whole image shown. Undefined when the size is not allowed.
 */
export function imageFormatFromConstraints(constraints: ImageFormatConstraints, size: SizeU): ImageFormat | undefined {
  const { minSize, maxSize, sizeAlignment } = constraints;
  if (size.height < (minSize?.height ?? 0) || size.height > (maxSize?.height ?? MAX_UINT32)) return undefined;
  if (size.width % (sizeAlignment?.width || 1) !== 0 || size.height % (sizeAlignment?.height || 1) !== 0) {
    return undefined;
  }
  // Looks at the bounds of the width as well.
  const bytesPerRow = minimumRowBytes(constraints, size.width);
  if (bytesPerRow === undefined) return undefined;
  return {
    pixelFormat: constraints.pixelFormat,
    pixelFormatModifier: constraints.pixelFormatModifier ?? PixelFormatModifier.LINEAR,
    colorSpace: constraints.colorSpaces?.[0],
    size: { ...size },
    bytesPerRow,
    displayRect: { x: 0, y: 0, ...size },
  };
}

/** One plane of an image. */
export interface PlaneInfo extends PlanePosition {
  /** Index as Fuchsia counts planes; `AUXILIARY_PLANE` for what is not pixels. */
  readonly plane: number;
  /** Rows of `rowBytes` bytes; undefined where the plane is not made of rows. */
  readonly rows: number | undefined;
}

/** An image in memory, offsets counted from its first byte. */
export interface ImageLayout {
  readonly sizeBytes: number;
  readonly bytesPerRow: number;
  readonly planes: readonly PlaneInfo[];
}

/**
 * Planes, offsets, strides and total size of an image. `bytesPerRow` un-set means rows without padding.
 * Undefined when the format is not supported or the size is missing.
 */
export function imageLayout(image: ImageFormat): ImageLayout | undefined {
  const facts = factsOf(image.pixelFormat, image.pixelFormatModifier);
  if (facts === undefined || image.size === undefined) return undefined;
  const { format, modifier } = facts;
  const { width, height } = image.size;
  const bytesPerRow = image.bytesPerRow ?? format.strideBytes * width;
  const planes: PlaneInfo[] = [];
  for (let plane = 0; plane <= AUXILIARY_PLANE; plane++) {
    if (plane === AUXILIARY_PLANE && !modifier.te && !modifier.ccs) break;
    const position = planePosition(format, modifier, width, height, bytesPerRow, plane);
    if (position !== undefined) planes.push({ plane, ...position, rows: rowsOf(format, modifier, height, plane) });
  }
  return { sizeBytes: imageSizeBytes(format, modifier, width, height, bytesPerRow), bytesPerRow, planes };
}

function rowsOf(format: PixelFormatFacts, modifier: ModifierFacts, height: number, plane: number): number | undefined {
  if (plane === AUXILIARY_PLANE || (modifier.family !== "linear" && modifier.family !== "arm-linear-te"))
    return undefined;
  if (format.planes === "m420") return Math.floor((height * 3) / 2);
  return plane === 0 ? height : Math.floor(height / 2);
}
