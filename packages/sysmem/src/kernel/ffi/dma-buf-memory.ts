/**
 * A buffer's memory that is one DMA-BUF. Its children are duplicates of one open file description, so nobody can tell which of
 * them is gone. What the kernel tells is how much holds the description; when that is no more than the owner itself, all
 * children are gone.
 */
import { Rights } from "#base";
import type { BufferMemory, Vmo } from "../port.ts";
import type { ChildWatcher, Watched } from "./child-watcher.ts";
import type { LinuxContext } from "./context.ts";
import { dmaBufReferences } from "./dma-buf.ts";
import { HandedOut } from "./handed-out.ts";
import type { Libc } from "./libc.ts";
import type { LinuxVmo } from "./vmo.ts";

export class DmaBufMemory implements BufferMemory, Watched {
  readonly koid: string;
  readonly inode: number;
  readonly sizeBytes: number;
  readonly vmo: LinuxVmo;
  readonly tellsChildrenApart = false;
  readonly #libc: Libc;
  readonly #watcher: ChildWatcher;
  readonly #children = new HandedOut();
  /** References that are no child's: the owner's handle, and the maker's where it keeps one. */
  readonly #ownReferences: number;
  #nextId = 1;
  #stopProbing: (() => void) | undefined;
  #isClosed = false;

  /** Takes ownership of `vmo`. */
  constructor(context: LinuxContext, watcher: ChildWatcher, vmo: LinuxVmo, options: { isKeptByMaker: boolean }) {
    this.vmo = vmo;
    this.koid = vmo.koid;
    this.inode = vmo.inode;
    this.sizeBytes = vmo.sizeBytes;
    this.#watcher = watcher;
    this.#libc = context.libc;
    this.#ownReferences = options.isKeptByMaker ? 2 : 1;
  }

  get liveChildren(): ReadonlySet<number> {
    return this.#children.live;
  }

  hasDescendants(): boolean {
    return dmaBufReferences(this.#libc, this.vmo.borrow()) > this.#ownReferences;
  }

  handOut({ writable }: { readonly writable: boolean }): { readonly vmo: Vmo; readonly childId: number } {
    if (writable) this.vmo.requireWritable();
    const vmo = this.vmo.duplicate();
    const childId = this.#nextId;
    this.#nextId += 1;
    this.#children.live.add(childId);
    this.#stopProbing ??= this.#watcher.probe(this);
    return { vmo, childId };
  }

  identify(vmo: Vmo): number | undefined {
    if (vmo.koid !== this.koid || vmo.rights === Rights.NONE || vmo === this.vmo) return undefined;
    for (const childId of this.#children.live) return childId;
    return undefined;
  }

  onChildGone(listener: (childId: number) => void): void {
    this.#children.listen(listener);
  }

  check(): void {
    if (this.#isClosed || this.hasDescendants()) return;
    this.#stopProbing?.();
    this.#stopProbing = undefined;
    this.#children.sweep(() => true);
  }

  close(): void {
    if (this.#letGo()) this.vmo.close();
  }

  async closeOffLoop(): Promise<void> {
    if (this.#letGo()) await this.#libc.closeAsync(this.vmo.take());
  }

  /** False when that was done before. */
  #letGo(): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.#children.close();
    this.#stopProbing?.();
    return true;
  }
}
