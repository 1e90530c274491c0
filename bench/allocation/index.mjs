/**
 * A whole negotiation, from the first message until two participants have mapped five buffers, beside what the kernel
 * alone costs and what others take for the same.
 *
 *     npm run build && node bench/allocation/index.mjs [--quick] [--json]
 *
 * "floor" is `floor.c`: the same messages between the same three processes, without anything in them. "sysmem" is `sysmem
 * serve` and two participants, three processes; "embedded" is all of that in one. PipeWire is a daemon and two clients
 * that it links (`pipewire.c`), GStreamer is one process (`gstreamer.c`). Rounds of all alternate; what is not installed is named.
 * For 1920x1080 most of the time is the kernel's, zeroing 41 MB; 64x64 shows what is ours.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileC, processorTime, startChild, startDaemon, temporaryFolder } from "../lib/processes.mjs";
import { finish, median, quantile, ratio, short, table } from "../lib/table.mjs";
import { startPipewire } from "./pipewire.mjs";

const BUFFERS = 5;
const isQuick = process.argv.includes("--quick");
const ROUNDS = isQuick ? 2 : 8;
const SIZES = [
  { name: "1920x1080", width: 1920, height: 1080, count: isQuick ? 15 : 40 },
  { name: "64x64", width: 64, height: 64, count: isQuick ? 50 : 200 },
];
const RESERVE_BYTES = 67_108_864;
/** From one set-up to the next; with a memory reserve it makes the next buffers meanwhile. Milliseconds. */
const PAUSE_MS = 2;
const RESERVE_PAUSE_MS = 120;
const INITIATOR = new URL("initiator.mjs", import.meta.url);

const folder = temporaryFolder();
const missing = [];
const compile = (name, ...packages) => {
  const program = compileC(new URL(`${name}.c`, import.meta.url), join(folder.path, name), packages);
  if (program === undefined) missing.push(name);
  return program;
};

const numbers = (text) => text.trim().split("\n").map(Number);
const runProgram = (program, ...args) => numbers(execFileSync(program, args.map(String), { encoding: "utf8" }));

/** Ways to negotiate: `run(count)` gives microseconds each, by what they are the time of. */
async function contestants(size, programs, daemons) {
  const { width, height } = size;
  const all = [];
  const add = (name, run, more = {}) => all.push({ name, run, stop: async () => {}, ...more });
  if (programs.floor !== undefined) {
    for (const [mode, what] of [
      ["reserve", "C floor, pages reserved"],
      ["lazy", "C floor, pages at first touch"],
    ]) {
      add(what, async (count) => runProgram(programs.floor, count, BUFFERS, width * height * 4, mode));
    }
  }
  const ours = async (name, daemon, pauseMs = PAUSE_MS, reserveBytes = 0) => {
    const setup = { svc: daemon?.svc, buffers: BUFFERS, width, height, pauseMs, reserveBytes };
    const child = await startChild(INITIATOR, [JSON.stringify({ ...setup, pauseMs: PAUSE_MS })]);
    await child.ask({ count: isQuick ? 30 : 300, pauseMs: PAUSE_MS });
    const run = (count) => child.ask({ count: pauseMs > PAUSE_MS ? Math.min(count, 20) : count, pauseMs });
    add(name, run, { pid: daemon?.pid ?? child.pid, stop: child.stop });
  };
  await ours("sysmem, three processes", daemons.plain);
  // What is quick to reserve is not made in advance.
  if (width > 64) await ours("sysmem, three processes, memory reserve", daemons.reserve, RESERVE_PAUSE_MS);
  await ours("sysmem, embedded", undefined);
  if (width > 64) await ours("sysmem, embedded, memory reserve", undefined, RESERVE_PAUSE_MS, RESERVE_BYTES);
  for (const [pipewire, how] of [
    [programs.pipewireLazy, "no prefaulting"],
    [programs.pipewireShipped, "as shipped"],
  ]) {
    if (pipewire === undefined) continue;
    let last = [];
    add(`PipeWire, ${how}: to mapped`, async (count) => {
      last = await pipewire.link(Math.min(count, 60), width, height);
      return last.map(([mapped]) => mapped);
    });
    add(`PipeWire, ${how}: to the first frame`, async () => last.map(([, frame]) => frame));
  }
  if (programs.gstreamer !== undefined) {
    add("GStreamer, one process: to the first buffer", async (count) =>
      runProgram(programs.gstreamer, count, width, height),
    );
  }
  return all;
}

async function measure(size, programs, daemons) {
  const all = await contestants(size, programs, daemons);
  const times = new Map(all.map((one) => [one, []]));
  const used = new Map(all.map((one) => [one, []]));
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const one of all) {
        const before = one.pid === undefined ? 0 : processorTime(one.pid);
        const took = await one.run(size.count);
        times.get(one).push(...took);
        if (one.pid !== undefined) used.get(one).push((processorTime(one.pid) - before) / took.length);
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

const config = join(folder.path, "reserve.toml");
writeFileSync(config, `memory_reserve_bytes = ${RESERVE_BYTES}\n`);
const daemons = { plain: await startDaemon(), reserve: await startDaemon("--config", config) };
const pipewire = compile("pipewire", "libpipewire-0.3");
const programs = {
  floor: compile("floor"),
  gstreamer: compile("gstreamer", "gstreamer-1.0"),
  pipewireLazy: pipewire && (await startPipewire(pipewire, { isPrefaulting: false })),
  pipewireShipped: pipewire && (await startPipewire(pipewire, { isPrefaulting: true })),
};
const results = {};
try {
  for (const size of SIZES) results[size.name] = await measure(size, programs, daemons);
} finally {
  for (const each of Object.values(daemons)) await each.stop();
  for (const each of [programs.pipewireLazy, programs.pipewireShipped]) await each?.stop();
  folder.remove();
}

const baseOf = (rows) => rows.find(({ name }) => name.startsWith("C floor, pages reserved"))?.p50 ?? null;
finish({
  results,
  missing,
  tables: Object.entries(results).map(([name, rows]) =>
    table(
      `${BUFFERS} buffers of ${name} RGBA, until both participants have mapped them`,
      ["", "p50 us", "of the floor", "p99 us", "p99 / p50", "least us", "server's processor time, us"],
      rows.map((row) => [
        row.name,
        short(row.p50),
        ratio(row.p50, baseOf(rows)),
        short(row.p99),
        ratio(row.p99, row.p50),
        short(row.least),
        short(row.serverCpu),
      ]),
    ),
  ),
});
