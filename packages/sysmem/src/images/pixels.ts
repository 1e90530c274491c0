/** One pixel of an image in memory, whatever its format: as three channels between 0 and 1. */
import { assert } from "#base";
import type { ImageFormat } from "#gen/fuchsia_images2";
import { ColorSpace, type ImageLayout, PixelFormat } from "#negotiate";
import { colorsOf, WEIGHTS, type YuvColors } from "./colors.ts";

/** Reads pixels of one image. */
export interface PixelReader {
  /**
   * Adds the pixel's three channels to `sums`: red, green and blue, or Y from 0 to 1 with U and V from -0.5 to 0.5.
   * Coordinates lie inside the image.
   */
  add(x: number, y: number, sums: Float64Array): void;
  /** Turns a mean of what was added into red, green and blue of sRGB, in place. They may lie outside of 0 to 1. */
  toSrgb(channels: Float64Array): void;
}

/** Adds the channels of the pixel at a byte offset of plane 0. */
type Unpack = (bytes: Uint8Array, at: number, sums: Float64Array) => void;

/** Formats of whole pixels on one plane. Words are little-endian, as on every machine that this runs on. */
const PACKED: ReadonlyMap<number, { readonly pixelBytes: number; readonly unpack: Unpack }> = new Map([
  [PixelFormat.R8G8B8A8, octets(4, [0, 1, 2])],
  [PixelFormat.R8G8B8X8, octets(4, [0, 1, 2])],
  [PixelFormat.B8G8R8A8, octets(4, [2, 1, 0])],
  [PixelFormat.B8G8R8X8, octets(4, [2, 1, 0])],
  [PixelFormat.R8G8B8, octets(3, [0, 1, 2])],
  [PixelFormat.B8G8R8, octets(3, [2, 1, 0])],
  [PixelFormat.R8G8, octets(2, [0, 1])],
  [PixelFormat.R8, octets(1, [0])],
  [PixelFormat.L8, octets(1, [0, 0, 0])],
  [PixelFormat.R5G6B5, word(2, [11, 5], [5, 6], [0, 5])],
  [PixelFormat.R3G3B2, word(1, [5, 3], [2, 3], [0, 2])],
  [PixelFormat.R2G2B2X2, word(1, [6, 2], [4, 2], [2, 2])],
  [PixelFormat.A2R10G10B10, word(4, [20, 10], [10, 10], [0, 10])],
  [PixelFormat.A2B10G10R10, word(4, [0, 10], [10, 10], [20, 10])],
]);

/** Channels that are bytes, by their places in a pixel. A missing one is 0. */
function octets(pixelBytes: number, places: readonly number[]): { pixelBytes: number; unpack: Unpack } {
  const unpack: Unpack = (bytes, at, sums) => {
    for (let channel = 0; channel < places.length; channel++) {
      sums[channel] = (sums[channel] as number) + (bytes[at + (places[channel] as number)] as number) / 255;
    }
  };
  return { pixelBytes, unpack };
}

type Bits = readonly [shift: number, width: number];

/** Channels that are bits of a word: red, green, blue. */
function word(pixelBytes: 1 | 2 | 4, ...channels: readonly [Bits, Bits, Bits]): { pixelBytes: number; unpack: Unpack } {
  const unpack: Unpack = (bytes, at, sums) => {
    let value = 0;
    for (let byte = pixelBytes - 1; byte >= 0; byte--) value = (value << 8) | (bytes[at + byte] as number);
    for (let channel = 0; channel < 3; channel++) {
      const [shift, width] = channels[channel] as Bits;
      const most = (1 << width) - 1;
      sums[channel] = (sums[channel] as number) + ((value >>> shift) & most) / most;
    }
  };
  return { pixelBytes, unpack };
}

/** A reader of an image that begins at the first of `bytes`. Its format has a table or planes here, and is linear. */
export function pixelReader(
  bytes: Uint8Array,
  { pixelFormat = PixelFormat.INVALID, colorSpace }: ImageFormat,
  layout: ImageLayout,
): PixelReader {
  const { bytesPerRow } = layout;
  const isLuma = isSingleChannel(pixelFormat) && colorSpace !== undefined && isYuvSpace(colorSpace);
  const packed = PACKED.get(pixelFormat);
  if (packed !== undefined && !isLuma) {
    const { pixelBytes, unpack } = packed;
    return { add: (x, y, sums) => unpack(bytes, y * bytesPerRow + x * pixelBytes, sums), toSrgb: () => {} };
  }
  const colors = colorsOf(colorSpace);
  const add = isLuma
    ? (x: number, y: number, sums: Float64Array) => addOne(sums, 0, bytes[y * bytesPerRow + x] as number)
    : yuvReader(bytes, pixelFormat, layout);
  return { add, toSrgb: yuvToSrgb(colors, pixelFormat === PixelFormat.P010 ? 1023 : 255, isLuma) };
}

function isSingleChannel(pixelFormat: number): boolean {
  return pixelFormat === PixelFormat.L8 || pixelFormat === PixelFormat.R8;
}

