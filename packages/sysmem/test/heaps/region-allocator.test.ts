/** The division of a pool against a map of bytes. Negotiation contract 8.1, 8.4. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ContiguousPool, type PoolPiece, type Range, RegionAllocator } from "#heaps";
import { SimulatedClock } from "../server/support/simulated-clock.ts";

const SPAN = { begin: 5, end: 133 };

/** Runs of free bytes, found one byte at a time. */
function runsOf(taken: readonly boolean[]): Range[] {
  const runs: Range[] = [];
  let begin = -1;
  for (let at = SPAN.begin; at <= SPAN.end; at++) {
    const isFree = at < SPAN.end && !taken[at];
    if (isFree && begin < 0) begin = at;
    if (!isFree && begin >= 0) {
      runs.push({ begin, end: at });
      begin = -1;
    }
  }
  return runs;
}

/** Every place tried, the best by definition: smallest run, lowest run, lowest offset. */
function bestFit(runs: readonly Range[], size: number, alignment: number): number | undefined {
  const places: { run: Range; at: number }[] = [];
  for (const run of runs) {
    for (let at = run.begin; at + size <= run.end; at++) if (at % alignment === 0) places.push({ run, at });
  }
  places.sort((a, b) => a.run.end - a.run.begin - (b.run.end - b.run.begin) || a.at - b.at);
  return places[0]?.at;
}

test("allocates where a search of every byte says, and merges what is free again", () => {
  const operation = fc.oneof(
    fc.record({ size: fc.integer({ min: 1, max: 40 }), alignment: fc.constantFrom(1, 2, 4, 16, 64) }),
    fc.record({ release: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const allocator = new RegionAllocator(SPAN);
      const taken: boolean[] = new Array<boolean>(SPAN.end).fill(false);
      const pieces: Range[] = [];
      for (const step of operations) {
        if ("size" in step) {
          const expected = bestFit(runsOf(taken), step.size, step.alignment);
          const piece = allocator.allocate(step.size, step.alignment);
          expect(piece?.begin).toBe(expected);
          if (piece === undefined) continue;
          expect(piece.end - piece.begin).toBe(step.size);
          taken.fill(true, piece.begin, piece.end);
          pieces.push(piece);
        } else if (pieces.length > 0) {
          const [piece] = pieces.splice(step.release % pieces.length, 1) as [Range];
          allocator.release(piece);
          taken.fill(false, piece.begin, piece.end);
        }
        expect(allocator.free).toEqual(runsOf(taken));
        expect(allocator.freeBytes).toBe(taken.slice(SPAN.begin).filter((isTaken) => !isTaken).length);
        expect(allocator.takenCount).toBe(pieces.length);
      }
    }),
    { numRuns: 300 },
  );
});

test("a piece that was not handed out cannot come back", () => {
  const allocator = new RegionAllocator(SPAN);
  const piece = allocator.allocate(8, 1) as Range;
  expect(() => allocator.release({ begin: piece.begin, end: piece.end - 1 })).toThrow("comes back once");
  allocator.release(piece);
  expect(() => allocator.release(piece)).toThrow("comes back once");
});

test("a span of nothing has room for nothing", () => {
  expect(new RegionAllocator({ begin: 10, end: 10 }).allocate(1, 1)).toBeUndefined();
  expect(new RegionAllocator({ begin: 10, end: 5 }).freeBytes).toBe(0);
});

const PAGE = 4_096;

function pool(pages: number, options: { guardPages?: number; hasInternalGuards?: boolean; alignment?: number } = {}) {
  const clock = new SimulatedClock();
  const made = new ContiguousPool({
    name: "pool",
    sizeBytes: pages * PAGE,
    alignmentBytes: options.alignment ?? PAGE,
    guardBytes: (options.guardPages ?? 0) * PAGE,
    hasInternalGuards: options.hasInternalGuards,
    clock,
  });
  made.isReady = true;
  return { pool: made, clock };
}

/** A piece, where there must be one. */
function piece(from: ContiguousPool, sizeBytes: number): PoolPiece {
  const allocated = from.allocate(sizeBytes);
  if (typeof allocated === "string") expect.fail(allocated);
  return allocated;
}

