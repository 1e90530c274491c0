/**
 * Lists of image formats: how a participant's list is taken apart, and how two lists become one. Removal swaps with
 * the last element, as in the original, because the order of what is left can be seen.
 */
import { MAX_DO_NOT_CARE_FAN_OUT, MAX_REQUIRED_MAX_SIZES } from "#base";
import { leastCommonMultiple } from "./arithmetic.ts";
import { copyEntry, type Entry, isColorSpaceOpen, newEntry, pairOf } from "./entry.ts";
import { isColorSpaceCompatible, PixelFormat } from "./formats.ts";
import { isPairSupported, PixelFormatModifier } from "./modifiers.ts";
import { fail, type Reason } from "./reasons.ts";
import { type Elimination, isReason, type Run } from "./run.ts";
import type { ImageFormatConstraints, SizeU } from "./wire-types.ts";

/** Removes an element and puts the last one in its place. */
export function swapRemove<T>(list: T[], at: number): void {
  const last = list.pop();
  if (last !== undefined && at < list.length) list[at] = last;
}

/** Gives every pair of a participant's image constraints an entry of its own. */
export function flatten(run: Run, formats: readonly ImageFormatConstraints[], realUsage: boolean): Entry[] | Reason {
  const entries: Entry[] = [];
  for (const from of formats) {
    const pairs = from.pixelFormatAndModifiers ?? [];
    for (const pair of pairs) entries.push(newEntry(run, from, pair.pixelFormat, pair.pixelFormatModifier));
    if (from.pixelFormat === undefined) {
      if (from.pixelFormatModifier !== undefined) return fail("modifier-without-format");
      if (pairs.length === 0) return fail("format-missing");
      continue;
    }
    // Who uses the memory and does not name a modifier wants the plain arrangement.
    const isOpen = from.pixelFormat === PixelFormat.DO_NOT_CARE || !realUsage;
    const modifier =
      from.pixelFormatModifier ?? (isOpen ? PixelFormatModifier.DO_NOT_CARE : PixelFormatModifier.LINEAR);
    entries.push(newEntry(run, from, from.pixelFormat, modifier));
  }
  return entries;
}

interface Placed {
  readonly at: number;
  readonly entry: Entry;
}

