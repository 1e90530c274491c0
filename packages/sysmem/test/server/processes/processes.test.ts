/**
 * A server on the real kernel under client processes that are killed at random: afterwards it holds what it held before.
 * `STRESS_PROCESSES` and `STRESS_COLLECTIONS` (all together) set the size; 100 and 1,000 are the contract's.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createLinuxKernel } from "#kernel";
import { seededRandom } from "#kernel/fake";
import { createServer } from "#server";

const PROCESSES = Number(process.env.STRESS_PROCESSES ?? 4);
const COLLECTIONS = Number(process.env.STRESS_COLLECTIONS ?? 40);
/** Processes at once: more would only wait for each other's start. */
const AT_ONCE = 8;

/** What the server process holds of the kernel. */
function holdings() {
  const links = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [{ fd, link: readlinkSync(`/proc/self/fd/${fd}`) }];
    } catch {
      return [];
    }
  });
  const inotify = links.filter(({ link }) => link === "anon_inode:inotify");
  const watches = inotify.flatMap(({ fd }) =>
    readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("inotify wd")),
  );
  return {
    sockets: links.filter(({ link }) => link.startsWith("socket:")).length,
    memoryFiles: links.filter(({ link }) => link.startsWith("/memfd:")).length,
    events: links.filter(({ link }) => link === "anon_inode:[eventfd]").length,
    watches: watches.length,
    mappings: readFileSync("/proc/self/maps", "utf8")
      .split("\n")
      .filter((line) => line.includes("/memfd:Sysmem")).length,
  };
}

function start(path: string, count: number, seed: number): ChildProcess {
  const program = fileURLToPath(new URL("fixtures/busy-client.ts", import.meta.url));
  const loader = ["--conditions=sysmem:source", "--import", "tsx", program];
  return spawn(process.execPath, [...loader, path, String(count), String(seed)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

test(`${PROCESSES} client processes with ${COLLECTIONS} collections, killed at random, leave nothing behind`, {
  timeout: 1_800_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "sysmem-stress-"));
  const path = join(folder, "fuchsia.sysmem2.Allocator");
  const kernel = createLinuxKernel();
  const random = seededRandom(4);
  let allocated = 0;
  const server = createServer({
    kernel,
    onEvent: ({ type }) => {
      if (type === "allocated") allocated++;
    },
  });
  // What the kernel object makes on first use belongs to the start.
  const memory = await kernel.createMemory(4_096, { name: "warm-up" });
  memory.close();
  const [mine, theirs] = kernel.createChannel();
  expect(mine.relatedKoid()).toBe(theirs.koid);
  mine.close();
  theirs.close();
  const listener = kernel.listen(path, {}, (channel, peer) => server.serveAllocator(channel, { peer }));
  const before = holdings();

  const each = Math.ceil(COLLECTIONS / PROCESSES);
  for (let started = 0; started < PROCESSES; started += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, PROCESSES - started) }, (_, i) =>
      start(path, each, started + i),
    );
    await Promise.all(
      batch.map(async (child) => {
        let done = 0;
        const dies = 1 + Math.floor(random() * each);
        const reached = new Promise<void>((resolve) => {
          child.stdout?.on("data", (dots: Buffer) => {
            done += dots.length;
            if (done >= dies) resolve();
          });
        });
        const exit = once(child, "exit");
        await Promise.race([reached, exit]);
        child.kill("SIGKILL");
        await exit;
      }),
    );
  }

  for (let i = 0; server.snapshot().collections.length > 0 && i < 500; i++) await sleep(20);
  expect(server.snapshot().collections).toEqual([]);
  expect(allocated).toBeGreaterThan(PROCESSES / 2);
  for (let i = 0; JSON.stringify(holdings()) !== JSON.stringify(before) && i < 500; i++) await sleep(20);
  expect(holdings()).toEqual(before);
  listener.close();
  await server.shutdown({ waitForBuffers: true });
  rmSync(folder, { recursive: true, force: true });
  kernel.close();
});
