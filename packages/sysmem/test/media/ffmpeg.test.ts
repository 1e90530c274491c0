import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { encode } from "fast-png";
import { describe, expect } from "vitest";
import { MAX_STDERR_TAIL } from "#base";
import { FfmpegVideo } from "../../src/cli/media/ffmpeg.ts";
import {
  endOf,
  FfmpegFailedError,
  FfmpegMissingError,
  type FrameSource,
  frameChecksum,
  openVideo,
  tightLayout,
} from "../../src/cli/media/index.ts";
import { test } from "../support/leaks.ts";
import { CLIP, rejection, withFile, withFolder } from "./support.ts";

const BIN = fileURLToPath(new URL("fixtures/bin", import.meta.url));
const layout = tightLayout("NV12", { width: 48, height: 32 });

/** An environment in which `ffmpeg` is the stand-in, doing as told. */
const standIn = (behaviour: string): NodeJS.ProcessEnv => ({
  PATH: `${BIN}${delimiter}${process.env.PATH ?? ""}`,
  FAKE_FFMPEG: behaviour,
  FAKE_FFMPEG_CLIP: CLIP,
});

async function checksumsOf(source: FrameSource): Promise<number[]> {
  const target = new Uint8Array(endOf(layout));
  const checksums: number[] = [];
  while (await source.nextInto(target, layout)) checksums.push(frameChecksum(target, layout));
  return checksums;
}

