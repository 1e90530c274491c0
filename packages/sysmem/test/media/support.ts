/** What the media tests share. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { endOf, type ImageLayout, type MediaFormat, planesOf } from "../../src/cli/media/index.ts";

/** Three frames of the bundled photograph, 48 by 32 pixels. */
export const CLIP = fileURLToPath(new URL("fixtures/coffee-48x32.y4m", import.meta.url));

export const FORMATS: readonly MediaFormat[] = ["I420", "NV12", "R8G8B8A8", "B8G8R8A8"];

/** Runs `body` with a folder that is gone afterwards. */
export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "sysmem-media-"));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Runs `body` with the path of a file that has `content`. */
export function withFile<T>(
  content: string | Uint8Array,
  body: (file: string) => Promise<T>,
  name = "file",
): Promise<T> {
  return withFolder(async (folder) => {
    const file = join(folder, name);
    await writeFile(file, content);
    return body(file);
  });
}

/** A stream that gives `bytes` in pieces of `size`. */
export function streamOf(bytes: Uint8Array, size: number): Readable {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return Readable.from(pieces);
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new TypeError("it was not rejected");
}

/** What a call threw; undefined if nothing. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The visible bytes of an image, plane after plane. */
export function visible(bytes: Uint8Array, layout: ImageLayout): Uint8Array {
  const rows = planesOf(layout).flatMap(({ offset, bytesPerRow, rowBytes, rows }) =>
    Array.from({ length: rows }, (_, row) =>
      bytes.subarray(offset + row * bytesPerRow, offset + row * bytesPerRow + rowBytes),
    ),
  );
  return new Uint8Array(Buffer.concat(rows));
}

/** Everything else. */
export function padding(bytes: Uint8Array, layout: ImageLayout): number[] {
  const marks = new Uint8Array(bytes.length);
  for (const { offset, bytesPerRow, rowBytes, rows } of planesOf(layout)) {
    for (let row = 0; row < rows; row++)
      marks.fill(1, offset + row * bytesPerRow, offset + row * bytesPerRow + rowBytes);
  }
  return [...bytes].filter((_, index) => marks[index] === 0);
}

export const sizeArbitrary = fc.record({
  width: fc.integer({ min: 1, max: 37 }),
  height: fc.integer({ min: 1, max: 19 }),
});

/** Some layout of an image with this size, with any padding before rows and before the image. */
export function layoutArbitrary(
  format: MediaFormat,
  size: { width: number; height: number },
): fc.Arbitrary<ImageLayout> {
  const least = format === "I420" || format === "NV12" ? size.width + (size.width & 1) : size.width * 4;
  return fc
    .record({ extra: fc.integer({ min: 0, max: 9 }), offset: fc.integer({ min: 0, max: 5 }) })
    .map(({ extra, offset }) => ({ format, ...size, bytesPerRow: least + extra * 2, offset }));
}

/** Memory for an image, filled with `fill`, and with some bytes behind it. */
export function memoryFor(layout: ImageLayout, fill = 0): Uint8Array {
  return new Uint8Array(endOf(layout) + 3).fill(fill);
}

/** Memory with an image of random samples. */
export function randomImage(layout: ImageLayout, seed: number): Uint8Array {
  let state = seed | 1;
  return memoryFor(layout).map(() => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    return state >>> 24;
  });
}
