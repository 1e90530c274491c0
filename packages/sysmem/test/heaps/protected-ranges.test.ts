/** Protected ranges against a model of the hardware: a count of ranges for each byte. Negotiation contract 8.3, 8.4. */
import { expect, test } from "vitest";
import { ProtectedRanges, type ProtectionControl, type Range } from "#heaps";

const POOL = 240;
const GRANULE = 4;

/** Numbers that look random and come again with their seed. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

class Hardware implements ProtectionControl {
  readonly ranges: Range[] = [];
  readonly committed: number[] = new Array<number>(POOL).fill(0);
  readonly maxRanges: number;
  readonly canModify: boolean;
  failsToCommit: () => boolean = () => false;
  /** Buffers that must not be disturbed. */
  live: readonly Range[] = [];
  zeroed: Range[] = [];
  operations = 0;

  constructor(maxRanges: number, canModify: boolean) {
    this.maxRanges = maxRanges;
    this.canModify = canModify;
  }

  async addRange(range: Range): Promise<void> {
    expect(this.ranges).not.toContainEqual(range);
    this.#check(range);
    this.ranges.push({ ...range });
    this.#look();
  }

  async deleteRange(range: Range): Promise<void> {
    this.ranges.splice(this.#indexOf(range), 1);
    this.#look();
  }

  async modifyRange(from: Range, to: Range): Promise<void> {
    expect(this.canModify).toBe(true);
    expect(Number(from.begin !== to.begin) + Number(from.end !== to.end)).toBe(1);
    expect(this.ranges).not.toContainEqual(to);
    this.#check(to);
    this.ranges[this.#indexOf(from)] = { ...to };
    this.#look();
  }

  async zero(part: Range): Promise<void> {
    expect(this.ranges.filter(({ begin, end }) => begin <= part.begin && part.end <= end)).toHaveLength(1);
    this.zeroed.push(part);
  }

  async commit(part: Range): Promise<boolean> {
    if (this.failsToCommit()) return false;
    for (let at = part.begin; at < part.end; at++) {
      if (this.committed[at] !== 0) expect.fail(`byte ${at} is committed twice`);
      this.committed[at] = 1;
    }
    return true;
  }

  decommit(part: Range): void {
    for (let at = part.begin; at < part.end; at++) {
      if (this.committed[at] !== 1 || this.covered(at)) expect.fail(`byte ${at} is given up too early`);
      this.committed[at] = 0;
    }
  }

  /** 1 for each byte that is protected. */
  map(): Uint8Array {
    const map = new Uint8Array(POOL);
    for (const { begin, end } of this.ranges) map.fill(1, begin, end);
    return map;
  }

  covered(at: number): boolean {
    return this.ranges.some(({ begin, end }) => begin <= at && at < end);
  }

  #check({ begin, end }: Range): void {
    expect([begin % GRANULE, end % GRANULE, begin < end, begin >= 0, end <= POOL]).toEqual([0, 0, true, true, true]);
    for (let at = begin; at < end; at++) if (this.committed[at] !== 1) expect.fail(`byte ${at} is not committed`);
  }

  #indexOf(range: Range): number {
    const at = this.ranges.findIndex(({ begin, end }) => begin === range.begin && end === range.end);
    expect(at).toBeGreaterThanOrEqual(0);
    return at;
  }

  /** What must hold between any two calls to the hardware. */
  #look(): void {
    this.operations += 1;
    expect(this.ranges.length).toBeLessThanOrEqual(this.maxRanges);
    const map = this.map();
    for (const { begin, end } of this.live) {
      if (map.indexOf(0, begin) >= 0 && map.indexOf(0, begin) < end) expect.fail(`${begin}-${end} is laid bare`);
    }
  }
}

/** What must hold between operations. */
function check(ranges: ProtectedRanges, hardware: Hardware): void {
  expect([...hardware.ranges].sort((a, b) => a.begin - b.begin)).toEqual(ranges.current);
  let end = -1;
  for (const range of ranges.current) {
    expect(range.begin).toBeGreaterThan(end);
    end = range.end;
    const { begin } = range;
    const isNeeded = ranges.requested.some(
      (buffer) =>
        Math.floor(buffer.begin / GRANULE) * GRANULE < range.end && Math.ceil(buffer.end / GRANULE) * GRANULE > begin,
    );
    expect(isNeeded).toBe(true);
  }
  expect(Buffer.compare(Buffer.from(hardware.committed), hardware.map())).toBe(0);
}

