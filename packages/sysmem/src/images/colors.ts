/** How YUV samples correspond to red, green and blue: weights, and coefficients in fixed-point tables. */
import { ColorSpace } from "#negotiate";

/** Which weights luma gives the three colors. */
export type YuvMatrix = "BT.601" | "BT.709" | "BT.2020";

/** Whether 8-bit luma goes from 16 to 235 and chroma from 16 to 240, or both use all 256 values. */
export type YuvRange = "limited" | "full";

/** What YUV samples mean. */
export interface YuvColors {
  readonly matrix: YuvMatrix;
  readonly range: YuvRange;
}

/** `fuchsia.images2.ColorSpace.REC709`. */
export const REC709: YuvColors = { matrix: "BT.709", range: "limited" };

/** What YUV samples of a colour space mean. Where it says nothing (PASSTHROUGH), what most video means. */
export function colorsOf(colorSpace: number | undefined): YuvColors {
  switch (colorSpace) {
    case ColorSpace.REC601_NTSC:
    case ColorSpace.REC601_PAL:
      return { matrix: "BT.601", range: "limited" };
    case ColorSpace.REC601_NTSC_FULL_RANGE:
    case ColorSpace.REC601_PAL_FULL_RANGE:
      return { matrix: "BT.601", range: "full" };
    case ColorSpace.REC2020:
    case ColorSpace.REC2100:
      return { matrix: "BT.2020", range: "limited" };
    default:
      return REC709;
  }
}

/** Fraction bits of the coefficients. Products of a sample and a coefficient stay far inside 32 bits. */
export const FRACTION_BITS = 16;
const ONE = 1 << FRACTION_BITS;
const HALF = ONE >> 1;

/** What share red and blue have in luma. Green has the rest. */
export const WEIGHTS: Readonly<Record<YuvMatrix, { readonly red: number; readonly blue: number }>> = {
  "BT.601": { red: 0.299, blue: 0.114 },
  "BT.709": { red: 0.2126, blue: 0.0722 },
  "BT.2020": { red: 0.2627, blue: 0.0593 },
};

/** Coefficients from RGB to YUV. Each row of three, applied to 8-bit values, gives a value with fraction bits. */
export interface ToYuv {
  readonly y: readonly [number, number, number];
  readonly u: readonly [number, number, number];
  readonly v: readonly [number, number, number];
  /** Added to luma before the fraction is dropped: the range's offset, and a half for rounding. */
  readonly yBias: number;
  readonly chromaBias: number;
}

/** Contributions of each possible sample to red, green and blue, with fraction bits. */
export interface ToRgb {
  /** Luma's, the same for all three, rounding included. */
  readonly y: Int32Array;
  readonly redOfV: Int32Array;
  readonly greenOfU: Int32Array;
  readonly greenOfV: Int32Array;
  readonly blueOfU: Int32Array;
}

const fixed = (value: number): number => Math.round(value * ONE);

function scales(range: YuvRange): { luma: number; chroma: number; offset: number } {
  return range === "full" ? { luma: 1, chroma: 1, offset: 0 } : { luma: 219 / 255, chroma: 224 / 255, offset: 16 };
}

/** Coefficients of a conversion to YUV. The weights of each row are made to sum up exactly, so that greys stay grey. */
function makeToYuv(colors: YuvColors): ToYuv {
  const { red, blue } = WEIGHTS[colors.matrix];
  const { luma, chroma, offset } = scales(colors.range);
  const yRed = fixed(red * luma);
  const yBlue = fixed(blue * luma);
  // U is half of (blue - luma) / (1 - blue's weight), V the same with red.
  const uRed = fixed((-red / (2 * (1 - blue))) * chroma);
  const uBlue = fixed(chroma / 2);
  const vBlue = fixed((-blue / (2 * (1 - red))) * chroma);
  const vRed = fixed(chroma / 2);
  return {
    y: [yRed, fixed(luma) - yRed - yBlue, yBlue],
    u: [uRed, -uRed - uBlue, uBlue],
    v: [vRed, -vRed - vBlue, vBlue],
    yBias: offset * ONE + HALF,
    chromaBias: 128 * ONE + HALF,
  };
}

function makeToRgb(colors: YuvColors): ToRgb {
  const { red, blue } = WEIGHTS[colors.matrix];
  const { luma, chroma, offset } = scales(colors.range);
  const green = 1 - red - blue;
  const table = (entry: (sample: number) => number): Int32Array =>
    Int32Array.from({ length: 256 }, (_, i) => fixed(entry(i)));
  const ofChroma = (factor: number): Int32Array => table((sample) => ((sample - 128) / chroma) * factor);
  return {
    y: table((sample) => (sample - offset) / luma + 0.5),
    redOfV: ofChroma(2 * (1 - red)),
    greenOfU: ofChroma((-2 * (1 - blue) * blue) / green),
    greenOfV: ofChroma((-2 * (1 - red) * red) / green),
    blueOfU: ofChroma(2 * (1 - blue)),
  };
}

/** Conversions come once per frame: the four possible tables are kept. */
function keep<T>(make: (colors: YuvColors) => T): (colors: YuvColors) => T {
  const made = new Map<string, T>();
  return (colors) => {
    const key = `${colors.matrix} ${colors.range}`;
    let table = made.get(key);
    if (table === undefined) made.set(key, (table = make(colors)));
    return table;
  };
}

/** Coefficients from RGB to YUV. */
export const toYuv: (colors: YuvColors) => ToYuv = keep(makeToYuv);

/** Tables from YUV to RGB. */
export const toRgb: (colors: YuvColors) => ToRgb = keep(makeToRgb);
