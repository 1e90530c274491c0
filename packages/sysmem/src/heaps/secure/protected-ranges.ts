/**
 * Which ranges of a pool a hardware protection unit protects. It has few; buffers that are protected must stay so, and
 * everything else should be free for other use. Source: negotiation contract 8.3.
 *
 * All sets are sorted by begin. *Requested*: the buffers, exactly; disjoint. *Required*: each aligned outward to the
 * granule. *Current*: what the hardware has; between operations no two overlap or touch, and each overlaps something
 * required. *Goal*: at most N ranges that cover what is required and leave its largest gaps open.
 */
import { assert } from "#base";
import {
  alignOutward,
  coalesce,
  difference,
  doOverlap,
  doTouch,
  isInside,
  type Range,
  rangeSize,
} from "../pool/range.ts";

/** The hardware, and the memory behind it. What rejects here leaves it unknown what is protected. */
export interface ProtectionControl {
  addRange(range: Range): Promise<void>;
  deleteRange(range: Range): Promise<void>;
  /** Moves one end. Called only where the hardware can do it. */
  modifyRange(from: Range, to: Range): Promise<void>;
  /** Writes zeros. The part lies in exactly one range. */
  zero(part: Range): Promise<void>;
  /** Takes pages that are about to enter a range away from other use. False when they cannot be had. */
  commit(part: Range): Promise<boolean>;
  /** Gives pages that have left every range to other use. */
  decommit(part: Range): void;
}

export interface ProtectedRangesOptions {
  readonly poolBytes: number;
  /** A power of two. */
  readonly granuleBytes: number;
  /** Ranges that the hardware can have at a time. */
  readonly maxRanges: number;
  /** Ranges can be added and deleted at any time. */
  readonly isDynamic: boolean;
  /** An end of a range can be moved. */
  readonly canModify: boolean;
  readonly control: ProtectionControl;
}

export class ProtectedRanges {
  readonly #options: ProtectedRangesOptions;
  readonly #control: ProtectionControl;
  /** N: what the hardware has, less what changes need for a moment. 0: nothing can be changed once it is there. */
  readonly #capacity: number;
  #requested: Range[] = [];
  #current: Range[] = [];

  constructor(options: ProtectedRangesOptions) {
    this.#options = options;
    this.#control = options.control;
    const capacity = options.maxRanges - (options.canModify ? 1 : 2);
    this.#capacity = options.isDynamic ? Math.max(0, capacity) : 0;
  }

  get requested(): readonly Range[] {
    return this.#requested;
  }
  get current(): readonly Range[] {
    return this.#current;
  }

  /** (size - current) / (size - requested): 1 when nothing is protected that need not be. */
  get efficiency(): number {
    const unrequested = this.#options.poolBytes - total(this.#requested);
    return unrequested === 0 ? 1 : this.loanableBytes / unrequested;
  }
  get loanableBytes(): number {
    return this.#options.poolBytes - total(this.#current);
  }