function isYuvSpace(colorSpace: number): boolean {
  return colorSpace !== ColorSpace.SRGB && colorSpace !== ColorSpace.PASSTHROUGH;
}

function addOne(sums: Float64Array, channel: number, value: number): void {
  sums[channel] = (sums[channel] as number) + value;
}

/** Adds samples as they are stored, 8 or 10 bits. */
function yuvReader(bytes: Uint8Array, pixelFormat: number, layout: ImageLayout): PixelReader["add"] {
  const { bytesPerRow, planes } = layout;
  const byte = (at: number): number => bytes[at] as number;
  const three = (sums: Float64Array, y: number, u: number, v: number): void => {
    addOne(sums, 0, y);
    addOne(sums, 1, u);
    addOne(sums, 2, v);
  };
  const plane = (index: number): { offset: number; rowBytes: number } => {
    const found = planes.find((one) => one.plane === index);
    assert(found?.rowBytes !== undefined, `the image has no plane ${index}`);
    return { offset: found.offset, rowBytes: found.rowBytes };
  };
  switch (pixelFormat) {
    case PixelFormat.NV12: {
      const { offset, rowBytes } = plane(1);
      return (x, y, sums) => {
        const at = offset + (y >> 1) * rowBytes + (x & ~1);
        three(sums, byte(y * bytesPerRow + x), byte(at), byte(at + 1));
      };
    }
    case PixelFormat.P010: {
      const { offset, rowBytes } = plane(1);
      // The value is in the upper ten bits of each word.
      const sample = (at: number): number => (byte(at) | (byte(at + 1) << 8)) >> 6;
      return (x, y, sums) => {
        const at = offset + (y >> 1) * rowBytes + (x & ~1) * 2;
        three(sums, sample(y * bytesPerRow + x * 2), sample(at), sample(at + 2));
      };
    }
    case PixelFormat.I420:
    case PixelFormat.YV12: {
      const [u, v] = pixelFormat === PixelFormat.I420 ? [plane(1), plane(2)] : [plane(2), plane(1)];
      return (x, y, sums) => {
        const at = (y >> 1) * u.rowBytes + (x >> 1);
        three(sums, byte(y * bytesPerRow + x), byte(u.offset + at), byte(v.offset + at));
      };
    }
    case PixelFormat.M420:
      // Two rows of luma, then one of chroma.
      return (x, y, sums) => {
        const group = (y >> 1) * 3 * bytesPerRow;
        const at = group + 2 * bytesPerRow + (x & ~1);
        three(sums, byte(group + (y & 1) * bytesPerRow + x), byte(at), byte(at + 1));
      };
    default: {
      assert(pixelFormat === PixelFormat.YUY2, `pixel format ${pixelFormat} has no reader`);
      return (x, y, sums) => {
        const at = y * bytesPerRow + (x >> 1) * 4;
        three(sums, byte(at + (x & 1) * 2), byte(at + 1), byte(at + 3));
      };
    }
  }
}

/** From stored samples of 0 to `most` to sRGB. */
function yuvToSrgb({ matrix, range }: YuvColors, most: number, isLuma: boolean): PixelReader["toSrgb"] {
  const { red, blue } = WEIGHTS[matrix];
  const green = 1 - red - blue;
  // Limited range is defined for 8 bits and scaled up for more.
  const unit = (most + 1) / 256;
  const [black, lumaSpan, chromaSpan] = range === "full" ? [0, most, most] : [16 * unit, 219 * unit, 224 * unit];
  return (channels) => {
    const y = ((channels[0] as number) - black) / lumaSpan;
    const u = isLuma ? 0 : ((channels[1] as number) - 128 * unit) / chromaSpan;
    const v = isLuma ? 0 : ((channels[2] as number) - 128 * unit) / chromaSpan;
    channels[0] = y + 2 * (1 - red) * v;
    channels[1] = y - ((2 * (1 - blue) * blue) / green) * u - ((2 * (1 - red) * red) / green) * v;
    channels[2] = y + 2 * (1 - blue) * u;
    if (matrix === "BT.2020") narrowGamut(channels);
  };
}

/** Exponent of a standard display (BT.1886). What REC2100 says of HDR is shown as such a display shows HLG. */
const DISPLAY_GAMMA = 2.4;

/** Primaries of BT.2020 to those of BT.709, which sRGB has, applied to light. Each row sums up to 1: grey stays grey. */
const GAMUT = [
  [1.6605, -0.5877, -0.0728],
  [-0.1246, 1.133, -0.0084],
  [-0.0182, -0.1006, 1.1188],
] as const;

function narrowGamut(channels: Float64Array): void {
  const r = Math.max(0, channels[0] as number) ** DISPLAY_GAMMA;
  const g = Math.max(0, channels[1] as number) ** DISPLAY_GAMMA;
  const b = Math.max(0, channels[2] as number) ** DISPLAY_GAMMA;
  for (let channel = 0; channel < 3; channel++) {
    const [ofRed, ofGreen, ofBlue] = GAMUT[channel] as (typeof GAMUT)[number];
    channels[channel] = Math.max(0, ofRed * r + ofGreen * g + ofBlue * b) ** (1 / DISPLAY_GAMMA);
  }
}
