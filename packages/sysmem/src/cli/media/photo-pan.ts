/**
 * A camera that moves over a photograph: real picture content with motion, from one small file, and the same frames on
 * every run and every machine (no trigonometry, whose last bits differ between engines).
 */
import { assert } from "#base";
import { REC709, type YuvColors } from "#images";
import { convertImage } from "./convert.ts";
import type { FrameSource, VideoInfo } from "./frame-source.ts";
import {
  assertLayout,
  half,
  type ImageLayout,
  isRgb,
  type MediaSize,
  type Plane,
  planesOf,
  tightLayout,
} from "./layout.ts";
import { type Crop, type SamplePlane, samplePlane } from "./resample.ts";
import type { StillImage } from "./still.ts";
import type { Ratio } from "./y4m-header.ts";

/** How the camera moves, and what its pictures are. */
export interface PhotoPanOptions {
  /** The photograph's name, for `VideoInfo`. */
  readonly name: string;
  readonly size: MediaSize;
  /** Default 30 frames a second. */
  readonly frameRate?: Ratio | undefined;
  /** What YUV samples of the frames mean. Default BT.709, limited range. */
  readonly colors?: YuvColors | undefined;
  /** How many frames there are. Default: no end. */
  readonly frameCount?: number | undefined;
}

/** Seconds in which the camera goes there and back. No two share a factor, so that the path is long. */
const ACROSS_SECONDS = 11;
const DOWN_SECONDS = 7;
const ZOOM_SECONDS = 13;
/** The camera sees between these parts of the largest rectangle of its shape. */
const NEAREST = 0.45;
const FARTHEST = 0.85;

/** From 0 to 1 and back in `period`, standing still at both ends. */
function sway(time: number, period: number): number {
  const phase = time / period - Math.floor(time / period);
  const ramp = 1 - Math.abs(1 - 2 * phase);
  return ramp * ramp * (3 - 2 * ramp);
}

/** What the camera sees at a time in seconds. */
export function cropAt(time: number, photo: MediaSize, size: MediaSize): Crop {
  const fit = Math.min(photo.width / size.width, photo.height / size.height);
  const zoom = FARTHEST - (FARTHEST - NEAREST) * sway(time, ZOOM_SECONDS);
  const width = size.width * fit * zoom;
  const height = size.height * fit * zoom;
  return {
    x: (photo.width - width) * sway(time, ACROSS_SECONDS),
    y: (photo.height - height) * sway(time, DOWN_SECONDS),
    width,
    height,
  };
}

/** Frames of a camera moving over a photograph. */
export class PhotoPan implements FrameSource {
  readonly info: VideoInfo;
  readonly #photo: StillImage;
  /** Planes of the whole photograph, made when a format first needs them: YUV without subsampling, or RGB. */
  #yuv: readonly SamplePlane[] | undefined;
  #rgb: readonly SamplePlane[] | undefined;
  #count = 0;
  #isClosed = false;

  constructor(photo: StillImage, options: PhotoPanOptions) {
    const { size, name, frameCount } = options;
    assert(size.width > 0 && size.height > 0, "a frame has at least one pixel");
    this.#photo = shrunk(photo, size);
    this.info = {
      name,
      size,
      frameRate: options.frameRate ?? { numerator: 30, denominator: 1 },
      colors: options.colors ?? REC709,
      frameCount,
    };
  }

