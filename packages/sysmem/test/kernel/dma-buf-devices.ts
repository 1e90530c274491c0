/** What the machine has of DMA-BUFs: none of it on most. `npm run vm` starts one that has everything. */
import { accessSync, constants, readFileSync } from "node:fs";
import { dmaHeapDevices, hugePagePools } from "#kernel";

const usable = dmaHeapDevices().filter(({ isAccessible }) => isAccessible);

/** The heap of ordinary pages. */
export const systemHeap: string | undefined = usable.find(({ name }) => name === "system")?.path;

/** A heap over a contiguous memory area. */
export const contiguousHeap: string | undefined = usable.find(({ name }) => name !== "system")?.path;

/** Memory of the contiguous area that nobody has. */
export function contiguousBytesFree(): number {
  return Number(/^CmaFree:\s*(\d+) kB/m.exec(readFileSync("/proc/meminfo", "latin1"))?.[1] ?? 0) * 1_024;
}

/** Whether pieces of huge pages can be given out. */
export const hasUdmabuf: boolean = isUsable("/dev/udmabuf") && hugePagePools().some(({ free }) => free > 1);

function isUsable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
