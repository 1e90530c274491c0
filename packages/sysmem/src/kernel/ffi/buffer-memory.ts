/** The server's hold on one buffer's memory file, and on the VMOs it handed out from it. */
import { randomInt } from "node:crypto";
import { MAX_FREE_ON_LOOP_BYTES, Rights } from "#base";
import type { BufferMemory, Vmo } from "../port.ts";
import { READ_ONLY_VMO_RIGHTS, READ_WRITE_VMO_RIGHTS, WRITE_ONLY_VMO_RIGHTS } from "../rights.ts";
import type { ChildWatcher, Watched } from "./child-watcher.ts";
import { O_CLOEXEC, O_RDONLY, O_RDWR, O_WRONLY } from "./constants.ts";
import type { LinuxContext } from "./context.ts";
import { kernelError } from "./errno.ts";
import { withClose } from "./handle.ts";
import { HandedOut } from "./handed-out.ts";
import { isAnyMarkedElsewhere, isMarkedElsewhere, setMark } from "./ofd-locks.ts";
import { LinuxVmo } from "./vmo.ts";

const MARK_ATTEMPTS = 4;

/**
 * Where the marks of one owner begin. Memory that a heap process made may carry marks of that process's own: two owners
 * that both counted from 1 would take each other's for theirs.
 */
function randomMark(): number {
  return randomInt(1, 2 ** 47);
}

export class LinuxBufferMemory implements BufferMemory, Watched {
  readonly koid: string;
  readonly inode: number;
  readonly sizeBytes: number;
  readonly vmo: LinuxVmo;
  readonly #context: LinuxContext;
  readonly #stopWatching: () => void;
  readonly tellsChildrenApart = true;
  readonly #children: HandedOut;
  #nextId = randomMark();
  #isClosed = false;

  /** Takes ownership of `vmo`. */
  constructor(context: LinuxContext, watcher: ChildWatcher, vmo: LinuxVmo) {
    this.#context = context;
    this.vmo = vmo;
    this.koid = vmo.koid;
    this.inode = vmo.inode;
    this.sizeBytes = vmo.sizeBytes;
    this.#children = new HandedOut();
    this.#stopWatching = watcher.watch(vmo.borrow(), this);
  }

  get liveChildren(): ReadonlySet<number> {
    return this.#children.live;
  }

  /** False for identifiers. */
  get #isReadable(): boolean {
    return (this.vmo.rights & Rights.READ) !== 0;
  }

  hasDescendants(): boolean {
    return isAnyMarkedElsewhere(this.#context.libc, this.vmo.borrow());
  }

  handOut({ writable }: { readonly writable: boolean }): { readonly vmo: Vmo; readonly childId: number } {
    const { libc } = this.#context;
    // The superuser could open a file for writing that its maker gave away for reading only.
    if (writable) this.vmo.requireWritable();
    const path = `/proc/self/fd/${this.vmo.borrow()}`;
    const [access, rights] = !this.#isReadable
      ? [O_WRONLY, WRITE_ONLY_VMO_RIGHTS]
      : writable
        ? [O_RDWR, READ_WRITE_VMO_RIGHTS]
        : [O_RDONLY, READ_ONLY_VMO_RIGHTS];
    const fd = libc.open(path, access | O_CLOEXEC);
    if (fd < 0) throw kernelError("open a memory file for a participant", libc.errno());
    const childId = withClose(libc, fd, () => this.#mark(fd));
    this.#children.live.add(childId);
    return { vmo: this.vmo.another(fd, rights), childId };
  }

  identify(vmo: Vmo): number | undefined {
    // A descriptor without rights can be neither inspected nor probed with.
    if (vmo.koid !== this.koid || vmo.rights === Rights.NONE || !(vmo instanceof LinuxVmo)) return undefined;
    const { libc } = this.#context;
    const given = vmo.borrow();
    const own = this.vmo.borrow();
    for (const childId of this.#children.live) {
      // A description's own mark never stands in its way. The second look is for children that ended unnoticed.
      if (!isMarkedElsewhere(libc, given, childId) && isMarkedElsewhere(libc, own, childId)) return childId;
    }
    return undefined;
  }

  onChildGone(listener: (childId: number) => void): void {
    this.#children.listen(listener);
  }

  /** Marks a description of its own. */
  #mark(fd: number): number {
    const { libc } = this.#context;
    let errno = 0;
    for (let attempt = 0; attempt < MARK_ATTEMPTS; attempt += 1) {
      const childId = this.#nextId;
      this.#nextId += 1;
      if (setMark(libc, fd, childId, this.#isReadable)) return childId;
      errno = libc.errno();
      // A participant put a lock of its own where marks are. It gets in its own buffer's way only, and not easily.
      this.#nextId = randomMark();
    }
    throw kernelError("mark a VMO as handed out", errno);
  }

  /** Looks which children are gone and reports them. Called in a turn of its own. */
  check(): void {
    const { libc } = this.#context;
    this.#children.sweep((childId) => !isMarkedElsewhere(libc, this.vmo.borrow(), childId));
  }

  close(): void {
    if (this.#letGo()) this.vmo.close();
  }

  async closeOffLoop(): Promise<void> {
    if (!this.#letGo()) return;
    if (this.sizeBytes > MAX_FREE_ON_LOOP_BYTES) await this.#context.libc.closeAsync(this.vmo.take());
    else this.vmo.close();
  }

  /** False when that was done before. */
  #letGo(): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.#children.close();
    this.#stopWatching();
    return true;
  }
}
