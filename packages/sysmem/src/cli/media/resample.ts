/** Bilinear sampling of one plane: a rectangle of it, at fractional coordinates, stretched to another size. */

/** Fraction bits of positions and weights. Two such weights and a sample of 8 bits fit into 31 bits. */
const BITS = 11;
const ONE = 1 << BITS;

/** A plane of 8-bit samples without padding. */
export interface SamplePlane {
  readonly samples: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A rectangle in a plane, in samples; fractions are possible. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where to put the samples. */
export interface SampleTarget {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly bytesPerRow: number;
  /** Bytes from one sample of a row to the next. */
  readonly step: number;
  readonly columns: number;
  readonly rows: number;
}

/** For each position along one axis, the sample before it and the weight of the sample after that. */
interface Axis {
  readonly index: Int32Array;
  readonly weight: Int32Array;
}

/** Positions at the centres of `count` equal parts of `start .. start + length`, kept inside `0 .. limit - 1`. */
function axis(start: number, length: number, count: number, limit: number): Axis {
  const index = new Int32Array(count);
  const weight = new Int32Array(count);
  const step = length / count;
  for (let i = 0; i < count; i++) {
    const position = Math.min(Math.max(start + (i + 0.5) * step - 0.5, 0), limit - 1);
    // The last sample has none after it: it is reached from the one before, with full weight.
    const before = Math.min(Math.floor(position), Math.max(limit - 2, 0));
    index[i] = before;
    weight[i] = limit === 1 ? 0 : Math.round((position - before) * ONE);
  }
  return { index, weight };
}

/**
 * Fills the target with what the rectangle shows. Rows are mixed first, once for each row of the target and only where
 * the rectangle is, so that each sample of the target costs one multiplication.
 */
export function samplePlane(plane: SamplePlane, crop: Crop, target: SampleTarget): void {
  const { samples, width, height } = plane;
  const { bytes, step, columns, rows } = target;
  const across = axis(crop.x, crop.width, columns, width);
  const down = axis(crop.y, crop.height, rows, height);
  const first = across.index[0] as number;
  const end = Math.min((across.index[columns - 1] as number) + 2, width);
  const mixed = new Int32Array(end - first + 1);
  for (let row = 0; row < rows; row++) {
    const upper = (down.index[row] as number) * width;
    const lower = height === 1 ? upper : upper + width;
    const weight = down.weight[row] as number;
    for (let i = first; i < end; i++) {
      const a = samples[upper + i] as number;
      mixed[i - first] = a * ONE + ((samples[lower + i] as number) - a) * weight;
    }
    let at = target.offset + row * target.bytesPerRow;
    for (let column = 0; column < columns; column++, at += step) {
      const i = (across.index[column] as number) - first;
      const a = mixed[i] as number;
      const share = ((((mixed[i + 1] as number) - a) >> 3) * (across.weight[column] as number)) >> (BITS - 3);
      bytes[at] = (a + share + (ONE >> 1)) >> BITS;
    }
  }
}
