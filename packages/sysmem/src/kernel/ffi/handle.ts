/** Descriptors with exactly one owner each. */
import { assert, type Handle, InvariantError, ObjectType } from "#base";
import { F_DUPFD_CLOEXEC } from "./constants.ts";
import { kernelError } from "./errno.ts";
import type { Libc } from "./libc.ts";

/** A handle that is a descriptor of this process. */
export abstract class LinuxHandle implements Handle {
  abstract readonly objectType: ObjectType;
  protected readonly libc: Libc;
  #fd: number;

  /** Takes ownership of `fd`. */
  constructor(libc: Libc, fd: number) {
    this.libc = libc;
    this.#fd = fd;
  }

  get isClosed(): boolean {
    return this.#fd < 0;
  }

  /** The descriptor, which stays owned by this handle. */
  borrow(): number {
    if (this.#fd < 0) throw new InvariantError(`${this.constructor.name} used after it was closed or moved`);
    return this.#fd;
  }

  /** Takes the descriptor out of the handle, which is closed from then on. The caller owns it. */
  take(): number {
    const fd = this.borrow();
    this.release(fd);
    this.#fd = -1;
    return fd;
  }

  close(): void {
    if (this.#fd < 0) return;
    this.libc.close(this.take());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What must be undone before the descriptor leaves this object: watches, above all. */
  protected release(_fd: number): void {}

  /** A second descriptor for the same open file description, owned by the caller. */
  protected duplicateDescriptor(): number {
    const fd = this.libc.fcntl(this.borrow(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) throw kernelError("duplicate a handle", this.libc.errno());
    return fd;
  }
}

/** Closes `fd` when `use` throws. */
export function withClose<T>(libc: Libc, fd: number, use: () => T): T {
  try {
    return use();
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** A descriptor of a kind that is no object of ours. It can be closed or passed on, nothing else. */
export class LinuxOtherHandle extends LinuxHandle {
  readonly objectType: typeof ObjectType.NONE = ObjectType.NONE;
}

/** Narrows a handle to one of this kernel's. */
export function asLinuxHandle(handle: Handle): LinuxHandle {
  assert(handle instanceof LinuxHandle, "a handle of another kernel was given to the Linux kernel");
  return handle;
}