/** The fewest bytes that at most `count` ranges must cover, by trying every set of gaps. */
function fewestBytes(requested: readonly Range[], count: number): number {
  const needed = new Array<boolean>(POOL / GRANULE).fill(false);
  for (const { begin, end } of requested) needed.fill(true, Math.floor(begin / GRANULE), Math.ceil(end / GRANULE));
  const first = needed.indexOf(true);
  if (first < 0) return 0;
  const last = needed.lastIndexOf(true);
  const gaps: number[] = [];
  let gap = 0;
  for (let at = first; at <= last; at++) {
    if (!needed[at]) gap += 1;
    else if (gap > 0) {
      gaps.push(gap);
      gap = 0;
    }
  }
  let best = 0;
  for (let set = 0; set < 1 << gaps.length; set++) {
    const chosen = gaps.filter((_, index) => (set & (1 << index)) !== 0);
    if (chosen.length < count)
      best = Math.max(
        best,
        chosen.reduce((sum, size) => sum + size, 0),
      );
  }
  return (last - first + 1 - best) * GRANULE;
}

const size = (all: readonly Range[]) => all.reduce((sum, { begin, end }) => sum + end - begin, 0);

function make(maxRanges: number, canModify: boolean, isDynamic = true) {
  const hardware = new Hardware(maxRanges, canModify);
  const ranges = new ProtectedRanges({
    poolBytes: POOL,
    granuleBytes: GRANULE,
    maxRanges,
    isDynamic,
    canModify,
    control: hardware,
  });
  return { hardware, ranges };
}

for (const canModify of [true, false]) {
  for (const maxRanges of [3, 4, 9]) {
    const how = canModify ? "ends that can be moved" : "ranges that can only be added and deleted";
    test(`keeps its promises through 2000 random operations: ${maxRanges} ranges, ${how}`, async () => {
      const pick = random(maxRanges * 2 + Number(canModify));
      const { hardware, ranges } = make(maxRanges, canModify);
      hardware.failsToCommit = () => pick(100) < 5;
      const buffers: Range[] = [];
      let refused = 0;
      for (let round = 0; round < 2_000; round++) {
        const what = pick(100);
        if (what < 40) {
          const begin = pick(POOL - 1);
          const buffer = { begin, end: Math.min(POOL, begin + 1 + pick(12)) };
          if (buffers.some((other) => other.begin < buffer.end && buffer.begin < other.end)) continue;
          const before = [...ranges.current];
          if (await ranges.add(buffer)) {
            buffers.push(buffer);
            expect(hardware.zeroed.at(-1)).toEqual(buffer);
          } else {
            refused += 1;
            expect(ranges.current).toEqual(before);
          }
        } else if (what < 80) {
          const [buffer] = buffers.splice(pick(buffers.length), 1);
          hardware.live = buffers;
          if (buffer !== undefined) await ranges.delete(buffer);
        } else {
          await ranges.step();
        }
        hardware.live = buffers;
        expect(ranges.requested).toHaveLength(buffers.length);
        check(ranges, hardware);
      }
      expect(refused).toBeGreaterThan(0);
      hardware.failsToCommit = () => false;
      let steps = 0;
      while (await ranges.step()) {
        check(ranges, hardware);
        expect(++steps).toBeLessThan(200);
      }
      expect(ranges.current).toEqual(ranges.goal());
      for (const buffer of buffers.splice(0)) {
        hardware.live = buffers;
        await ranges.delete(buffer);
      }
      expect([ranges.current, hardware.ranges, hardware.committed.includes(1)]).toEqual([[], [], false]);
    });
  }
}

