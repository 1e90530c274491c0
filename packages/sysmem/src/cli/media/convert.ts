/**
 * Conversion of images between formats and row lengths, into memory that the caller gives. Padding is never read nor
 * written. Chroma is made by averaging each two by two pixels, and repeated for them on the way back.
 */
import { assert } from "#base";
import { FRACTION_BITS, REC709, type ToRgb, type ToYuv, toRgb, toYuv, type YuvColors } from "#images";
import { assertLayout, half, type ImageLayout, isRgb, type Plane, planesOf } from "./layout.ts";

/** Chroma of either YUV format, as two sets of samples: on planes of their own, or taking turns on one. */
interface Chroma {
  readonly u: number;
  readonly v: number;
  readonly bytesPerRow: number;
  /** Bytes from one sample to the next of the same kind. */
  readonly step: number;
}

/**
 * Writes the image that `source` holds into `target`. Sizes must be equal; formats and row lengths may differ.
 * `colors` is what YUV samples mean, on whichever side they are. The two must not overlap.
 */
export function convertImage(
  source: Uint8Array,
  from: ImageLayout,
  target: Uint8Array,
  to: ImageLayout,
  colors: YuvColors = REC709,
): void {
  assert(from.width === to.width && from.height === to.height, "a conversion does not change an image's size");
  assertLayout(source, from);
  assertLayout(target, to);
  if (from.format === to.format) copyPlanes(source, planesOf(from), target, planesOf(to));
  else if (isRgb(from.format) && isRgb(to.format)) swapRedAndBlue(source, from, target, to);
  else if (isRgb(from.format)) rgbToYuv(source, from, target, to, toYuv(colors));
  else if (isRgb(to.format)) yuvToRgb(source, from, target, to, toRgb(colors));
  else {
    copyPlanes(source, planesOf(from).slice(0, 1), target, planesOf(to).slice(0, 1));
    rearrangeChroma(source, from, target, to);
  }
}

function copyPlanes(source: Uint8Array, from: readonly Plane[], target: Uint8Array, to: readonly Plane[]): void {
  from.forEach((plane, index) => {
    const other = to[index] as Plane;
    const { rowBytes, rows } = plane;
    if (plane.bytesPerRow === rowBytes && other.bytesPerRow === rowBytes) {
      target.set(source.subarray(plane.offset, plane.offset + rows * rowBytes), other.offset);
      return;
    }
    for (let row = 0; row < rows; row++) {
      const start = plane.offset + row * plane.bytesPerRow;
      target.set(source.subarray(start, start + rowBytes), other.offset + row * other.bytesPerRow);
    }
  });
}

function chromaOf(layout: ImageLayout): Chroma {
  const [, first, second] = planesOf(layout) as [Plane, Plane, Plane | undefined];
  const u = first.offset;
  return second === undefined
    ? { u, v: u + 1, bytesPerRow: first.bytesPerRow, step: 2 }
    : { u, v: second.offset, bytesPerRow: first.bytesPerRow, step: 1 };
}

function rearrangeChroma(source: Uint8Array, from: ImageLayout, target: Uint8Array, to: ImageLayout): void {
  const { u: fromU, v: fromV, bytesPerRow: fromStride, step: fromStep } = chromaOf(from);
  const { u: toU, v: toV, bytesPerRow: toStride, step: toStep } = chromaOf(to);
  const columns = half(from.width);
  const rows = half(from.height);
  for (let row = 0; row < rows; row++) {
    let su = fromU + row * fromStride;
    let sv = fromV + row * fromStride;
    let tu = toU + row * toStride;
    let tv = toV + row * toStride;
    for (let column = 0; column < columns; column++) {
      target[tu] = source[su] as number;
      target[tv] = source[sv] as number;
      su += fromStep;
      sv += fromStep;
      tu += toStep;
      tv += toStep;
    }
  }
}

function swapRedAndBlue(source: Uint8Array, from: ImageLayout, target: Uint8Array, to: ImageLayout): void {
  for (let row = 0; row < from.height; row++) {
    let s = (from.offset ?? 0) + row * from.bytesPerRow;
    let t = (to.offset ?? 0) + row * to.bytesPerRow;
    for (let column = 0; column < from.width; column++, s += 4, t += 4) {
      target[t] = source[s + 2] as number;
      target[t + 1] = source[s + 1] as number;
      target[t + 2] = source[s] as number;
      target[t + 3] = source[s + 3] as number;
    }
  }
}

