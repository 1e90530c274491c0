/** Smallest parts of something that fails which still fail. */

/**
 * Takes items out as long as what is left still fails: first in big pieces, then one by one until no single item can
 * go any more. The answer fails, and stops failing when any one item is taken out of it, also where failing is not
 * monotone. Order is kept; earlier items are let go first.
 */
export function minimalFailing<T>(items: readonly T[], fails: (subset: readonly T[]) => boolean): T[] {
  let kept = [...items];
  for (let piece = Math.ceil(kept.length / 2); piece > 1; piece = Math.ceil(piece / 2)) {
    for (let at = 0; at < kept.length; ) {
      const without = [...kept.slice(0, at), ...kept.slice(at + piece)];
      if (fails(without)) kept = without;
      else at += piece;
    }
  }
  for (let at = 0; at < kept.length; ) {
    const without = kept.toSpliced(at, 1);
    if (fails(without)) {
      kept = without;
      // What had to stay before may be free to go now.
      at = 0;
    } else at++;
  }
  return kept;
}

/** Most items whose pairs are all tried: it bounds the time, larger lists are taken apart piece by piece. */
const MAX_ITEMS_FOR_PAIRS = 32;

/** As `minimalFailing`, but one item that fails alone, or two that fail together, are found whenever there are any. */
export function smallestFailing<T>(items: readonly T[], fails: (subset: readonly T[]) => boolean): T[] {
  for (const item of items) if (fails([item])) return [item];
  if (items.length <= MAX_ITEMS_FOR_PAIRS) {
    for (let first = 0; first < items.length; first++) {
      for (let second = first + 1; second < items.length; second++) {
        const pair = [items[first], items[second]] as T[];
        if (fails(pair)) return pair;
      }
    }
  }
  return minimalFailing(items, fails);
}
