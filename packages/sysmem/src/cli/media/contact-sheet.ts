/** A PNG with small pictures of some frames and a caption under each: a run at a glance. */
import { writeFile } from "node:fs/promises";
import { assert, MAX_THUMBNAILS } from "#base";
import type { YuvColors } from "#images";
import { convertImage } from "./convert.ts";
import { MediaIoError } from "./errors.ts";
import { drawText, GLYPH_HEIGHT, GLYPH_WIDTH, type RgbCanvas } from "./font.ts";
import { type ImageLayout, tightLayout } from "./layout.ts";

/** What the sheet looks like. */
export interface ContactSheetOptions {
  /** Pictures in a row. Default 4. */
  readonly columns?: number | undefined;
  /** Width of each picture in pixels; the height follows from the frame's shape. Default 240. */
  readonly thumbnailWidth?: number | undefined;
}

const GAP = 8;
const BACKGROUND = 0x18;
const CAPTION_SHADE = 0xd0;

interface Thumbnail extends RgbCanvas {
  readonly caption: string;
}

/** Collects pictures, then writes them. */
export class ContactSheet {
  readonly #columns: number;
  readonly #width: number;
  readonly #thumbnails: Thumbnail[] = [];

  constructor(options: ContactSheetOptions = {}) {
    this.#columns = options.columns ?? 4;
    this.#width = options.thumbnailWidth ?? 240;
    assert(this.#columns > 0 && this.#width > 0, "a sheet has columns with a width");
  }

  /** Pictures so far. */
  get count(): number {
    return this.#thumbnails.length;
  }

  /** Adds a picture of a frame, unless the sheet is full. The memory may be reused afterwards. Returns whether it was added. */
  add(bytes: Uint8Array, layout: ImageLayout, colors: YuvColors, caption: string): boolean {
    if (this.#thumbnails.length >= MAX_THUMBNAILS) return false;
    const rgba = tightLayout("R8G8B8A8", layout);
    const full = new Uint8Array(layout.width * layout.height * 4);
    convertImage(bytes, layout, full, rgba, colors);
    const height = Math.max(1, Math.round((layout.height * this.#width) / layout.width));
    this.#thumbnails.push({ ...averageDown(full, layout, this.#width, height), caption });
    return true;
  }

  /** Drops every second picture, so that the rest is spread over twice the time. */
  thin(): void {
    for (let index = 0; index < this.#thumbnails.length; index++) this.#thumbnails.splice(index + 1, 1);
  }

  /** The sheet as PNG. */
  async encode(): Promise<Uint8Array> {
    const { width, height, rgb } = this.draw();
    const { encode } = await import("fast-png");
    return encode({ width, height, data: rgb, channels: 3, depth: 8 });
  }

  /** Writes the sheet to a file, replacing it. */
  async write(file: string): Promise<void> {
    const png = await this.encode();
    try {
      await writeFile(file, png);
    } catch (cause) {
      throw new MediaIoError("write", file, cause);
    }
  }

  /** The sheet as pixels. */
  draw(): RgbCanvas {
    const columns = Math.max(1, Math.min(this.#columns, this.count));
    const cellWidth = this.#width + GAP;
    const cellHeight = Math.max(0, ...this.#thumbnails.map(({ height }) => height)) + GAP + GLYPH_HEIGHT + GAP;
    const width = GAP + columns * cellWidth;
    const height = GAP + Math.max(1, Math.ceil(this.count / columns)) * cellHeight;
    const canvas = { width, height, rgb: new Uint8Array(width * height * 3).fill(BACKGROUND) };
    this.#thumbnails.forEach((thumbnail, index) => {
      const x = GAP + (index % columns) * cellWidth;
      const y = GAP + Math.floor(index / columns) * cellHeight;
      for (let row = 0; row < thumbnail.height; row++) {
        const start = row * thumbnail.width * 3;
        canvas.rgb.set(thumbnail.rgb.subarray(start, start + thumbnail.width * 3), ((y + row) * width + x) * 3);
      }
      const room = Math.floor(this.#width / GLYPH_WIDTH);
      drawText(canvas, thumbnail.caption.slice(0, room), x, y + thumbnail.height + GAP / 2, CAPTION_SHADE);
    });
    return canvas;
  }
}

/** Each pixel is the mean of all that it covers; where it covers none of its own, when enlarging, the nearest. */
function averageDown(
  rgba: Uint8Array,
  from: { width: number; height: number },
  width: number,
  height: number,
): RgbCanvas {
  const rgb = new Uint8Array(width * height * 3);
  const edges = (count: number, length: number) =>
    Array.from({ length: count + 1 }, (_, i) => Math.floor((i * length) / count));
  const xs = edges(width, from.width);
  const ys = edges(height, from.height);
  for (let row = 0, to = 0; row < height; row++) {
    const top = ys[row] as number;
    const bottom = Math.max(top + 1, ys[row + 1] as number);
    for (let column = 0; column < width; column++, to += 3) {
      const left = xs[column] as number;
      const right = Math.max(left + 1, xs[column + 1] as number);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let y = top; y < bottom; y++) {
        for (let at = (y * from.width + left) * 4, end = (y * from.width + right) * 4; at < end; at += 4) {
          red += rgba[at] as number;
          green += rgba[at + 1] as number;
          blue += rgba[at + 2] as number;
        }
      }
      const count = (bottom - top) * (right - left);
      rgb[to] = Math.round(red / count);
      rgb[to + 1] = Math.round(green / count);
      rgb[to + 2] = Math.round(blue / count);
    }
  }
  return { width, height, rgb };
}
