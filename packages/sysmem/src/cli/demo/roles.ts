/** The three participants of the demo and what each needs from the buffers. */
import { assert } from "#base";
import { CPU_USAGE_READ_OFTEN, CPU_USAGE_WRITE_OFTEN, type BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import { ColorSpace, PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import type { YuvColors } from "#images";
import type { MediaSize } from "../media/layout.ts";
import { colorSpaceOf } from "./image.ts";

export type Role = (typeof ROLES)[number];
/** Upstream to downstream. */
export const ROLES = ["source", "filter", "sink"] as const;

/** What only the source knows beforehand: the images that it is going to write. */
export interface SourceImage {
  readonly size: MediaSize;
  readonly colors: YuvColors;
}

/** Names under which the demo's channels reach the participants. */
export const CHANNEL_VARIABLES = {
  monitor: "SYSMEM_DEMO_MONITOR_FD",
  upstream: "SYSMEM_DEMO_UPSTREAM_FD",
  downstream: "SYSMEM_DEMO_DOWNSTREAM_FD",
} as const;

const YUV_SPACES = [ColorSpace.REC709, ColorSpace.REC601_NTSC, ColorSpace.REC601_NTSC_FULL_RANGE];

const format = (pixelFormat: PixelFormat) => ({ pixelFormat, pixelFormatModifier: PixelFormatModifier.LINEAR });

/**
 * Each role's constraints, as a camera, an image filter and a display would state them: they agree on NV12 because it
 * is the only format that all three know, and on a stride that the filter's wide loads can use.
 */
export function constraintsFor(role: Role, image: SourceImage | undefined): BufferCollectionConstraints {
  switch (role) {
    case "source": {
      // Writes whole frames in any of three formats. One buffer being filled, one ready to be filled next.
      assert(image !== undefined, "the source knows its images");
      const { size, colors } = image;
      return {
        usage: { cpu: CPU_USAGE_WRITE_OFTEN },
        minBufferCountForCamping: 2,
        bufferMemoryConstraints: { cpuDomainSupported: true, ramDomainSupported: true },
        imageFormatConstraints: [
          {
            pixelFormatAndModifiers: [format(PixelFormat.NV12), format(PixelFormat.I420)],
            colorSpaces: [colorSpaceOf(colors)],
            minSize: size,
            maxSize: size,
            requiredMaxSize: size,
          },
          {
            pixelFormatAndModifiers: [format(PixelFormat.B8G8R8A8)],
            colorSpaces: [ColorSpace.SRGB],
            minSize: size,
            maxSize: size,
            requiredMaxSize: size,
          },
        ],
      };
    }
    case "filter":
      // Changes pixels in place with 64-byte loads and stores, so rows must start at multiples of 64 bytes.
      return {
        usage: { cpu: CPU_USAGE_READ_OFTEN | CPU_USAGE_WRITE_OFTEN },
        minBufferCountForCamping: 1,
        bufferMemoryConstraints: { cpuDomainSupported: true },
        imageFormatConstraints: [
          {
            pixelFormatAndModifiers: [format(PixelFormat.NV12)],
            colorSpaces: YUV_SPACES,
            bytesPerRowDivisor: 64,
          },
          {
            pixelFormatAndModifiers: [format(PixelFormat.B8G8R8A8)],
            colorSpaces: [ColorSpace.SRGB],
            bytesPerRowDivisor: 64,
          },
        ],
      };
    case "sink":
      // Only reads; keeps one frame while it looks at it, and one in reserve.
      return {
        usage: { cpu: CPU_USAGE_READ_OFTEN },
        minBufferCountForCamping: 1,
        minBufferCountForSharedSlack: 1,
        bufferMemoryConstraints: { cpuDomainSupported: true },
        imageFormatConstraints: [
          {
            pixelFormatAndModifiers: [format(PixelFormat.I420), format(PixelFormat.NV12)],
            colorSpaces: YUV_SPACES,
            maxSize: { width: 7680, height: 4320 },
          },
        ],
      };
  }
}
