/**
 * What a live collection costs the server: memory and descriptors, by the number of collections with one buffer each; how
 * long one more takes among so many, and how long it takes until the server has freed them all.
 *
 *     npm run build && node bench/memory/live-collections.mjs [COUNT]... [--json]
 *
 * Default counts: 100, 1000, 10000. One process asks for all of them; it needs two descriptors for each collection and
 * the server as many, so both are given more than shells usually have. Where a count needs more than the machine allows, as
 * many as it does allow are taken, and that is said.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Sysmem } from "sysmem";
import { startDaemon, temporaryFolder } from "../lib/processes.mjs";
import { finish, median, short, table } from "../lib/table.mjs";

const DESCRIPTORS_EACH = 2;
const DESCRIPTORS_BESIDES = 512;
/** How many of the last allocations are timed at each count. */
const TIMED = 100;

const counts = process.argv
  .slice(2)
  .filter((argument) => !argument.startsWith("--"))
  .map(Number);
if (counts.length === 0) counts.push(100, 1_000, 10_000);
counts.sort((a, b) => a - b);

const descriptorLimit = () => Number(/Max open files\s+(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))[1]);
const needed = (count) => count * DESCRIPTORS_EACH + DESCRIPTORS_BESIDES;

if (process.env.BENCH_RAISED === undefined) {
  // As far as this user may.
  const raise = `ulimit -n ${needed(counts.at(-1))} 2>/dev/null || ulimit -n $(ulimit -Hn); exec "$0" "$@"`;
  const args = ["-c", raise, process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const { status } = spawnSync("sh", args, { stdio: "inherit", env: { ...process.env, BENCH_RAISED: "1" } });
  process.exit(status ?? 1);
}

const most = Math.floor((descriptorLimit() - DESCRIPTORS_BESIDES) / DESCRIPTORS_EACH);
const possible = [...new Set(counts.map((count) => Math.min(count, most)))];
const missing = counts
  .filter((count) => count > most)
  .map((count) => `${count} collections (${needed(count)} descriptors, this user may have ${descriptorLimit()})`);

const folder = temporaryFolder();
const config = join(folder.path, "quotas.toml");
writeFileSync(config, `[quotas_per_process]\ndescriptors = ${2 ** 31}\n[quotas_per_user]\ndescriptors = ${2 ** 31}\n`);
const daemon = await startDaemon("--config", config);
const sysmem = Sysmem.connect({ svc: daemon.svc, name: "bench" });
const constraints = {
  usage: { cpu: 2 | 8 },
  minBufferCount: 1,
  bufferMemoryConstraints: { minSizeBytes: 4_096n, cpuDomainSupported: true },
};

function look() {
  const status = readFileSync(`/proc/${daemon.pid}/status`, "utf8");
  const field = (name) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
  return { anonymousKb: field("RssAnon"), descriptors: readdirSync(`/proc/${daemon.pid}/fd`).length };
}

async function open() {
  const collection = sysmem.allocateNonSharedCollection().setConstraints(constraints);
  const buffers = await collection.waitForBuffers();
  return () => {
    buffers.close();
    collection.release();
  };
}

/** Resolves when the server has no more descriptors than it had, with the time it took. */
async function freed(start, descriptors) {
  while (look().descriptors > descriptors && performance.now() - start < 120_000) await sleep(20);
  return performance.now() - start;
}

// What is made on first use belongs to no collection.
for (let round = 0; round < 200; round++) (await open())();
await sleep(300);
const before = look();
const results = [];
for (const count of possible) {
  const leave = [];
  const times = [];
  while (leave.length < count) {
    const start = performance.now();
    leave.push(await open());
    if (leave.length > count - TIMED) times.push((performance.now() - start) * 1_000);
  }
  const live = look();
  const start = performance.now();
  for (const close of leave) close();
  const freeMs = await freed(start, before.descriptors);
  results.push({
    count,
    kibEach: (live.anonymousKb - before.anonymousKb) / count,
    descriptorsEach: (live.descriptors - before.descriptors) / count,
    allocateUs: median(times),
    freeUsEach: (freeMs * 1_000) / count,
    descriptorsLeft: look().descriptors - before.descriptors,
  });
}
sysmem.close();
await daemon.stop();
folder.remove();

finish({
  results,
  missing,
  tables: [
    table(
      "What a live collection with one buffer costs the server",
      ["collections", "KiB each", "descriptors each", "us for one more", "us each to free all", "descriptors left"],
      results.map((row) => [
        row.count,
        short(row.kibEach),
        short(row.descriptorsEach),
        short(row.allocateUs),
        short(row.freeUsEach),
        row.descriptorsLeft,
      ]),
    ),
  ],
});
