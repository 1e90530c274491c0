/**
 * Open-file-description locks as marks. A handed-out VMO carries a read lock on one byte far behind any data; the
 * lock ends with the description, and whoever has the file can ask who else holds which.
 */
import { F_OFD_GETLK, F_OFD_SETLK, F_RDLCK, F_UNLCK, F_WRLCK } from "./constants.ts";
import { kernelError } from "./errno.ts";
import { type Libc, nativeBuffer } from "./libc.ts";

// struct flock on 64-bit Linux: short type, short whence, long start, long length, int pid.
const lock = nativeBuffer(32);
const view = new DataView(lock.buffer);

/** High word of 2^62, where the marks begin. */
const MARKS_HIGH = 0x4000_0000;

/**
 * Puts mark `id` on the description behind `fd`. A description that cannot be read takes no read lock: `isReadable` false
 * marks it with a write lock, which says the same. False when somebody's lock is in the way.
 */
export function setMark(libc: Libc, fd: number, id: number, isReadable: boolean): boolean {
  compose(isReadable ? F_RDLCK : F_WRLCK, id);
  return libc.fcntlLock(fd, F_OFD_SETLK, lock) === 0;
}

/** Whether a description other than the one behind `fd` has mark `id`. Throws `KernelError`. */
export function isMarkedElsewhere(libc: Libc, fd: number, id: number): boolean {
  // Asking is not taking: a write lock may be asked for through a descriptor opened for reading.
  compose(F_WRLCK, id);
  if (libc.fcntlLock(fd, F_OFD_GETLK, lock) < 0) throw kernelError("look for a handed-out VMO", libc.errno());
  return view.getInt16(0, true) !== F_UNLCK;
}

/** Whether a description other than the one behind `fd` has any mark, whoever put it there. Throws `KernelError`. */
export function isAnyMarkedElsewhere(libc: Libc, fd: number): boolean {
  compose(F_WRLCK, 0);
  // A length of zero reaches to the end.
  view.setUint32(16, 0, true);
  if (libc.fcntlLock(fd, F_OFD_GETLK, lock) < 0) throw kernelError("look for handed-out VMOs", libc.errno());
  return view.getInt16(0, true) !== F_UNLCK;
}

function compose(type: number, id: number): void {
  view.setInt16(0, type, true);
  view.setInt16(2, 0, true);
  view.setUint32(8, id % 0x1_0000_0000, true);
  view.setUint32(12, MARKS_HIGH + Math.floor(id / 0x1_0000_0000), true);
  view.setUint32(16, 1, true);
  view.setUint32(20, 0, true);
  // Must be 0 for locks of this kind.
  view.setInt32(24, 0, true);
}
