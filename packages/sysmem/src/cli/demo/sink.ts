/** The sink: checks that every frame is what the source wrote, and keeps a result that a person can look at. */
import { type Frame, FrameReceiver, inheritedChannel } from "#client";
import type { MonitorClient } from "#gen/sysmem_demo";
import { colorsOf } from "#images";
import { ContactSheet } from "../media/contact-sheet.ts";
import { Y4mWriter } from "../media/y4m-writer.ts";
import { checksumBefore, type Effect } from "./effects.ts";
import { layoutFor, sizeOf } from "./image.ts";
import { join } from "./participant.ts";
import { CHANNEL_VARIABLES } from "./roles.ts";

export interface SinkOptions {
  /** What the filter did. */
  readonly effect: Effect;
  /** Write the frames here, as .y4m. */
  readonly out: string | undefined;
  /** Write a contact sheet here, as PNG. */
  readonly sheet: string | undefined;
}

/** How often the sink tells how far it is: often enough for a progress bar, too seldom to cost anything. */
const PROGRESS_MS = 50;

/** Pictures on the contact sheet, at most; at the end there are at least half as many if there were so many frames. */
const SHEET_PICTURES = 24;

/** Runs the sink until the stream ends. */
export async function runSink(options: SinkOptions, monitor: MonitorClient): Promise<void> {
  const session = await join("sink", monitor);
  const { settings } = session.buffers;
  const layout = layoutFor(settings, sizeOf(settings));
  const colors = colorsOf(settings.imageFormatConstraints?.colorSpaces?.[0]);
  const receiver = new FrameReceiver(inheritedChannel(CHANNEL_VARIABLES.upstream), {
    bufferCount: session.buffers.count,
  });
  const sheet = new ContactSheet();
  let sheetStride = 1;
  let video: Y4mWriter | undefined;
  let frames = 0;
  let toldMs = 0;
  const look = async (frame: Frame, bytes: Uint8Array) => {
    const actual = checksumBefore(options.effect, bytes, layout);
    if (actual !== frame.checksum) {
      monitor.corrupted({ sequence: frame.sequence, expected: frame.checksum, actual });
    }
    await video?.write(bytes, layout);
    if (options.sheet === undefined || frames % sheetStride !== 0) return;
    sheet.add(bytes, layout, colors, `#${frame.sequence}`);
    // Nobody knows how long the stream will be: from here on half as many, of all that came.
    if (sheet.count === SHEET_PICTURES) {
      sheet.thin();
      sheetStride *= 2;
    }
  };
  const consume = async () => {
    const frameRate = await receiver.frameRate;
    if (options.out !== undefined) video = await Y4mWriter.create(options.out, { size: layout, frameRate, colors });
    for await (const frame of receiver) {
      await session.buffers.at(frame.bufferIndex).access("read", (bytes) => look(frame, bytes));
      receiver.giveBack(frame.bufferIndex);
      frames++;
      if (performance.now() - toldMs > PROGRESS_MS) {
        toldMs = performance.now();
        monitor.progress({ frames: BigInt(frames) });
      }
    }
  };
  try {
    await Promise.race([consume(), session.lost]);
  } finally {
    // Also of a stream that breaks off it is told how far it came.
    monitor.progress({ frames: BigInt(frames) });
    await video?.close();
  }
  if (options.sheet !== undefined && frames > 0) await sheet.write(options.sheet);
  receiver.close();
  session.leave(frames);
}