/** Index of the red sample in a pixel. Blue is at the other end: 2 minus it. */
function redIndex(layout: ImageLayout): 0 | 2 {
  return layout.format === "R8G8B8A8" ? 0 : 2;
}

/** Stores clamp to 0..255 by themselves in such a view. */
function clamping(bytes: Uint8Array): Uint8ClampedArray {
  return new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.length);
}

function yuvToRgb(source: Uint8Array, from: ImageLayout, target: Uint8Array, to: ImageLayout, tables: ToRgb): void {
  const { y: ofY, redOfV, greenOfU, greenOfV, blueOfU } = tables;
  const out = clamping(target);
  const chroma = chromaOf(from);
  const red = redIndex(to);
  const blue = 2 - red;
  const { width, height } = from;
  for (let row = 0; row < height; row++) {
    const luma = (from.offset ?? 0) + row * from.bytesPerRow;
    const u = chroma.u + (row >> 1) * chroma.bytesPerRow;
    const v = chroma.v + (row >> 1) * chroma.bytesPerRow;
    let t = (to.offset ?? 0) + row * to.bytesPerRow;
    for (let column = 0; column < width; column += 2, t += 8) {
      const at = (column >> 1) * chroma.step;
      const uSample = source[u + at] as number;
      const vSample = source[v + at] as number;
      const r = redOfV[vSample] as number;
      const g = (greenOfU[uSample] as number) + (greenOfV[vSample] as number);
      const b = blueOfU[uSample] as number;
      const left = ofY[source[luma + column] as number] as number;
      out[t + red] = (left + r) >> FRACTION_BITS;
      out[t + 1] = (left + g) >> FRACTION_BITS;
      out[t + blue] = (left + b) >> FRACTION_BITS;
      out[t + 3] = 255;
      // An odd row ends with a pixel that has no right neighbour.
      if (column + 1 === width) break;
      const right = ofY[source[luma + column + 1] as number] as number;
      out[t + 4 + red] = (right + r) >> FRACTION_BITS;
      out[t + 5] = (right + g) >> FRACTION_BITS;
      out[t + 4 + blue] = (right + b) >> FRACTION_BITS;
      out[t + 7] = 255;
    }
  }
}

function rgbToYuv(source: Uint8Array, from: ImageLayout, target: Uint8Array, to: ImageLayout, factors: ToYuv): void {
  const { y, u, v, yBias, chromaBias } = factors;
  const [yRed, yGreen, yBlue] = y;
  const [uRed, uGreen, uBlue] = u;
  const [vRed, vGreen, vBlue] = v;
  const out = clamping(target);
  const chroma = chromaOf(to);
  const red = redIndex(from);
  const blue = 2 - red;
  const { width, height } = from;
  const start = from.offset ?? 0;
  for (let row = 0; row < height; row++) {
    let s = start + row * from.bytesPerRow;
    const luma = (to.offset ?? 0) + row * to.bytesPerRow;
    for (let column = 0; column < width; column++, s += 4) {
      const sum =
        yRed * (source[s + red] as number) + yGreen * (source[s + 1] as number) + yBlue * (source[s + blue] as number);
      out[luma + column] = (sum + yBias) >> FRACTION_BITS;
    }
  }
  for (let row = 0; row < height; row += 2) {
    const upper = start + row * from.bytesPerRow;
    // The last row or column of an odd image stands for its missing neighbour too.
    const lower = row + 1 < height ? upper + from.bytesPerRow : upper;
    let t = (row >> 1) * chroma.bytesPerRow;
    for (let column = 0; column < width; column += 2, t += chroma.step) {
      const a = upper + column * 4;
      const c = lower + column * 4;
      const right = column + 1 < width ? 4 : 0;
      const b = a + right;
      const d = c + right;
      const r =
        (source[a + red] as number) +
        (source[b + red] as number) +
        (source[c + red] as number) +
        (source[d + red] as number);
      const g =
        (source[a + 1] as number) + (source[b + 1] as number) + (source[c + 1] as number) + (source[d + 1] as number);
      const bl =
        (source[a + blue] as number) +
        (source[b + blue] as number) +
        (source[c + blue] as number) +
        (source[d + blue] as number);
      // Sums of four: two more bits to drop. The greatest intermediate value is below 2^28.
      out[chroma.u + t] = (((uRed * r + uGreen * g + uBlue * bl) >> 2) + chromaBias) >> FRACTION_BITS;
      out[chroma.v + t] = (((vRed * r + vGreen * g + vBlue * bl) >> 2) + chromaBias) >> FRACTION_BITS;
    }
  }
}