test("the goal protects no more than the best choice of gaps", async () => {
  const pick = random(77);
  for (let round = 0; round < 60; round++) {
    const maxRanges = 3 + pick(5);
    const { ranges } = make(maxRanges, true);
    for (let tries = 0; tries < 14; tries++) {
      const begin = pick(POOL - 10);
      const buffer = { begin, end: begin + 1 + pick(9) };
      if (!ranges.requested.some((other) => other.begin < buffer.end && buffer.begin < other.end)) {
        await ranges.add(buffer);
      }
    }
    while (await ranges.step());
    expect(size(ranges.current)).toBe(fewestBytes(ranges.requested, maxRanges - 1));
  }
});

test("hardware that cannot change protects the whole pool at the first buffer, for good", async () => {
  for (const { hardware, ranges } of [make(9, true, false), make(1, true), make(2, false)]) {
    const buffer = { begin: 40, end: 50 };
    expect(await ranges.add(buffer)).toBe(true);
    expect(hardware.ranges).toEqual([{ begin: 0, end: POOL }]);
    expect(await ranges.step()).toBe(false);
    await ranges.delete(buffer);
    expect(hardware.ranges).toEqual([{ begin: 0, end: POOL }]);
    expect(await ranges.add({ begin: 100, end: 110 })).toBe(true);
    expect([hardware.operations, hardware.zeroed.length]).toEqual([1, 2]);
  }
});

test("a buffer whose pages cannot be had is refused and leaves nothing", async () => {
  const { hardware, ranges } = make(9, true);
  hardware.failsToCommit = () => true;
  expect(await ranges.add({ begin: 10, end: 20 })).toBe(false);
  expect([ranges.requested, ranges.current, hardware.operations]).toEqual([[], [], 0]);
});

test("what can be better without further pages is so when a buffer goes", async () => {
  const { hardware, ranges } = make(9, true);
  const buffers = Array.from({ length: 10 }, (_, index) => ({ begin: index * 8 + 1, end: index * 8 + 8 }));
  for (const buffer of buffers) await ranges.add(buffer);
  expect(ranges.current).toEqual([{ begin: 0, end: 80 }]);
  hardware.live = buffers.filter((_, index) => ![0, 4, 9].includes(index));
  for (const index of [0, 4, 9]) await ranges.delete(buffers[index] as Range);
  expect(ranges.current).toEqual([
    { begin: 8, end: 32 },
    { begin: 40, end: 72 },
  ]);
  expect(await ranges.step()).toBe(false);
});

test("a buffer for which a gap was closed in vain leaves that gap open", async () => {
  for (const canModify of [true, false]) {
    const { hardware, ranges } = make(canModify ? 3 : 4, canModify);
    const live = [
      { begin: 0, end: 8 },
      { begin: 12, end: 20 },
    ];
    for (const buffer of live) await ranges.add(buffer);
    hardware.live = live;
    let left = 1;
    hardware.failsToCommit = () => left-- === 0;
    expect(await ranges.add({ begin: 200, end: 208 })).toBe(false);
    expect(left).toBe(-1);
    expect(ranges.current).toEqual(live);
    check(ranges, hardware);
  }
});

test("figures say how much of the pool is free for other use", async () => {
  const { ranges } = make(9, true);
  expect([ranges.efficiency, ranges.loanableBytes]).toEqual([1, POOL]);
  await ranges.add({ begin: 2, end: 6 });
  expect([ranges.efficiency, ranges.loanableBytes]).toEqual([(POOL - 8) / (POOL - 4), POOL - 8]);
});

test("a covered range that is no longer required does not stop an extension short", async () => {
  const { hardware, ranges } = make(3, true);
  const [a, b, c] = [
    { begin: 0, end: 8 },
    { begin: 80, end: 88 },
    { begin: 160, end: 168 },
  ];
  for (const buffer of [a, b, c]) expect(await ranges.add(buffer)).toBe(true);
  await ranges.delete(b);
  hardware.live = [a, c];
  expect(await ranges.add({ begin: 84, end: 120 })).toBe(true);
  hardware.live = [a, { begin: 84, end: 120 }, c];
  while (await ranges.step()) check(ranges, hardware);
  expect(ranges.current).toEqual(ranges.goal());
});
