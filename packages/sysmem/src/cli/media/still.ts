/** Still images: PNG and JPEG, recognised by their first bytes. The decoders are loaded when one is needed. */
import { readFile, stat } from "node:fs/promises";
import { MAX_IMAGE_FILE_BYTES, MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE } from "#base";
import type { DecodedPng } from "fast-png";
import { MediaFormatError, MediaIoError, MediaUnsupportedError } from "./errors.ts";

/** An image in memory: red, green, blue and alpha with 8 bits each, without padding. */
export interface StillImage {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

/** Kinds of still image that can be decoded. */
export type StillType = "png" | "jpeg";

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const JPEG_SIGNATURE = [0xff, 0xd8, 0xff];
/** Width and height in a PNG: behind the signature, and the length and name of the first chunk. */
const PNG_SIZE_OFFSET = 16;
/** What jpeg-js may use in all; a component's coefficients take eight bytes a sample. */
const JPEG_MEMORY_MIB = 2_048;

const startsWith = (bytes: Uint8Array, signature: readonly number[]): boolean =>
  bytes.length >= signature.length && signature.every((byte, index) => bytes[index] === byte);

/** The kind of still image that starts with `bytes`; undefined for anything else. */
export function stillTypeOf(bytes: Uint8Array): StillType | undefined {
  if (startsWith(bytes, PNG_SIGNATURE)) return "png";
  return startsWith(bytes, JPEG_SIGNATURE) ? "jpeg" : undefined;
}

/** Reads and decodes a file. */
export async function readStill(file: string): Promise<StillImage> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(file);
    if (size > MAX_IMAGE_FILE_BYTES) {
      throw new MediaUnsupportedError(
        file,
        `an image file of ${size} bytes is too large; ${MAX_IMAGE_FILE_BYTES} are possible`,
      );
    }
    bytes = await readFile(file);
  } catch (cause) {
    throw cause instanceof MediaUnsupportedError ? cause : new MediaIoError("read", file, cause);
  }
  return decodeStill(bytes, file);
}

/** Decodes an image. `file` is for messages. Orientation tags and colour profiles are not looked at. */
export async function decodeStill(bytes: Uint8Array, file: string): Promise<StillImage> {
  const type = stillTypeOf(bytes);
  if (type === undefined) {
    throw new MediaFormatError({ file, offset: 0, field: "signature" }, "it is neither a PNG nor a JPEG image");
  }
  try {
    return type === "png" ? await decodePng(bytes, file) : await decodeJpeg(bytes, file);
  } catch (cause) {
    if (cause instanceof MediaUnsupportedError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MediaFormatError({ file, offset: 0, field: `${type.toUpperCase()} data` }, why, { cause });
  }
}

function checkSize(width: number, height: number, file: string): void {
  if (width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE || width * height > MAX_IMAGE_PIXELS) {
    throw new MediaUnsupportedError(file, `an image of ${width} by ${height} pixels is too large`);
  }
  if (width === 0 || height === 0) throw new MediaUnsupportedError(file, "the image has no pixels");
}

async function decodePng(bytes: Uint8Array, file: string): Promise<StillImage> {
  if (bytes.length >= PNG_SIZE_OFFSET + 8) {
    // Looked at before anything is allocated: the decoder would believe it.
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    checkSize(view.getUint32(PNG_SIZE_OFFSET), view.getUint32(PNG_SIZE_OFFSET + 4), file);
  }
  const { decode } = await import("fast-png");
  const png = decode(bytes);
  const { width, height } = png;
  return { width, height, rgba: pngToRgba(png) };
}

/** Samples of any depth, in one to four channels or as indices of a palette, as 8-bit RGBA. */
function pngToRgba(png: DecodedPng): Uint8Array {
  const { width, height, depth, channels, data, palette } = png;
  const rgba = new Uint8Array(width * height * 4);
  // Depths below 8 share bytes, from the highest bit down, and each row starts with a byte of its own.
  const perRow = depth < 8 ? Math.ceil((width * channels * depth) / 8) : width * channels;
  const mask = (1 << Math.min(depth, 8)) - 1;
  const sample = (row: number, index: number): number => {
    if (depth === 16) return (data[row * perRow + index] as number) >> 8;
    if (depth === 8) return data[row * perRow + index] as number;
    const bit = index * depth;
    return ((data[row * perRow + (bit >> 3)] as number) >> (8 - depth - (bit & 7))) & mask;
  };
  const scale = palette === undefined && depth < 8 ? 255 / mask : 1;
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at += 4) {
      const first = column * channels;
      if (palette !== undefined) {
        const [red = 0, green = 0, blue = 0, alpha = 255] = palette[sample(row, first)] ?? [];
        rgba[at] = red;
        rgba[at + 1] = green;
        rgba[at + 2] = blue;
        rgba[at + 3] = alpha;
        continue;
      }
      const isGrey = channels < 3;
      rgba[at] = sample(row, first) * scale;
      rgba[at + 1] = isGrey ? (rgba[at] as number) : sample(row, first + 1);
      rgba[at + 2] = isGrey ? (rgba[at] as number) : sample(row, first + 2);
      rgba[at + 3] = channels === 2 || channels === 4 ? sample(row, first + channels - 1) : 255;
    }
  }
  return rgba;
}

async function decodeJpeg(bytes: Uint8Array, file: string): Promise<StillImage> {
  const { default: jpeg } = await import("jpeg-js");
  const { width, height, data } = jpeg.decode(bytes, {
    useTArray: true,
    tolerantDecoding: false,
    maxResolutionInMP: MAX_IMAGE_PIXELS / 1e6,
    maxMemoryUsageInMB: JPEG_MEMORY_MIB,
  });
  checkSize(width, height, file);
  return { width, height, rgba: data };
}