/** Finds the entries of a list that a pair could be combined with, without looking at every one of them. */
class PairIndex {
  readonly #entries: readonly Entry[];
  readonly #byFormat = new Map<number, Placed[]>();
  readonly #byModifier = new Map<bigint, Placed[]>();
  readonly #bothOpen: Placed[] = [];

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
    for (const [at, entry] of entries.entries()) {
      append(this.#byFormat, entry.pixelFormat, { at, entry });
      append(this.#byModifier, entry.modifier, { at, entry });
      if (isAnyFormat(entry.pixelFormat) && isAnyModifier(entry.modifier)) this.#bothOpen.push({ at, entry });
    }
  }

  /**
   * The entries, in order, that make a pair with `open`, which has DO_NOT_CARE in it: one that exists or is still open.
   */
  combineable(open: Entry): readonly Entry[] {
    const formatOpen = isAnyFormat(open.pixelFormat);
    if (formatOpen && isAnyModifier(open.modifier)) return this.#entries;
    const same = formatOpen ? this.#byModifier.get(open.modifier) : this.#byFormat.get(open.pixelFormat);
    const any = formatOpen
      ? this.#byModifier.get(PixelFormatModifier.DO_NOT_CARE)
      : this.#byFormat.get(PixelFormat.DO_NOT_CARE);
    // What no table knows makes no specific pair with anything. That is said without trying all: there may be many.
    const isKnown = formatOpen ? open.modifierFacts !== undefined : open.format !== undefined;
    return [...(same ?? []), ...((isKnown ? any : this.#bothOpen) ?? [])]
      .filter(({ entry }) => makesPair(open, entry))
      .sort((a, b) => a.at - b.at)
      .map(({ entry }) => entry);
  }
}

/** Whether the pair of two entries that agree is still open, or exists. `open` is open in one of the two. */
function makesPair(open: Entry, other: Entry): boolean {
  if (isAnyFormat(open.pixelFormat)) {
    return isAnyFormat(other.pixelFormat) || isPairSupported(other.format, open.modifierFacts);
  }
  return isAnyModifier(other.modifier) || isPairSupported(open.format, other.modifierFacts);
}

function isAnyFormat(pixelFormat: number): boolean {
  return pixelFormat === PixelFormat.DO_NOT_CARE;
}

function isAnyModifier(modifier: bigint): boolean {
  return modifier === PixelFormatModifier.DO_NOT_CARE;
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** The rules between the entries of one participant: every pair once, and none inside another. */
export function checkDistinct(entries: readonly Entry[]): Reason | undefined {
  const seen = new Set<number>();
  for (const entry of entries) {
    const pair = { pixelFormat: entry.pixelFormat, pixelFormatModifier: entry.modifier };
    if (seen.has(entry.key)) return fail("duplicate-format", undefined, pair);
    seen.add(entry.key);
  }
  const open = entries.filter((entry) => entry.isPartlyOpen);
  if (open.length === 0) return undefined;
  const index = new PairIndex(entries);
  // Every pair is combineable with itself.
  const overlapping = open.find((entry) => index.combineable(entry).length > 1);
  if (overlapping === undefined) return undefined;
  const { pixelFormat, modifier } = overlapping;
  return fail("combineable-formats", undefined, { pixelFormat, pixelFormatModifier: modifier });
}

/** Replaces entries with DO_NOT_CARE by one copy for each entry of the other list that they could be combined with. */
function fanOut(run: Run, entries: readonly Entry[], others: readonly Entry[]): Entry[] | Reason {
  const list = entries.slice();
  const copies: Entry[] = [];
  const index = new PairIndex(others);
  for (let at = 0; at < list.length; ) {
    const open = list[at];
    if (open === undefined || !open.isPartlyOpen) {
      at++;
      continue;
    }
    swapRemove(list, at);
    for (const other of index.combineable(open)) {
      const copy = mergePair(run, open, other);
      if (copy === undefined) continue;
      if (copies.length + 1 + list.length >= MAX_DO_NOT_CARE_FAN_OUT) {
        return fail("fan-out-limit", { limit: MAX_DO_NOT_CARE_FAN_OUT - 1 });
      }
      copies.push(copy);
    }
  }
  list.push(...copies);
  return list;
}

/** A copy of `open` for the pair that both make, undefined when none of its color spaces fits that pair. */
function mergePair(run: Run, open: Entry, other: Entry): Entry | undefined {
  const copy = copyEntry(open);
  const pixelFormat = isAnyFormat(open.pixelFormat) ? other.pixelFormat : open.pixelFormat;
  const modifier = isAnyModifier(open.modifier) ? other.modifier : open.modifier;
  Object.assign(copy, pairOf(run, pixelFormat, modifier));
  if (copy.isPartlyOpen || copy.format === undefined || isColorSpaceOpen(copy.colorSpaces)) return copy;
  for (let at = 0; at < copy.colorSpaces.length; ) {
    if (isColorSpaceCompatible(copy.colorSpaces[at] ?? 0, copy.format)) at++;
    else swapRemove(copy.colorSpaces, at);
  }
  return copy.colorSpaces.length === 0 ? undefined : copy;
}

/** One list of formats, with its entries by pair as long as no pair can be in it twice. */
export interface FormatList {
  readonly entries: readonly Entry[];
  /** Undefined where DO_NOT_CARE was replaced, which can make equal pairs. */
  readonly byKey: ReadonlyMap<number, Entry> | undefined;
}

/** A list whose pairs are known to differ. */
export function distinctList(entries: readonly Entry[]): FormatList {
  return { entries, byKey: new Map(entries.map((entry) => [entry.key, entry])) };
}

/** What all participants so far have in common. Owned by one attempt and modified in it. */
export interface CommonFormats {
  entries: Entry[];
  /** Whether the pairs are known to differ. */
  isDistinct: boolean;
}

/**
 * Combines what all participants so far have in common with one more. `theirs` is not modified. `synthetic` marks
 * constraints that were made from existing settings.
 */
export function combineLists(
  run: Run,
  common: CommonFormats,
  theirs: FormatList,
  synthetic: boolean,
): Reason | undefined {
  let others = theirs.entries;
  let byKey = theirs.byKey;
  if (common.entries.some((entry) => entry.isPartlyOpen)) {
    const fanned = fanOut(run, common.entries, others);
    if (isReason(fanned)) return fanned;
    common.entries = fanned;
    common.isDistinct = false;
  }
  if (others.some((entry) => entry.isPartlyOpen)) {
    const fanned = fanOut(run, others, common.entries);
    if (isReason(fanned)) return fanned;
    others = fanned;
    byKey = undefined;
  }
  const partnerOf = common.isDistinct && byKey !== undefined ? byKey : new ConsumedOnce(others);
  const ours = common.entries;
  for (let at = 0; at < ours.length; ) {
    const entry = ours[at];
    if (entry === undefined) break;
    const other = partnerOf.get(entry.key);
    const why = other === undefined ? "not-offered-by-all" : combineEntries(entry, other, synthetic);
    if (why === undefined) {
      at++;
      continue;
    }
    run.eliminations?.push({ pixelFormat: entry.pixelFormat, pixelFormatModifier: entry.modifier, why });
    swapRemove(ours, at);
  }
  return ours.length === 0 ? fail("no-common-format") : undefined;
}

/** Entries by pair where a pair may be there more than once: each is given out once, in order. */
class ConsumedOnce {
  readonly #lists = new Map<number, Entry[]>();

  constructor(entries: readonly Entry[]) {
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at];
      if (entry !== undefined) append(this.#lists, entry.key, entry);
    }
  }

  get(key: number): Entry | undefined {
    return this.#lists.get(key)?.pop();
  }
}

/** Combines two entries for one pair, into the first. @returns why the format is impossible. */
function combineEntries(into: Entry, other: Entry, synthetic: boolean): Elimination["why"] | undefined {
  if (!combineColorSpaces(into, other)) return "color-space";
  if (into.isAlphaPresent === undefined) into.isAlphaPresent = other.isAlphaPresent;
  else if (other.isAlphaPresent !== undefined && other.isAlphaPresent !== into.isAlphaPresent) return "alpha";
  const divisor = leastCommonMultiple(into.bytesPerRowDivisor, other.bytesPerRowDivisor);
  if (divisor === undefined) return "divisor";
  into.bytesPerRowDivisor = divisor;
  into.minWidth = Math.max(into.minWidth, other.minWidth);
  into.minHeight = Math.max(into.minHeight, other.minHeight);
  into.maxWidth = Math.min(into.maxWidth, other.maxWidth);
  into.maxHeight = Math.min(into.maxHeight, other.maxHeight);
  into.minBytesPerRow = Math.max(into.minBytesPerRow, other.minBytesPerRow);
  into.maxBytesPerRow = Math.min(into.maxBytesPerRow, other.maxBytesPerRow);
  if (other.maxArea < into.maxArea) into.maxArea = other.maxArea;
  into.alignWidth = Math.max(into.alignWidth, other.alignWidth);
  into.alignHeight = Math.max(into.alignHeight, other.alignHeight);
  into.rectAlignWidth = Math.max(into.rectAlignWidth, other.rectAlignWidth);
  into.rectAlignHeight = Math.max(into.rectAlignHeight, other.rectAlignHeight);
  into.requiredMinWidth = Math.min(into.requiredMinWidth, other.requiredMinWidth);
  into.requiredMinHeight = Math.min(into.requiredMinHeight, other.requiredMinHeight);
  into.requiredMaxWidth = Math.max(into.requiredMaxWidth, other.requiredMaxWidth);
  into.requiredMaxHeight = Math.max(into.requiredMaxHeight, other.requiredMaxHeight);
  into.requiredMaxSizes.push(...other.requiredMaxSizes);
  into.startOffsetDivisor = Math.max(into.startOffsetDivisor, other.startOffsetDivisor);
  into.atPixelBoundary ||= other.atPixelBoundary;
  into.padBlockWidth = Math.max(into.padBlockWidth, other.padBlockWidth);
  into.padBlockHeight = Math.max(into.padBlockHeight, other.padBlockHeight);
  into.padBeyondBytes = Math.max(into.padBeyondBytes, other.padBeyondBytes);
  // Two participants that share block padding share a stride of whole blocks. One participant alone is left as it is,
  // as in the original; so existing settings, which are no participant, must not change it either.
  if (into.padBlockWidth > 1 && !synthetic) {
    const blocks = leastCommonMultiple(into.bytesPerRowDivisor, (into.format?.strideBytes ?? 1) * into.padBlockWidth);
    if (blocks === undefined) return "divisor";
    into.bytesPerRowDivisor = blocks;
  }
  return undefined;
}

function combineColorSpaces(into: Entry, other: Entry): boolean {
  if (isColorSpaceOpen(other.colorSpaces)) return true;
  if (isColorSpaceOpen(into.colorSpaces)) {
    into.colorSpaces = other.colorSpaces.slice();
    return true;
  }
  for (let at = 0; at < into.colorSpaces.length; ) {
    if (other.colorSpaces.includes(into.colorSpaces[at] ?? 0)) at++;
    else swapRemove(into.colorSpaces, at);
  }
  return into.colorSpaces.length > 0;
}

/**
 * Brings an aggregated `required_max_size_list` into its final form: the deprecated single size joins it, and what
 * another item covers goes. Survivors come out in reverse order, as in the original.
 */
export function finishRequiredMaxSizes(entry: Entry): Reason | undefined {
  const pending = entry.requiredMaxSizes.slice();
  if (entry.requiredMaxWidth !== 0 && entry.requiredMaxHeight !== 0) {
    pending.push({ width: entry.requiredMaxWidth, height: entry.requiredMaxHeight });
  }
  const kept = uncovered(pending);
  entry.requiredMaxSizes = kept;
  if (kept.length <= MAX_REQUIRED_MAX_SIZES) return undefined;
  return fail("required-max-size-list-limit", { limit: MAX_REQUIRED_MAX_SIZES });
}

/** Items that no other item covers in both directions, last first; of equal items the earliest stays. */
function uncovered(items: readonly SizeU[]): SizeU[] {
  const sorted = items.map((item, at) => ({ item, at }));
  // Equal items keep their order.
  sorted.sort((a, b) => b.item.width - a.item.width || b.item.height - a.item.height);
  const kept: typeof sorted = [];
  let highest = -1;
  for (const candidate of sorted) {
    // Everything before is at least as wide: only more height saves an item.
    if (candidate.item.height <= highest) continue;
    highest = candidate.item.height;
    kept.push(candidate);
  }
  return kept.sort((a, b) => b.at - a.at).map((candidate) => candidate.item);
}
