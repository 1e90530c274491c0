/** Long work in turns of the event loop. */
import { expect, test } from "vitest";
import { MAX_CLEARED_PER_TURN_BYTES } from "#base";
import { partsOf, type Work, WorkLane } from "../../src/heaps/pool/work-lane.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** So many steps of `bytes` each, noted as they are done. */
function* steps(name: string, count: number, bytes: number, done: string[]): Work<string> {
  for (let step = 0; step < count; step++) {
    done.push(name);
    yield bytes;
  }
  return name;
}

/** Throws after its first step. */
function* breaking(): Work {
  yield 1;
  throw new TypeError("broken");
}

test("all jobs together touch in a turn what a turn may, and take turns with each other", async () => {
  const lane = new WorkLane();
  const done: string[] = [];
  const half = MAX_CLEARED_PER_TURN_BYTES / 2;
  const jobs = [lane.run(steps("a", 3, half, done)), lane.run(steps("b", 3, half, done))];
  // Begun at once, up to the limit and not a step beyond it.
  expect(done).toEqual(["a", "a"]);
  await turn();
  expect(done).toEqual(["a", "a", "a", "b"]);
  await turn();
  expect(done).toEqual(["a", "a", "a", "b", "b", "b"]);
  expect(await Promise.all(jobs)).toEqual(["a", "b"]);
});

test("small jobs are done at once until the turn has done its part", async () => {
  const lane = new WorkLane();
  const done: string[] = [];
  const quarter = MAX_CLEARED_PER_TURN_BYTES / 4;
  const jobs = Array.from({ length: 6 }, (_, index) => lane.run(steps(String(index), 1, quarter, done)));
  expect(done).toEqual(["0", "1", "2", "3"]);
  await turn();
  expect(done).toHaveLength(6);
  await Promise.all(jobs);
  await turn();
  await lane.run(steps("later", 4, quarter, done));
  expect(done).toHaveLength(10);
});

test("work that throws fails alone", async () => {
  const lane = new WorkLane();
  const broken = lane.run(breaking());
  const done: string[] = [];
  const whole = lane.run(steps("whole", 2, MAX_CLEARED_PER_TURN_BYTES, done));
  await expect(broken).rejects.toThrow("broken");
  expect(await whole).toBe("whole");
});

test("a range is done in parts of what a turn may touch", () => {
  const max = MAX_CLEARED_PER_TURN_BYTES;
  expect([...partsOf(4_096, 4_096)]).toEqual([]);
  expect([...partsOf(4_096, 4_096 + max)]).toEqual([[4_096, 4_096 + max]]);
  expect([...partsOf(0, max + 4_096)]).toEqual([
    [0, max],
    [max, max + 4_096],
  ]);
});
