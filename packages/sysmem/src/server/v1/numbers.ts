/**
 * Numbers of v1 that v2 writes otherwise: heaps (their table is the heaps' own), pixel formats, modifiers. Source: interface contract 3, 5 and 6.3.
 */
import { PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import { FORMAT_MODIFIER_GOOGLE_GOLDFISH_OPTIMAL, HeapType, PixelFormatType } from "#gen/fuchsia_sysmem";
import { numberOfHeapType } from "#heaps";

/** The number of a heap; undefined for those that v1 has no number for. All that have one are singletons, with id 0. */
export function heapNumberOf(heapType: string, id: bigint): HeapType | undefined {
  const number = id === 0n ? numberOfHeapType(heapType) : undefined;
  return number === undefined ? undefined : HeapType.from(number);
}

/** The v1 format of the same number; undefined for formats that came after v1. */
export function v1PixelFormat(format: PixelFormat): PixelFormatType | undefined {
  return PixelFormatType.isKnown(format) ? PixelFormatType.from(format) : undefined;
}

/** Pairs of modifiers whose numbers differ; all others are equal. */
const V1_GOLDFISH = FORMAT_MODIFIER_GOOGLE_GOLDFISH_OPTIMAL;
const V2_GOLDFISH: bigint = PixelFormatModifier.GOOGLE_GOLDFISH_OPTIMAL;

/** The modifier that a v1 pixel format asks for. Without one, pixels are stored in rows, whatever the format. */
export function v2Modifier(format: PixelFormatType, modifier: bigint | undefined): PixelFormatModifier {
  if (modifier === undefined) {
    return format === PixelFormatType.DO_NOT_CARE ? PixelFormatModifier.DO_NOT_CARE : PixelFormatModifier.LINEAR;
  }
  return PixelFormatModifier.from(modifier === V1_GOLDFISH ? V2_GOLDFISH : modifier);
}

/** The v1 number of a modifier. */
export function v1Modifier(modifier: bigint): bigint {
  return modifier === V2_GOLDFISH ? V1_GOLDFISH : modifier;
}

/** The v2 format of the same number. */
export function v2PixelFormat(format: PixelFormatType): PixelFormat {
  return PixelFormat.from(format);
}
