/** Constraints for tests. */
import { ColorSpace, PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import type { BufferCollectionConstraints, ImageFormatConstraints } from "#gen/fuchsia_sysmem2";

/** CPU_USAGE_READ_OFTEN | CPU_USAGE_WRITE_OFTEN, and CPU_USAGE_READ. */
const READS_AND_WRITES = { cpu: 10 };
export const READS = { cpu: 1 };

/** Plain memory. */
export function raw(more: BufferCollectionConstraints = {}): BufferCollectionConstraints {
  return {
    usage: READS_AND_WRITES,
    minBufferCountForCamping: 1,
    bufferMemoryConstraints: { minSizeBytes: 4096n },
    ...more,
  };
}

/** Images of 640x480. */
export function image(
  pixelFormat: number,
  format: ImageFormatConstraints = {},
  more: BufferCollectionConstraints = {},
): BufferCollectionConstraints {
  return {
    usage: READS_AND_WRITES,
    minBufferCountForCamping: 1,
    imageFormatConstraints: [
      {
        pixelFormat: PixelFormat.from(pixelFormat),
        pixelFormatModifier: PixelFormatModifier.LINEAR,
        colorSpaces: [pixelFormat === PixelFormat.NV12 ? ColorSpace.REC709 : ColorSpace.SRGB],
        minSize: { width: 640, height: 480 },
        ...format,
      },
    ],
    ...more,
  };
}
