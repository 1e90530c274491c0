/**
 * CRC-32 (the polynomial of zlib, PNG and Ethernet) of frames' visible pixels. `zlib.crc32` is used where Node has it
 * (from 22.2 on); before, sixteen tables take sixteen bytes a step, at about 1 GB/s in V8.
 */
import { endianness } from "node:os";
import * as zlib from "node:zlib";
import { assertLayout, type ImageLayout, planesOf } from "./layout.ts";

/** The polynomial, its bits in reverse. */
const POLYNOMIAL = 0xedb88320;
const STEP = 16;

/** `TABLES[k * 256 + b]`: what byte `b` contributes when `k` more bytes of the step follow it. */
const TABLES: Int32Array = makeTables();

function makeTables(): Int32Array {
  const tables = new Int32Array(STEP * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const shorter = tables[i - 256] as number;
    tables[i] = (shorter >>> 8) ^ (tables[shorter & 0xff] as number);
  }
  return tables;
}

const table = (index: number): number => TABLES[index] as number;

/** The same in TypeScript, for Nodes without `zlib.crc32`. `crc` is the value so far, 0 at the start. */
export function crc32Portable(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  const { length } = bytes;
  let at = 0;
  // Words are loaded whole, which needs them aligned, and in the byte order that the tables assume.
  if (length >= 2 * STEP && endianness() === "LE") {
    const misaligned = (4 - (bytes.byteOffset & 3)) & 3;
    while (at < misaligned) state = table((state ^ (bytes[at++] as number)) & 0xff) ^ (state >>> 8);
    const steps = Math.floor((length - at) / STEP);
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, steps * 4);
    for (let w = 0; w < words.length; w += 4) {
      const a = (words[w] as number) ^ state;
      const b = words[w + 1] as number;
      const c = words[w + 2] as number;
      const d = words[w + 3] as number;
      state =
        table(0xf00 | (a & 0xff)) ^
        table(0xe00 | ((a >>> 8) & 0xff)) ^
        table(0xd00 | ((a >>> 16) & 0xff)) ^
        table(0xc00 | (a >>> 24)) ^
        table(0xb00 | (b & 0xff)) ^
        table(0xa00 | ((b >>> 8) & 0xff)) ^
        table(0x900 | ((b >>> 16) & 0xff)) ^
        table(0x800 | (b >>> 24)) ^
        table(0x700 | (c & 0xff)) ^
        table(0x600 | ((c >>> 8) & 0xff)) ^
        table(0x500 | ((c >>> 16) & 0xff)) ^
        table(0x400 | (c >>> 24)) ^
        table(0x300 | (d & 0xff)) ^
        table(0x200 | ((d >>> 8) & 0xff)) ^
        table(0x100 | ((d >>> 16) & 0xff)) ^
        table(d >>> 24);
    }
    at += steps * STEP;
  }
  while (at < length) state = table((state ^ (bytes[at++] as number)) & 0xff) ^ (state >>> 8);
  return ~state >>> 0;
}

/** CRC-32 of `bytes`, continuing from `crc`, as an unsigned number. */
export const crc32: (bytes: Uint8Array, crc?: number) => number =
  (zlib as { crc32?: (bytes: Uint8Array, crc?: number) => number }).crc32 ?? crc32Portable;

/**
 * CRC-32 of an image's pixels, plane by plane and row by row, without padding: the same wherever and with whatever row
 * length the image lies in memory.
 */
export function frameChecksum(bytes: Uint8Array, layout: ImageLayout): number {
  assertLayout(bytes, layout);
  let crc = 0;
  for (const { offset, bytesPerRow, rowBytes, rows } of planesOf(layout)) {
    if (bytesPerRow === rowBytes) {
      crc = crc32(bytes.subarray(offset, offset + rows * rowBytes), crc);
      continue;
    }
    for (let row = 0; row < rows; row++) {
      const start = offset + row * bytesPerRow;
      crc = crc32(bytes.subarray(start, start + rowBytes), crc);
    }
  }
  return crc;
}
