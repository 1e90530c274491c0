/**
 * Numbers of v1 that v2 writes otherwise: heaps, pixel formats, modifiers. Source: interface contract 3, 5 and 6.3.
 */
import { PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import { FORMAT_MODIFIER_GOOGLE_GOLDFISH_OPTIMAL, HeapType, PixelFormatType } from "#gen/fuchsia_sysmem";

/** Each heap that has a number in v1, and its `heap_type` of v2. All of them are singletons, with id 0. */
const HEAPS: readonly (readonly [HeapType, string])[] = [
  [HeapType.SYSTEM_RAM, "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM"],
  [HeapType.FRAMEBUFFER, "fuchsia.sysmem.heap.HEAP_TYPE.FRAMEBUFFER"],
  [HeapType.AMLOGIC_SECURE, "fuchsia.amlogic.platform.sysmem.heap.HEAP_TYPE.SECURE"],
  [HeapType.AMLOGIC_SECURE_VDEC, "fuchsia.amlogic.platform.sysmem.heap.HEAP_TYPE.SECURE_VDEC"],
  [HeapType.GOLDFISH_DEVICE_LOCAL, "fuchsia.goldfish.platform.sysmem.heap.HEAP_TYPE.DEVICE_LOCAL"],
  [HeapType.GOLDFISH_HOST_VISIBLE, "fuchsia.goldfish.platform.sysmem.heap.HEAP_TYPE.HOST_VISIBLE"],
];

const STRING_OF: ReadonlyMap<bigint, string> = new Map(HEAPS);
const NUMBER_OF: ReadonlyMap<string, HeapType> = new Map(HEAPS.map(([number, string]) => [string, number]));

/** The `heap_type` for a heap number, which also `RegisterHeap` speaks in; undefined for a number that nobody knows. */
export function heapTypeOfNumber(heap: bigint): string | undefined {
  return STRING_OF.get(heap);
}

/** The number of a heap; undefined for those that v1 has no number for. */
export function heapNumberOf(heapType: string, id: bigint): HeapType | undefined {
  return id === 0n ? NUMBER_OF.get(heapType) : undefined;
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
