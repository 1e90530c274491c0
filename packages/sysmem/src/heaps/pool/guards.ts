/** Guards: pages with a pattern at both ends of a pool and, if wanted, around each buffer. Negotiation contract 8.2. */
import { POOL_PAGE_BYTES } from "#base";
import type { CarveOut } from "#kernel";
import type { PoolPiece } from "./contiguous-pool.ts";
import type { CorruptionLog } from "./corruption-log.ts";
import { firstDifference, hasPattern, writePattern } from "./pattern.ts";
import { type Range, rangeSize } from "./range.ts";
import { partsOf, type Work } from "./work-lane.ts";

interface Guard extends Range {
  readonly where: string;
  /** Of internal guards. */
  readonly buffer?: string;
  /** It was found written and logged: what was written stays to be looked at, and counts at every check. */
  isBroken: boolean;
}

/** Guards of one pool. They stay as they were found; those around a buffer are made anew with the next buffer. */
export class Guards {
  readonly #memory: CarveOut;
  readonly #log: CorruptionLog;
  readonly #ends: readonly Guard[];
  readonly #internal = new Map<PoolPiece, readonly Guard[]>();

  constructor(memory: CarveOut, guardBytes: number, log: CorruptionLog) {
    const { sizeBytes } = memory;
    this.#memory = memory;
    this.#log = log;
    this.#ends = [
      { where: "the guard before all buffers", begin: 0, end: guardBytes, isBroken: false },
      { where: "the guard behind all buffers", begin: sizeBytes - guardBytes, end: sizeBytes, isBroken: false },
    ];
  }

  /** Writes the guards at both ends. */
  *setEnds(): Work {
    for (const guard of this.#ends) yield* this.#write(guard);
  }

  /** Writes those around a buffer, where the division has left room for them. */
  *set(piece: PoolPiece, buffer: string): Work {
    const { taken, usable } = piece;
    if (rangeSize(taken) === rangeSize(usable)) return;
    const guards = [
      { where: "the guard before a buffer", buffer, begin: taken.begin, end: usable.begin, isBroken: false },
      { where: "the guard behind a buffer", buffer, begin: usable.end, end: taken.end, isBroken: false },
    ];
    for (const guard of guards) yield* this.#write(guard);
    this.#internal.set(piece, guards);
  }

  /** Looks at those around a buffer for the last time. */
  *remove(piece: PoolPiece): Work {
    const guards = this.#internal.get(piece) ?? [];
    this.#internal.delete(piece);
    for (const guard of guards) yield* this.#check(guard);
  }

  /** Looks at all. */
  *check(): Work {
    for (const guard of this.#ends) yield* this.#check(guard);
    for (const [piece, guards] of [...this.#internal]) {
      for (const guard of guards) {
        // Its buffer may have gone since the last step, and its pages with it.
        if (this.#internal.has(piece)) yield* this.#check(guard);
      }
    }
  }

  *#write({ begin, end }: Guard): Work {
    for (const [from, to] of partsOf(begin, end)) {
      writePattern(this.#memory.bytes, from, to);
      yield to - from;
    }
  }

  *#check(guard: Guard): Work {
    const { begin, end, where, buffer } = guard;
    for (const [from, to] of partsOf(begin, end)) {
      for (let page = from; page < to; page += POOL_PAGE_BYTES) {
        if (hasPattern(this.#memory.bytes, page)) continue;
        this.#log.found({ where, begin, end, at: firstDifference(this.#memory.bytes, page), buffer }, !guard.isBroken);
        guard.isBroken = true;
        yield page + POOL_PAGE_BYTES - from;
        return;
      }
      yield to - from;
    }
    guard.isBroken = false;
  }
}
