/** VMOs of the fake kernel: memory files and open file descriptions of them. */
import { assert, ObjectType, Rights } from "#base";
import { KernelError } from "../errors.ts";
import type { BufferMemory, Mapping, Vmo } from "../port.ts";
import { READ_ONLY_VMO_RIGHTS, READ_WRITE_VMO_RIGHTS } from "../rights.ts";
import { FakeHandle, type FakeMachine, type FakeObject, type FakeProcess } from "./machine.ts";

/** Where a memory file's pages are: its own, none (an identifier), or those of a part of another file. */
export type FakePages = "own" | "none" | { readonly of: FakeMemoryFile; readonly offsetBytes: number };

/** The memory itself. */
export class FakeMemoryFile {
  readonly machine: FakeMachine;
  readonly inode: number;
  readonly sizeBytes: number;
  readonly name: string;
  readonly #pages: FakePages;
  #descriptions = 0;
  #data: ArrayBuffer | undefined;

  constructor(machine: FakeMachine, sizeBytes: number, name: string, pages: FakePages = "own") {
    this.machine = machine;
    this.inode = machine.newKoid();
    this.sizeBytes = sizeBytes;
    this.name = name;
    this.#pages = pages;
    if (pages === "own") machine.usedMemoryBytes += sizeBytes;
    else if (pages !== "none") pages.of.countDescription(1);
  }

  /** Descriptions that were handed out. */
  markedDescriptions = 0;

