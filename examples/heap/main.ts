/**
 * Memory from a heap that is not part of sysmem: starts a server and a heap, each in a process of its own, takes part in
 * a collection itself, and follows two buffers from the heap to here and back.
 *
 *     node --import tsx examples/heap/main.ts
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { Sysmem } from "sysmem";

const HEAP_TYPE = "fuchsia.goldfish.platform.sysmem.heap.HEAP_TYPE.HOST_VISIBLE";

const svc = mkdtempSync(join(tmpdir(), "sysmem-example-"));
const server = start("../../packages/sysmem/bin/sysmem.js", "serve", "--svc", svc);
await server.line('"ready"');
const heap = start("heap.ts", svc);
await heap.line("is registered");

const sysmem = Sysmem.connect({ svc, name: "example participant" });
const collection = sysmem.allocateNonSharedCollection();
collection.setName("from a heap").setConstraints({
  // Read and written often by the CPU.
  usage: { cpu: 2 | 8 },
  minBufferCount: 2,
  bufferMemoryConstraints: {
    minSizeBytes: 1_000_000n,
    cpuDomainSupported: true,
    permittedHeaps: [{ heapType: HEAP_TYPE, id: 0n }],
  },
});
const buffers = await collection.waitForBuffers();
say(`participant: has ${buffers.count} buffers from ${buffers.settings.bufferSettings?.heap?.heapType}`);
const bytes = buffers.at(0).bytes().fill(7);
say(`participant: wrote ${bytes.length} bytes into memory that the heap made`);
buffers.close();
collection.release();
sysmem.close();

await Promise.all([heap.line("releases buffer 0"), heap.line("releases buffer 1")]);
server.process.kill("SIGTERM");
await heap.line("is idle and ends");
await Promise.all([server, heap].map(async ({ process }) => process.exitCode ?? (await once(process, "exit"))));
rmSync(svc, { recursive: true, force: true });
say("participant: done");

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Starts one of the programs beside this one, and listens to what it says. */
function start(file: string, ...args: string[]): { process: ChildProcess; line: (part: string) => Promise<void> } {
  const program = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, [...process.execArgv, program, ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const lines: string[] = [];
  const waiting: { part: string; resolve: () => void }[] = [];
  createInterface(child.stdout).on("line", (line) => {
    lines.push(line);
    if (line.startsWith("heap: ")) say(line);
    for (const { part, resolve } of waiting) if (line.includes(part)) resolve();
  });
  const line = async (part: string) => {
    if (lines.some((earlier) => earlier.includes(part))) return;
    await new Promise<void>((resolve) => waiting.push({ part, resolve }));
  };
  return { process: child, line };
}
