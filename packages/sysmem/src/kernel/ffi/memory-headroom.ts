/**
 * How much memory can be reserved before the OOM killer looks for somebody to end. Reserving pages of a memory file
 * does not fail when the machine is short of them: it ends a process. So it is asked first.
 */

/**
 * Bytes that can be had: of the machine, or of the control group this process is in, whichever is less.
 * @param read the text of a file, empty where there is none; what it throws is thrown on, since not to know is no licence
 */
export function memoryHeadroomBytes(read: (path: string) => string): number {
  return Math.min(machineHeadroom(read), groupHeadroom(read));
}

function machineHeadroom(read: (path: string) => string): number {
  const found = /^MemAvailable:\s*(\d+) kB/m.exec(read("/proc/meminfo"));
  return found === null ? Number.POSITIVE_INFINITY : Number(found[1]) * 1024;
}

/** The tightest limit among the group and its ancestors. What cannot be read limits nothing. */
function groupHeadroom(read: (path: string) => string): number {
  let headroom = Number.POSITIVE_INFINITY;
  for (const line of read("/proc/self/cgroup").split("\n")) {
    const [id, controllers, path] = line.split(":");
    if (path === undefined) continue;
    if (id === "0") {
      const group = { mount: "/sys/fs/cgroup", limit: "memory.max", usage: "memory.current", cache: "file" };
      headroom = Math.min(headroom, walk(read, path, group));
    } else if (controllers?.split(",").includes("memory")) {
      const mount = "/sys/fs/cgroup/memory";
      const group = { mount, limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", cache: "total_cache" };
      headroom = Math.min(headroom, walk(read, path, group));
    }
  }
  return headroom;
}

interface GroupFiles {
  readonly mount: string;
  readonly limit: string;
  readonly usage: string;
  /** Line of `memory.stat` that counts the page cache, shared memory included. */
  readonly cache: string;
}

function walk(read: (path: string) => string, path: string, files: GroupFiles): number {
  let headroom = Number.POSITIVE_INFINITY;
  for (let group = path; ; group = group.slice(0, group.lastIndexOf("/"))) {
    const folder = `${files.mount}${group === "/" ? "" : group}`;
    // "max", a file that is not there, and the earlier interface's huge number all mean: no limit.
    const limit = Number(read(`${folder}/${files.limit}`).trim() || Number.NaN);
    if (Number.isFinite(limit) && limit < Number.MAX_SAFE_INTEGER) {
      const usage = Number(read(`${folder}/${files.usage}`));
      const stat = read(`${folder}/memory.stat`);
      const reclaimable = Math.max(0, statLine(stat, files.cache) - statLine(stat, shmemLine(files)));
      headroom = Math.min(headroom, Math.max(0, limit - usage + reclaimable));
    }
    if (group === "" || group === "/") return headroom;
  }
}

function shmemLine(files: GroupFiles): string {
  return files.cache === "file" ? "shmem" : "total_shmem";
}

function statLine(stat: string, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(stat)?.[1] ?? 0);
}
