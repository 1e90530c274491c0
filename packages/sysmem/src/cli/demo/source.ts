/** The source: decodes video straight into shared buffers and sends them downstream. */
import { FrameSender, inheritedChannel } from "#client";
import type { MonitorClient } from "#gen/sysmem_demo";
import { frameChecksum } from "../media/crc32.ts";
import type { FrameSource } from "../media/frame-source.ts";
import { openVideo } from "../media/open-video.ts";
import { layoutFor } from "./image.ts";
import { join } from "./participant.ts";
import { CHANNEL_VARIABLES } from "./roles.ts";

export interface SourceOptions {
  /** A file; undefined = the photograph that comes with sysmem, panned over. */
  readonly video: string | undefined;
  /** Stop after this many frames. */
  readonly frames: number | undefined;
}

/** Part of the photograph that is seen. Its rows are no multiple of 64 bytes, so that the filter's demand shows. */
const PAN_SIZE = { width: 600, height: 340 };

/** Runs the source to the end of its video. */
export async function runSource(options: SourceOptions, monitor: MonitorClient): Promise<void> {
  const video = await openVideo(options.video, { panSize: PAN_SIZE });
  const { name, size, frameRate, frameCount, colors } = video.info;
  const limit = Math.min(options.frames ?? Number.POSITIVE_INFINITY, frameCount ?? Number.POSITIVE_INFINITY);
  monitor.described({ name, ...size, frameCount: BigInt(Number.isFinite(limit) ? limit : 0) });
  try {
    const session = await join("source", monitor, { size, colors });
    const sender = new FrameSender(inheritedChannel(CHANNEL_VARIABLES.downstream));
    sender.begin(frameRate.numerator, frameRate.denominator);
    const layout = layoutFor(session.buffers.settings, size);
    const free = [...session.buffers].map((buffer) => buffer.index);
    const frameNs = (1_000_000_000 * frameRate.denominator) / frameRate.numerator;
    let sequence = 0;
    for (; sequence < limit; sequence++) {
      const index = free.pop() ?? (await Promise.race([sender.nextReturned(), session.lost]));
      if (index === undefined) break;
      const checksum = await session.buffers.at(index).access("write", async (bytes) => {
        const isFilled = await Promise.race([video.nextInto(bytes, layout), session.lost]);
        return isFilled ? frameChecksum(bytes, layout) : undefined;
      });
      if (checksum === undefined) {
        free.push(index);
        break;
      }
      sender.send({
        bufferIndex: index,
        sequence: BigInt(sequence),
        presentationNs: BigInt(Math.round(sequence * frameNs)),
        checksum,
      });
      monitor.progress({ frames: BigInt(sequence + 1) });
    }
    sender.end();
    await allReturned(sender, session.buffers.count - free.length, session.lost);
    sender.close();
    session.leave(sequence);
  } finally {
    await closeQuietly(video);
  }
}

/** Waits for the buffers that are still downstream: only then may they be given up. */
async function allReturned(sender: FrameSender, outstanding: number, lost: Promise<never>): Promise<void> {
  for (let left = outstanding; left > 0; left--) {
    if ((await Promise.race([sender.nextReturned(), lost])) === undefined) return;
  }
}

async function closeQuietly(video: FrameSource): Promise<void> {
  // The run's own error, if there is one, says more than a decoder that was interrupted.
  await video.close().catch(() => {});
}
