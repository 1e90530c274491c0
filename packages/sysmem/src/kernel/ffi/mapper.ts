/**
 * Maps memory files into this thread's address space.
 *
 * Nearly always into an arena: a WebAssembly memory that lives as long as the thread and serves as its VMAR. Memory
 * files are mapped over parts of it with MAP_FIXED and seen as `Uint8Array`s on its buffer; unmapping lays anonymous
 * memory over them again. That is 20 times cheaper than external array buffers, of which V8 keeps count by collecting
 * garbage, and a stale view can never crash: it reads zeros and its writes are lost. An array buffer of its own is made
 * only for what no arena can serve, with the same behaviour after unmapping.
 *
 * A range is not mapped again before the `bytes` of its former mapping are collected, so that a stale reference to those
 * never sees foreign memory. Should that use up the arenas, mapping alone makes V8 collect, which frees them. (For sub-arrays whose parent was dropped this cannot be known.)
 */
import { assert, MAPPING_ARENA_BYTES, MAX_MAPPING_ARENAS, UNMAP_RETRY_MS } from "#base";
import type { Mapping } from "../port.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  SC_PAGESIZE,
} from "./constants.ts";
import { kernelError } from "./errno.ts";
import { type Address, addressOfBuffer, type Libc } from "./libc.ts";
import { RegionAllocator } from "./region-allocator.ts";

/** The part of the WebAssembly interface used here; no type library of ours has it. Absent under `--jitless`. */
declare const WebAssembly:
  | { readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer } }
  | undefined;

const WASM_PAGE_BYTES = 65_536;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** A range whose mapping is gone, while the view that was made of it may still be referred to. */
interface Retired {
  readonly regions: RegionAllocator;
  readonly offset: number;
  readonly length: number;
}

/** Frees ranges whose views were collected. One for all arenas of a thread, which live as long as it does. */
const retirement = new FinalizationRegistry<Retired>(({ regions, offset, length }) => regions.free(offset, length));

/** A range that is to show zeros and could not be made to for want of memory. */
interface Uncovered {
  readonly address: Address;
  readonly length: number;
  /** Called when it shows them. */
  readonly onCovered?: () => void;
  /** Kept until then: its finalizer would give the range back, which may be somebody else's afterwards. */
  readonly view?: ArrayBuffer;
}

class Arena {
  readonly buffer: ArrayBuffer;
  readonly base: Address;
  readonly #regions: RegionAllocator;

  constructor(bytes: number) {
    const pages = bytes / WASM_PAGE_BYTES;
    assert(WebAssembly !== undefined, "arenas need WebAssembly");
    // It never grows: growing would detach every view.
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.buffer = memory.buffer;
    this.base = addressOfBuffer(new Uint8Array(this.buffer));
    // Alignments are powers of two far below 2^53, so the low part of the address is enough to judge them.
    this.#regions = new RegionAllocator(bytes, Number(this.base & 0xffff_ffffn));
  }

  allocate(length: number, alignment: number): number | undefined {
    return this.#regions.allocate(length, alignment);
  }

  /** Gives back a range that no view refers to. */
  free(offset: number, length: number): void {
    this.#regions.free(offset, length);
  }