test("fragmentation is told from fullness, and both are counted (the original's scenario of 1024 buffers)", () => {
  const { pool: made, clock } = pool(1_024);
  const pieces = Array.from({ length: 1_024 }, () => piece(made, PAGE));
  clock.advance(5e9);
  expect(made.allocate(PAGE)).toBe("no-room");
  const failedAt = clock.nowNs();
  made.release(pieces[7] as PoolPiece);
  pieces[7] = piece(made, PAGE);
  for (let index = 0; index < 1_024; index += 2) made.release(pieces[index] as PoolPiece);
  expect(made.use().largestFreeSumBytes).toBe(10 * PAGE);
  expect(made.use().lastAllocationFailedNs).toBe(failedAt);
  expect(made.allocate(2 * PAGE)).toBe("fragmented");
  expect(made.allocate(1_024 * PAGE)).toBe("no-room");
  expect(made.use()).toMatchObject({
    allocationsFailed: 3,
    allocationsFailedFragmentation: 1,
    usedBytes: 512 * PAGE,
    highWaterMarkBytes: 1_024 * PAGE,
    freeAtHighWaterMarkBytes: 0,
    maxFreeAtHighWaterBytes: 0,
    largestFreeBytes: PAGE,
  });
});

test("guards at both ends belong to nobody, and internal ones lie around each buffer", () => {
  const { pool: external } = pool(8, { guardPages: 1 });
  expect(piece(external, 6 * PAGE)).toEqual({
    taken: { begin: PAGE, end: 7 * PAGE },
    usable: { begin: PAGE, end: 7 * PAGE },
  });
  expect(external.allocate(1)).toBe("no-room");
  const { pool: internal } = pool(8, { guardPages: 1, hasInternalGuards: true });
  expect(piece(internal, PAGE)).toEqual({
    taken: { begin: PAGE, end: 4 * PAGE },
    usable: { begin: 2 * PAGE, end: 3 * PAGE },
  });
  expect(piece(internal, 1).usable).toEqual({ begin: 5 * PAGE, end: 6 * PAGE });
  expect(internal.allocate(1)).toBe("no-room");
});

test("alignment up to the pool's is had, and more of it is refused even where luck would satisfy it", () => {
  const { pool: made } = pool(1_024, { alignment: 1 << 20 });
  expect(made.allocate(PAGE, 2 << 20)).toBe("alignment");
  for (let index = 0; index < 4; index++) {
    expect(made.allocate(PAGE, 1 << 20)).toMatchObject({ usable: { begin: index << 20 } });
  }
  expect(made.allocate(PAGE, 1 << 20)).toBe("fragmented");
  expect(piece(made, PAGE).usable.begin).toBe(PAGE);
  expect(made.use()).toMatchObject({ allocationsFailed: 2, allocationsFailedFragmentation: 1 });
});

test("1 MiB alignment is kept while neighbours of odd sizes come and go", () => {
  const { pool: made } = pool(4_096, { alignment: 1 << 20 });
  const odd = new Set<PoolPiece>();
  for (let round = 0; round < 200; round++) {
    odd.add(piece(made, ((round * 7) % 13) * PAGE + 1));
    if (round % 3 === 0) {
      const [oldest] = odd as Set<PoolPiece> & Iterable<PoolPiece>;
      odd.delete(oldest as PoolPiece);
      made.release(oldest as PoolPiece);
    }
    const aligned = made.allocate(3 * PAGE, 1 << 20);
    if (typeof aligned === "string") expect.fail(aligned);
    expect(aligned.usable.begin % (1 << 20)).toBe(0);
    made.release(aligned);
  }
  for (const each of odd) made.release(each);
  expect(made.use()).toMatchObject({ usedBytes: 0, allocationsFailed: 0, largestFreeBytes: 4_096 * PAGE });
});

test("with guards around each buffer nothing is aligned to more than a page", () => {
  const { pool: made } = pool(1_024, { alignment: 1 << 20, guardPages: 1, hasInternalGuards: true });
  expect(made.allocate(PAGE, 2 * PAGE)).toBe("alignment");
  expect(piece(made, PAGE).usable.begin).toBe(2 * PAGE);
});

test("the sum of the ten largest free regions, with one and two free pages in turn", () => {
  const { pool: made } = pool(1_024);
  const pages = Array.from({ length: 1_024 }, () => piece(made, PAGE));
  // Free, taken, free, free, taken: sixteen times.
  for (let index = 0; index < 80; index += 5) {
    for (const offset of [0, 2, 3]) made.release(pages[index + offset] as PoolPiece);
  }
  expect(made.use()).toMatchObject({ largestFreeBytes: 2 * PAGE, largestFreeSumBytes: 20 * PAGE });
});

test("a pool that is not ready gives nothing and counts no failure", () => {
  const { pool: made } = pool(8);
  made.isReady = false;
  expect(made.allocate(PAGE)).toBe("not-ready");
  expect(made.use()).toMatchObject({ isReady: false, allocationsFailed: 0 });
  made.isReady = true;
  expect(piece(made, PAGE).usable.begin).toBe(0);
});
