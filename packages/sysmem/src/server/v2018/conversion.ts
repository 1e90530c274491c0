/** Specs and usages of 2018 as constraints, and what was negotiated as an image of 2018. Source: interface contract 8.1. */
import { assert, err, ok, type Result, Status, type VmoHandle } from "#base";
import { ColorSpace as V2ColorSpace, PixelFormat as V2PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import {
  type BufferCollectionInfo,
  type BufferSpec,
  type BufferUsage,
  ColorSpaceType,
  type ImageFormat,
  MAX_BUFFER_COUNT,
  MAX_PLANE_COUNT,
  PixelFormatType,
  videoUsageHwProtected,
} from "#gen/fuchsia_sysmem_v2018";
import { imageFormatFromConstraints, imageLayout } from "#negotiate";
import type { DeliveredCollection } from "../buffers/delivery.ts";
import type { BufferCollectionConstraints } from "../types.ts";

/** What the coordinator demands: so many buffers, each with room for such an image. Or the status of what it said wrong. */
export function specConstraints(
  bufferCount: number,
  { image }: BufferSpec,
): Result<BufferCollectionConstraints, number> {
  const { minWidth, minHeight, layers, pixelFormat, colorSpace } = image;
  if (bufferCount < 1 || bufferCount > MAX_BUFFER_COUNT) return err(Status.ERR_INVALID_ARGS);
  if (minWidth === 0 || minHeight === 0 || layers === 0) return err(Status.ERR_INVALID_ARGS);
  if (pixelFormat.type === PixelFormatType.INVALID) return err(Status.ERR_INVALID_ARGS);
  if (layers > 1) return err(Status.ERR_NOT_SUPPORTED);
  return ok({
    minBufferCount: bufferCount,
    maxBufferCount: bufferCount,
    imageFormatConstraints: [
      {
        pixelFormat: V2PixelFormat.from(pixelFormat.type),
        // An image of 2018 is told by the offsets and rows of its planes.
        pixelFormatModifier: PixelFormatModifier.LINEAR,
        colorSpaces: [V2ColorSpace.from(colorSpace.type)],
        minSize: { width: minWidth, height: minHeight },
      },
    ],
  });
}

/** The bits that each word of a usage may have. */
const USAGE_BITS: Readonly<Record<keyof BufferUsage, number>> = { cpu: 0xf, vulkan: 0xff, display: 0x3, video: 0x7 };

/** Whether a usage says something, and nothing that has no meaning. */
export function isUsageValid(usage: BufferUsage): boolean {
  const words = Object.entries(USAGE_BITS) as [keyof BufferUsage, number][];
  return words.every(([word, bits]) => (usage[word] & ~bits) === 0) && words.some(([word]) => usage[word] !== 0);
}

/**
 * What a participant demands by its usage alone. Who leaves the CPU out can work with memory that the CPU does not reach; who
 * wants it protected can work with no other.
 */
export function usageConstraints(usage: BufferUsage): BufferCollectionConstraints {
  const isProtected = (usage.video & videoUsageHwProtected) !== 0;
  const needsCpu = usage.cpu !== 0;
  return {
    usage: { ...usage },
    bufferMemoryConstraints: {
      secureRequired: isProtected,
      cpuDomainSupported: !isProtected,
      ramDomainSupported: !isProtected && !needsCpu,
      inaccessibleDomainSupported: !needsCpu,
    },
  };
}

/** A successful answer. Takes ownership of the handles in `delivered`. */
export function collectionInfo({ settings, buffers }: DeliveredCollection): BufferCollectionInfo {
  const { bufferSettings } = settings;
  assert(bufferSettings?.rawVmoSize !== undefined, "negotiated settings are complete");
  return {
    bufferCount: buffers.length,
    format: { image: imageOf(settings) },
    vmos: vmoSlots(buffers.map(({ vmo }) => vmo)),
    vmoSize: bufferSettings.rawVmoSize,
  };
}

/** What stands beside a status that is not OK. */
export function blankCollectionInfo(): BufferCollectionInfo {
  const image: ImageFormat = {
    width: 0,
    height: 0,
    layers: 0,
    pixelFormat: { type: PixelFormatType.INVALID },
    // The enum has no value that means nothing.
    colorSpace: { type: ColorSpaceType.SRGB },
    planes: planeSlots([]),
  };
  return { bufferCount: 0, format: { image }, vmos: vmoSlots([]), vmoSize: 0n };
}

/** The smallest image that the settings allow: at least as large as the spec demands. */
function imageOf({ imageFormatConstraints }: DeliveredCollection["settings"]): ImageFormat {
  assert(imageFormatConstraints !== undefined, "a collection of 2018 has images");
  const { minSize = { width: 0, height: 0 }, sizeAlignment = { width: 1, height: 1 } } = imageFormatConstraints;
  const size = {
    width: Math.ceil(minSize.width / sizeAlignment.width) * sizeAlignment.width,
    height: Math.ceil(minSize.height / sizeAlignment.height) * sizeAlignment.height,
  };
  const image = imageFormatFromConstraints(imageFormatConstraints, size);
  const layout = image && imageLayout(image);
  assert(image !== undefined && layout !== undefined, "settings allow the smallest image that they allow");
  return {
    ...size,
    layers: 1,
    pixelFormat: { type: PixelFormatType.from(image.pixelFormat as number) },
    colorSpace: { type: ColorSpaceType.from(image.colorSpace as number) },
    planes: planeSlots(
      layout.planes.map(({ offset, rowBytes = 0 }) => ({ byteOffset: offset, bytesPerRow: rowBytes })),
    ),
  };
}

function planeSlots(planes: ImageFormat["planes"]): ImageFormat["planes"] {
  return Array.from({ length: MAX_PLANE_COUNT }, (_, index) => planes[index] ?? { byteOffset: 0, bytesPerRow: 0 });
}

function vmoSlots(vmos: readonly (VmoHandle | undefined)[]): (VmoHandle | null)[] {
  return Array.from({ length: MAX_BUFFER_COUNT }, (_, index) => vmos[index] ?? null);
}
