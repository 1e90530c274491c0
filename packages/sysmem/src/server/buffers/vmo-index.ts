import type { BufferMemory, Vmo } from "#kernel";
import type { LogicalBuffer } from "./logical-buffer.ts";

/** A VMO that this server handed out. */
export interface KnownVmo {
  readonly buffer: LogicalBuffer;
  readonly isWeak: boolean;
}

/** Sysmem-provided VMOs, found again by what the kernel says of a given descriptor. */
export class VmoIndex {
  readonly #buffers = new Map<string, LogicalBuffer>();
  /** Buffers by the koids of those VMOs that are files of their own over the buffer's memory. */
  readonly #buffersOfVmos = new Map<string, LogicalBuffer>();

  get size(): number {
    return this.#buffers.size + this.#buffersOfVmos.size;
  }

  add(buffer: LogicalBuffer): void {
    this.#buffers.set(buffer.memory.koid, buffer);
  }

  /** A buffer leaves before the heap is asked to delete it. */
  delete(buffer: LogicalBuffer): void {
    this.#buffers.delete(buffer.memory.koid);
  }

  /** A VMO was handed out whose koid is not that of its buffer's memory. */
  addVmo(koid: string, buffer: LogicalBuffer): void {
    this.#buffersOfVmos.set(koid, buffer);
  }

  deleteVmo(koid: string): void {
    this.#buffersOfVmos.delete(koid);
  }

  /** True when a live buffer, or a VMO handed out from one, is this memory already. */
  isMemoryOfBuffer({ koid }: BufferMemory): boolean {
    return this.#buffers.has(koid) || this.#buffersOfVmos.has(koid);
  }

  /** Undefined for memory of other origin, and for what a client made of a VMO itself (its own re-open). */
  find(vmo: Vmo): KnownVmo | undefined {
    const buffer = this.#buffers.get(vmo.koid) ?? this.#buffersOfVmos.get(vmo.koid);
    if (buffer === undefined) return undefined;
    const childId = buffer.memory.identify(vmo);
    if (childId === undefined) return undefined;
    const child = buffer.childOf(childId);
    return child === undefined ? undefined : { buffer, isWeak: child.isWeak };
  }
}
