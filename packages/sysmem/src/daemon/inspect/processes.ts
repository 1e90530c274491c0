/**
 * Who holds what, from what the kernel says in /proc. Nothing here is believed because a process says it. A process that
 * belongs to another user cannot be looked into, unless the server is the superuser's.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { MAX_HOLDERS, MAX_SCANNED_DESCRIPTORS_PER_TURN } from "#base";

/** What to look for. */
export interface Wanted {
  /** Inodes of memory files. */
  readonly memory: ReadonlySet<number>;
  /** Inodes of sockets. */
  readonly sockets: ReadonlySet<number>;
}

/** A descriptor, or a mapping, of something that was looked for. */
export type Hold = { readonly pid: number; readonly command: string; readonly inode: number } & (
  | { readonly kind: "socket"; readonly descriptor: number }
  | {
      readonly kind: "descriptor";
      readonly descriptor: number;
      readonly isWritable: boolean;
      /** Marks of handed-out VMOs on the open file description. */
      readonly marks: readonly number[];
    }
  | { readonly kind: "mapping"; readonly start: bigint; readonly end: bigint; readonly isWritable: boolean }
);

export interface Look {
  readonly holds: readonly Hold[];
  /** Processes that could not be looked into. */
  readonly hiddenProcesses: number;
}

/** Where marks begin (ARCHITECTURE.md, "A handed-out VMO is a child"). */
const MARKS_START = 2n ** 62n;
const ACCESS_MODE = 3;

/** Looks through all processes, a little in each turn of the event loop. */
export async function lookThroughProcesses(wanted: Wanted): Promise<Look> {
  const holds: Hold[] = [];
  let hiddenProcesses = 0;
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const fds = list(`/proc/${pid}/fd`);
    if (fds === "hidden") hiddenProcesses++;
    if (typeof fds === "string") continue;
    for (let at = 0; at < fds.length && holds.length < MAX_HOLDERS; at += MAX_SCANNED_DESCRIPTORS_PER_TURN) {
      for (const fd of fds.slice(at, at + MAX_SCANNED_DESCRIPTORS_PER_TURN)) {
        const hold = descriptorHold(pid, Number(fd), wanted);
        if (hold !== undefined && holds.length < MAX_HOLDERS) holds.push(hold);
      }
      await turn();
    }
    if (wanted.memory.size > 0) holds.push(...mappingHolds(pid, wanted.memory).slice(0, MAX_HOLDERS - holds.length));
  }
  return { holds, hiddenProcesses };
}

function list(path: string): string[] | "hidden" | "gone" {
  try {
    return readdirSync(path);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES" ? "hidden" : "gone";
  }
}

function descriptorHold(pid: number, descriptor: number, wanted: Wanted): Hold | undefined {
  const path = `/proc/${pid}/fd/${descriptor}`;
  try {
    const link = readlinkSync(path);
    const socket = /^socket:\[(\d+)\]$/.exec(link)?.[1];
    if (socket !== undefined) {
      const inode = Number(socket);
      return wanted.sockets.has(inode)
        ? { kind: "socket", pid, command: commandOf(pid), inode, descriptor }
        : undefined;
    }
    if (!isMemoryFile(link)) return undefined;
    const { ino: inode } = statSync(path);
    if (!wanted.memory.has(inode)) return undefined;
    const info = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "latin1");
    const flags = Number.parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? "0", 8);
    const isWritable = (flags & ACCESS_MODE) !== 0;
    return { kind: "descriptor", pid, command: commandOf(pid), inode, descriptor, isWritable, marks: marksIn(info) };
  } catch {
    // Closed meanwhile, or its process is gone: nobody holds it by this descriptor any more.
    return undefined;
  }
}

function isMemoryFile(path: string): boolean {
  return path.startsWith("/memfd:") || path.startsWith("/dmabuf:") || path.startsWith("/anon_hugepage");
}

/** `lock: 1: OFDLCK ADVISORY READ -1 00:01:1027 4611686018427387905 4611686018427387905`. */
function marksIn(info: string): number[] {
  const marks: number[] = [];
  for (const [, text] of info.matchAll(/^lock:\s.*\bOFDLCK\b.*\s(\d+)\s+\d+$/gm)) {
    const start = BigInt(text ?? 0);
    if (start >= MARKS_START) marks.push(Number(start - MARKS_START));
  }
  return marks;
}

function mappingHolds(pid: number, memory: ReadonlySet<number>): Hold[] {
  let maps: string;
  try {
    maps = readFileSync(`/proc/${pid}/maps`, "latin1");
  } catch {
    return [];
  }
  const holds: Hold[] = [];
  const line = /^([0-9a-f]+)-([0-9a-f]+) .(...) [0-9a-f]+ \S+ (\d+) +(\/(?:memfd:|dmabuf:|anon_hugepage).*)$/gm;
  for (const [, start, end, access = "", node] of maps.matchAll(line)) {
    const inode = Number(node);
    if (!memory.has(inode)) continue;
    // What is written to a private mapping is seen by nobody else.
    const isWritable = access.startsWith("w") && access.endsWith("s");
    const range = { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) };
    holds.push({ kind: "mapping", pid, command: commandOf(pid), inode, ...range, isWritable });
  }
  return holds;
}

/** Programs that run others' programs: their own name says little. */
const INTERPRETERS = /^(node|nodejs|bun|deno|python[\d.]*|bash|sh|perl|ruby|java)$/;

/** Options whose value is the next word, and no program. */
const VALUED_OPTIONS = /^(--import|--require|-r|--loader|--experimental-loader|--conditions|-C|--env-file)$/;

/** What a process is called, for people; empty when it is gone. */
export function commandOf(pid: number): string {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    const program = basename(words[0] ?? "");
    if (!INTERPRETERS.test(program)) return program || readFileSync(`/proc/${pid}/comm`, "utf8").trim();
    const isValue = (at: number): boolean => VALUED_OPTIONS.test(words[at - 1] ?? "");
    const script = words.find((word, at) => at > 0 && !isValue(at) && !word.startsWith("-") && /[/.]/.test(word));
    return script === undefined ? program : `${program} ${basename(script)}`;
  } catch {
    return "";
  }
}

/** Whether a process exists. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Groups that a process is in, the supplementary ones included. Empty when it is gone. */
export function groupsOf(pid: number): number[] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    return (/^Groups:\s*(.*)$/m.exec(status)?.[1] ?? "").split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
