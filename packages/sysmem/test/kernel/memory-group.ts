/** Control groups with a limit of memory, where this machine and this user can make them: of either version. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";

/** One group. Processes must have left it before it is removed. */
export interface MemoryGroup {
  /** Processes in it that the kernel has killed for want of memory. */
  readonly killed: number;
  add(pid: number): void;
  remove(): void;
}

interface Interface {
  readonly parent: string;
  readonly limit: string;
  /** The file with a line `oom_kill N`. */
  readonly events: string;
}

/** Where a group could be made; undefined where there is no memory controller, or it is somebody else's. */
function findInterface(): Interface | undefined {
  const groups = readFileSync("/proc/self/cgroup", "latin1").split("\n");
  const own = groups
    .map((line) => line.split(":"))
    .find(([, controllers]) => controllers?.split(",").includes("memory"));
  const v1 = {
    parent: `/sys/fs/cgroup/memory${own?.[2]}`,
    limit: "memory.limit_in_bytes",
    events: "memory.oom_control",
  };
  const v2 = { parent: "/sys/fs/cgroup", limit: "memory.max", events: "memory.events" };
  if (own !== undefined) return v1;
  const subtree = "/sys/fs/cgroup/cgroup.subtree_control";
  return existsSync(subtree) && readFileSync(subtree, "latin1").split(/\s/).includes("memory") ? v2 : undefined;
}

/** Makes a group. Undefined where that is impossible. */
export function openMemoryGroup(name: string, limitBytes: number): MemoryGroup | undefined {
  const found = findInterface();
  if (found === undefined) return undefined;
  const folder = `${found.parent}/${name}-${process.pid}`;
  try {
    mkdirSync(folder);
    writeFileSync(`${folder}/${found.limit}`, String(limitBytes));
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
  return {
    get killed() {
      return Number(/^oom_kill (\d+)$/m.exec(readFileSync(`${folder}/${found.events}`, "latin1"))?.[1]);
    },
    add: (pid) => writeFileSync(`${folder}/cgroup.procs`, String(pid)),
    remove: () => rmdirSync(folder),
  };
}
