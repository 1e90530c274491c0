/** A half-open range of bytes, `begin` included, `end` not. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** Its bytes. */
export function rangeSize({ begin, end }: Range): number {
  return end - begin;
}

/** Whether they have a byte in common. */
export function doOverlap(a: Range, b: Range): boolean {
  return a.begin < b.end && b.begin < a.end;
}

/** Whether they overlap, or one begins where the other ends. */
export function doTouch(a: Range, b: Range): boolean {
  return a.begin <= b.end && b.begin <= a.end;
}

/** Whether every byte of `inner` is in `outer`. */
export function isInside(inner: Range, outer: Range): boolean {
  return outer.begin <= inner.begin && inner.end <= outer.end;
}

/** The smallest range around it whose ends are multiples of `granule`. */
export function alignOutward({ begin, end }: Range, granule: number): Range {
  return { begin: Math.floor(begin / granule) * granule, end: Math.ceil(end / granule) * granule };
}

/** What is in some range of `from` (sorted, disjoint) and in none of `without` (sorted, disjoint). */
export function difference(from: readonly Range[], without: readonly Range[]): Range[] {
  const left: Range[] = [];
  for (const range of from) {
    let begin = range.begin;
    for (const hole of without) {
      if (hole.end <= begin || hole.begin >= range.end) continue;
      if (hole.begin > begin) left.push({ begin, end: hole.begin });
      begin = Math.max(begin, hole.end);
    }
    if (begin < range.end) left.push({ begin, end: range.end });
  }
  return left;
}

/** Makes one of ranges that overlap or touch. `ranges` is sorted by `begin`. */
export function coalesce(ranges: readonly Range[]): Range[] {
  const joined: { begin: number; end: number }[] = [];
  for (const { begin, end } of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && begin <= last.end) last.end = Math.max(last.end, end);
    else joined.push({ begin, end });
  }
  return joined;
}