  /** Protects a buffer, and zeroes it. False, and nothing has changed, when its pages cannot be had. */
  async add(buffer: Range): Promise<boolean> {
    assert(!this.#requested.some((other) => doOverlap(other, buffer)), "buffers of one pool do not overlap");
    if (!(await this.#cover(alignOutward(buffer, this.#options.granuleBytes)))) return false;
    this.#requested.push(buffer);
    this.#requested.sort((a, b) => a.begin - b.begin);
    await this.#control.zero(buffer);
    return true;
  }

  /** Ends the protection of a buffer. What can be better without further pages is so at once, the rest goes by steps. */
  async delete(buffer: Range): Promise<void> {
    const at = this.#requested.findIndex(({ begin, end }) => begin === buffer.begin && end === buffer.end);
    assert(at >= 0, "a buffer that was added is deleted once");
    this.#requested.splice(at, 1);
    if (this.#capacity === 0) return;
    const required = this.#required();
    for (const range of [...this.#current]) {
      if (!required.some((needed) => doOverlap(needed, range))) await this.#drop(range);
    }
    const goal = this.goal();
    while ((await this.#shrinkOne(goal)) || (this.#current.length < this.#capacity && (await this.#openOne(goal))));
  }

  /** One step towards the goal. False when it is reached, or when the pages for the next step cannot be had now. */
  async step(): Promise<boolean> {
    if (this.#capacity === 0) return false;
    const goal = this.goal();
    return (await this.#shrinkOne(goal)) || (await this.#openOne(goal));
  }

  /** Where `step` leads. */
  goal(): Range[] {
    if (this.#capacity === 0) return [...this.#current];
    const needed = coalesce(this.#required());
    const gaps = needed
      .slice(1)
      .map((range, index) => ({ index, size: range.begin - (needed[index] as Range).end }))
      .sort((a, b) => b.size - a.size || a.index - b.index);
    const open = new Set(gaps.slice(0, this.#capacity - 1).map(({ index }) => index));
    const goal: { begin: number; end: number }[] = [];
    for (const [index, range] of needed.entries()) {
      const last = goal.at(-1);
      if (last === undefined || open.has(index - 1)) goal.push({ ...range });
      else last.end = range.end;
    }
    return goal;
  }

  #required(): Range[] {
    return this.#requested.map((buffer) => alignOutward(buffer, this.#options.granuleBytes));
  }

  async #cover(needed: Range): Promise<boolean> {
    if (this.#current.some((range) => isInside(needed, range))) return true;
    // Hardware that cannot change its mind protects everything from the first buffer on.
    if (this.#capacity === 0) return this.#grow([], { begin: 0, end: this.#options.poolBytes });
    const touched = this.#current.filter((range) => doTouch(range, needed));
    if (touched.length > 0) return this.#grow(touched, hull([...touched, needed]));
    if (this.#current.length < this.#capacity) return this.#grow([], needed);
    return this.#coverWhereLeastIsLost(needed);
  }

  /** All ranges are in use: one gap has to close, be it beside the new range or elsewhere. */
  async #coverWhereLeastIsLost(needed: Range): Promise<boolean> {
    const after = this.#current.findIndex(({ begin }) => begin >= needed.end);
    const next = this.#current[after];
    const previous = this.#current[after < 0 ? this.#current.length - 1 : after - 1];
    const beside = [previous, next]
      .filter((range) => range !== undefined)
      .map((range) => ({ range, lost: rangeSize(hull([range, needed])) - rangeSize(range) - rangeSize(needed) }))
      .sort((a, b) => a.lost - b.lost)[0];
    assert(beside !== undefined, "all ranges are in use");
    const pair = this.#closestPair(() => true);
    if (pair === undefined || beside.lost <= gapOf(pair)) {
      return this.#grow([beside.range], hull([beside.range, needed]));
    }
    // The new range may lie in that gap; closing it covers it then.
    const closed = hull(pair);
    if (!(await this.#grow(pair, closed))) return false;
    if (await this.#cover(needed)) return true;
    await this.#split(closed, { begin: pair[0].end, end: pair[1].begin });
    return false;
  }

  /** Neighbours with the smallest gap, among those that `mayClose` allows. */
  #closestPair(mayClose: (gap: Range) => boolean): [Range, Range] | undefined {
    let best: [Range, Range] | undefined;
    for (const [index, range] of this.#current.slice(1).entries()) {
      const pair: [Range, Range] = [this.#current[index] as Range, range];
      if (!mayClose({ begin: pair[0].end, end: pair[1].begin })) continue;
      if (best === undefined || gapOf(pair) < gapOf(best)) best = pair;
    }
    return best;
  }

  /** Puts one range in the place of `old`, all of which lie in it. False when pages are missing. */
  async #grow(old: readonly Range[], range: Range): Promise<boolean> {
    if (!(await this.#commit(difference([range], old)))) return false;
    const [first, ...others] = old;
    if (first === undefined || !this.#options.canModify) {
      await this.#control.addRange(range);
      for (const each of old) await this.#control.deleteRange(each);
    } else {
      await this.#move(first, range);
      for (const each of others) await this.#control.deleteRange(each);
    }
    this.#replace(old, [range]);
    return true;
  }

  /** Cuts off one end that the goal does not want. */
  async #shrinkOne(goal: readonly Range[]): Promise<boolean> {
    for (const range of this.#current) {
      const wanted = goal.filter((other) => doOverlap(other, range));
      const [first, last] = [wanted[0], wanted.at(-1)];
      assert(first !== undefined && last !== undefined, "each range overlaps something required");
      if (range.begin < first.begin) return this.#cut(range, { begin: first.begin, end: range.end });
      if (range.end > last.end) return this.#cut(range, { begin: range.begin, end: last.end });
    }
    return false;
  }

  async #cut(range: Range, rest: Range): Promise<true> {
    const gone = difference([range], [rest]);
    if (this.#options.canModify) {
      // What leaves the range is held by another while the end moves, and given up as a whole: nothing of it stays readable.
      for (const part of gone) await this.#control.addRange(part);
      await this.#move(range, rest);
      for (const part of gone) await this.#control.deleteRange(part);
    } else {
      await this.#control.addRange(rest);
      await this.#control.deleteRange(range);
    }
    this.#replace([range], [rest]);
    for (const part of gone) this.#control.decommit(part);
    return true;
  }

  /** Opens the largest gap that the goal has open; where all ranges are in use, closes one first that the goal has closed. */
  async #openOne(goal: readonly Range[]): Promise<boolean> {
    let best: { readonly range: Range; readonly gap: Range } | undefined;
    for (const [index, next] of goal.slice(1).entries()) {
      const gap = { begin: (goal[index] as Range).end, end: next.begin };
      const range = this.#current.find((each) => isInside(gap, each));
      if (range !== undefined && (best === undefined || rangeSize(gap) > rangeSize(best.gap))) best = { range, gap };
    }
    if (best === undefined) return false;
    if (this.#current.length >= this.#capacity) {
      const pair = this.#closestPair((gap) => goal.some((range) => isInside(gap, range)));
      assert(pair !== undefined, "a goal with an open gap that is closed has a closed one that is open");
      return this.#grow(pair, hull(pair));
    }
    await this.#split(best.range, best.gap);
    return true;
  }

  async #split(range: Range, gap: Range): Promise<void> {
    const left = { begin: range.begin, end: gap.begin };
    const right = { begin: gap.end, end: range.end };
    await this.#control.addRange(right);
    if (this.#options.canModify) {
      await this.#control.addRange(gap);
      await this.#control.modifyRange(range, left);
      await this.#control.deleteRange(gap);
    } else {
      await this.#control.addRange(left);
      await this.#control.deleteRange(range);
    }
    this.#replace([range], [left, right]);
    this.#control.decommit(gap);
  }

  async #drop(range: Range): Promise<void> {
    await this.#control.deleteRange(range);
    this.#replace([range], []);
    this.#control.decommit(range);
  }

  /** One end at a time, as the hardware wants it. */
  async #move(from: Range, to: Range): Promise<void> {
    const halfway = { begin: to.begin, end: from.end };
    if (halfway.begin !== from.begin) await this.#control.modifyRange(from, halfway);
    if (to.end !== halfway.end) await this.#control.modifyRange(halfway, to);
  }

  /** All parts or none. */
  async #commit(parts: readonly Range[]): Promise<boolean> {
    for (const [index, part] of parts.entries()) {
      if (await this.#control.commit(part)) continue;
      for (const committed of parts.slice(0, index)) this.#control.decommit(committed);
      return false;
    }
    return true;
  }

  #replace(old: readonly Range[], by: readonly Range[]): void {
    this.#current = [...this.#current.filter((range) => !old.includes(range)), ...by];
    this.#current.sort((a, b) => a.begin - b.begin);
  }
}

function total(ranges: readonly Range[]): number {
  return ranges.reduce((sum, range) => sum + rangeSize(range), 0);
}

function hull(ranges: readonly Range[]): Range {
  return { begin: Math.min(...ranges.map(({ begin }) => begin)), end: Math.max(...ranges.map(({ end }) => end)) };
}

function gapOf([left, right]: readonly [Range, Range]): number {
  return right.begin - left.end;
}
