/**
 * What the bytes of an image show: pixel formats and colour spaces to sRGB. Pure: no input or output, no clock, nothing of
 * Node.
 */
export {
  colorsOf,
  FRACTION_BITS,
  REC709,
  type ToRgb,
  toRgb,
  type ToYuv,
  toYuv,
  type YuvColors,
  type YuvMatrix,
  type YuvRange,
} from "./colors.ts";
export { type PixelReader, pixelReader } from "./pixels.ts";
export { obstacleTo, type Picture, sizeWithin, thumbnail } from "./thumbnail.ts";