  async nextInto(target: Uint8Array, layout: ImageLayout): Promise<boolean> {
    if (this.#isClosed || this.#count === this.info.frameCount) return false;
    this.draw(this.#count++, target, layout);
    return true;
  }

  /** Draws any one frame, counted from 0. */
  draw(index: number, target: Uint8Array, layout: ImageLayout): void {
    assertLayout(target, layout);
    const { size, frameRate } = this.info;
    assert(layout.width === size.width && layout.height === size.height, "the layout has the video's size");
    const crop = cropAt((index * frameRate.denominator) / frameRate.numerator, this.#photo, size);
    if (isRgb(layout.format)) this.#drawRgb(crop, target, layout);
    else this.#drawYuv(crop, target, layout);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#yuv = this.#rgb = undefined;
  }

  #drawYuv(crop: Crop, bytes: Uint8Array, layout: ImageLayout): void {
    const [y, u, v] = (this.#yuv ??= yuvPlanes(this.#photo, this.info.colors)) as [
      SamplePlane,
      SamplePlane,
      SamplePlane,
    ];
    const [luma, chroma, second] = planesOf(layout) as [Plane, Plane, Plane | undefined];
    const { width: columns, height: rows } = layout;
    samplePlane(y, crop, { bytes, offset: luma.offset, bytesPerRow: luma.bytesPerRow, step: 1, columns, rows });
    const common = {
      bytes,
      bytesPerRow: chroma.bytesPerRow,
      step: second === undefined ? 2 : 1,
      columns: half(columns),
      rows: half(rows),
    };
    samplePlane(u, crop, { ...common, offset: chroma.offset });
    samplePlane(v, crop, { ...common, offset: second?.offset ?? chroma.offset + 1 });
  }

  #drawRgb(crop: Crop, bytes: Uint8Array, layout: ImageLayout): void {
    const planes = (this.#rgb ??= rgbPlanes(this.#photo));
    const start = layout.offset ?? 0;
    const order = layout.format === "R8G8B8A8" ? [0, 1, 2] : [2, 1, 0];
    const { bytesPerRow, width: columns, height: rows } = layout;
    order.forEach((channel, index) => {
      samplePlane(planes[channel] as SamplePlane, crop, {
        bytes,
        offset: start + index,
        bytesPerRow,
        step: 4,
        columns,
        rows,
      });
    });
    for (let row = 0; row < rows; row++) {
      for (let at = start + row * bytesPerRow + 3, end = at + columns * 4; at < end; at += 4) bytes[at] = 255;
    }
  }
}

/**
 * The photograph, halved until the farthest view takes at most two of its pixels for one: sampling looks at neighbours
 * only, and would skip the pixels between.
 */
function shrunk(photo: StillImage, size: MediaSize): StillImage {
  let image = photo;
  while (Math.min(image.width / size.width, image.height / size.height) * FARTHEST > 2) image = halved(image);
  return image;
}

function halved({ width, height, rgba }: StillImage): StillImage {
  const columns = width >> 1;
  const rows = height >> 1;
  const result = new Uint8Array(columns * rows * 4);
  for (let row = 0, to = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const upper = (row * 2 * width + column * 2) * 4;
      const lower = upper + width * 4;
      for (let c = 0; c < 4; c++, to++) {
        const sum =
          (rgba[upper + c] as number) +
          (rgba[upper + 4 + c] as number) +
          (rgba[lower + c] as number) +
          (rgba[lower + 4 + c] as number);
        result[to] = (sum + 2) >> 2;
      }
    }
  }
  return { width: columns, height: rows, rgba: result };
}

function rgbPlanes(photo: StillImage): SamplePlane[] {
  const { width, height, rgba } = photo;
  return [0, 1, 2].map((channel) => {
    const samples = new Uint8Array(width * height);
    for (let i = 0; i < samples.length; i++) samples[i] = rgba[i * 4 + channel] as number;
    return { samples, width, height };
  });
}

/** Chroma for every pixel, by converting the photograph at twice its size: the conversion's own subsampling undoes it. */
function yuvPlanes(photo: StillImage, colors: YuvColors): SamplePlane[] {
  const { width, height, rgba } = photo;
  const planes = [0, 1, 2].map(() => new Uint8Array(width * height));
  const [y, u, v] = planes as [Uint8Array, Uint8Array, Uint8Array];
  // Four rows at a time would do as well; one row, doubled in both directions, keeps the scratch memory small.
  const doubled = new Uint8Array(width * 2 * 4 * 2);
  const from = tightLayout("R8G8B8A8", { width: width * 2, height: 2 });
  const to = tightLayout("I420", from);
  const row = new Uint8Array(width * 2 * 3);
  for (let line = 0; line < height; line++) {
    for (let column = 0; column < width; column++) {
      const at = (line * width + column) * 4;
      const pixel = rgba.subarray(at, at + 4);
      doubled.set(pixel, column * 8);
      doubled.set(pixel, column * 8 + 4);
    }
    doubled.copyWithin(width * 8, 0, width * 8);
    convertImage(doubled, from, row, to, colors);
    for (let column = 0; column < width; column++) y[line * width + column] = row[column * 2] as number;
    u.set(row.subarray(width * 4, width * 5), line * width);
    v.set(row.subarray(width * 5, width * 6), line * width);
  }
  return planes.map((samples) => ({ samples, width, height }));
}
