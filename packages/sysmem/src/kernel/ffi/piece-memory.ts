/**
 * A buffer's memory that is a part of a carve-out. Handles to one DMA-BUF cannot be told apart (see dma-buf-memory.ts), so each
 * child is a DMA-BUF of its own over the same pages: it has its own koid, and it is gone when nothing but the server's
 * handle refers to it.
 */
import { Rights } from "#base";
import type { BufferMemory, Vmo } from "../port.ts";
import type { ChildWatcher, Watched } from "./child-watcher.ts";
import { dmaBufReferences } from "./dma-buf.ts";
import { HandedOut } from "./handed-out.ts";
import type { Libc } from "./libc.ts";
import type { LinuxVmo } from "./vmo.ts";

export class PieceMemory implements BufferMemory, Watched {
  readonly koid: string;
  readonly inode: number;
  readonly sizeBytes: number;
  readonly vmo: LinuxVmo;
  readonly tellsChildrenApart = true;
  readonly #libc: Libc;
  readonly #watcher: ChildWatcher;
  readonly #open: () => LinuxVmo;
  readonly #children = new HandedOut();
  /** The server's handle to each child that is alive, by the child's id. */
  readonly #handles = new Map<number, LinuxVmo>();
  #nextId = 1;
  #stopProbing: (() => void) | undefined;
  #isClosed = false;

  /** @param open makes another DMA-BUF over the piece's pages. Throws `KernelError`, and so does this then */
  constructor(libc: Libc, watcher: ChildWatcher, open: () => LinuxVmo) {
    this.#watcher = watcher;
    this.#open = open;
    this.#libc = libc;
    this.vmo = open();
    this.koid = this.vmo.koid;
    this.inode = this.vmo.inode;
    this.sizeBytes = this.vmo.sizeBytes;
  }

  get liveChildren(): ReadonlySet<number> {
    return this.#children.live;
  }

  hasDescendants(): boolean {
    return [...this.#handles.values()].some((handle) => this.#isHeldElsewhere(handle));
  }

  handOut(): { readonly vmo: Vmo; readonly childId: number } {
    const handle = this.#open();
    let vmo: LinuxVmo;
    try {
      vmo = handle.duplicate();
    } catch (error) {
      handle.close();
      throw error;
    }
    const childId = this.#nextId;
    this.#nextId += 1;
    this.#handles.set(childId, handle);
    this.#children.live.add(childId);
    this.#stopProbing ??= this.#watcher.probe(this);
    return { vmo, childId };
  }

  identify(vmo: Vmo): number | undefined {
    if (vmo.rights === Rights.NONE) return undefined;
    for (const [childId, handle] of this.#handles) if (handle.koid === vmo.koid) return childId;
    return undefined;
  }

  onChildGone(listener: (childId: number) => void): void {
    this.#children.listen(listener);
  }

  check(): void {
    this.#children.sweep((childId) => this.#letGo(childId));
    if (this.#handles.size > 0) return;
    this.#stopProbing?.();
    this.#stopProbing = undefined;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#children.close();
    this.#stopProbing?.();
    for (const handle of this.#handles.values()) handle.close();
    this.#handles.clear();
    this.vmo.close();
  }

  /** The pages are the carve-out's: there is nothing to free. */
  async closeOffLoop(): Promise<void> {
    this.close();
  }

  /** Whether a child is gone; the server lets go of it then. */
  #letGo(childId: number): boolean {
    const handle = this.#handles.get(childId);
    if (handle === undefined) return true;
    if (this.#isHeldElsewhere(handle)) return false;
    handle.close();
    this.#handles.delete(childId);
    return true;
  }

  #isHeldElsewhere(handle: LinuxVmo): boolean {
    return dmaBufReferences(this.#libc, handle.borrow()) > 1;
  }
}
