/**
 * Every test file of the `system` project has a process of its own, and must leave it as it was: no socket, memory
 * file, or pipe more than before its first test, and no child process. Looked at after the file's own clean-up.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll } from "vitest";

/** What a test can leak. Event loops, eventfds and inotify instances may be a process's own, made on first use. */
const COUNTED = /^(socket:|pipe:|\/memfd:)/;

/** Closing happens in later turns of the loop; what is still open after this was not going to be closed. */
const GRACE_MS = 2_000;

let before = new Set<string>();

beforeAll(() => {
  before = new Set(openDescriptors().keys());
});

afterAll(async () => {
  const giveUpAt = Date.now() + GRACE_MS;
  for (;;) {
    const left = [...descriptorsLeft(), ...childrenLeft()];
    if (left.length === 0) return;
    if (Date.now() > giveUpAt) throw new Error(`the tests left behind:\n${left.join("\n")}`);
    await sleep(20);
  }
});

function descriptorsLeft(): string[] {
  const ownSockets = netlinkSockets();
  const left: string[] = [];
  for (const [key, target] of openDescriptors()) {
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (!before.has(key) && !(inode !== undefined && ownSockets.has(inode))) left.push(`descriptor ${key}`);
  }
  return left;
}

/** Open descriptors worth counting, `fd -> target`, by that text. */
function openDescriptors(): Map<string, string> {
  const open = new Map<string, string>();
  for (const fd of readdirSync("/proc/self/fd")) {
    let target: string;
    try {
      target = readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      continue; // The descriptor that listed the folder.
    }
    if (COUNTED.test(target)) open.set(`${fd} -> ${target}`, target);
  }
  return open;
}

/** A process asks the kernel about socket peers over one netlink socket that it keeps: no leak. */
function netlinkSockets(): Set<string> {
  const rows = readFileSync("/proc/self/net/netlink", "utf8").trim().split("\n").slice(1);
  return new Set(rows.map((row) => row.trim().split(/\s+/).at(-1) ?? ""));
}

function childrenLeft(): string[] {
  const left: string[] = [];
  for (const task of readdirSync("/proc/self/task")) {
    for (const pid of readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" ")) {
      if (pid.trim() !== "") left.push(`child process ${pid}: ${commandOf(pid)}`);
    }
  }
  return left;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "(gone)";
  }
}
