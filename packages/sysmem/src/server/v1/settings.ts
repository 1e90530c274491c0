/** What was negotiated, as v1 says it. */
import { assert, err, ok, type Result, type VmoHandle } from "#base";
import {
  type BufferCollectionInfo2,
  CoherencyDomain,
  ColorSpaceType,
  HeapType,
  type ImageFormatConstraints,
  MAX_COUNT_BUFFER_COLLECTION_INFO_BUFFERS,
  MAX_COUNT_IMAGE_FORMAT_CONSTRAINTS_COLOR_SPACES,
  PixelFormatType,
  type SingleBufferSettings,
  type VmoBuffer,
} from "#gen/fuchsia_sysmem";
import type * as v2 from "#gen/fuchsia_sysmem2";
import { IMAGE_FIELDS, readScalars, readSizes } from "./fields.ts";
import { heapNumberOf, v1Modifier, v1PixelFormat } from "./numbers.ts";

const MAX_SIZE_BYTES = 0xffff_ffffn;

/** The settings in the terms of v1, or what they have that v1 has no word for. */
export function v1Settings(
  settings: v2.SingleBufferSettings,
  bufferCount: number,
): Result<SingleBufferSettings, string> {
  const { bufferSettings: memory, imageFormatConstraints: image } = settings;
  assert(memory?.sizeBytes !== undefined && memory.heap !== undefined, "negotiated settings are complete");
  if (bufferCount > MAX_COUNT_BUFFER_COLLECTION_INFO_BUFFERS) return err(`${bufferCount} buffers`);
  if (memory.sizeBytes > MAX_SIZE_BYTES) return err(`a size of ${memory.sizeBytes} bytes`);
  const heap = heapNumberOf(memory.heap.heapType ?? "", memory.heap.id ?? 0n);
  if (heap === undefined) return err(`heap ${memory.heap.heapType} (${memory.heap.id})`);
  const v1Image = image === undefined ? ok(blankImage()) : v1ImageConstraints(image);
  if (!v1Image.ok) return v1Image;
  return ok({
    bufferSettings: {
      sizeBytes: Number(memory.sizeBytes),
      isPhysicallyContiguous: memory.isPhysicallyContiguous ?? false,
      isSecure: memory.isSecure ?? false,
      coherencyDomain: CoherencyDomain.from(memory.coherencyDomain ?? 0),
      heap,
    },
    hasImageFormatConstraints: image !== undefined,
    imageFormatConstraints: v1Image.value,
  });
}

/** A successful answer. Takes ownership of the VMOs; `undefined` where the participant gets none. */
export function v1CollectionInfo(
  settings: SingleBufferSettings,
  vmos: readonly (VmoHandle | undefined)[],
): BufferCollectionInfo2 {
  const buffers = Array.from(
    { length: MAX_COUNT_BUFFER_COLLECTION_INFO_BUFFERS },
    (_, index): VmoBuffer => ({ vmo: vmos[index], vmoUsableStart: 0n }),
  );
  return { bufferCount: vmos.length, settings, buffers };
}

/** What stands beside a status that is not OK: no buffers, and settings without a meaning. */
export function blankCollectionInfo(): BufferCollectionInfo2 {
  const bufferSettings = {
    sizeBytes: 0,
    isPhysicallyContiguous: false,
    isSecure: false,
    coherencyDomain: CoherencyDomain.CPU,
    heap: HeapType.SYSTEM_RAM,
  };
  const settings = { bufferSettings, hasImageFormatConstraints: false, imageFormatConstraints: blankImage() };
  return v1CollectionInfo(settings, []);
}

function v1ImageConstraints(v2Image: v2.ImageFormatConstraints): Result<ImageFormatConstraints, string> {
  const type = v1PixelFormat(v2Image.pixelFormat as NonNullable<typeof v2Image.pixelFormat>);
  if (type === undefined) return err(`pixel format ${v2Image.pixelFormat}`);
  const spaces = (v2Image.colorSpaces ?? []).filter((space) => ColorSpaceType.isKnown(space));
  if (spaces.length === 0 || spaces.length > MAX_COUNT_IMAGE_FORMAT_CONSTRAINTS_COLOR_SPACES) {
    return err(`color spaces ${v2Image.colorSpaces?.join(", ") ?? "none"}`);
  }
  return ok({
    ...blankImage(),
    ...readScalars(IMAGE_FIELDS, v2Image),
    ...readSizes(v2Image),
    pixelFormat: {
      type,
      hasFormatModifier: v2Image.pixelFormatModifier !== undefined,
      formatModifier: { value: v1Modifier(v2Image.pixelFormatModifier ?? 0n) },
    },
    colorSpacesCount: spaces.length,
    colorSpace: colorSpaceSlots(spaces),
  });
}

function colorSpaceSlots(spaces: readonly number[]): ImageFormatConstraints["colorSpace"] {
  return Array.from({ length: MAX_COUNT_IMAGE_FORMAT_CONSTRAINTS_COLOR_SPACES }, (_, index) => ({
    type: ColorSpaceType.from(spaces[index] ?? ColorSpaceType.INVALID),
  }));
}

/** A struct without a meaning: v1 has no absent members. */
function blankImage(): ImageFormatConstraints {
  return {
    pixelFormat: { type: PixelFormatType.INVALID, hasFormatModifier: false, formatModifier: { value: 0n } },
    colorSpacesCount: 0,
    colorSpace: colorSpaceSlots([]),
    minCodedWidth: 0,
    maxCodedWidth: 0,
    minCodedHeight: 0,
    maxCodedHeight: 0,
    minBytesPerRow: 0,
    maxBytesPerRow: 0,
    maxCodedWidthTimesCodedHeight: 0,
    layers: 1,
    codedWidthDivisor: 0,
    codedHeightDivisor: 0,
    bytesPerRowDivisor: 0,
    startOffsetDivisor: 0,
    displayWidthDivisor: 0,
    displayHeightDivisor: 0,
    requiredMinCodedWidth: 0,
    requiredMaxCodedWidth: 0,
    requiredMinCodedHeight: 0,
    requiredMaxCodedHeight: 0,
    requiredMinBytesPerRow: 0,
    requiredMaxBytesPerRow: 0,
  };
}
