/**
 * Every benchmark, one after the other: prints the tables of docs/performance.md in Markdown and keeps all figures.
 *
 *     npm run bench [-- --quick] [--out FILE]
 *
 * Peers that are not installed are named under each table that they would be in, and left out. FILE is
 * `bench/results.json` unless said otherwise. Where this ran, and how busy the machine was, stands at the top: figures of a
 * busy machine are good for ratios within one table, and for nothing else.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { markdown } from "./lib/table.mjs";

const PROGRAMS = {
  codec: "codec/index.mjs",
  allocation: "allocation/index.mjs",
  "hand-over": "memory/hand-over.mjs",
  mapping: "memory/mapping.mjs",
  "first-touch": "memory/first-touch.mjs",
  "live-collections": "memory/live-collections.mjs",
  leftovers: "leftovers/index.mjs",
  startup: "startup.mjs",
  negotiation: "negotiate.ts",
};

const args = process.argv.slice(2);
const at = args.indexOf("--out");
const out = at < 0 ? fileURLToPath(new URL("results.json", import.meta.url)) : args[at + 1];
const passedOn = args.includes("--quick") ? ["--quick"] : [];

/** What one program found, or why it found nothing. */
async function run(program) {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, "--json", ...passedOn], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, complaints, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  if (status === 0) return JSON.parse(said);
  const lines = complaints.trim().split("\n");
  return { failed: lines.find((line) => line.includes("Error")) ?? lines.at(-1) ?? `ended with ${status}` };
}

const machine = {
  at: new Date().toISOString(),
  node: process.version,
  linux: release(),
  processor: cpus()[0]?.model ?? "unknown",
  cores: availableParallelism(),
  memoryBytes: totalmem(),
  load: loadavg()[0],
};

process.stdout.write(
  `${machine.processor}, ${machine.cores} cores, Linux ${machine.linux}, Node ${machine.node}; load ${machine.load.toFixed(1)} at the start\n\n`,
);
const found = {};
for (const [name, program] of Object.entries(PROGRAMS)) {
  const load = loadavg()[0];
  found[name] = { load, ...(await run(program)) };
  const { tables = [], missing = [], failed } = found[name];
  process.stdout.write(`## ${name} (load ${load.toFixed(1)})\n\n`);
  if (failed !== undefined) process.stdout.write(`failed: ${failed}\n\n`);
  for (const each of tables) process.stdout.write(`${markdown(each)}\n`);
  if (missing.length > 0) process.stdout.write(`Not installed, so not compared with: ${missing.join("; ")}.\n\n`);
}
writeFileSync(out, `${JSON.stringify({ machine, found }, undefined, 2)}\n`);
process.exitCode = Object.values(found).some(({ failed }) => failed !== undefined) ? 1 : 0;
