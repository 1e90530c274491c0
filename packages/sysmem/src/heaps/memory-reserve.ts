/**
 * Memory of the kinds used last, made before anybody asks for it. Reserving a frame is the kernel clearing its pages,
 * milliseconds that a set-up waits for, and a pipeline that is set up again asks for the same again. So each buffer is
 * made once more when nothing else goes on, as a file of its own that nobody has seen, and the next set-up takes it.
 *
 * What is held is the server's, and no client's until it gets it. It is given back after a time without use, when the
 * machine runs short of memory, and when an allocation would fail without it. Decision 18.
 */
import {
  type Clock,
  MAX_RESERVE_ON_LOOP_BYTES,
  MEMORY_RESERVE_EXPIRY_NS,
  MEMORY_RESERVE_HEADROOM_BYTES,
  MEMORY_RESERVE_IDLE_NS,
  MEMORY_RESERVE_LOOK_NS,
  type Timer,
} from "#base";
import type { BufferMemory, Kernel, MemoryClaim, MemoryOptions } from "#kernel";

export interface MemoryReserveOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  /** Most bytes of memory that are held. */
  readonly maxBytes: number;
}

/** A buffer that was asked for. A memory file has its name from the start, so that it belongs to the kind. */
interface Kind {
  readonly sizeBytes: number;
  readonly name: string;
}

/** What memory that is asked for is made with. */
type Requested = Pick<MemoryOptions, "name" | "claim">;

interface Prepared extends Kind {
  readonly memory: BufferMemory;
}

/** What a reserve holds, and how often it had what was asked for. */
export interface MemoryReserveFigures {
  readonly files: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly hits: number;
  readonly misses: number;
}

export class MemoryReserve {
  readonly #kernel: Kernel;
  readonly #clock: Clock;
  readonly #maxBytes: number;
  /** Oldest first, as is `#wanted`: kinds that will be made. */
  #prepared: Prepared[] = [];
  #wanted: Kind[] = [];
  #isMaking = false;
  #isClosed = false;
  #timer: Timer | undefined;
  #lastUseNs = 0;
  #hits = 0;
  #misses = 0;

  constructor({ kernel, clock, maxBytes }: MemoryReserveOptions) {
    this.#kernel = kernel;
    this.#clock = clock;
    this.#maxBytes = maxBytes;
  }

  get figures(): MemoryReserveFigures {
    const files = this.#prepared.length;
    return {
      files,
      bytes: bytesOf(this.#prepared),
      maxBytes: this.#maxBytes,
      hits: this.#hits,
      misses: this.#misses,
    };
  }

  /** A claim as `Kernel.claimMemory` makes it. Throws when giving back what is held does not help. */
  claim(sizeBytes: number): MemoryClaim {
    try {
      return this.#kernel.claimMemory(sizeBytes);
    } catch (error) {
      if (this.#prepared.length === 0) throw error;
      this.release();
      return this.#kernel.claimMemory(sizeBytes);
    }
  }

  /** Memory as `Kernel.createMemory` makes it. The caller owns it. Rejects when giving back what is held does not help. */
  async allocate(sizeBytes: number, options: Requested): Promise<BufferMemory> {
    const { name } = options;
    if (this.#isClosed || sizeBytes <= MAX_RESERVE_ON_LOOP_BYTES || sizeBytes > this.#maxBytes) {
      return this.#make(sizeBytes, options);
    }
    const at = this.#prepared.findIndex((one) => one.sizeBytes === sizeBytes && one.name === name);
    const [found] = at < 0 ? [] : this.#prepared.splice(at, 1);
    this.#want({ sizeBytes, name });
    if (found === undefined) this.#misses += 1;
    else this.#hits += 1;
    return found?.memory ?? this.#make(sizeBytes, options);
  }

  /** Gives back what is held, and makes nothing more until it is asked again. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wanted = [];
    for (const { memory } of this.#prepared.splice(0)) memory.close();
  }

  /** Gives back what is held, for good. What is just being made is closed when it comes. */
  close(): void {
    this.#isClosed = true;
    this.release();
  }

  async #make(sizeBytes: number, options: Requested): Promise<BufferMemory> {
    try {
      return await this.#kernel.createMemory(sizeBytes, options);
    } catch (error) {
      if (this.#prepared.length === 0) throw error;
      this.release();
      return this.#kernel.createMemory(sizeBytes, options);
    }
  }

  #want(kind: Kind): void {
    this.#lastUseNs = this.#clock.nowNs();
    this.#wanted.push(kind);
    while (bytesOf(this.#wanted) > this.#maxBytes) this.#wanted.shift();
    this.#schedule(MEMORY_RESERVE_IDLE_NS);
  }

  #schedule(delayNs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(this.#clock.nowNs() + delayNs, () => this.#work());
  }

  /** Makes the next of what is wanted; with nothing to make, looks from time to time whether what is held may stay. */
  #work(): void {
    this.#timer = undefined;
    const [next] = this.#wanted;
    const isExpired = this.#clock.nowNs() - this.#lastUseNs >= MEMORY_RESERVE_EXPIRY_NS;
    const needed = MEMORY_RESERVE_HEADROOM_BYTES + (next?.sizeBytes ?? 0);
    if (isExpired || this.#kernel.availableMemoryBytes() < needed) this.release();
    else if (next !== undefined) void this.#prepare(next);
    else if (this.#prepared.length > 0) this.#schedule(MEMORY_RESERVE_LOOK_NS);
  }

  async #prepare(kind: Kind): Promise<void> {
    // Whoever is at it goes on by itself.
    if (this.#isMaking) return;
    this.#isMaking = true;
    this.#wanted.shift();
    while (bytesOf(this.#prepared) + kind.sizeBytes > this.#maxBytes) this.#prepared.shift()?.memory.close();
    try {
      const memory = await this.#kernel.createMemory(kind.sizeBytes, { name: kind.name });
      if (this.#isClosed) memory.close();
      else this.#prepared.push({ ...kind, memory });
    } catch {
      // Too little memory: nobody asked for this, and whoever asks next is told.
      this.release();
    } finally {
      this.#isMaking = false;
    }
    // An allocation that came meanwhile has set the timer: it is not quiet yet.
    if (!this.#isClosed && this.#timer === undefined)
      this.#schedule(this.#wanted.length > 0 ? 0 : MEMORY_RESERVE_LOOK_NS);
  }
}

function bytesOf(kinds: readonly Kind[]): number {
  return kinds.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
