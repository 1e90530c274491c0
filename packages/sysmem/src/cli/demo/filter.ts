/** The filter: changes each frame in place, in the very memory that the source wrote. */
import { FrameReceiver, FrameSender, inheritedChannel } from "#client";
import type { MonitorClient } from "#gen/sysmem_demo";
import { applyEffect, type Effect } from "./effects.ts";
import { layoutFor, sizeOf } from "./image.ts";
import { join } from "./participant.ts";
import { CHANNEL_VARIABLES } from "./roles.ts";

/** Runs the filter until the stream ends. */
export async function runFilter({ effect }: { readonly effect: Effect }, monitor: MonitorClient): Promise<void> {
  const session = await join("filter", monitor);
  const layout = layoutFor(session.buffers.settings, sizeOf(session.buffers.settings));
  const receiver = new FrameReceiver(inheritedChannel(CHANNEL_VARIABLES.upstream), {
    bufferCount: session.buffers.count,
  });
  const sender = new FrameSender(inheritedChannel(CHANNEL_VARIABLES.downstream));
  let frames = 0;
  const forward = async () => {
    const { numerator, denominator } = await receiver.frameRate;
    sender.begin(numerator, denominator);
    for await (const frame of receiver) {
      session.buffers.at(frame.bufferIndex).access("read-write", (bytes) => applyEffect(effect, bytes, layout));
      sender.send(frame);
      frames++;
    }
    sender.end();
  };
  // What the sink gives back goes straight on to the source, while frames go the other way.
  const giveBack = async () => {
    for (let index = await sender.nextReturned(); index !== undefined; index = await sender.nextReturned()) {
      receiver.giveBack(index);
    }
  };
  await Promise.race([Promise.all([forward(), giveBack()]), session.lost]);
  sender.close();
  receiver.close();
  session.leave(frames);
}
