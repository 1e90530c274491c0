/**
 * Which v1 field is which v2 field, read in both directions. Source: interface contract 7, "Fields".
 *
 * In v1 a field cannot be absent, so each has a number that constrains nothing (`neutral`), and many take 0 to mean that
 * number. In v2 such a field is not set.
 */
import type { BufferCollectionConstraints, BufferMemoryConstraints, ImageFormatConstraints } from "#gen/fuchsia_sysmem";
import type * as v2 from "#gen/fuchsia_sysmem2";

/** Keys of a v1 struct whose values are numbers. */
type NumberKey<T> = { [K in keyof T]-?: T[K] extends number ? K : never }[keyof T];

const MAX = 0xffff_ffff;

/** Sense of one number. */
interface Sense {
  /** What 0 stands for. */
  readonly zero: number;
  /** The value that means "unset". */
  readonly neutral: number;
}

const AT_LEAST: Sense = { zero: 0, neutral: 0 };
const AT_MOST: Sense = { zero: MAX, neutral: MAX };
const DIVISOR: Sense = { zero: 1, neutral: 1 };

/** One number in both generations. */
export interface ScalarRow<V1, V2> extends Sense {
  readonly v1: NumberKey<V1>;
  readonly v2: keyof V2 & string;
  /** 64 bits in v2. */
  readonly isWide?: boolean;
}

/** Two numbers of v1 that are one size in v2. */
export interface SizeRow extends Sense {
  readonly width: NumberKey<ImageFormatConstraints>;
  readonly height: NumberKey<ImageFormatConstraints>;
  readonly v2: keyof v2.ImageFormatConstraints & string;
}

export const COUNT_FIELDS: readonly ScalarRow<BufferCollectionConstraints, v2.BufferCollectionConstraints>[] = [
  { v1: "minBufferCountForCamping", v2: "minBufferCountForCamping", ...AT_LEAST },
  { v1: "minBufferCountForDedicatedSlack", v2: "minBufferCountForDedicatedSlack", ...AT_LEAST },
  { v1: "minBufferCountForSharedSlack", v2: "minBufferCountForSharedSlack", ...AT_LEAST },
  { v1: "minBufferCount", v2: "minBufferCount", ...AT_LEAST },
  { v1: "maxBufferCount", v2: "maxBufferCount", ...AT_MOST },
];

export const MEMORY_FIELDS: readonly ScalarRow<BufferMemoryConstraints, v2.BufferMemoryConstraints>[] = [
  { v1: "minSizeBytes", v2: "minSizeBytes", ...AT_LEAST, isWide: true },
  { v1: "maxSizeBytes", v2: "maxSizeBytes", ...AT_MOST, isWide: true },
];

export const IMAGE_FIELDS: readonly ScalarRow<ImageFormatConstraints, v2.ImageFormatConstraints>[] = [
  { v1: "minBytesPerRow", v2: "minBytesPerRow", ...AT_LEAST },
  { v1: "maxBytesPerRow", v2: "maxBytesPerRow", ...AT_MOST },
  { v1: "maxCodedWidthTimesCodedHeight", v2: "maxWidthTimesHeight", ...AT_MOST, isWide: true },
  { v1: "bytesPerRowDivisor", v2: "bytesPerRowDivisor", ...DIVISOR },
  { v1: "startOffsetDivisor", v2: "startOffsetDivisor", ...DIVISOR },
];

const SIZE_FIELDS: readonly SizeRow[] = [
  { width: "minCodedWidth", height: "minCodedHeight", v2: "minSize", ...AT_LEAST },
  { width: "maxCodedWidth", height: "maxCodedHeight", v2: "maxSize", ...AT_MOST },
  { width: "codedWidthDivisor", height: "codedHeightDivisor", v2: "sizeAlignment", ...DIVISOR },
  { width: "displayWidthDivisor", height: "displayHeightDivisor", v2: "displayRectAlignment", ...DIVISOR },
  { width: "requiredMinCodedWidth", height: "requiredMinCodedHeight", v2: "requiredMinSize", ...AT_MOST },
  { width: "requiredMaxCodedWidth", height: "requiredMaxCodedHeight", v2: "requiredMaxSize", ...AT_LEAST },
];

/** Sets the v2 fields that the v1 numbers of a table constrain. */
export function setScalars<V1, V2>(rows: readonly ScalarRow<V1, V2>[], from: V1, to: Record<string, unknown>): void {
  for (const { v1: key, v2: name, zero, neutral, isWide } of rows) {
    const value = (from[key] as number) || zero;
    if (value !== neutral) to[name] = isWide === true ? BigInt(value) : value;
  }
}

/** The v1 numbers of a table. A number that v1 has no room for stands for "any". */
export function readScalars<V1, V2>(rows: readonly ScalarRow<V1, V2>[], from: V2): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const { v1: key, v2: name, neutral } of rows) {
    const value = from[name] as number | bigint | undefined;
    fields[key as string] = value === undefined ? neutral : Math.min(Number(value), MAX);
  }
  return fields;
}

/** As `setScalars`, for sizes: one component alone that constrains something sets both. */
export function setSizes(from: ImageFormatConstraints, to: Record<string, unknown>): void {
  for (const { width, height, v2: name, zero, neutral } of SIZE_FIELDS) {
    const size = { width: from[width] || zero, height: from[height] || zero };
    if (size.width !== neutral || size.height !== neutral) to[name] = size;
  }
}

/** As `readScalars`, for sizes. */
export function readSizes(from: v2.ImageFormatConstraints): Record<string, number> {
  const fields: Record<string, number> = {};
  for (const { width, height, v2: name, neutral } of SIZE_FIELDS) {
    const size = from[name] as { readonly width: number; readonly height: number } | undefined;
    fields[width] = size?.width ?? neutral;
    fields[height] = size?.height ?? neutral;
  }
  return fields;
}
