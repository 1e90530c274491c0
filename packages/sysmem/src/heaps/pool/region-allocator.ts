/**
 * Hands out pieces of a span of bytes. Best fit: the smallest free region into which the piece fits once it is aligned,
 * the lowest among equals, and in it the lowest aligned offset. Neighbours merge when they are free again. Source:
 * negotiation contract 8.1.
 */
import { assert } from "#base";
import { doOverlap, type Range, rangeSize } from "./range.ts";

export class RegionAllocator {
  /** Sorted; no two touch. */
  readonly #free: { begin: number; end: number }[];
  readonly #taken = new Map<number, Range>();
  #freeBytes: number;

  constructor(span: Range) {
    this.#free = span.end > span.begin ? [{ ...span }] : [];
    this.#freeBytes = Math.max(0, rangeSize(span));
  }

  /** Free regions, sorted. */
  get free(): readonly Range[] {
    return this.#free;
  }
  get freeBytes(): number {
    return this.#freeBytes;
  }
  get takenCount(): number {
    return this.#taken.size;
  }

  /** A piece of exactly `sizeBytes` whose begin is a multiple of `alignment`; undefined where none fits. */
  allocate(sizeBytes: number, alignment: number): Range | undefined {
    assert(sizeBytes > 0 && alignment > 0, "a piece has a size and an alignment");
    let best = -1;
    let bestSize = Number.POSITIVE_INFINITY;
    for (const [index, region] of this.#free.entries()) {
      const size = rangeSize(region);
      if (size >= bestSize || aligned(region.begin, alignment) + sizeBytes > region.end) continue;
      best = index;
      bestSize = size;
    }
    const region = this.#free[best];
    if (region === undefined) return undefined;
    const begin = aligned(region.begin, alignment);
    const piece = { begin, end: begin + sizeBytes };
    const left = [
      { begin: region.begin, end: piece.begin },
      { begin: piece.end, end: region.end },
    ].filter((rest) => rangeSize(rest) > 0);
    this.#free.splice(best, 1, ...left);
    this.#taken.set(begin, piece);
    this.#freeBytes -= sizeBytes;
    return piece;
  }

  /** Takes a piece back. */
  release(piece: Range): void {
    assert(this.#taken.get(piece.begin)?.end === piece.end, "a piece that was handed out comes back once");
    this.#taken.delete(piece.begin);
    this.#freeBytes += rangeSize(piece);
    let at = this.#free.findIndex((region) => region.begin > piece.begin);
    if (at < 0) at = this.#free.length;
    const before = this.#free[at - 1];
    const after = this.#free[at];
    assert(
      (before === undefined || !doOverlap(before, piece)) && (after === undefined || !doOverlap(after, piece)),
      "a piece that comes back was not free",
    );
    const merged = { begin: piece.begin, end: piece.end };
    let from = at;
    let count = 0;
    if (before?.end === piece.begin) {
      merged.begin = before.begin;
      from -= 1;
      count += 1;
    }
    if (after?.begin === piece.end) {
      merged.end = after.end;
      count += 1;
    }
    this.#free.splice(from, count, merged);
  }
}

function aligned(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
