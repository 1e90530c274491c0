/** Videos of all other kinds, decoded by ffmpeg in a process of its own and read from its output as YUV4MPEG2. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { MAX_STDERR_TAIL } from "#base";
import { StreamBytes } from "./byte-source.ts";
import { FfmpegFailedError, FfmpegMissingError, MediaFormatError } from "./errors.ts";
import type { FrameSource, VideoInfo } from "./frame-source.ts";
import type { ImageLayout } from "./layout.ts";
import { Y4mReader } from "./y4m-reader.ts";

/** How ffmpeg is found and stopped. */
export interface FfmpegOptions {
  /** Stops the decoding: waiting reads reject, and the process is killed. */
  readonly signal?: AbortSignal | undefined;
  /** Environment of the process, in whose PATH `ffmpeg` is looked for. Default: ours. */
  readonly env?: NodeJS.ProcessEnv | undefined;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** First video stream, 8-bit 4:2:0, to standard output. The prefix keeps names like "-i" or "http:x" being files. */
const argumentsFor = (file: string): string[] =>
  ["-nostdin", "-hide_banner", "-loglevel", "error"]
    .concat(["-i", `file:${file}`, "-map", "0:v:0"])
    .concat(["-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "pipe:1"]);

/** A video that ffmpeg decodes. The process ends with `close`, with the signal, or with the last frame. */
export class FfmpegVideo implements FrameSource {
  readonly info: VideoInfo;
  readonly #decoder: Decoder;
  readonly #reader: Y4mReader;

  private constructor(decoder: Decoder, reader: Y4mReader) {
    this.#decoder = decoder;
    this.#reader = reader;
    this.info = reader.info;
  }

  /** Starts ffmpeg and waits for the stream's header. No process is left if it fails. */
  static async open(file: string, options: FfmpegOptions = {}): Promise<FfmpegVideo> {
    options.signal?.throwIfAborted();
    const decoder = await Decoder.start(file, options);
    try {
      return new FfmpegVideo(decoder, await Y4mReader.open(decoder.output));
    } catch (error) {
      throw await decoder.reasonFor(error);
    }
  }

  async nextInto(target: Uint8Array, layout: ImageLayout): Promise<boolean> {
    try {
      if (await this.#reader.nextInto(target, layout)) return true;
    } catch (error) {
      throw await this.#decoder.reasonFor(error);
    }
    await this.#decoder.finish();
    return false;
  }

  close(): Promise<void> {
    return this.#decoder.stop();
  }
}

/** The process. */
class Decoder {
  readonly output: StreamBytes;
  readonly #file: string;
  readonly #child: Child;
  readonly #signal: AbortSignal | undefined;
  readonly #ended: Promise<number | string>;
  readonly #abort = (): void => void this.#child.kill("SIGKILL");
  #said = "";
  #isStopped = false;

  private constructor(file: string, child: Child, signal: AbortSignal | undefined) {
    this.#file = file;
    this.#child = child;
    this.#signal = signal;
    this.output = new StreamBytes(file, child.stdout);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-MAX_STDERR_TAIL);
    });
    // "close" comes when the process is gone and its pipes are read to their ends.
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code, by) => {
        signal?.removeEventListener("abort", this.#abort);
        const status = code ?? by ?? "no status";
        if (child.stderr.closed) resolve(status);
        else child.stderr.once("close", () => resolve(status));
      });
    });
    // Once it runs, the only error is that it cannot be killed, because it is gone.
    child.on("error", () => {});
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
  }

  static async start(file: string, { signal, env }: FfmpegOptions): Promise<Decoder> {
    const child = spawn("ffmpeg", argumentsFor(file), { env: env ?? process.env, stdio: ["ignore", "pipe", "pipe"] });
    try {
      await once(child, "spawn");
    } catch (cause) {
      throw new FfmpegMissingError(file, cause);
    }
    return new Decoder(file, child, signal);
  }

  /** After the last frame: it must have ended well. */
  async finish(): Promise<void> {
    const status = await this.#ended;
    if (this.#isStopped) return;
    this.#signal?.throwIfAborted();
    if (status !== 0) throw this.#failure(status);
  }

  /** Ends the process whatever it is doing, and gives back what it used. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child.kill("SIGKILL");
    await this.output.close();
    this.#child.stderr.resume();
    await this.#ended;
  }

  /** Why reading went wrong: because it was to stop, because ffmpeg failed, or because of what was read. */
  async reasonFor(error: unknown): Promise<unknown> {
    const wasStopped = this.#isStopped;
    // An output that just ends is a consequence of how the process ended, which is to be waited for.
    const isEnd = error instanceof MediaFormatError && error.isTruncated;
    const status = isEnd && !wasStopped ? await this.#ended : 0;
    await this.stop();
    if (this.#signal?.aborted) return this.#signal.reason;
    return status !== 0 && !wasStopped ? this.#failure(status) : error;
  }

  #failure(status: number | string): FfmpegFailedError {
    const lines = this.#said.trim().split("\n");
    return new FfmpegFailedError(this.#file, status, lines.at(-1)?.trim() ?? "");
  }
}
