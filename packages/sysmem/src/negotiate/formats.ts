/**
 * Facts about pixel formats, modifiers and colour spaces, as one table each. Nothing else in the project knows a
 * number about an image format. Sources: `fuchsia.images2` and the behaviour of Fuchsia's image-format library.
 */

/** `fuchsia.images2.PixelFormat`. */
export const PixelFormat = {
  INVALID: 0,
  R8G8B8A8: 1,
  B8G8R8A8: 101,
  I420: 102,
  M420: 103,
  NV12: 104,
  YUY2: 105,
  MJPEG: 106,
  YV12: 107,
  B8G8R8: 108,
  R5G6B5: 109,
  R3G3B2: 110,
  R2G2B2X2: 111,
  L8: 112,
  R8: 113,
  R8G8: 114,
  A2R10G10B10: 115,
  A2B10G10R10: 116,
  P010: 117,
  R8G8B8: 118,
  R8G8B8X8: 119,
  B8G8R8X8: 120,
  DO_NOT_CARE: 0xffff_fffe,
} as const;

/** `fuchsia.images2.ColorSpace`. */
export const ColorSpace = {
  INVALID: 0,
  SRGB: 1,
  REC601_NTSC: 2,
  REC601_NTSC_FULL_RANGE: 3,
  REC601_PAL: 4,
  REC601_PAL_FULL_RANGE: 5,
  REC709: 6,
  REC2020: 7,
  REC2100: 8,
  PASSTHROUGH: 9,
  DO_NOT_CARE: 0xffff_fffe,
} as const;

/** How the samples of a linear image lie in memory. */
export type PlaneLayout =
  /** One plane of whole pixels. */
  | "packed"
  /** Two rows of luma, then one of chroma, all in plane 0: only that plane can be addressed. */
  | "m420"
  /** Luma, then interleaved chroma of half height. */
  | "two-plane-420"
  /** Luma, then two chroma planes of half width and height. */
  | "three-plane-420";

/** What negotiation and layout need to know of a pixel format. All of it is independent of the modifier. */
export interface PixelFormatFacts {
  readonly name: string;
  readonly value: number;
  /** Bits per pixel, all planes together. P010 says 15, as the original does. */
  readonly bitsPerPixel: number;
  /** Bytes per pixel of width in plane 0. */
  readonly strideBytes: number;
  /** Alignment of the start offset and of plane 0's stride, in bytes. */
  readonly sampleAlignment: number;
  /** What every width must be a multiple of. */
  readonly widthDivisor: number;
  /** What every height must be a multiple of. */
  readonly heightDivisor: number;
  readonly planes: PlaneLayout;
  /** Counts as "non-tiled single plane", which `pad_for_block_size` asks for. P010 counts, YUY2 does not. */
  readonly singlePlane: boolean;
  /** Has an A or X channel, so that `is_alpha_present` means something. */
  readonly hasAlpha: boolean;
  /** Colour model and bits per sample, as far as colour spaces care. */
  readonly rgb: boolean;
  readonly yuv: boolean;
  readonly bitsPerSample: number;
  /** The Intel tilings and AFBC take only some formats. */
  readonly intelTiling: boolean;
  readonly afbc: boolean;
}

type Row = readonly [
  name: keyof typeof PixelFormat,
  bitsPerPixel: number,
  strideBytes: number,
  sampleAlignment: number,
  divisor: number,
  planes: PlaneLayout,
  singlePlane: boolean,
  hasAlpha: boolean,
  model: "rgb" | "yuv" | "both",
  bitsPerSample: number,
];

const ROWS: readonly Row[] = [
  ["R8G8B8A8", 32, 4, 4, 1, "packed", true, true, "rgb", 8],
  ["B8G8R8A8", 32, 4, 4, 1, "packed", true, true, "rgb", 8],
  ["I420", 12, 1, 2, 2, "three-plane-420", false, false, "yuv", 8],
  ["M420", 12, 1, 2, 2, "m420", false, false, "yuv", 8],
  ["NV12", 12, 1, 2, 2, "two-plane-420", false, false, "yuv", 8],
  ["YUY2", 16, 2, 2, 2, "packed", false, false, "yuv", 8],
  ["YV12", 12, 1, 2, 2, "three-plane-420", false, false, "yuv", 8],
  ["B8G8R8", 24, 3, 1, 1, "packed", true, false, "rgb", 8],
  ["R5G6B5", 16, 2, 2, 1, "packed", true, false, "rgb", 8],
  ["R3G3B2", 8, 1, 1, 1, "packed", true, false, "rgb", 8],
  ["R2G2B2X2", 8, 1, 1, 1, "packed", true, true, "rgb", 8],
  ["L8", 8, 1, 1, 1, "packed", true, false, "both", 8],
  ["R8", 8, 1, 1, 1, "packed", true, false, "both", 8],
  ["R8G8", 16, 2, 2, 1, "packed", true, false, "rgb", 8],
  ["A2R10G10B10", 32, 4, 4, 1, "packed", true, true, "rgb", 8],
  ["A2B10G10R10", 32, 4, 4, 1, "packed", true, true, "rgb", 8],
  ["P010", 15, 2, 4, 2, "two-plane-420", true, false, "yuv", 10],
  ["R8G8B8", 24, 3, 1, 1, "packed", true, false, "rgb", 8],
  ["R8G8B8X8", 32, 4, 4, 1, "packed", true, true, "rgb", 8],
  ["B8G8R8X8", 32, 4, 4, 1, "packed", true, true, "rgb", 8],
];

