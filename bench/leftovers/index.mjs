/**
 * What is left of 41 MB of shared frames when somebody is killed (SIGKILL) in the middle of it.
 *
 *     npm run build && node bench/leftovers/index.mjs [--json]
 *
 * For sysmem the participants and the server are killed in turn, each at several moments; for the others whoever made the
 * memory. Looked at when everybody else has let go: bytes below /dev/shm, bytes of System V segments, bytes of memory files that any
 * process still holds or maps, and how many descriptors the server has more than before. What others leave is removed again.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Sysmem } from "sysmem";
import { constraints } from "../allocation/participant.mjs";
import { compileC, exitOf, startChild, startDaemon, temporaryFolder } from "../lib/processes.mjs";
import { finish, table } from "../lib/table.mjs";

const PARTY = new URL("party.mjs", import.meta.url);
const BUFFERS = 5;
const BYTES = 1920 * 1080 * 4;
/** Names the memory files of this run, and of no other. */
const NAME = `left-${process.pid}`;
/** How far a participant has come. */
const STAGES = ["token", "constraints", "allocating", "mapped", "closed-but-mapped", "released"];
/** How long the kernel and the server have to notice. */
const PATIENCE_MS = 10_000;

const shmFiles = () => readdirSync("/dev/shm").filter((name) => statSync(join("/dev/shm", name)).isFile());
const shmBytes = () => shmFiles().reduce((sum, name) => sum + statSync(join("/dev/shm", name)).size, 0);

/** Identifiers and sizes of System V segments. */
function segments() {
  const [, ...lines] = readFileSync("/proc/sysvipc/shm", "utf8").trim().split("\n");
  return lines.map((line) => line.trim().split(/\s+/)).map((fields) => ({ id: fields[1], bytes: Number(fields[3]) }));
}

/** Bytes of this run's memory files that anybody holds or maps. A memory file that nobody has does not exist. */
function heldBytes() {
  const inodes = new Set();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) {
        const path = `/proc/${pid}/fd/${fd}`;
        if (readlinkSync(path).startsWith(`/memfd:${NAME}:`)) inodes.add(statSync(path).ino);
      }
      for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
        if (line.includes(`/memfd:${NAME}:`)) inodes.add(Number(line.split(/\s+/)[4]));
      }
    } catch {
      // It ended while it was looked at.
    }
  }
  return inodes.size * BYTES;
}

const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

function look() {
  const bytes = segments().reduce((sum, segment) => sum + segment.bytes, 0);
  return { shm: shmBytes(), sysv: bytes, held: heldBytes() };
}

/** Makes the server open what it opens on first use. */
async function warmUp(svc) {
  const sysmem = Sysmem.connect({ svc, name: "warm-up" });
  const collection = sysmem.bind(sysmem.allocateSharedCollection());
  const shared = await collection.setConstraints(constraints(1, 64, 64)).waitForBuffers();
  shared.close();
  collection.release();
  sysmem.close();
  await sleep(200);
}

/** Two participants at `stage`; `victim` is killed, then everybody else lets go. */
async function killOurs(victim, stage) {
  const before = look();
  const daemon = await startDaemon();
  await warmUp(daemon.svc);
  const openBefore = descriptors(daemon.pid);
  const setup = { svc: daemon.svc, name: NAME, buffers: BUFFERS, width: 1920, height: 1080, stage };
  const party = await startChild(PARTY, [JSON.stringify(setup)]);
  await party.ask("go");
  const heldMeanwhile = heldBytes();
  if (victim === "server") {
    process.kill(daemon.pid, "SIGKILL");
    await party.stop();
  } else {
    process.kill(party.pid, "SIGKILL");
  }
  let openAfter = 0;
  for (const start = performance.now(); performance.now() - start < PATIENCE_MS; await sleep(50)) {
    openAfter = victim === "server" ? openBefore : descriptors(daemon.pid);
    if (heldBytes() === 0 && openAfter <= openBefore) break;
  }
  const after = look();
  await daemon.stop();
  return {
    what: `sysmem: ${victim}, ${stage}`,
    heldMeanwhile,
    shm: after.shm - before.shm,
    sysv: after.sysv - before.sysv,
    held: after.held,
    descriptors: victim === "server" ? null : openAfter - openBefore,
  };
}

/** Starts something that makes shared memory, kills it when it has, and removes what it left. */
async function killPeer(what, command, args, isReady) {
  const files = new Set(shmFiles());
  const ids = new Set(segments().map(({ id }) => id));
  const before = look();
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
  await Promise.race([isReady(child), exitOf(child)]);
  child.kill("SIGKILL");
  await exitOf(child);
  // Helpers that clean up after it have their time.
  await sleep(1_000);
  const after = look();
  for (const name of shmFiles()) if (!files.has(name)) rmSync(join("/dev/shm", name));
  for (const { id } of segments()) if (!ids.has(id)) spawnSync("ipcrm", ["-m", id]);
  const [shm, sysv] = [after.shm - before.shm, after.sysv - before.sysv];
  return { what, heldMeanwhile: null, shm, sysv, held: null, descriptors: null };
}

const hasCommand = (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;

const folder = temporaryFolder();
const results = [];
const missing = [];
for (const stage of STAGES) results.push(await killOurs("participants", stage));
for (const stage of STAGES.slice(1)) results.push(await killOurs("server", stage));

const saysReady = (child) => once(child.stdout, "data");
const segmentsProgram = compileC(new URL("segments.c", import.meta.url), join(folder.path, "segments"));
if (segmentsProgram === undefined) missing.push("shm_open and shmget (cc)");
else {
  for (const kind of ["posix", "sysv"]) {
    const what = kind === "posix" ? "shm_open, unlinked at exit" : "shmget, removed at exit";
    results.push(await killPeer(what, segmentsProgram, [kind, String(BUFFERS * BYTES)], saysReady));
  }
}
if (hasCommand("python3")) {
  const script = fileURLToPath(new URL("shared_memory.py", import.meta.url));
  results.push(await killPeer("Python SharedMemory", "python3", [script, String(BUFFERS * BYTES)], saysReady));
} else missing.push("Python SharedMemory (python3)");
if (hasCommand("iox-roudi")) results.push(await killPeer("iceoryx RouDi", "iox-roudi", [], () => sleep(3_000)));
else missing.push("iceoryx (iox-roudi)");
folder.remove();

const cell = (value) => (value === null ? "-" : String(value));
finish({
  results,
  missing,
  tables: [
    table(
      "Left after SIGKILL",
      [
        "killed: who, when",
        "bytes held before",
        "/dev/shm bytes",
        "System V bytes",
        "memory file bytes",
        "server's descriptors",
      ],
      results.map((row) => [
        row.what,
        cell(row.heldMeanwhile),
        cell(row.shm),
        cell(row.sysv),
        cell(row.held),
        cell(row.descriptors),
      ]),
    ),
  ],
});
