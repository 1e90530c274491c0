/**
 * Handing one frame of 1920x1080 RGBA to another process and hearing that it has arrived.
 *
 *     npm run build && npm run bench:setup && node bench/memory/hand-over.mjs [--quick] [--json]
 *
 * "negotiated": a frame of a collection, mapped on both sides since it was allocated, as streams do it. "fresh": new memory
 * each time, made with its pages reserved, sent, mapped by the other side, touched and freed; most of it is the
 * kernel zeroing 8 MB. "child_process": the same bytes through Node's own IPC, advanced serialization; "zeromq": through
 * its request and reply sockets. The sender writes a byte of each frame and the receiver reads it. Rounds of all alternate.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { spawnWithChannels, Sysmem } from "sysmem";
import { temporaryFolder } from "../lib/processes.mjs";
import { finish, median, quantile, ratio, short, table } from "../lib/table.mjs";

const FRAME_BYTES = 1920 * 1080 * 4;
const isQuick = process.argv.includes("--quick");
const ROUNDS = isQuick ? 2 : 6;
const COUNTS = { negotiated: 300, fresh: 40, child_process: 8, zeromq: 15 };

const receiver = fileURLToPath(new URL("hand-over-receiver.mjs", import.meta.url));
const sysmem = await Sysmem.embedded();
const { kernel } = sysmem;
const [channel, theirs] = kernel.createChannel();
const child = spawnWithChannels(process.execPath, [receiver], { BENCH_FRIEND_FD: theirs });
const forked = fork(receiver, [], { serialization: "advanced" });
const zeromq = await startZeromq();

/** Undefined where it is not installed. */
async function startZeromq() {
  const peer = await import("../../packages/bench/zeromq.mjs").catch(() => undefined);
  if (peer === undefined) return undefined;
  const folder = temporaryFolder();
  const address = `ipc://${folder.path}/frames`;
  const other = fork(receiver, [address]);
  await once(other, "message");
  const { ask, close } = peer.connectTo(address);
  return {
    ask,
    async close() {
      close();
      other.disconnect();
      if (other.exitCode === null) await once(other, "exit");
      folder.remove();
    },
  };
}

let heard = () => {};
channel.start({ onMessage: () => heard(), onClosed: () => {} });
const note = new Uint8Array(16);
/** Sends, and resolves when the receiver has answered. */
const ask = (handles) =>
  new Promise((resolve) => {
    heard = resolve;
    channel.write(note, handles);
  });

const kept = await kernel.createMemory(FRAME_BYTES, { name: "negotiated" });
const view = kept.vmo.map({ writable: true });
note[0] = 1;
await ask([kept.handOut({ writable: false }).vmo]);

const frame = Buffer.alloc(FRAME_BYTES);
const ways = {
  async negotiated(index) {
    note[0] = 2;
    view.bytes[index % FRAME_BYTES] = index;
    await ask([]);
  },
  async fresh(index) {
    note[0] = 3;
    const memory = await kernel.createMemory(FRAME_BYTES, { name: "fresh" });
    const mapping = memory.vmo.map({ writable: true });
    mapping.bytes[index % FRAME_BYTES] = index;
    await ask([memory.handOut({ writable: false }).vmo]);
    mapping.unmap();
    memory.close();
  },
  async child_process(index) {
    frame[index % FRAME_BYTES] = index;
    const answer = once(forked, "message");
    forked.send(frame);
    await answer;
  },
  ...(zeromq !== undefined && {
    async zeromq(index) {
      frame[index % FRAME_BYTES] = index;
      await zeromq.ask(frame);
    },
  }),
};

const times = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, way] of Object.entries(ways)) {
    for (let index = 0; index < COUNTS[name]; index++) {
      const start = performance.now();
      await way(index);
      // The first round warms up.
      if (round > 0) times[name].push((performance.now() - start) * 1_000);
    }
  }
}
view.unmap();
kept.close();
channel.close();
forked.disconnect();
await zeromq?.close();
for (const each of [child, forked]) if (each.exitCode === null) await once(each, "exit");
await sysmem.shutdown();

const results = Object.entries(times).map(([name, all]) => ({ name, p50: median(all), p99: quantile(all, 0.99) }));
const p50Of = (name) => results.find((one) => one.name === name)?.p50 ?? null;
finish({
  results,
  missing: zeromq === undefined ? ["zeromq (npm run bench:setup)"] : [],
  tables: [
    table(
      `One frame of ${FRAME_BYTES} bytes to another process, and an answer`,
      ["way", "p50 us", "p99 us", "child_process / this", "zeromq / this"],
      results.map(({ name, p50, p99 }) => [
        name,
        short(p50),
        short(p99),
        ratio(p50Of("child_process"), p50),
        p50Of("zeromq") === null ? "-" : ratio(p50Of("zeromq"), p50),
      ]),
    ),
  ],
});
