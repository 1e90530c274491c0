/**
 * Hands out ranges of an address space. Next-fit: a range that was given back is handed out again as late as possible,
 * so that a stale reference to it stays harmless for long. Pure bookkeeping; it touches no memory.
 */
import { assert } from "#base";

interface Extent {
  offset: number;
  length: number;
}

export class RegionAllocator {
  readonly #bias: number;
  /** Free ranges, ascending, never touching each other. */
  readonly #free: Extent[];
  /** Where the last range ended: the search starts there. */
  #rover = 0;

  /**
   * @param length of the whole space
   * @param bias added to an offset before its alignment is judged: the address of offset 0
   */
  constructor(length: number, bias = 0) {
    this.#bias = bias;
    this.#free = length > 0 ? [{ offset: 0, length }] : [];
  }

  /** Bytes that are free, in however many pieces. */
  get freeBytes(): number {
    return this.#free.reduce((sum, extent) => sum + extent.length, 0);
  }

  /** The offset of a range of `length` bytes whose address is a multiple of `alignment`, or undefined. */
  allocate(length: number, alignment: number): number | undefined {
    assert(length > 0 && alignment > 0, "a range has a length and an alignment");
    const start = this.#firstAtOrAfter(this.#rover);
    const count = this.#free.length;
    // First the rest of the range that the last search ended in, then every range once, that one included.
    for (let step = start > 0 ? -1 : 0; step < count; step += 1) {
      const index = (start + step) % count;
      const extent = this.#free[index];
      if (extent === undefined) return undefined;
      const offset = this.#align(step < 0 ? Math.max(extent.offset, this.#rover) : extent.offset, alignment);
      if (offset + length > extent.offset + extent.length) continue;
      this.#take(index, extent, offset, length);
      this.#rover = offset + length;
      return offset;
    }
    return undefined;
  }

  /** Gives back a range got from `allocate`. */
  free(offset: number, length: number): void {
    const index = this.#firstAtOrAfter(offset);
    const next = this.#free[index];
    const previous = this.#free[index - 1];
    assert(next === undefined || offset + length <= next.offset, "a range is given back once");
    assert(previous === undefined || previous.offset + previous.length <= offset, "a range is given back once");
    const joinsNext = next !== undefined && offset + length === next.offset;
    const joinsPrevious = previous !== undefined && previous.offset + previous.length === offset;
    if (joinsPrevious) {
      previous.length += length;
      if (joinsNext) {
        previous.length += next.length;
        this.#free.splice(index, 1);
      }
    } else if (joinsNext) {
      next.offset = offset;
      next.length += length;
    } else {
      this.#free.splice(index, 0, { offset, length });
    }
  }

  #take(index: number, extent: Extent, offset: number, length: number): void {
    const before = offset - extent.offset;
    const after = extent.offset + extent.length - (offset + length);
    const pieces: Extent[] = [];
    if (before > 0) pieces.push({ offset: extent.offset, length: before });
    if (after > 0) pieces.push({ offset: offset + length, length: after });
    this.#free.splice(index, 1, ...pieces);
  }

  #align(offset: number, alignment: number): number {
    const excess = (offset + this.#bias) % alignment;
    return excess === 0 ? offset : offset + alignment - excess;
  }

  /** Index of the first free range that starts at or after `offset`. */
  #firstAtOrAfter(offset: number): number {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#free[middle] as Extent).offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