/** The formats that the two vendor families take. */
const RGB32: ReadonlySet<string> = new Set(["R8G8B8A8", "R8G8B8X8", "B8G8R8A8", "B8G8R8X8"]);

const PIXEL_FORMATS: ReadonlyMap<number, PixelFormatFacts> = new Map(
  ROWS.map(
    ([name, bitsPerPixel, strideBytes, sampleAlignment, divisor, planes, singlePlane, hasAlpha, model, bits]) => [
      PixelFormat[name],
      {
        name,
        value: PixelFormat[name],
        bitsPerPixel,
        strideBytes,
        sampleAlignment,
        widthDivisor: divisor,
        heightDivisor: divisor,
        planes,
        singlePlane,
        hasAlpha,
        rgb: model !== "yuv",
        yuv: model !== "rgb",
        bitsPerSample: bits,
        intelTiling: RGB32.has(name) || name === "NV12",
        afbc: RGB32.has(name),
      },
    ],
  ),
);

/** Facts of a format that can be allocated; undefined for MJPEG (reserved), the special values and unknown ones. */
export function pixelFormatFacts(pixelFormat: number): PixelFormatFacts | undefined {
  return PIXEL_FORMATS.get(pixelFormat);
}

/** Every pixel format that can be allocated. */
export function allPixelFormats(): PixelFormatFacts[] {
  return [...PIXEL_FORMATS.values()];
}

interface ColorSpaceFacts {
  /** Preference among what is left: the smaller wins. */
  readonly rank: number;
  readonly rgb: boolean;
  readonly yuv: boolean;
  readonly bits: readonly number[];
}

const BITS_8_10 = [8, 10];
const BITS_10_12 = [10, 12];
const COLOR_SPACES: ReadonlyMap<number, ColorSpaceFacts> = new Map([
  [ColorSpace.SRGB, { rank: 1, rgb: true, yuv: false, bits: [8, 10, 12, 16] }],
  [ColorSpace.REC2100, { rank: 2, rgb: false, yuv: true, bits: BITS_10_12 }],
  [ColorSpace.REC2020, { rank: 3, rgb: false, yuv: true, bits: BITS_10_12 }],
  [ColorSpace.REC709, { rank: 4, rgb: false, yuv: true, bits: BITS_8_10 }],
  [ColorSpace.REC601_PAL_FULL_RANGE, { rank: 5, rgb: false, yuv: true, bits: BITS_8_10 }],
  [ColorSpace.REC601_PAL, { rank: 6, rgb: false, yuv: true, bits: BITS_8_10 }],
  [ColorSpace.REC601_NTSC_FULL_RANGE, { rank: 7, rgb: false, yuv: true, bits: BITS_8_10 }],
  [ColorSpace.REC601_NTSC, { rank: 8, rgb: false, yuv: true, bits: BITS_8_10 }],
]);

/** Preference of a colour space: of several that are possible, the smallest rank is chosen. */
export function colorSpaceRank(colorSpace: number): number {
  if (colorSpace === ColorSpace.PASSTHROUGH) return 9;
  return COLOR_SPACES.get(colorSpace)?.rank ?? MAX_RANK;
}
const MAX_RANK = 0xffff_ffff;

/** Whether images of a pixel format can have a colour space. The modifier plays no part. */
export function isColorSpaceCompatible(colorSpace: number, format: PixelFormatFacts): boolean {
  if (colorSpace === ColorSpace.PASSTHROUGH) return true;
  const facts = COLOR_SPACES.get(colorSpace);
  if (facts === undefined) return false;
  return ((facts.rgb && format.rgb) || (facts.yuv && format.yuv)) && facts.bits.includes(format.bitsPerSample);
}

/** The name of a pixel format for people, its number when it has none. */
export function pixelFormatName(pixelFormat: number): string {
  return nameOf(PixelFormat, pixelFormat);
}

/** The name of a colour space for people, its number when it has none. */
export function colorSpaceName(colorSpace: number): string {
  return nameOf(ColorSpace, colorSpace);
}

function nameOf(members: Readonly<Record<string, number>>, value: number): string {
  for (const name of Object.keys(members)) if (members[name] === value) return name;
  return String(value);
}
