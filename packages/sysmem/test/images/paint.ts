/** Images with known colours in every format, written sample by sample, apart from what reads them. */
import { ColorSpace, PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import { imageLayout } from "#negotiate";

type Rgb = readonly [number, number, number];

/** Left and right halves of a picture. 0 to 255. */
export const LEFT: Rgb = [220, 60, 20];
export const RIGHT: Rgb = [30, 160, 240];
export const GREY: Rgb = [128, 128, 128];

/** What the padding behind rows holds: it must never show. */
const PADDING = 0xa5;

export interface Painting {
  readonly bytes: Uint8Array;
  readonly image: NonNullable<Parameters<typeof imageLayout>[0]>;
}

const WEIGHTS: Readonly<Record<number, readonly [red: number, blue: number]>> = {
  [ColorSpace.REC601_NTSC]: [0.299, 0.114],
  [ColorSpace.REC601_NTSC_FULL_RANGE]: [0.299, 0.114],
  [ColorSpace.REC601_PAL]: [0.299, 0.114],
  [ColorSpace.REC601_PAL_FULL_RANGE]: [0.299, 0.114],
  [ColorSpace.REC709]: [0.2126, 0.0722],
  [ColorSpace.REC2020]: [0.2627, 0.0593],
  [ColorSpace.REC2100]: [0.2627, 0.0593],
};

/** Y, U and V as integers of so many bits. */
function yuvOf(rgb: Rgb, colorSpace: number, bits = 8): Rgb {
  const [red, blue] = WEIGHTS[colorSpace] ?? [0.2126, 0.0722];
  const [r, g, b] = rgb.map((value) => value / 255) as unknown as Rgb;
  const y = red * r + (1 - red - blue) * g + blue * b;
  const u = (b - y) / (2 * (1 - blue));
  const v = (r - y) / (2 * (1 - red));
  const most = 2 ** bits - 1;
  const unit = 2 ** (bits - 8);
  const isFull = colorSpace === ColorSpace.REC601_NTSC_FULL_RANGE || colorSpace === ColorSpace.REC601_PAL_FULL_RANGE;
  const [black, span, chroma] = isFull ? [0, most, most] : [16 * unit, 219 * unit, 224 * unit];
  return [y * span + black, u * chroma + 128 * unit, v * chroma + 128 * unit].map(Math.round) as unknown as Rgb;
}

/** A picture of two halves, with rows that have padding. */
export function paint(
  pixelFormat: number,
  colorSpace: number,
  { width, height } = { width: 32, height: 16 },
  [left, right] = [LEFT, RIGHT],
): Painting {
  const strides: Readonly<Record<number, number>> = { [PixelFormat.P010]: 2, [PixelFormat.YUY2]: 2 };
  const pixelBytes = strides[pixelFormat] ?? PIXEL_BYTES[pixelFormat] ?? 1;
  const bytesPerRow = width * pixelBytes + 32;
  const image = {
    pixelFormat: PixelFormat.from(pixelFormat),
    pixelFormatModifier: PixelFormatModifier.LINEAR,
    colorSpace: ColorSpace.from(colorSpace),
    size: { width, height },
    bytesPerRow,
  };
  const bytes = new Uint8Array(imageLayout(image)?.sizeBytes ?? 0).fill(PADDING);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      put(bytes, pixelFormat, colorSpace, { x, y, width, height, bytesPerRow }, x * 2 < width ? left : right);
  }
  return { bytes, image };
}

const PIXEL_BYTES: Readonly<Record<number, number>> = {
  [PixelFormat.R8G8B8A8]: 4,
  [PixelFormat.B8G8R8A8]: 4,
  [PixelFormat.R8G8B8X8]: 4,
  [PixelFormat.B8G8R8X8]: 4,
  [PixelFormat.A2R10G10B10]: 4,
  [PixelFormat.A2B10G10R10]: 4,
  [PixelFormat.R8G8B8]: 3,
  [PixelFormat.B8G8R8]: 3,
  [PixelFormat.R5G6B5]: 2,
  [PixelFormat.R8G8]: 2,
};

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly bytesPerRow: number;
}

