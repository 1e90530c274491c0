/** From what sysmem decided to what the media functions work with. */
import { assert } from "#base";
import { ColorSpace, PixelFormat } from "#gen/fuchsia_images2";
import type { SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import { minimumRowBytes } from "#negotiate";
import type { YuvColors } from "#images";
import type { ImageLayout, MediaFormat, MediaSize } from "../media/layout.ts";

/** Where the pixels of a `size` image lie in a buffer with these settings. */
export function layoutFor(settings: SingleBufferSettings, size: MediaSize): ImageLayout {
  const constraints = settings.imageFormatConstraints;
  assert(constraints !== undefined, "the demo's participants ask for images");
  const format = PixelFormat.nameOf(constraints.pixelFormat ?? 0) as MediaFormat;
  const bytesPerRow = minimumRowBytes(constraints, size.width);
  assert(bytesPerRow !== undefined, `no row length for ${size.width} pixels of ${format}`);
  return { format, width: size.width, height: size.height, bytesPerRow };
}

/** Size of the images that the source will write: it pinned it from both sides. */
export function sizeOf(settings: SingleBufferSettings): MediaSize {
  const size = settings.imageFormatConstraints?.minSize;
  assert(size !== undefined, "a result always has min_size");
  return size;
}

/** The colour space that stands for what a video's YUV samples mean. */
export function colorSpaceOf(colors: YuvColors): ColorSpace {
  if (colors.matrix === "BT.709") return ColorSpace.REC709;
  if (colors.matrix === "BT.2020") return ColorSpace.REC2020;
  return colors.range === "full" ? ColorSpace.REC601_NTSC_FULL_RANGE : ColorSpace.REC601_NTSC;
}