  /** A view of its pages, which are allocated at the first look: simulations can deal in sizes nobody looks at. */
  view(): Uint8Array {
    const pages = this.#pages;
    if (typeof pages === "object") {
      return pages.of.view().subarray(pages.offsetBytes, pages.offsetBytes + this.sizeBytes);
    }
    this.#data ??= new ArrayBuffer(this.sizeBytes);
    return new Uint8Array(this.#data);
  }

  /** Pages go with the last description of the file, or of another file over them. */
  countDescription(change: 1 | -1): void {
    this.#descriptions += change;
    if (this.#descriptions > 0) return;
    const pages = this.#pages;
    if (pages === "own") this.machine.usedMemoryBytes -= this.sizeBytes;
    else if (pages !== "none") pages.of.countDescription(-1);
  }
}

/** An open file description: what duplicates of a handle, and mappings made from them, have in common. */
export class FakeDescription implements FakeObject {
  readonly file: FakeMemoryFile;
  readonly rights: number;
  readonly #onGone: (() => void) | undefined;
  /** Handles, messages and mappings that hold it. */
  #references = 1;

  constructor(file: FakeMemoryFile, rights: number, onGone?: () => void) {
    this.file = file;
    this.rights = rights;
    this.#onGone = onGone;
    file.countDescription(1);
    if (onGone !== undefined) file.markedDescriptions += 1;
  }

  /** Handed out by an owner of the file. */
  get isMarked(): boolean {
    return this.#onGone !== undefined;
  }

  open(process: FakeProcess): FakeHandle {
    return new FakeVmo(process, this);
  }

  retain(): void {
    this.#references += 1;
  }

  release(): void {
    this.#references -= 1;
    if (this.#references > 0) return;
    if (this.isMarked) this.file.markedDescriptions -= 1;
    this.file.countDescription(-1);
    this.#onGone?.();
  }
}

/** A handle to an open file description of a memory file. */
export class FakeVmo extends FakeHandle implements Vmo {
  readonly objectType: typeof ObjectType.VMO = ObjectType.VMO;
  readonly description: FakeDescription;

  constructor(process: FakeProcess, description: FakeDescription) {
    super(process, description);
    this.description = description;
  }

  get koid(): string {
    return `1:${this.inode}`;
  }

  get inode(): number {
    return this.description.file.inode;
  }

  get sizeBytes(): number {
    return this.description.file.sizeBytes;
  }

  get name(): string {
    return this.description.file.name;
  }

  get rights(): number {
    return this.description.rights;
  }

  duplicate(): Vmo {
    this.requireOpen();
    this.description.retain();
    return new FakeVmo(this.process, this.description);
  }

  /** Its memory is of the kind that needs no bracket. */
  beginCpuAccess(): void {
    this.requireOpen();
  }

  endCpuAccess(): void {
    this.requireOpen();
  }

  map(options: { readonly writable?: boolean } = {}): Mapping {
    this.requireOpen();
    const isWritable = options.writable ?? (this.rights & Rights.WRITE) !== 0;
    const needed = Rights.MAP | Rights.READ | (isWritable ? Rights.WRITE : 0);
    if ((this.rights & needed) !== needed) {
      throw new KernelError("ACCESS_DENIED", `cannot map a VMO: its rights are 0x${this.rights.toString(16)}`);
    }
    return new FakeMapping(this.process, this.description);
  }
}

class FakeMapping implements Mapping {
  readonly bytes: Uint8Array;
  readonly #process: FakeProcess;
  #description: FakeDescription | undefined;

  constructor(process: FakeProcess, description: FakeDescription) {
    this.bytes = description.file.view();
    this.#process = process;
    this.#description = description;
    description.retain();
    process.mappings.add(this);
  }

  get isMapped(): boolean {
    return this.#description !== undefined;
  }

  unmap(): void {
    const description = this.#description;
    this.#description = undefined;
    this.#process.mappings.delete(this);
    description?.release();
  }

  [Symbol.dispose](): void {
    this.unmap();
  }
}

/** A buffer's memory file with the descriptions that were handed out of it. */
export class FakeBufferMemory implements BufferMemory {
  readonly vmo: FakeVmo;
  readonly koid: string;
  readonly inode: number;
  readonly sizeBytes: number;
  readonly tellsChildrenApart = true;
  readonly #process: FakeProcess;
  readonly #children = new Map<number, FakeDescription>();
  readonly #live = new Set<number>();
  #nextId = 1;
  #listener: ((childId: number) => void) | undefined;
  #isClosed = false;

  /** Takes ownership of `vmo`. */
  constructor(process: FakeProcess, vmo: FakeVmo) {
    this.#process = process;
    this.vmo = vmo;
    this.koid = vmo.koid;
    this.inode = vmo.inode;
    this.sizeBytes = vmo.sizeBytes;
  }

  get liveChildren(): ReadonlySet<number> {
    return this.#live;
  }

  hasDescendants(): boolean {
    const { file, isMarked } = this.vmo.description;
    return file.markedDescriptions > (isMarked ? 1 : 0);
  }

  handOut({ writable }: { readonly writable: boolean }): { readonly vmo: Vmo; readonly childId: number } {
    assert(!this.#isClosed, "a buffer's memory used after it was closed");
    if (writable && (this.vmo.rights & Rights.WRITE) === 0) {
      throw new KernelError(
        "ACCESS_DENIED",
        "cannot hand out a VMO for writing: the memory was given for reading only",
      );
    }
    const childId = this.#nextId;
    this.#nextId += 1;
    const isIdentifier = (this.vmo.rights & Rights.READ) === 0;
    const rights = isIdentifier ? this.vmo.rights : writable ? READ_WRITE_VMO_RIGHTS : READ_ONLY_VMO_RIGHTS;
    const description = new FakeDescription(this.vmo.description.file, rights, () => this.#gone(childId));
    this.#children.set(childId, description);
    this.#live.add(childId);
    return { vmo: new FakeVmo(this.#process, description), childId };
  }

  identify(vmo: Vmo): number | undefined {
    if (!(vmo instanceof FakeVmo) || vmo.rights === Rights.NONE) return undefined;
    for (const [childId, description] of this.#children) if (description === vmo.description) return childId;
    return undefined;
  }

  onChildGone(listener: (childId: number) => void): void {
    assert(this.#listener === undefined, "a buffer's memory has one listener");
    this.#listener = listener;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.vmo.close();
  }

  closeOffLoop(): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #gone(childId: number): void {
    this.#children.delete(childId);
    // As with the real kernel, a child counts as alive until its end is noticed.
    this.#process.machine.scheduler.schedule(this, () => {
      if (this.#isClosed || !this.#process.isListening) return;
      this.#live.delete(childId);
      this.#listener?.(childId);
    });
  }
}