function put(bytes: Uint8Array, pixelFormat: number, colorSpace: number, place: Place, rgb: Rgb): void {
  const { x, y, height, bytesPerRow } = place;
  const [r, g, b] = rgb;
  const row = y * bytesPerRow;
  const view = new DataView(bytes.buffer);
  const scaled = (value: number, bits: number): number => Math.round((value / 255) * (2 ** bits - 1));
  const [luma, u, v] = yuvOf(rgb, colorSpace);
  const chroma = height * bytesPerRow;
  const halfRow = Math.floor(bytesPerRow / 2);
  switch (pixelFormat) {
    case PixelFormat.R8G8B8A8:
    case PixelFormat.R8G8B8X8:
      return bytes.set([r, g, b, 7], row + x * 4);
    case PixelFormat.B8G8R8A8:
    case PixelFormat.B8G8R8X8:
      return bytes.set([b, g, r, 7], row + x * 4);
    case PixelFormat.R8G8B8:
      return bytes.set([r, g, b], row + x * 3);
    case PixelFormat.B8G8R8:
      return bytes.set([b, g, r], row + x * 3);
    case PixelFormat.R5G6B5:
      return view.setUint16(row + x * 2, (scaled(r, 5) << 11) | (scaled(g, 6) << 5) | scaled(b, 5), true);
    case PixelFormat.R3G3B2:
      return view.setUint8(row + x, (scaled(r, 3) << 5) | (scaled(g, 3) << 2) | scaled(b, 2));
    case PixelFormat.R2G2B2X2:
      return view.setUint8(row + x, (scaled(r, 2) << 6) | (scaled(g, 2) << 4) | (scaled(b, 2) << 2) | 1);
    case PixelFormat.A2R10G10B10:
      return view.setUint32(
        row + x * 4,
        ((3 << 30) | (scaled(r, 10) << 20) | (scaled(g, 10) << 10) | scaled(b, 10)) >>> 0,
        true,
      );
    case PixelFormat.A2B10G10R10:
      return view.setUint32(
        row + x * 4,
        ((1 << 30) | (scaled(b, 10) << 20) | (scaled(g, 10) << 10) | scaled(r, 10)) >>> 0,
        true,
      );
    case PixelFormat.R8G8:
      return bytes.set([r, g], row + x * 2);
    case PixelFormat.R8:
    case PixelFormat.L8:
      return bytes.set([colorSpace === ColorSpace.SRGB ? r : luma], row + x);
    case PixelFormat.NV12:
      bytes[row + x] = luma;
      return bytes.set([u, v], chroma + (y >> 1) * bytesPerRow + (x & ~1));
    case PixelFormat.I420:
    case PixelFormat.YV12: {
      bytes[row + x] = luma;
      const [first, second] = pixelFormat === PixelFormat.I420 ? [u, v] : [v, u];
      const at = chroma + (y >> 1) * halfRow + (x >> 1);
      bytes[at] = first;
      bytes[at + (height >> 1) * halfRow] = second;
      return undefined;
    }
    case PixelFormat.M420: {
      const group = (y >> 1) * 3 * bytesPerRow;
      bytes[group + (y & 1) * bytesPerRow + x] = luma;
      return bytes.set([u, v], group + 2 * bytesPerRow + (x & ~1));
    }
    case PixelFormat.YUY2:
      bytes[row + x * 2] = luma;
      bytes[row + (x >> 1) * 4 + 1] = u;
      bytes[row + (x >> 1) * 4 + 3] = v;
      return undefined;
    case PixelFormat.P010: {
      const [luma10, u10, v10] = yuvOf(rgb, colorSpace, 10);
      view.setUint16(row + x * 2, luma10 << 6, true);
      const at = chroma + (y >> 1) * bytesPerRow + (x & ~1) * 2;
      view.setUint16(at, u10 << 6, true);
      return view.setUint16(at + 2, v10 << 6, true);
    }
    default:
      throw new TypeError(`nobody can paint ${pixelFormat}`);
  }
}
