import { readFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { MAX_IMAGE_PIXELS, MAX_IMAGE_SIDE, MAX_Y4M_LINE_BYTES } from "#base";
import { openFile, StreamBytes } from "../../src/cli/media/byte-source.ts";
import {
  endOf,
  type ImageLayout,
  MediaFormatError,
  MediaIoError,
  MediaUnsupportedError,
  REC709,
  tightLayout,
  Y4mReader,
  Y4mWriter,
} from "../../src/cli/media/index.ts";
import { formatY4mHeader, parseY4mHeader, type Y4mHeader } from "../../src/cli/media/y4m-header.ts";
import { test } from "../support/leaks.ts";
import {
  CLIP,
  layoutArbitrary,
  memoryFor,
  randomImage,
  rejection,
  sizeArbitrary,
  streamOf,
  thrownBy,
  visible,
  withFile,
  withFolder,
} from "./support.ts";

const NAME = "clip.y4m";

/** A stream of one frame whose samples are their own indices. */
function streamWith(header: string, samples: number, before = "FRAME\n"): Uint8Array {
  return new Uint8Array(
    Buffer.concat([Buffer.from(`${header}\n${before}`), Buffer.from(Array.from({ length: samples }, (_, i) => i))]),
  );
}

const readerOf = (bytes: Uint8Array, pieces = 7) => Y4mReader.open(new StreamBytes(NAME, streamOf(bytes, pieces)));

async function framesOf(reader: Y4mReader, layout: ImageLayout): Promise<number[][]> {
  const frames: number[][] = [];
  const target = memoryFor(layout);
  try {
    while (await reader.nextInto(target, layout)) frames.push([...visible(target, layout)]);
    return frames;
  } finally {
    await reader.close();
  }
}

describe("parseY4mHeader", () => {
  test("reads what encoders write", () => {
    expect(
      parseY4mHeader("YUV4MPEG2 W640 H360 F30000:1001 Ip A1:1 C420mpeg2 XYSCSS=420MPEG2 XCOLORRANGE=FULL", NAME),
    ).toEqual({
      width: 640,
      height: 360,
      frameRate: { numerator: 30000, denominator: 1001 },
      chroma: "420mpeg2",
      range: "full",
      pixelAspect: { numerator: 1, denominator: 1 },
    });
  });

  test("takes what the format lets an encoder leave out", () => {
    expect(parseY4mHeader("YUV4MPEG2 H2  W4 F0:0", NAME)).toEqual({
      width: 4,
      height: 2,
      frameRate: undefined,
      chroma: "420",
      range: "limited",
      pixelAspect: undefined,
    });
  });

  test("is undone by formatY4mHeader", () => {
    const ratio = fc.option(
      fc.record({
        numerator: fc.integer({ min: 1, max: 999_999_999 }),
        denominator: fc.integer({ min: 1, max: 999_999_999 }),
      }),
      {
        nil: undefined,
      },
    );
    const header: fc.Arbitrary<Y4mHeader> = fc.record({
      width: fc.integer({ min: 1, max: 4096 }),
      height: fc.integer({ min: 1, max: 4096 }),
      frameRate: ratio,
      chroma: fc.constantFrom("420jpeg", "420mpeg2", "420paldv", "420", "422", "444", "mono"),
      range: fc.constantFrom("limited", "full"),
      pixelAspect: ratio,
    });
    fc.assert(
      fc.property(header, (value) => {
        expect(parseY4mHeader(formatY4mHeader(value).trimEnd(), NAME)).toEqual(value);
      }),
    );
  });

  test.for([
    ["RIFF W4 H4", "signature", 0],
    ["YUV4MPEG2 H4", "width", 12],
    ["YUV4MPEG2 W4", "height", 12],
    ["YUV4MPEG2 W4 H0", "height", 13],
    ["YUV4MPEG2 W-4 H4", "width", 10],
    ["YUV4MPEG2 W4 H4 F30", "frame rate", 16],
    ["YUV4MPEG2 W4 H4 F30:0", "frame rate", 16],
    ["YUV4MPEG2 W4 H4 A1/1", "pixel aspect", 16],
  ] as const)("says where %s is wrong", ([line, field, offset]) => {
    const error = thrownBy(() => parseY4mHeader(line, NAME));
    expect(error).toBeInstanceOf(MediaFormatError);
    expect(error).toMatchObject({ code: "MEDIA_FORMAT", file: NAME, field, offset });
    expect((error as Error).message).toContain(`cannot read ${NAME}: ${field} at byte ${offset}: `);
  });

  test("names pixel formats that it does not read", () => {
    for (const chroma of ["420p10", "411", "444alpha", "mono16"]) {
      expect(() => parseY4mHeader(`YUV4MPEG2 W4 H4 C${chroma}`, NAME)).toThrow(MediaUnsupportedError);
      expect(() => parseY4mHeader(`YUV4MPEG2 W4 H4 C${chroma}`, NAME)).toThrow(`its pixels are C${chroma}`);
    }
  });

  test("bounds the size of frames", () => {
    const rows = MAX_IMAGE_PIXELS / MAX_IMAGE_SIDE;
    expect(parseY4mHeader(`YUV4MPEG2 W${MAX_IMAGE_SIDE} H${rows}`, NAME).width).toBe(MAX_IMAGE_SIDE);
    expect(() => parseY4mHeader(`YUV4MPEG2 W${MAX_IMAGE_SIDE + 1} H1`, NAME)).toThrow(MediaUnsupportedError);
    expect(() => parseY4mHeader(`YUV4MPEG2 W1 H${MAX_IMAGE_SIDE + 1}`, NAME)).toThrow(MediaUnsupportedError);
    expect(() => parseY4mHeader(`YUV4MPEG2 W${MAX_IMAGE_SIDE} H${rows + 1}`, NAME)).toThrow(MediaUnsupportedError);
  });

  test("throws nothing but its own errors, whatever the line", () => {
    const word = fc.oneof(fc.string({ maxLength: 12 }), fc.stringMatching(/^[WHFIACX][0-9:a-z=]{0,12}$/));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const error = thrownBy(() => parseY4mHeader(["YUV4MPEG2", ...words].join(" "), NAME));
        expect(error === undefined || error instanceof MediaFormatError || error instanceof MediaUnsupportedError).toBe(
          true,
        );
      }),
    );
  });
});

