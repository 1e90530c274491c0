/** The other side of `hand-over.mjs`: answers each frame when it has read a byte of it. */
import { inheritedChannel } from "sysmem";

const address = process.argv[2];
if (address !== undefined) {
  const { answerFrames } = await import("../../packages/bench/zeromq.mjs");
  process.once("disconnect", () => process.exit(0));
  process.send("ready");
  await answerFrames(address);
} else if (process.env.BENCH_FRIEND_FD === undefined) {
  process.on("message", (frame) => process.send(frame[0]));
} else {
  const channel = inheritedChannel("BENCH_FRIEND_FD");
  const answer = new Uint8Array(16);
  let kept;
  const ways = {
    1(vmo) {
      kept = vmo.map();
      vmo.close();
    },
    2() {
      answer[0] = kept.bytes[0];
    },
    3(vmo) {
      const mapping = vmo.map();
      answer[0] = mapping.bytes[0];
      mapping.unmap();
      vmo.close();
    },
  };
  channel.start({
    onMessage(bytes, [vmo]) {
      ways[bytes[0]](vmo);
      channel.write(answer, []);
    },
    onClosed: () => kept?.unmap(),
  });
}
