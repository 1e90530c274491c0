/**
 * Pages of a pool that no buffer has. Some are filled with a pattern, so that writes to them are found; each page is or is
 * not one of them for good, by its number. All are zeros when a buffer gets them. Negotiation contract 8.1, 8.2.
 */
import { POOL_PAGE_BYTES } from "#base";
import type { CarveOut } from "#kernel";
import type { CorruptionLog } from "./corruption-log.ts";
import { firstDifference, hasPattern, writePattern } from "./pattern.ts";
import type { Range } from "./range.ts";
import { partsOf, type Work } from "./work-lane.ts";

export class UnusedPages {
  readonly #memory: CarveOut;
  readonly #log: CorruptionLog;
  readonly #denominator: number;
  /** 1 for each page that has the pattern now. */
  readonly #isPatterned: Uint8Array;

  /** @param denominator of so many pages the first gets the pattern; 0 means that none does */
  constructor(memory: CarveOut, denominator: number, log: CorruptionLog) {
    this.#memory = memory;
    this.#log = log;
    this.#denominator = denominator;
    this.#isPatterned = new Uint8Array(denominator === 0 ? 0 : memory.sizeBytes / POOL_PAGE_BYTES);
  }

  /** Fills the pages of a part that nobody has any more. */
  *fill(part: Range): Work {
    if (this.#denominator === 0) return;
    for (const [from, to] of partsOf(part.begin, part.end)) {
      const step = this.#denominator * POOL_PAGE_BYTES;
      let touched = 0;
      for (let page = Math.ceil(from / step) * step; page < to; page += step) {
        writePattern(this.#memory.bytes, page, page + POOL_PAGE_BYTES);
        this.#isPatterned[page / POOL_PAGE_BYTES] = 1;
        touched += POOL_PAGE_BYTES;
      }
      yield touched;
    }
  }

  /** Looks at what of a part has the pattern, and mends it. */
  *check(part: Range): Work {
    if (this.#denominator === 0) return;
    for (const [from, to] of partsOf(part.begin, part.end)) yield this.#check(from, to, "leave");
  }

  /** Makes a part that a buffer is to have zeros, after a last look at it. */
  *take(part: Range): Work {
    for (const [from, to] of partsOf(part.begin, part.end)) {
      if (this.#denominator > 0) this.#check(from, to, "end");
      this.#memory.bytes.fill(0, from, to);
      yield to - from;
    }
  }

  /** Returns the bytes that it looked at. Broken pages side by side are one finding. */
  #check(from: number, to: number, pattern: "leave" | "end"): number {
    const step = this.#denominator * POOL_PAGE_BYTES;
    let touched = 0;
    let broken: { begin: number; end: number } | undefined;
    const report = (): void => {
      if (broken === undefined) return;
      this.#log.found({ where: "unused pages", ...broken, at: firstDifference(this.#memory.bytes, broken.begin) });
      if (pattern === "leave") {
        for (let page = broken.begin; page < broken.end; page += step) {
          writePattern(this.#memory.bytes, page, page + POOL_PAGE_BYTES);
        }
      }
      broken = undefined;
    };
    for (let page = Math.ceil(from / step) * step; page < to; page += step) {
      const index = page / POOL_PAGE_BYTES;
      const isWhole = this.#isPatterned[index] === 0 || hasPattern(this.#memory.bytes, page);
      if (pattern === "end") this.#isPatterned[index] = 0;
      touched += POOL_PAGE_BYTES;
      if (isWhole) report();
      else if (broken === undefined) broken = { begin: page, end: page + POOL_PAGE_BYTES };
      else broken.end = page + POOL_PAGE_BYTES;
    }
    report();
    return touched;
  }
}
