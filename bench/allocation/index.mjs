/**
 * A whole negotiation, from the first message until two participants have mapped five buffers, beside what the kernel
 * alone costs.
 *
 *     npm run build && node bench/allocation/index.mjs [--quick] [--json]
 *
 * "floor" is `floor.c`: the same messages between the same three processes, without anything in them (it needs `cc`).
 * "sysmem" is `sysmem serve` and two participants, three processes; "embedded" is all of that in one. Rounds
 * of each alternate. For 1920x1080 most of the time is the kernel's, zeroing 41 MB; 64x64 shows what is ours.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { compileC, processorTime, startChild, startDaemon, temporaryFolder } from "../lib/processes.mjs";
import { median, printTable, quantile, ratio, short } from "../lib/table.mjs";

const BUFFERS = 5;
const isQuick = process.argv.includes("--quick");
const ROUNDS = isQuick ? 2 : 8;
const SIZES = [
  { name: "1920x1080", width: 1920, height: 1080, count: isQuick ? 15 : 40 },
  { name: "64x64", width: 64, height: 64, count: isQuick ? 50 : 200 },
];
const INITIATOR = new URL("initiator.mjs", import.meta.url);

/** A way to negotiate: `run(count)` gives microseconds each. */
async function contestants(size, floor, daemon) {
  const bytes = String(size.width * size.height * 4);
  const c = (mode) => ({
    name: `C floor, ${mode === "reserve" ? "pages reserved" : "pages at first touch"}`,
    run: async (count) => {
      const text = execFileSync(floor, [String(count), String(BUFFERS), bytes, mode], { encoding: "utf8" });
      return text.trim().split("\n").map(Number);
    },
    stop: async () => {},
  });
  const ours = async (name, svc) => {
    const setup = { svc, buffers: BUFFERS, width: size.width, height: size.height };
    const child = await startChild(INITIATOR, [JSON.stringify(setup)]);
    await child.ask(isQuick ? 30 : 150);
    return { name, pid: svc === undefined ? child.pid : daemon.pid, run: child.ask, stop: child.stop };
  };
  const floors = floor === undefined ? [] : [c("reserve"), c("lazy")];
  return [...floors, await ours("sysmem, three processes", daemon.svc), await ours("sysmem, embedded", undefined)];
}

async function measure(size, floor, daemon) {
  const all = await contestants(size, floor, daemon);
  const times = new Map(all.map((one) => [one, []]));
  const used = new Map(all.map((one) => [one, []]));
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const one of all) {
        const before = one.pid === undefined ? 0 : processorTime(one.pid);
        times.get(one).push(...(await one.run(size.count)));
        if (one.pid !== undefined) used.get(one).push((processorTime(one.pid) - before) / size.count);
      }
    }
  } finally {
    for (const one of all) await one.stop();
  }
  return all.map((one) => ({
    name: one.name,
    p50: median(times.get(one)),
    p99: quantile(times.get(one), 0.99),
    least: Math.min(...times.get(one)),
    serverCpu: one.pid === undefined ? null : median(used.get(one)),
  }));
}

const folder = temporaryFolder();
const daemon = await startDaemon();
const results = {};
try {
  const floor = compileC(new URL("floor.c", import.meta.url), join(folder.path, "floor"));
  if (floor === undefined) process.stderr.write("no C compiler (cc): the floor is left out\n");
  for (const size of SIZES) results[size.name] = await measure(size, floor, daemon);
} finally {
  await daemon.stop();
  folder.remove();
}
if (process.argv.includes("--json")) process.stdout.write(`${JSON.stringify(results)}\n`);
else {
  for (const [name, rows] of Object.entries(results)) {
    const base = rows.length === 4 ? rows[0].p50 : null;
    printTable(
      `${BUFFERS} buffers of ${name} RGBA, until both participants have mapped them (us)`,
      ["", "p50", "of the floor", "p99", "p99/p50", "least", "server's processor time"],
      rows.map(({ name, p50, p99, least, serverCpu }) => [
        name,
        short(p50),
        ratio(p50, base),
        short(p99),
        ratio(p99, p50),
        short(least),
        short(serverCpu),
      ]),
    );
  }
}