  /** Gives back a range once `view`, which shows it, is collected. */
  retire(offset: number, length: number, view: Uint8Array): void {
    retirement.register(view, { regions: this.#regions, offset, length });
  }
}

/** Settings for tests; the defaults are the named limits. */
export interface MapperOptions {
  readonly arenaBytes?: number | undefined;
  readonly maxArenas?: number | undefined;
}

export class Mapper {
  readonly #libc: Libc;
  readonly #arenaBytes: number;
  readonly #maxArenas: number;
  readonly #systemPageBytes: number;
  readonly #arenas: Arena[] = [];
  #canOpenArena: boolean = typeof WebAssembly !== "undefined";
  readonly #finalizer: FinalizationRegistry<{ readonly address: Address; readonly length: number }>;
  /** A page that is mapped for nothing: see `#overlay`. */
  #spare: Address | undefined;
  #uncovered: Uncovered[] = [];
  #retry: NodeJS.Timeout | undefined;

  constructor(libc: Libc, options: MapperOptions = {}) {
    this.#libc = libc;
    this.#arenaBytes = options.arenaBytes ?? MAPPING_ARENA_BYTES;
    this.#maxArenas = options.maxArenas ?? MAX_MAPPING_ARENAS;
    assert(this.#arenaBytes % WASM_PAGE_BYTES === 0, "an arena is made of WebAssembly pages");
    this.#systemPageBytes = libc.sysconf(SC_PAGESIZE);
    this.#finalizer = new FinalizationRegistry(({ address, length }) => libc.munmap(address, length));
  }

  /** Arenas opened so far. */
  get arenaCount(): number {
    return this.#arenas.length;
  }

  /**
   * Maps all of a memory file whose size cannot shrink. The mapping keeps the open file description alive. Throws
   * `KernelError` NO_MEMORY, also when the process has as many mappings as it may (vm.max_map_count).
   * @param isShared what is written is seen by everybody; otherwise by nobody else
   * @param pageBytes alignment that the file asks for
   */
  map(fd: number, sizeBytes: number, isShared: boolean, pageBytes: number): Mapping {
    if (sizeBytes === 0) return new LinuxMapping(new Uint8Array(0), () => {});
    // Whoever maps must be able to unmap.
    if (!this.#reserve()) throw kernelError("map a VMO", this.#libc.errno());
    const alignment = Math.max(this.#systemPageBytes, pageBytes);
    const length = Math.ceil(sizeBytes / alignment) * alignment;
    // A view for reading only would end the process at a stray write. A private mapping shows the same pages, and
    // what is written to it by mistake stays there.
    const flags = isShared ? MAP_SHARED : MAP_PRIVATE | MAP_NORESERVE;
    return this.#mapIntoArena(fd, sizeBytes, length, alignment, flags) ?? this.#mapAlone(fd, sizeBytes, length, flags);
  }

  #mapIntoArena(fd: number, sizeBytes: number, length: number, alignment: number, flags: number): Mapping | undefined {
    if (length > this.#arenaBytes) return undefined;
    for (const arena of this.#arenas) {
      const offset = arena.allocate(length, alignment);
      if (offset !== undefined) return this.#mapAt(arena, offset, fd, sizeBytes, length, flags);
    }
    const arena = this.#openArena();
    const offset = arena?.allocate(length, alignment);
    if (arena === undefined || offset === undefined) return undefined;
    return this.#mapAt(arena, offset, fd, sizeBytes, length, flags);
  }

  #openArena(): Arena | undefined {
    if (!this.#canOpenArena || this.#arenas.length >= this.#maxArenas) return undefined;
    // Where memory is small or its overcommitment forbidden, a smaller one may still be had.
    for (const bytes of [this.#arenaBytes, wholePages(this.#arenaBytes / 4)]) {
      try {
        const arena = new Arena(bytes);
        this.#arenas.push(arena);
        return arena;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    // Address space is limited for this process.
    this.#canOpenArena = false;
    return undefined;
  }

  #mapAt(arena: Arena, offset: number, fd: number, sizeBytes: number, length: number, flags: number): Mapping {
    const address = arena.base + BigInt(offset);
    const mapped = this.#libc.mmap(address, length, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd, 0);
    if (isFailed(mapped)) {
      const errno = this.#libc.errno();
      // The range may have lost what was there.
      this.#cover({ address, length, onCovered: () => arena.free(offset, length) });
      throw kernelError("map a VMO", errno);
    }
    const bytes = new Uint8Array(arena.buffer, offset, sizeBytes);
    const onCovered = () => arena.retire(offset, length, bytes);
    return new LinuxMapping(bytes, () => this.#cover({ address, length, onCovered }));
  }

  #mapAlone(fd: number, sizeBytes: number, length: number, flags: number): Mapping {
    const address = this.#libc.mmap(null, length, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (address === null || isFailed(address)) throw kernelError("map a VMO", this.#libc.errno());
    let buffer: ArrayBuffer;
    try {
      buffer = this.#libc.koffi.view(address, sizeBytes);
    } catch (error) {
      this.#libc.munmap(address, length);
      throw error;
    }
    this.#finalizer.register(buffer, { address, length });
    return new LinuxMapping(new Uint8Array(buffer), () => this.#cover({ address, length, view: buffer }));
  }

  /** Lets go of what is kept for unmapping. What is mapped can still be unmapped, unless memory is short then. */
  close(): void {
    this.#coverRest();
    clearTimeout(this.#retry);
    this.#giveUpReserve();
  }

  /**
   * Lays zeros over a range, now or as soon as there is memory for that: until then it shows what it has shown. Left without
   * anything it would be a hole in memory that JavaScript can reach.
   */
  #cover(range: Uncovered): void {
    if (this.#overlay(range)) return range.onCovered?.();
    this.#uncovered.push(range);
    this.#retry ??= setTimeout(() => this.#coverRest(), UNMAP_RETRY_MS).unref();
  }

  #coverRest(): void {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    for (const range of this.#uncovered.splice(0)) this.#cover(range);
  }

  /**
   * To lay memory over a mapping takes a mapping, for a moment. A process that has as many as it may could never unmap
   * anything again: so one is kept to be given up in that moment.
   */
  #overlay({ address, length }: Uncovered): boolean {
    const flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    const lay = () => !isFailed(this.#libc.mmap(address, length, PROT_READ | PROT_WRITE, flags, -1, 0));
    if (lay()) return true;
    this.#giveUpReserve();
    const isLaid = lay();
    this.#reserve();
    return isLaid;
  }

  /** False when there is no mapping to be had. A shared one, because the kernel joins private ones with their neighbours. */
  #reserve(): boolean {
    if (this.#spare !== undefined) return true;
    const page = this.#systemPageBytes;
    const mapped = this.#libc.mmap(null, page, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped === null || isFailed(mapped)) return false;
    this.#spare = mapped;
    return true;
  }

  #giveUpReserve(): void {
    if (this.#spare !== undefined) this.#libc.munmap(this.#spare, this.#systemPageBytes);
    this.#spare = undefined;
  }
}

/** Rounded up to what an arena can be. */
function wholePages(bytes: number): number {
  return Math.ceil(bytes / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
}

function isFailed(address: Address | null): boolean {
  return address === null || BigInt.asUintN(64, address) === MAP_FAILED;
}

class LinuxMapping implements Mapping {
  readonly bytes: Uint8Array;
  #unmap: (() => void) | undefined;

  constructor(bytes: Uint8Array, unmap: () => void) {
    this.bytes = bytes;
    this.#unmap = unmap;
  }

  get isMapped(): boolean {
    return this.#unmap !== undefined;
  }

  unmap(): void {
    const unmap = this.#unmap;
    this.#unmap = undefined;
    unmap?.();
  }

  [Symbol.dispose](): void {
    this.unmap();
  }
}
