/**
 * What a live collection costs the server: memory and descriptors, by the number of collections with one buffer each.
 *
 *     npm run build && node bench/memory/live-collections.mjs [COUNT]...
 *
 * Default counts: 100, 1000. One process asks for all of them, so COUNT is bounded by its and the server's descriptors: it
 * needs two of each collection, the server three to five.
 */
import { readdirSync, readFileSync } from "node:fs";
import { Sysmem } from "sysmem";
import { startDaemon } from "../lib/processes.mjs";
import { printTable, short } from "../lib/table.mjs";

const counts = process.argv.slice(2).map(Number);
if (counts.length === 0) counts.push(100, 1_000);

const daemon = await startDaemon();
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

// What is made on first use belongs to no collection.
for (let round = 0; round < 50; round++) (await open())();
await new Promise((resolve) => setTimeout(resolve, 300));
const before = look();
const rows = [];
const leave = [];
for (const count of counts.sort((a, b) => a - b)) {
  const start = performance.now();
  const opened = leave.length;
  while (leave.length < count) leave.push(await open());
  const microseconds = ((performance.now() - start) * 1_000) / (count - opened);
  const now = look();
  rows.push([
    count,
    short((now.anonymousKb - before.anonymousKb) / count),
    short((now.descriptors - before.descriptors) / count),
    short(microseconds),
  ]);
}
for (const close of leave) close();
await new Promise((resolve) => setTimeout(resolve, 1_000));
const after = look();
sysmem.close();
await daemon.stop();

printTable(
  "Cost of a live collection with one buffer, in the server",
  ["collections", "KiB each", "descriptors each", "us to allocate"],
  rows,
);
process.stdout.write(`\ndescriptors afterwards: ${after.descriptors}, before: ${before.descriptors}\n`);
