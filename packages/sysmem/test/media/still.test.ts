import { readFile, truncate } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import { encode as encodePng } from "fast-png";
import fc from "fast-check";
import jpeg from "jpeg-js";
import { describe, expect, it } from "vitest";
import { MAX_IMAGE_FILE_BYTES, MAX_IMAGE_SIDE } from "#base";
import {
  BUNDLED_PHOTOGRAPH,
  crc32,
  decodeStill,
  MediaFormatError,
  MediaIoError,
  MediaUnsupportedError,
  readStill,
} from "../../src/cli/media/index.ts";
import { rejection, withFile } from "./support.ts";

const png = (width: number, height: number, channels: number, data: Uint8Array | Uint16Array, depth: 8 | 16 = 8) =>
  encodePng({ width, height, channels, data, depth });

interface HandmadePng {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: number;
  /** Filtered rows. */
  readonly rows: Uint8Array;
  readonly palette?: Uint8Array;
}

/** A PNG with fields that the encoder has no choice of. */
function handmadePng({ width, height, depth, colorType, rows, palette }: HandmadePng): Uint8Array {
  const chunk = (name: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const result = Buffer.alloc(body.length + 8);
    result.writeUInt32BE(data.length);
    body.copy(result, 4);
    result.writeUInt32BE(crc32(body), body.length + 4);
    return result;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  header.set([depth, colorType, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    ...(palette === undefined ? [] : [chunk("PLTE", palette)]),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

describe("decodeStill", () => {
  it("decodes PNG with one to four channels", async () => {
    expect([...(await decodeStill(png(2, 1, 4, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)), "a.png")).rgba]).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
    expect([...(await decodeStill(png(2, 1, 3, Uint8Array.of(1, 2, 3, 5, 6, 7)), "a.png")).rgba]).toEqual([
      1, 2, 3, 255, 5, 6, 7, 255,
    ]);
    expect([...(await decodeStill(png(2, 1, 2, Uint8Array.of(1, 2, 5, 6)), "a.png")).rgba]).toEqual([
      1, 1, 1, 2, 5, 5, 5, 6,
    ]);
    expect([...(await decodeStill(png(2, 1, 1, Uint8Array.of(1, 5)), "a.png")).rgba]).toEqual([
      1, 1, 1, 255, 5, 5, 5, 255,
    ]);
  });

  it("reduces 16 bits a sample to 8", async () => {
    const image = await decodeStill(png(1, 1, 3, Uint16Array.of(0x12ff, 0x3400, 0xffff), 16), "a.png");
    expect([...image.rgba]).toEqual([0x12, 0x34, 0xff, 255]);
  });

  it("unpacks samples that share bytes", async () => {
    // Three by two pixels of grey; each row starts with the number of its filter, and with a byte of its own.
    const rows = Uint8Array.of(0, 0b1010_0000, 0, 0b0100_0000);
    const image = await decodeStill(handmadePng({ width: 3, height: 2, depth: 1, colorType: 0, rows }), "a.png");
    expect([...image.rgba].filter((_, i) => i % 4 === 1)).toEqual([255, 0, 255, 0, 255, 0]);
    const four = handmadePng({ width: 3, height: 1, depth: 4, colorType: 0, rows: Uint8Array.of(0, 0x0f, 0x80) });
    expect([...(await decodeStill(four, "a.png")).rgba].filter((_, i) => i % 4 === 2)).toEqual([0, 255, 136]);
  });

  it("looks colours up in a palette", async () => {
    const rows = Uint8Array.of(0, 0b0010_0100);
    const palette = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255);
    const image = await decodeStill(
      handmadePng({ width: 3, height: 1, depth: 2, colorType: 3, rows, palette }),
      "a.png",
    );
    expect([...image.rgba]).toEqual([255, 0, 0, 255, 0, 0, 255, 255, 0, 255, 0, 255]);
  });

  it("decodes JPEG", async () => {
    const data = Buffer.alloc(16 * 16 * 4, 200);
    const image = await decodeStill(jpeg.encode({ width: 16, height: 16, data }, 95).data, "a.jpg");
    expect([image.width, image.height]).toEqual([16, 16]);
    for (const [i, sample] of image.rgba.entries())
      if (i % 4 < 3) expect(Math.abs(sample - 200)).toBeLessThanOrEqual(2);
  });

  it("decodes the photograph that comes with the package", async () => {
    const image = await readStill(BUNDLED_PHOTOGRAPH);
    expect([image.width, image.height, image.rgba.length]).toEqual([600, 400, 600 * 400 * 4]);
    expect(image.rgba.filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
  });

  it("refuses what is no image", async () => {
    const error = await rejection(decodeStill(Uint8Array.of(1, 2, 3), "notes.txt"));
    expect(error).toBeInstanceOf(MediaFormatError);
    expect(error.message).toBe("cannot read notes.txt: signature at byte 0: it is neither a PNG nor a JPEG image");
  });

  it("does not believe a header that promises more pixels than it accepts", async () => {
    const bytes = png(1, 1, 3, Uint8Array.of(1, 2, 3));
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(16, MAX_IMAGE_SIDE + 1);
    const error = await rejection(decodeStill(bytes, "bomb.png"));
    expect(error).toBeInstanceOf(MediaUnsupportedError);
    expect(error.message).toContain("16385 by 1 pixels is too large");
    const photo = await readFile(BUNDLED_PHOTOGRAPH);
    const frame = photo.indexOf(Buffer.of(0xff, 0xc0));
    photo.writeUInt16BE(65_535, frame + 5);
    photo.writeUInt16BE(65_535, frame + 7);
    expect(await rejection(decodeStill(photo, "bomb.jpg"))).toBeInstanceOf(MediaFormatError);
  });

  it("throws nothing but its own errors, however a file is damaged", async () => {
    const images = [
      png(4, 4, 3, new Uint8Array(48).fill(7)),
      new Uint8Array(jpeg.encode({ width: 8, height: 8, data: Buffer.alloc(256, 50) }, 50).data),
    ];
    const damage = fc.record({
      image: fc.constantFrom(...images),
      cut: fc.double({ min: 0, max: 1, noNaN: true }),
      changes: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ image, cut, changes }) => {
        const bytes = image.slice(0, Math.ceil(image.length * cut));
        for (const [where, value] of changes)
          bytes[Math.min(bytes.length - 1, Math.floor(where * bytes.length))] = value;
        const error = await decodeStill(bytes, "damaged").then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error === undefined || error instanceof MediaFormatError || error instanceof MediaUnsupportedError).toBe(
          true,
        );
      }),
      { numRuns: 300 },
    );
  });

  it("bounds the size of a file, which it reads into memory", async () => {
    await withFile("", async (file) => {
      await truncate(file, MAX_IMAGE_FILE_BYTES);
      expect(await rejection(readStill(file))).toBeInstanceOf(MediaFormatError);
      await truncate(file, MAX_IMAGE_FILE_BYTES + 1);
      expect(await rejection(readStill(file))).toBeInstanceOf(MediaUnsupportedError);
    });
  });

  it("says why a file cannot be read", async () => {
    expect(await rejection(readStill("/nonexistent/a.png"))).toBeInstanceOf(MediaIoError);
    await withFile("GIF89a", async (file) => {
      expect(await rejection(readStill(file))).toBeInstanceOf(MediaFormatError);
    });
  });
});
