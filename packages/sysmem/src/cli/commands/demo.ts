import { access, constants } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger, systemWords } from "#base";
import { openTraceFile } from "#client";
import { createLogger } from "#daemon";
import { direct } from "../demo/director.ts";
import type { Effect } from "../demo/effects.ts";
import { DemoError } from "../demo/errors.ts";
import { DemoOutputs } from "../demo/outputs.ts";
import { DemoView } from "../demo/view.ts";
import { addressOf } from "../inspector.ts";

/** What `sysmem demo` may be told on the command line. */
export interface DemoFlags {
  readonly frames?: number;
  readonly out?: string;
  readonly sheet?: string;
  readonly filter: Effect;
  /** A file for a capture of all messages of the embedded server. */
  readonly trace?: string;
  /** Where the inspector listens, or `off`. */
  readonly inspector: string;
  /** Whether the inspector shows the frames. */
  readonly thumbnails: boolean;
  readonly headless: boolean;
  readonly verbose: boolean;
}

/** Frames of the photograph when nobody says how many: two seconds and a half of panning. */
const PHOTOGRAPH_FRAMES = 150;

/** `sysmem demo [VIDEO]`: returns an error, for exit status 1, unless every frame arrived intact. */
export async function runDemo(flags: DemoFlags, video?: string): Promise<Error | undefined> {
  addressOf("--inspector", flags.inspector);
  await checkVideo(video);
  const outputs = await DemoOutputs.prepare(video, flags, join(tmpdir(), "sysmem-demo.png"));
  const { sheet } = outputs;
  const trace = flags.trace === undefined ? undefined : openTraceFile(flags.trace);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  let isRead = true;
  // Stays: what is still on its way may fail after the end.
  process.stdout.on("error", () => {
    isRead = false;
    stop.abort();
  });
  let isDone = false;
  try {
    const view = new DemoView({ isLive: !flags.headless && process.stdout.isTTY });
    const logger = flags.verbose ? await createLogger("debug") : silentLogger;
    const frames = flags.frames ?? (video === undefined ? PHOTOGRAPH_FRAMES : undefined);
    const part = { video, frames, effect: flags.filter, out: flags.out, sheet };
    const plan = { part, logger, inspector: flags.inspector, thumbnails: flags.thumbnails };
    const outcome = await direct(plan, view, stop.signal);
    isDone = view.summary(outcome) && !stop.signal.aborted;
    if (!isRead) return new DemoError("nobody reads the output any more");
    if (!isDone) return new DemoError(stop.signal.aborted ? "interrupted" : "the demo did not reach its end");
    if (sheet !== undefined) process.stdout.write(`Contact sheet: ${sheet}\n`);
    if (flags.out !== undefined) process.stdout.write(`Video: ${flags.out}\n`);
    return undefined;
  } finally {
    if (!isDone) await outputs.discard();
    trace?.close();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** Says at once what the source would say only when everybody is there. Throws `DemoError`. `-` is standard input. */
async function checkVideo(video: string | undefined): Promise<void> {
  if (video === undefined || video === "-") return;
  try {
    await access(video, constants.R_OK);
  } catch (cause) {
    throw new DemoError(`cannot read ${video}: ${systemWords(cause)}`);
  }
}
