/**
 * What the filter does to a frame in place. Each effect undoes itself, so that the sink can tell from what it received
 * whether every byte is what the source wrote.
 */
import { assert } from "#base";
import { crc32 } from "../media/crc32.ts";
import { type ImageLayout, isRgb, type Plane, planesOf } from "../media/layout.ts";

export const EFFECTS = ["mirror", "invert", "none"] as const;
export type Effect = (typeof EFFECTS)[number];

/** Changes the visible pixels of an image in place. */
export function applyEffect(effect: Effect, bytes: Uint8Array, layout: ImageLayout): void {
  if (effect === "none") return;
  forEachRow(bytes, layout, (row, sampleBytes) => changeRow(effect, row, sampleBytes));
}

/** CRC-32 of the visible pixels as they were before the effect. Only reads. */
export function checksumBefore(effect: Effect, bytes: Uint8Array, layout: ImageLayout): number {
  let crc = 0;
  const scratch = new Uint8Array(Math.max(...planesOf(layout).map((plane) => plane.rowBytes)) + 8);
  forEachRow(bytes, layout, (row, sampleBytes) => {
    if (effect === "none") {
      crc = crc32(row, crc);
      return;
    }
    const copy = scratch.subarray(0, row.length);
    copy.set(row);
    changeRow(effect, copy, sampleBytes);
    crc = crc32(copy, crc);
  });
  return crc >>> 0;
}

function forEachRow(
  bytes: Uint8Array,
  layout: ImageLayout,
  visit: (row: Uint8Array, sampleBytes: number) => void,
): void {
  planesOf(layout).forEach((plane, index) => {
    const sampleBytes = sampleBytesOf(layout, index);
    for (let row = 0; row < plane.rows; row++) visit(rowOf(bytes, plane, row), sampleBytes);
  });
}

const rowOf = (bytes: Uint8Array, plane: Plane, row: number): Uint8Array => {
  const start = plane.offset + row * plane.bytesPerRow;
  return bytes.subarray(start, start + plane.rowBytes);
};

/** Bytes that stay together when a row is mirrored: a whole RGB pixel, or both chroma samples of NV12. */
function sampleBytesOf(layout: ImageLayout, plane: number): 1 | 2 | 4 {
  if (isRgb(layout.format)) return 4;
  return layout.format === "NV12" && plane === 1 ? 2 : 1;
}

function changeRow(effect: Exclude<Effect, "none">, row: Uint8Array, sampleBytes: number): void {
  if (effect === "invert") {
    for (let at = 0; at < row.length; at++) row[at] = 255 - (row[at] as number);
    return;
  }
  if (sampleBytes === 1) {
    row.reverse();
    return;
  }
  assert(row.byteOffset % sampleBytes === 0, "rows of a negotiated image start at whole samples");
  const { buffer, byteOffset, length } = row;
  if (sampleBytes === 2) new Uint16Array(buffer, byteOffset, length / 2).reverse();
  else new Uint32Array(buffer, byteOffset, length / 4).reverse();
}
