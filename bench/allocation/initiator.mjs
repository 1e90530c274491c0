/**
 * The first participant, in a process of its own: starts collections with a partner and times them. Driven over IPC.
 * Without a service directory the server is embedded and both participants are in this process.
 */
import { fileURLToPath } from "node:url";
import { spawnWithChannels, Sysmem } from "sysmem";
import { inbox, leave, NOTE, takePart } from "./participant.mjs";

const setup = JSON.parse(process.argv[2]);

async function connect() {
  if (setup.svc === undefined) {
    const embedded = await Sysmem.embedded({ name: "both", memoryReserveBytes: setup.reserveBytes });
    return { negotiate: () => inOneProcess(embedded), end: () => embedded.shutdown() };
  }
  const sysmem = Sysmem.connect({ svc: setup.svc, name: "initiator" });
  const [friend, theirs] = sysmem.kernel.createChannel();
  const partner = fileURLToPath(new URL("partner.mjs", import.meta.url));
  const args = [...process.execArgv, partner, JSON.stringify(setup)];
  spawnWithChannels(process.execPath, args, { BENCH_FRIEND_FD: theirs });
  const next = inbox(friend);
  return {
    negotiate: () => acrossProcesses(sysmem, friend, next),
    end: async () => {
      friend.close();
      sysmem.close();
    },
  };
}

async function acrossProcesses(sysmem, friend, next) {
  const start = performance.now();
  const token = sysmem.allocateSharedCollection();
  const other = await token.duplicate();
  friend.write(NOTE, [other.take()]);
  const part = await takePart(sysmem, token, setup);
  await next();
  const end = performance.now();
  friend.write(NOTE, []);
  leave(part);
  await next();
  return (end - start) * 1e3;
}

async function inOneProcess(sysmem) {
  const start = performance.now();
  const token = sysmem.allocateSharedCollection();
  const other = await token.duplicate();
  const parts = await Promise.all([takePart(sysmem, other, setup), takePart(sysmem, token, setup)]);
  const end = performance.now();
  for (const part of parts) leave(part);
  return (end - start) * 1e3;
}

const { negotiate, end } = await connect();
process.on("message", async ({ count, pauseMs }) => {
  const times = [];
  for (let i = 0; i < count; i++) {
    times.push(await negotiate());
    // Until the server has noticed that nobody holds the buffers, as the next frame rate change would come later, too.
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  process.send(times);
});
process.once("disconnect", async () => {
  await end();
  process.exit(0);
});
process.send([]);