describe("Y4mReader", () => {
  const size = { width: 4, height: 2 };

  test("gives a 4:2:0 stream's samples as they are, in whatever pieces they come", async () => {
    const stream = streamWith("YUV4MPEG2 W4 H2 F30:1 C420jpeg", 12);
    const twice = new Uint8Array(Buffer.concat([stream, Buffer.from("FRAME Ip\n"), stream.subarray(-12)]));
    for (const pieces of [1, 2, 5, 13, 1000]) {
      const frames = await framesOf(await readerOf(twice, pieces), tightLayout("I420", size));
      const samples = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
      expect(frames).toEqual([samples, samples]);
    }
  });

  test("puts frames into the caller's layout", async () => {
    const reader = await readerOf(streamWith("YUV4MPEG2 W4 H2", 12));
    const layout: ImageLayout = { format: "NV12", ...size, bytesPerRow: 8, offset: 3 };
    expect(await framesOf(reader, layout)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 9, 11]]);
  });

  test("averages chroma that is finer than 4:2:0", async () => {
    const rows = await framesOf(await readerOf(streamWith("YUV4MPEG2 W4 H2 C422", 16)), tightLayout("I420", size));
    expect(rows[0]!.slice(8)).toEqual([9, 10, 13, 14]);
    const squares = await framesOf(await readerOf(streamWith("YUV4MPEG2 W4 H2 C444", 24)), tightLayout("I420", size));
    expect(squares[0]!.slice(8)).toEqual([11, 13, 19, 21]);
  });

  test("gives grey pixels neutral chroma", async () => {
    const frames = await framesOf(await readerOf(streamWith("YUV4MPEG2 W4 H2 Cmono", 8)), tightLayout("I420", size));
    expect(frames[0]!.slice(8)).toEqual([128, 128, 128, 128]);
  });

  test("reads odd sizes in every sampling", async () => {
    const odd = { width: 3, height: 3 };
    const layout = tightLayout("I420", odd);
    const luma = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const stored = await framesOf(await readerOf(streamWith("YUV4MPEG2 W3 H3 C420", 17)), layout);
    expect(stored).toEqual([[...luma, 9, 10, 11, 12, 13, 14, 15, 16]]);
    const rows = await framesOf(await readerOf(streamWith("YUV4MPEG2 W3 H3 C422", 21)), layout);
    expect(rows[0]!.slice(9)).toEqual([10, 11, 13, 14, 16, 17, 19, 20]);
    const squares = await framesOf(await readerOf(streamWith("YUV4MPEG2 W3 H3 C444", 27)), layout);
    expect(squares[0]!.slice(9)).toEqual([11, 13, 16, 17, 20, 22, 25, 26]);
  });

  test("knows size, rate, colours and, for a file, the number of frames", async () => {
    const reader = await Y4mReader.open(await openFile(CLIP));
    expect(reader.info).toEqual({
      name: CLIP,
      size: { width: 48, height: 32 },
      frameRate: { numerator: 1, denominator: 1 },
      colors: { matrix: "BT.601", range: "limited" },
      frameCount: 3,
    });
    await reader.close();
    await reader.close();
    const stream = await readerOf(streamWith("YUV4MPEG2 W4 H720 XCOLORRANGE=FULL", 0, ""));
    expect(stream.info).toMatchObject({ frameRate: { numerator: 25, denominator: 1 }, frameCount: undefined });
    expect(stream.info.colors).toEqual({ matrix: "BT.709", range: "full" });
    await stream.close();
  });

  test("does not guess the number of frames of a file that is not made of equal records", async () => {
    await withFile(streamWith("YUV4MPEG2 W4 H2", 12, "FRAME Ip\n"), async (file) => {
      const reader = await Y4mReader.open(await openFile(file));
      expect(reader.info.frameCount).toBeUndefined();
      expect(await framesOf(reader, tightLayout("I420", size))).toHaveLength(1);
    });
  });

  test("says where a file is cut off", async () => {
    const stream = streamWith("YUV4MPEG2 W4 H2", 12);
    const target = memoryFor(tightLayout("I420", size));
    const header = "YUV4MPEG2 W4 H2\n".length;
    const cut = async (length: number, field: string, offset: number) => {
      const attempt = async () => {
        const reader = await readerOf(stream.subarray(0, length));
        try {
          await reader.nextInto(target, tightLayout("I420", size));
        } finally {
          await reader.close();
        }
      };
      expect(await rejection(attempt())).toMatchObject({
        code: "MEDIA_FORMAT",
        file: NAME,
        field,
        offset,
        isTruncated: true,
      });
    };
    await cut(0, "header", 0);
    await cut(header - 1, "header", 0);
    await cut(header + 3, "frame 0", header);
    await cut(header + 6, "frame 0", header + 6);
    await cut(stream.length - 1, "frame 0", header + 6);
  });

  test("says which frame does not start as a frame", async () => {
    const stream = new Uint8Array(Buffer.concat([streamWith("YUV4MPEG2 W4 H2", 12), Buffer.from("FRAMES\n")]));
    const reader = await readerOf(stream);
    const layout = tightLayout("I420", size);
    expect(await reader.nextInto(memoryFor(layout), layout)).toBe(true);
    const error = await rejection(reader.nextInto(memoryFor(layout), layout));
    expect(error).toMatchObject({
      code: "MEDIA_FORMAT",
      field: "frame 1",
      offset: stream.length - 7,
      isTruncated: false,
    });
    await reader.close();
  });

  test("bounds the length of lines", async () => {
    const header = (length: number) => `YUV4MPEG2 W4 H2 X${"x".repeat(length - 1 - "YUV4MPEG2 W4 H2 X".length)}`;
    const fits = await readerOf(streamWith(header(MAX_Y4M_LINE_BYTES), 12), 500);
    expect(await framesOf(fits, tightLayout("I420", size))).toHaveLength(1);
    for (const pieces of [500, 100_000]) {
      const error = await rejection(readerOf(streamWith(header(MAX_Y4M_LINE_BYTES + 1), 12), pieces));
      expect(error.message).toContain(`header at byte 0: no line feed within ${MAX_Y4M_LINE_BYTES} bytes`);
    }
  });

  test("stops waiting when its signal is aborted, and gives the signal's reason", async () => {
    const input = new PassThrough();
    const controller = new AbortController();
    input.write(streamWith("YUV4MPEG2 W4 H2", 12));
    const reader = await Y4mReader.open(new StreamBytes(NAME, input), controller.signal);
    const layout = tightLayout("I420", size);
    expect(await reader.nextInto(memoryFor(layout), layout)).toBe(true);
    const waiting = rejection(reader.nextInto(memoryFor(layout), layout));
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    expect(await rejection(reader.nextInto(memoryFor(layout), layout))).toBe(reason);
    expect(input.destroyed).toBe(true);
    expect(await rejection(Y4mReader.open(new StreamBytes(NAME, new PassThrough()), controller.signal))).toBe(reason);
  });

  test("stops waiting for a header too", async () => {
    const controller = new AbortController();
    const opening = rejection(Y4mReader.open(new StreamBytes(NAME, new PassThrough()), controller.signal));
    controller.abort();
    expect((await opening).name).toBe("AbortError");
  });

  test("says why a file cannot be opened or read", async () => {
    expect(await rejection(openFile("/nonexistent/clip.y4m"))).toMatchObject({
      code: "MEDIA_IO",
      file: "/nonexistent/clip.y4m",
    });
    expect((await rejection(openFile("/tmp"))).message).toBe("cannot open /tmp: it is a directory");
    const broken = new PassThrough();
    const reader = Y4mReader.open(new StreamBytes(NAME, broken));
    broken.destroy(new Error("the cable is out"));
    expect(await rejection(reader)).toBeInstanceOf(MediaIoError);
  });
});

