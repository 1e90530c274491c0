/** Asks a DMA-BUF heap of the kernel for memory. Source: include/uapi/linux/dma-heap.h. */
import { accessSync, constants, readdirSync } from "node:fs";
import { join } from "node:path";
import { MAX_RESERVE_ON_LOOP_BYTES } from "#base";
import { O_CLOEXEC, O_RDONLY, O_RDWR } from "./constants.ts";
import { kernelError } from "./errno.ts";
import { type Libc, nativeBuffer } from "./libc.ts";

/** `_IOWR('H', 0, struct dma_heap_allocation_data)`: u64 len, u32 fd, u32 fd_flags, u64 heap_flags. */
const DMA_HEAP_IOCTL_ALLOC = 0xc018_4800;

/** A heap of the kernel that makes DMA-BUFs. */
export interface DmaHeapDevice {
  /** As the kernel names it: `system`, `linux,cma`. */
  readonly name: string;
  readonly path: string;
  /** Whether this process may allocate from it. */
  readonly isAccessible: boolean;
}

/** The machine's DMA-BUF heaps by name, in order. Empty where there are none, or none to be seen. */
export function dmaHeapDevices(folder = "/dev/dma_heap"): DmaHeapDevice[] {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return [];
  }
  return names.map((name) => {
    const path = join(folder, name);
    return { name, path, isAccessible: isReadable(path) };
  });
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/** Resolves with the descriptor of a DMA-BUF, which the caller owns. Small ones are made at once. */
export async function allocateFromDmaHeap(libc: Libc, device: string, length: number, what: string): Promise<number> {
  const heap = libc.open(device, O_RDONLY | O_CLOEXEC);
  if (heap < 0) throw kernelError(what, libc.errno());
  try {
    const request = nativeBuffer(24);
    const view = new DataView(request.buffer);
    view.setBigUint64(0, BigInt(length), true);
    view.setUint32(12, O_RDWR | O_CLOEXEC, true);
    // A helper thread's error number is lost. What it could not have is asked for again where the number can be seen.
    const isMade =
      (length > MAX_RESERVE_ON_LOOP_BYTES && (await libc.ioctlAsync(heap, DMA_HEAP_IOCTL_ALLOC, request)) === 0) ||
      libc.ioctl(heap, DMA_HEAP_IOCTL_ALLOC, request) === 0;
    if (!isMade) throw kernelError(what, libc.errno());
    return view.getUint32(8, true);
  } finally {
    libc.close(heap);
  }
}
