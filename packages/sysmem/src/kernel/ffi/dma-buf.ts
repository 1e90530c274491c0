/**
 * What is particular to DMA-BUFs. One has an inode of its own on a file system that nobody can mount, so a descriptor of it
 * cannot be opened anew through /proc: handles to it are duplicates of one open file description, and all have its rights.
 * No event tells of a handle's end. Its fdinfo has the kernel's own count of what holds the description: descriptors,
 * mappings, messages on their way, devices. Source: drivers/dma-buf/dma-buf.c, include/uapi/linux/dma-buf.h.
 */
import { MAX_DMA_BUF_NAME_BYTES } from "#base";
import type { CpuAccess } from "../port.ts";
import { Errno, kernelError } from "./errno.ts";
import { fitName } from "./fit-name.ts";
import { type Libc, nativeBuffer } from "./libc.ts";
import { readProcFile, readProcLink } from "./proc-file.ts";

/** `_IOW('b', 0, struct dma_buf_sync)` */
const DMA_BUF_IOCTL_SYNC = 0x4008_6200;
/** `_IOW('b', 1, __u64)` */
const DMA_BUF_SET_NAME_B = 0x4008_6201;
const SYNC_END = 4;
const SYNC_ACCESS: Readonly<Record<CpuAccess, number>> = { read: 1, write: 2, "read-write": 3 };

const sync = nativeBuffer(8);
const syncView = new DataView(sync.buffer);

/** Whether a descriptor is one of a DMA-BUF. A file may be named like one, but only these know the call. */
export function isDmaBuf(libc: Libc, fd: number): boolean {
  if (!readProcLink(libc, `/proc/self/fd/${fd}`).startsWith("/dmabuf:")) return false;
  // No such flags: it does nothing anywhere.
  syncView.setUint32(0, ~0, true);
  return libc.ioctl(fd, DMA_BUF_IOCTL_SYNC, sync) < 0 && libc.errno() === Errno.EINVAL;
}

/** How many references there are to a DMA-BUF, the one of this descriptor included. Throws `KernelError` in a shortage. */
export function dmaBufReferences(libc: Libc, fd: number): number {
  // What the kernel does not say may be somebody.
  return parseDmaBufReferences(readProcFile(libc, `/proc/self/fdinfo/${fd}`)) ?? Number.POSITIVE_INFINITY;
}

/** The count in a DMA-BUF's fdinfo; undefined in that of anything else. */
export function parseDmaBufReferences(text: string): number | undefined {
  const count = /^count:\t(\d+)$/m.exec(text)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** Names it for people, as far as names go. */
export function setDmaBufName(libc: Libc, fd: number, name: string): void {
  const bytes = nativeBuffer(MAX_DMA_BUF_NAME_BYTES + 1);
  bytes.set(Buffer.from(fitName(name, MAX_DMA_BUF_NAME_BYTES)));
  if (libc.ioctl(fd, DMA_BUF_SET_NAME_B, bytes) < 0) throw kernelError("name a DMA-BUF", libc.errno());
}

/** One side of a bracket around what the CPU does. */
export function syncDmaBuf(libc: Libc, fd: number, access: CpuAccess, side: "begin" | "end"): void {
  syncView.setUint32(0, SYNC_ACCESS[access] | (side === "end" ? SYNC_END : 0), true);
  while (libc.ioctl(fd, DMA_BUF_IOCTL_SYNC, sync) < 0) {
    const errno = libc.errno();
    // It may wait for a device, and be interrupted in that.
    if (errno !== Errno.EINTR && errno !== Errno.EAGAIN) throw kernelError(`${side} CPU access to a DMA-BUF`, errno);
  }
}