describe("Y4mWriter", () => {
  const frameRate = { numerator: 30, denominator: 1 };

  test("writes what the reader reads, for any size and layout", async () => {
    const scenario = sizeArbitrary.chain((size) =>
      fc.record({ layout: layoutArbitrary("NV12", size), count: fc.integer({ min: 0, max: 3 }), seed: fc.integer() }),
    );
    await withFolder(async (folder) => {
      const file = `${folder}/out.y4m`;
      await fc.assert(
        fc.asyncProperty(scenario, async ({ layout, count, seed }) => {
          const size = { width: layout.width, height: layout.height };
          const writer = await Y4mWriter.create(file, { size, frameRate, colors: REC709 });
          const written: number[][] = [];
          for (let i = 0; i < count; i++) {
            const image = randomImage(layout, seed + i);
            const done = writer.write(image, layout);
            written.push([...visible(image, layout)]);
            image.fill(0);
            await done;
          }
          await writer.close();
          const reader = await Y4mReader.open(await openFile(file));
          expect(reader.info).toMatchObject({ size, frameRate, frameCount: count });
          expect(await framesOf(reader, layout)).toEqual(written);
        }),
        { numRuns: 40 },
      );
    });
  });

  test("converts RGB frames to the stream's colours", async () => {
    await withFolder(async (folder) => {
      const size = { width: 2, height: 2 };
      const writer = await Y4mWriter.create(`${folder}/out.y4m`, {
        size,
        frameRate,
        colors: { matrix: "BT.709", range: "full" },
      });
      await writer.write(new Uint8Array(16).fill(255), tightLayout("B8G8R8A8", size));
      await writer.close();
      const text = await readFile(`${folder}/out.y4m`, "latin1");
      expect(text).toBe("YUV4MPEG2 W2 H2 F30:1 Ip A1:1 C420jpeg XCOLORRANGE=FULL\nFRAME\n\xff\xff\xff\xff\x80\x80");
    });
  });

  test("says why it cannot write", async () => {
    const options = { size: { width: 2, height: 2 }, frameRate, colors: REC709 };
    expect(await rejection(Y4mWriter.create("/nonexistent/out.y4m", options))).toMatchObject({
      code: "MEDIA_IO",
      file: "/nonexistent/out.y4m",
    });
    // The device is full from the first byte on.
    expect(await rejection(Y4mWriter.create("/dev/full", options))).toBeInstanceOf(MediaIoError);
  });

  test("reads back the clip that comes with the tests", async () => {
    const clip = await readFile(CLIP);
    const reader = await Y4mReader.open(new StreamBytes("clip", streamOf(clip, 100)));
    const layout = tightLayout("I420", reader.info.size);
    const target = new Uint8Array(endOf(layout));
    await withFolder(async (folder) => {
      const writer = await Y4mWriter.create(`${folder}/copy.y4m`, reader.info);
      while (await reader.nextInto(target, layout)) await writer.write(target, layout);
      await writer.close();
      await reader.close();
      expect(Buffer.compare(await readFile(`${folder}/copy.y4m`), clip)).toBe(0);
    });
  });
});
