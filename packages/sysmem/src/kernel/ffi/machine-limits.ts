/** Figures of this machine and this process that limits are derived from. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Huge pages of one size. */
export interface HugePagePool {
  readonly pageBytes: number;
  /** Pages set aside, those that are free, and those that may come on demand. */
  readonly total: number;
  readonly free: number;
  readonly overcommit: number;
}

/** Descriptors that a process may have: what holds now, and what it may raise that to. */
export interface DescriptorLimits {
  readonly soft: number;
  readonly hard: number;
}

/** Where a process has no limit of descriptors, the kernel's own default holds (`fs.nr_open`). */
const NR_OPEN = 1_048_576;

/** How many descriptors this process may have, now and at most. */
export function descriptorLimits(limits: string = readText("/proc/self/limits")): DescriptorLimits {
  const line = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limits);
  const limit = (text: string | undefined) => (text === undefined || text === "unlimited" ? NR_OPEN : Number(text));
  return { soft: limit(line?.[1]), hard: limit(line?.[2]) };
}

/** All memory of the machine, in bytes; infinite where the kernel does not tell. */
export function machineMemoryBytes(meminfo: string = readText("/proc/meminfo")): number {
  const found = /^MemTotal:\s*(\d+) kB/m.exec(meminfo);
  return found === null ? Number.POSITIVE_INFINITY : Number(found[1]) * 1_024;
}

/** Pools of huge pages, smallest pages first. Empty where the kernel has none. */
export function hugePagePools(folder = "/sys/kernel/mm/hugepages"): HugePagePool[] {
  return namesIn(folder)
    .flatMap((name) => {
      const kilobytes = /^hugepages-(\d+)kB$/.exec(name)?.[1];
      if (kilobytes === undefined) return [];
      const figure = (file: string) => Number(readText(join(folder, name, file)).trim());
      return {
        pageBytes: Number(kilobytes) * 1_024,
        total: figure("nr_hugepages"),
        free: figure("free_hugepages"),
        overcommit: figure("nr_overcommit_hugepages"),
      };
    })
    .sort((a, b) => a.pageBytes - b.pageBytes);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty where there is no such file: a container, another kernel. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
