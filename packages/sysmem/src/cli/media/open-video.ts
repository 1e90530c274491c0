/** Frames from whatever the user names: a .y4m file or pipe, a still image, or anything that ffmpeg reads. */
import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openFile, StreamBytes } from "./byte-source.ts";
import { REC709 } from "#images";
import { MediaIoError } from "./errors.ts";
import { FfmpegVideo } from "./ffmpeg.ts";
import type { FrameSource } from "./frame-source.ts";
import type { MediaSize } from "./layout.ts";
import { PhotoPan } from "./photo-pan.ts";
import { readStill, type StillImage, stillTypeOf } from "./still.ts";
import { Y4M_MAGIC } from "./y4m-header.ts";
import { Y4mReader } from "./y4m-reader.ts";

/** How to open. */
export interface OpenVideoOptions {
  /** Size of the frames of a camera moving over a still image. Videos have their own. Default 640 by 360. */
  readonly panSize?: MediaSize | undefined;
  /** Stops whatever runs for the source. */
  readonly signal?: AbortSignal | undefined;
  /** Environment in whose PATH ffmpeg is looked for. Default: ours. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** The name that stands for standard input. */
const STANDARD_INPUT = "-";
const DEFAULT_PAN_SIZE: MediaSize = { width: 640, height: 360 };
/** Longest signature that is looked at. */
const SIGNATURE_BYTES = 16;

/** The photograph that comes with the package; its origin is in `assets/README.md`. */
export const BUNDLED_PHOTOGRAPH: string = fileURLToPath(new URL("../../../assets/coffee.jpg", import.meta.url));

/**
 * Opens a source of frames. Undefined: the bundled photograph, panned over. `-`: a .y4m stream on standard input. A
 * file's kind is told from its first bytes, not from its name.
 */
export async function openVideo(input?: string, options: OpenVideoOptions = {}): Promise<FrameSource> {
  options.signal?.throwIfAborted();
  if (input === undefined) return panOver(await readStill(BUNDLED_PHOTOGRAPH), "photograph", options);
  if (input === STANDARD_INPUT) return Y4mReader.open(new StreamBytes("<stdin>", process.stdin), options.signal);
  const start = await firstBytes(input);
  if (Buffer.from(start).toString("latin1").startsWith(Y4M_MAGIC))
    return Y4mReader.open(await openFile(input), options.signal);
  if (stillTypeOf(start) !== undefined) return panOver(await readStill(input), input, options);
  return FfmpegVideo.open(input, options);
}

function panOver(photo: StillImage, name: string, options: OpenVideoOptions): PhotoPan {
  return new PhotoPan(photo, { name, size: options.panSize ?? DEFAULT_PAN_SIZE, colors: REC709 });
}

async function firstBytes(file: string): Promise<Uint8Array> {
  try {
    const handle = await open(file);
    try {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(SIGNATURE_BYTES), 0, SIGNATURE_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new MediaIoError("open", file, cause);
  }
}
