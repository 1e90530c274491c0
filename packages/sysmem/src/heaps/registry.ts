import type { Kernel } from "#kernel";
import { type Heap, type HeapId, type HeapRegistry, type SecureMemoryState, SYSTEM_RAM } from "./port.ts";
import type { MemoryReserve } from "./memory-reserve.ts";
import { SystemRamHeap } from "./system-ram.ts";

/** A registry that heaps join and leave. */
export class Heaps implements HeapRegistry {
  readonly #heaps: Heap[] = [];
  readonly #goneListeners: ((heap: Heap) => void)[] = [];
  readonly #changeListeners: (() => void)[] = [];
  #secureMemory: SecureMemoryState = "not-expected";
  #contiguousSystemRam: Heap | undefined;
  #whyNoContiguousSystemRam: string | undefined;

  get secureMemory(): SecureMemoryState {
    return this.#secureMemory;
  }

  setSecureMemory(state: SecureMemoryState): void {
    if (state === this.#secureMemory) return;
    this.#secureMemory = state;
    this.#changed();
  }

  get contiguousSystemRam(): Heap | undefined {
    return this.#contiguousSystemRam;
  }

  get whyNoContiguousSystemRam(): string | undefined {
    return this.#whyNoContiguousSystemRam;
  }

  /** Names the heap for contiguous system RAM, or says why there is none. It is not in `list`: clients reach it as SYSTEM_RAM. */
  setContiguousSystemRam(heap: Heap | undefined, whyNone?: string): void {
    this.#contiguousSystemRam = heap;
    this.#whyNoContiguousSystemRam = heap === undefined ? whyNone : undefined;
    this.#changed();
  }

  list(): readonly Heap[] {
    return this.#heaps;
  }

  find(id: HeapId, options: { readonly isPhysicallyContiguous: boolean }): Heap | undefined {
    if (options.isPhysicallyContiguous && id.heapType === SYSTEM_RAM) return this.#contiguousSystemRam;
    return this.#heaps.find((heap) => heap.id.heapType === id.heapType && heap.id.id === id.id);
  }

  /** Adds a heap; one with the same type and id is replaced, and counts as gone. */
  register(heap: Heap): void {
    const at = this.#heaps.findIndex((old) => old.id.heapType === heap.id.heapType && old.id.id === heap.id.id);
    const replaced = at < 0 ? undefined : this.#heaps[at];
    if (at < 0) this.#heaps.push(heap);
    else this.#heaps[at] = heap;
    if (replaced !== undefined) for (const listener of this.#goneListeners) listener(replaced);
    this.#changed();
  }

  /** Removes a heap that is lost. Does nothing for one that is not (or no longer) registered. */
  unregister(heap: Heap): void {
    const at = this.#heaps.indexOf(heap);
    if (at < 0) return;
    this.#heaps.splice(at, 1);
    for (const listener of this.#goneListeners) listener(heap);
  }

  onHeapGone(listener: (heap: Heap) => void): void {
    this.#goneListeners.push(listener);
  }

  onChanged(listener: () => void): void {
    this.#changeListeners.push(listener);
  }

  #changed(): void {
    for (const listener of this.#changeListeners) listener();
  }
}

/** Every heap that buffers may come from, those that stand in for another included. */
export function allHeaps(registry: HeapRegistry): readonly Heap[] {
  const { contiguousSystemRam } = registry;
  return contiguousSystemRam === undefined ? registry.list() : [...registry.list(), contiguousSystemRam];
}

/** The registry of a server that has nothing but system RAM. The reserve, if any, stays the caller's. */
export function systemRamOnly(kernel: Kernel, reserve?: MemoryReserve): Heaps {
  const heaps = new Heaps();
  heaps.register(new SystemRamHeap(kernel, reserve));
  return heaps;
}
