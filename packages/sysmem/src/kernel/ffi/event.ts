/** An event: an eventfd, of which only the identity matters here. */
import { type EventHandle, ObjectType } from "#base";
import { KernelError } from "../errors.ts";
import type { Event } from "../port.ts";
import { LinuxHandle } from "./handle.ts";
import type { Libc } from "./libc.ts";
import { readProcFile } from "./proc-file.ts";

/** An event of this process. Owns its descriptor until it is closed or taken. */
export class LinuxEvent extends LinuxHandle implements Event, EventHandle {
  readonly objectType: typeof ObjectType.EVENT = ObjectType.EVENT;
  #koid = 0;

  get koid(): number {
    // All eventfds share one inode; the kernel's own number for them is in fdinfo.
    if (this.#koid === 0) this.#koid = readEventId(this.libc, this.borrow());
    return this.#koid;
  }

  duplicate(): Event {
    return new LinuxEvent(this.libc, this.duplicateDescriptor());
  }
}

function readEventId(libc: Libc, fd: number): number {
  const found = /^eventfd-id:\s*(\d+)/m.exec(readProcFile(libc, `/proc/self/fdinfo/${fd}`));
  if (found === null) throw new KernelError("NOT_SUPPORTED", "cannot identify an event: fdinfo has no eventfd-id");
  return Number(found[1]);
}
