/** Tells what kind of object a descriptor is, and makes the handle for it. */
import { LinuxChannel } from "./channel.ts";
import {
  AF_UNIX,
  F_GET_SEALS,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_WRITE,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_TYPE,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";
import type { LinuxContext } from "./context.ts";
import { isDmaBuf } from "./dma-buf.ts";
import { LinuxEvent } from "./event.ts";
import { LinuxEventPair } from "./event-pair.ts";
import { fileStatus } from "./file-status.ts";
import { type LinuxHandle, LinuxOtherHandle, withClose } from "./handle.ts";
import { nativeBuffer, type Libc } from "./libc.ts";
import { readProcLink } from "./proc-file.ts";
import { LinuxVmo } from "./vmo.ts";

/**
 * Makes a handle that owns `fd`, whatever it is: what is no object of ours becomes a handle of type NONE. Throws
 * `KernelError`, and closes `fd`, when the kernel does not tell for want of memory.
 */
export function adopt(context: LinuxContext, fd: number): LinuxHandle {
  return withClose(context.libc, fd, () => identify(context, fd));
}

/** The same for all descriptors of a message: all or none. */
export function adoptAll(context: LinuxContext, descriptors: readonly number[]): LinuxHandle[] {
  const handles: LinuxHandle[] = [];
  try {
    for (const fd of descriptors) handles.push(adopt(context, fd));
    return handles;
  } catch (error) {
    for (const handle of handles) handle.close();
    for (const fd of descriptors.slice(handles.length + 1)) context.libc.close(fd);
    throw error;
  }
}

function identify(context: LinuxContext, fd: number): LinuxHandle {
  const { libc } = context;
  const status = fileStatus(libc, fd);
  switch (status.mode & S_IFMT) {
    case S_IFSOCK:
      return adoptSocket(context, fd);
    case S_IFREG: {
      // Newer kernels may show a DMA-BUF as a regular file; what has seals is a memory file.
      const seals = libc.fcntl(fd, F_GET_SEALS, 0);
      if (seals < 0) return new LinuxVmo(context, fd, status, { isDmaBuf: isDmaBuf(libc, fd) });
      const isWriteSealed = (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) !== 0;
      return new LinuxVmo(context, fd, status, { isWriteSealed });
    }
    case 0:
      // An anonymous inode, which has no file type; its link is the kernel's own text.
      if (readProcLink(libc, `/proc/self/fd/${fd}`) === "anon_inode:[eventfd]") return new LinuxEvent(libc, fd);
      return isDmaBuf(libc, fd)
        ? new LinuxVmo(context, fd, status, { isDmaBuf: true })
        : new LinuxOtherHandle(libc, fd);
    default:
      return new LinuxOtherHandle(libc, fd);
  }
}

function adoptSocket(context: LinuxContext, fd: number): LinuxHandle {
  const { libc } = context;
  // Sockets of other families, and listening ones, are nothing a message can be read from.
  if (socketOption(libc, fd, SO_DOMAIN) === AF_UNIX && socketOption(libc, fd, SO_ACCEPTCONN) === 0) {
    switch (socketOption(libc, fd, SO_TYPE)) {
      case SOCK_SEQPACKET:
        return new LinuxChannel(context, fd);
      case SOCK_STREAM:
        return new LinuxEventPair(context, fd);
    }
  }
  return new LinuxOtherHandle(libc, fd);
}

const value = nativeBuffer(4);
const valueView = new DataView(value.buffer);
const length = nativeBuffer(4);
const lengthView = new DataView(length.buffer);

/** An integer option of SOL_SOCKET, -1 when it cannot be read. */
export function socketOption(libc: Libc, fd: number, name: number): number {
  lengthView.setUint32(0, 4, true);
  return libc.getsockopt(fd, SOL_SOCKET, name, value, length) < 0 ? -1 : valueView.getInt32(0, true);
}
