/**
 * What the kernel says in small files and links of /proc and /sys. Read by system calls of this layer's own, so that a
 * shortage is an error like any other: a file that cannot be opened for want of descriptors says nothing about its content.
 */
import { KernelError } from "../errors.ts";
import { O_CLOEXEC, O_RDONLY } from "./constants.ts";
import { Errno, kernelError } from "./errno.ts";
import { type Libc, nativeBuffer } from "./libc.ts";

/** Files that are read here have a few hundred bytes; `memory.stat` has 2 KiB. */
const CHUNK_BYTES = 4_096;
/** More than the kernel's longest names: a link is cut where this ends. */
const MAX_LINK_BYTES = 4_096;

const chunk = nativeBuffer(CHUNK_BYTES);
const link = nativeBuffer(MAX_LINK_BYTES);

/** The whole text of a file. Throws `KernelError`. */
export function readProcFile(libc: Libc, path: string): string {
  const fd = retried(libc, () => libc.open(path, O_RDONLY | O_CLOEXEC));
  if (fd < 0) throw kernelError(`read ${path}`, libc.errno());
  try {
    for (let text = ""; ; ) {
      const count = retried(libc, () => libc.read(fd, chunk, CHUNK_BYTES));
      if (count < 0) throw kernelError(`read ${path}`, libc.errno());
      if (count === 0) return text;
      text += Buffer.from(chunk.buffer, 0, count).toString("latin1");
    }
  } finally {
    libc.close(fd);
  }
}

/** The same, and empty where the machine has nothing to say there. A shortage is still an error: it says nothing. */
export function readProcFileIfAny(libc: Libc, path: string): string {
  try {
    return readProcFile(libc, path);
  } catch (error) {
    if (error instanceof KernelError && error.code !== "NO_RESOURCES" && error.code !== "NO_MEMORY") return "";
    throw error;
  }
}

/** Where a link leads. Throws `KernelError`. */
export function readProcLink(libc: Libc, path: string): string {
  const count = retried(libc, () => libc.readlink(path, link, MAX_LINK_BYTES));
  if (count < 0) throw kernelError(`read the link ${path}`, libc.errno());
  return Buffer.from(link.buffer, 0, count).toString("utf8");
}

function retried(libc: Libc, call: () => number): number {
  for (;;) {
    const result = call();
    if (result >= 0 || libc.errno() !== Errno.EINTR) return result;
  }
}
