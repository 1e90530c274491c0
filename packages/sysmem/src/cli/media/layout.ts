/**
 * Where an image's samples lie in a piece of memory. The plane rules are those of sysmem's image formats, so that a
 * layout can describe a shared buffer as well as a frame in a file.
 */
import { assert } from "#base";

/** Formats that the media functions work on, by their names in `fuchsia.images2.PixelFormat`. */
export type MediaFormat = "I420" | "NV12" | "R8G8B8A8" | "B8G8R8A8";

/** Width and height in pixels. */
export interface MediaSize {
  readonly width: number;
  readonly height: number;
}

/** One image in a piece of memory. */
export interface ImageLayout extends MediaSize {
  readonly format: MediaFormat;
  /** Distance in bytes between rows of plane 0. */
  readonly bytesPerRow: number;
  /** Where plane 0 starts, in bytes. Default 0. */
  readonly offset?: number | undefined;
}

/** One plane of an image. */
export interface Plane {
  /** Where the first row starts, in bytes from the start of the memory. */
  readonly offset: number;
  /** Distance in bytes between rows. */
  readonly bytesPerRow: number;
  /** Bytes of each row that hold pixels. The rest is padding. */
  readonly rowBytes: number;
  readonly rows: number;
}

/** Half, rounded up: the last column or row of an odd image has chroma samples of its own. */
export function half(length: number): number {
  return (length + 1) >> 1;
}

/** Whether a format stores RGB on one plane, as opposed to YUV 4:2:0 on several. */
export function isRgb(format: MediaFormat): boolean {
  return format === "R8G8B8A8" || format === "B8G8R8A8";
}

/** The layout without padding, at offset 0. */
export function tightLayout(format: MediaFormat, size: MediaSize): ImageLayout {
  const { width, height } = size;
  return { format, width, height, bytesPerRow: isRgb(format) ? width * 4 : width + (width & 1) };
}

/** The planes of an image, in the order in which they lie in memory. */
export function planesOf(layout: ImageLayout): readonly Plane[] {
  const { format, width, height, bytesPerRow } = layout;
  const offset = layout.offset ?? 0;
  if (isRgb(format)) return [{ offset, bytesPerRow, rowBytes: width * 4, rows: height }];
  const luma: Plane = { offset, bytesPerRow, rowBytes: width, rows: height };
  const rows = half(height);
  const chroma = offset + height * bytesPerRow;
  if (format === "NV12") return [luma, { offset: chroma, bytesPerRow, rowBytes: half(width) * 2, rows }];
  const chromaBytesPerRow = bytesPerRow >> 1;
  const u: Plane = { offset: chroma, bytesPerRow: chromaBytesPerRow, rowBytes: half(width), rows };
  return [luma, u, { ...u, offset: chroma + rows * chromaBytesPerRow }];
}

/** Bytes from the start of the memory to the end of the image's last row, padding of that row included. */
export function endOf(layout: ImageLayout): number {
  const last = planesOf(layout).at(-1) as Plane;
  return last.offset + last.rows * last.bytesPerRow;
}

/** States that a layout is possible and lies inside `bytes`. Layouts come from our own callers, never from files. */
export function assertLayout(bytes: Uint8Array, layout: ImageLayout): void {
  const { width, height, bytesPerRow } = layout;
  assert(width > 0 && height > 0, `an image of ${width} by ${height} pixels has none`);
  for (const plane of planesOf(layout)) {
    assert(plane.rowBytes <= plane.bytesPerRow, `rows of ${plane.rowBytes} bytes do not fit into ${bytesPerRow}`);
    const end = plane.offset + (plane.rows - 1) * plane.bytesPerRow + plane.rowBytes;
    assert(
      plane.offset >= 0 && end <= bytes.length,
      `an image that ends at ${end} is outside of ${bytes.length} bytes`,
    );
  }
}
