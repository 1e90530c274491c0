/** A small picture of an image in memory, made from as few of its pixels as it takes. */
import { assert, MAX_THUMBNAIL_SAMPLES_PER_AXIS, MAX_THUMBNAIL_SAMPLES_PER_TURN } from "#base";
import type { ImageFormat } from "#gen/fuchsia_images2";
import {
  imageLayout,
  modifierFacts,
  modifierName,
  PixelFormat,
  PixelFormatModifier,
  pixelFormatFacts,
  pixelFormatName,
} from "#negotiate";
import { pixelReader } from "./pixels.ts";

/** Width and height in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** Red, green, blue and 255, a byte each, row by row without padding. */
export interface Picture extends Size {
  readonly rgba: Uint8Array<ArrayBuffer>;
}

/**
 * Why an image cannot be shown, as a sentence without a full stop; undefined when it can.
 * @param sizeBytes of the memory that it lies in, from its first byte on
 */
export function obstacleTo(image: ImageFormat, sizeBytes: number): string | undefined {
  const { pixelFormat = PixelFormat.INVALID, pixelFormatModifier = PixelFormatModifier.LINEAR, size } = image;
  const name = pixelFormatName(pixelFormat);
  if (pixelFormatFacts(pixelFormat) === undefined) return `${name} is no format of pixels in rows`;
  const family = modifierFacts(pixelFormatModifier)?.family;
  if (family !== "linear" && family !== "arm-linear-te") {
    return `pixels of ${modifierName(pixelFormatModifier)} are tiled or compressed, in an order that only the device knows`;
  }
  const layout = imageLayout(image);
  if (layout === undefined || size === undefined)
    return `${name} does not come with ${modifierName(pixelFormatModifier)}`;
  const needed = layout.sizeBytes;
  if (needed > sizeBytes) {
    return `an image of ${size.width} by ${size.height} takes ${needed} bytes, the buffer has ${sizeBytes}`;
  }
  return undefined;
}

/** The largest size of the image's shape that fits. Never larger than the image, never without a pixel. */
export function sizeWithin(size: Size, most: Size): Size {
  const scale = Math.min(1, most.width / size.width, most.height / size.height);
  const side = (length: number): number => Math.max(1, Math.round(length * scale));
  return { width: side(size.width), height: side(size.height) };
}

/**
 * Makes the picture, a part in each step: whoever calls gives others a turn in between. Each pixel of it is the mean of up
 * to `MAX_THUMBNAIL_SAMPLES_PER_AXIS` squared pixels that it stands for. What alpha says is left out: whether it means
 * anything is not told.
 * @param image one that nothing is the obstacle to in `bytes`
 */
export function* thumbnail(bytes: Uint8Array, image: ImageFormat, size: Size): Generator<void, Picture> {
  const { width, height } = size;
  const rgba = new Uint8Array(width * height * 4);
  const out = new Uint8ClampedArray(rgba.buffer);
  const layout = imageLayout(image);
  assert(layout !== undefined && image.size !== undefined, "an image that cannot be shown has an obstacle");
  const reader = pixelReader(bytes, image, layout);
  const columns = samplePositions(image.size.width, width);
  const rows = samplePositions(image.size.height, height);
  const count = columns.each * rows.each;
  const rowsPerStep = Math.max(1, Math.floor(MAX_THUMBNAIL_SAMPLES_PER_TURN / (width * count)));
  const channels = new Float64Array(3);
  for (let row = 0, at = 0; row < height; row++) {
    if (row > 0 && row % rowsPerStep === 0) yield;
    for (let column = 0; column < width; column++, at += 4) {
      channels.fill(0);
      for (let j = row * rows.each; j < (row + 1) * rows.each; j++) {
        const y = rows.positions[j] as number;
        for (let i = column * columns.each; i < (column + 1) * columns.each; i++) {
          reader.add(columns.positions[i] as number, y, channels);
        }
      }
      for (let channel = 0; channel < 3; channel++) channels[channel] = (channels[channel] as number) / count;
      reader.toSrgb(channels);
      for (let channel = 0; channel < 3; channel++) out[at + channel] = (channels[channel] as number) * 255;
      out[at + 3] = 255;
    }
  }
  return { ...size, rgba };
}

/** Which pixels along one axis the parts of a picture look at: the middles of `each` equal pieces of what a part covers. */
function samplePositions(length: number, parts: number): { readonly each: number; readonly positions: Int32Array } {
  const each = Math.min(MAX_THUMBNAIL_SAMPLES_PER_AXIS, Math.ceil(length / parts));
  const pieces = parts * each;
  const positions = Int32Array.from({ length: pieces }, (_, at) => Math.floor(((at + 0.5) * length) / pieces));
  return { each, positions };
}