const hasFfmpeg = (() => {
  try {
    execFileSync("ffmpeg", ["-version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe("FfmpegVideo", () => {
  test("gives the frames that ffmpeg decodes", async () => {
    const direct = await openVideo(CLIP);
    const expected = await checksumsOf(direct);
    await direct.close();
    const video = await FfmpegVideo.open("clip.mp4", { env: standIn("clip") });
    expect(video.info).toMatchObject({ name: "clip.mp4", size: { width: 48, height: 32 }, frameCount: undefined });
    expect(await checksumsOf(video)).toEqual(expected);
    expect(expected).toHaveLength(3);
    await video.close();
    await video.close();
  });

  test("passes on what ffmpeg says when it cannot read a file", async () => {
    const error = await rejection(FfmpegVideo.open("-i.mp4", { env: standIn("refuse") }));
    expect(error).toBeInstanceOf(FfmpegFailedError);
    expect(error).toMatchObject({ code: "FFMPEG_FAILED", file: "-i.mp4", status: 183 });
    expect(error.message).toBe(
      "cannot read -i.mp4: ffmpeg ended with 183: -i.mp4: Invalid data found when processing input",
    );
  });

  test("keeps only the end of what ffmpeg says", async () => {
    for (const length of [MAX_STDERR_TAIL, MAX_STDERR_TAIL + 1]) {
      const env = { ...standIn("talk"), FAKE_FFMPEG_LENGTH: String(length) };
      const error = await rejection(FfmpegVideo.open("clip.mp4", { env }));
      expect(error.message).toBe(`cannot read clip.mp4: ffmpeg ended with 1: ${"x".repeat(MAX_STDERR_TAIL - 1)}.`);
    }
  });

  test("does not take a broken video for a shorter one", async () => {
    const broken = await FfmpegVideo.open("clip.mp4", { env: standIn("break") });
    const cut = await rejection(checksumsOf(broken));
    expect(cut.message).toBe("cannot read clip.mp4: ffmpeg ended with 1: corrupt input packet");
    await broken.close();
    const late = await FfmpegVideo.open("clip.mp4", { env: standIn("late-failure") });
    expect(await rejection(checksumsOf(late))).toMatchObject({ code: "FFMPEG_FAILED", status: 69 });
    await late.close();
  });

  test("stops ffmpeg when its signal is aborted, and gives the signal's reason", async () => {
    const controller = new AbortController();
    const video = await FfmpegVideo.open("clip.mp4", { env: standIn("hang"), signal: controller.signal });
    const target = new Uint8Array(endOf(layout));
    expect(await video.nextInto(target, layout)).toBe(true);
    const waiting = rejection(video.nextInto(target, layout));
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    await video.close();
    expect(await rejection(FfmpegVideo.open("clip.mp4", { env: standIn("hang"), signal: controller.signal }))).toBe(
      reason,
    );
  });

  test("stops ffmpeg when closed in the middle, with a read under way or without", async () => {
    const target = new Uint8Array(endOf(layout));
    const idle = await FfmpegVideo.open("clip.mp4", { env: standIn("hang") });
    await idle.close();
    const busy = await FfmpegVideo.open("clip.mp4", { env: standIn("hang") });
    await busy.nextInto(target, layout);
    const waiting = rejection(busy.nextInto(target, layout));
    await busy.close();
    await waiting;
  });

  test("says what is missing when there is no ffmpeg", async () => {
    await withFolder(async (folder) => {
      const error = await rejection(FfmpegVideo.open("clip.mp4", { env: { PATH: folder } }));
      expect(error).toBeInstanceOf(FfmpegMissingError);
      expect(error.message).toContain("cannot read clip.mp4: it is neither .y4m nor a PNG or JPEG image, and ffmpeg");
      expect(error.message).toContain("not on PATH");
    });
  });

  test.skipIf(!hasFfmpeg)("decodes a real file with the real program", async () => {
    await withFolder(async (folder) => {
      const file = `${folder}/clip.mkv`;
      execFileSync("ffmpeg", ["-loglevel", "error", "-i", CLIP, "-c:v", "ffv1", file]);
      const direct = await openVideo(CLIP);
      const video = await openVideo(file);
      expect(await checksumsOf(video)).toEqual(await checksumsOf(direct));
      await video.close();
      await direct.close();
    });
    const error = await withFile("this is no video", (file) => rejection(openVideo(file)));
    expect(error).toBeInstanceOf(FfmpegFailedError);
  });
});

describe("openVideo", () => {
  test("tells a file's kind from its content, not from its name", async () => {
    const y4m = await withFile(
      await readFile(CLIP),
      async (file) => {
        const source = await openVideo(file);
        const checksums = await checksumsOf(source);
        await source.close();
        return { info: source.info, checksums };
      },
      "photo.jpg",
    );
    expect(y4m.info.frameCount).toBe(3);
    expect(y4m.checksums).toHaveLength(3);
    const other = await withFile(
      "\u0000\u0001",
      async (file) => {
        const source = await openVideo(file, { env: standIn("clip") });
        const checksums = await checksumsOf(source);
        await source.close();
        return checksums;
      },
      "clip.y4m",
    );
    expect(other).toEqual(y4m.checksums);
  });

  test("pans over the bundled photograph when nothing is named, and over any other image", async () => {
    const size = { width: 48, height: 32 };
    const bundled = await openVideo(undefined, { panSize: size });
    expect(bundled.info).toMatchObject({ name: "photograph", size, frameCount: undefined });
    const target = new Uint8Array(endOf(layout));
    expect(await bundled.nextInto(target, layout)).toBe(true);
    expect(new Set(target).size).toBeGreaterThan(50);
    await bundled.close();
    const red = encode({
      width: 4,
      height: 3,
      channels: 3,
      data: new Uint8Array(36).map((_, i) => (i % 3 === 0 ? 255 : 0)),
    });
    await withFile(red, async (file) => {
      const still = await openVideo(file, { panSize: size });
      expect(still.info.name).toBe(file);
      const rgba = tightLayout("R8G8B8A8", size);
      const frame = new Uint8Array(endOf(rgba));
      expect(await still.nextInto(frame, rgba)).toBe(true);
      expect([...frame.subarray(0, 8)]).toEqual([255, 0, 0, 255, 255, 0, 0, 255]);
      await still.close();
    });
    const usual = await openVideo();
    expect(usual.info.size).toEqual({ width: 640, height: 360 });
    await usual.close();
  });

  test("says why a file cannot be opened", async () => {
    expect(await rejection(openVideo("/nonexistent/clip.mp4"))).toMatchObject({
      code: "MEDIA_IO",
      file: "/nonexistent/clip.mp4",
    });
    expect(await rejection(openVideo("/tmp"))).toMatchObject({ code: "MEDIA_IO", file: "/tmp" });
  });

  test("starts nothing for a signal that is aborted already", async () => {
    const reason = new Error("too late");
    expect(await rejection(openVideo(CLIP, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
