/** Who decides when, and in which order, things arrive in the fake kernel. */
import { assert } from "#base";

/**
 * Takes deliveries. Tasks of one lane (one channel end, one buffer) must run in the order they came; tasks of
 * different lanes in any. A task must not be run within `schedule`.
 */
export interface FakeScheduler {
  schedule(lane: object, task: () => void): void;
}

/** Runs each task in a microtask of its own, in the order they came. */
export const fifoScheduler: FakeScheduler = {
  schedule(_lane, task) {
    queueMicrotask(task);
  },
};

/** Runs nothing by itself: a simulation takes one task after another, from a lane it picks. */
export interface SteppedScheduler extends FakeScheduler {
  readonly pendingCount: number;
  /** Runs one task. False when there was none. */
  step(): boolean;
  /**
   * Steps until nothing is pending, letting promises settle after each task. Returns the number of tasks run, at most
   * `maxTasks`: a simulation that never comes to rest ends too.
   */
  run(maxTasks?: number): Promise<number>;
}

/** Tasks a simulation may run before it is taken for endless. */
const DEFAULT_MAX_TASKS = 1_000_000;

/**
 * A scheduler that picks the next lane by `random`, which returns numbers from 0 (inclusive) to 1 (exclusive). The same
 * numbers give the same order.
 */
export function createSteppedScheduler(random: () => number): SteppedScheduler {
  // Lanes that have tasks, in the order they got their first: object identity alone would have no order to pick from.
  const lanes: { readonly lane: object; readonly tasks: (() => void)[] }[] = [];
  let pendingCount = 0;
  const step = (): boolean => {
    if (lanes.length === 0) return false;
    const index = Math.floor(random() * lanes.length);
    const picked = lanes[index];
    assert(picked !== undefined, "random numbers are from 0 to less than 1");
    const task = picked.tasks.shift();
    if (picked.tasks.length === 0) lanes.splice(index, 1);
    pendingCount -= 1;
    task?.();
    return true;
  };
  return {
    get pendingCount() {
      return pendingCount;
    },
    schedule(lane, task) {
      pendingCount += 1;
      const known = lanes.find((other) => other.lane === lane);
      if (known === undefined) lanes.push({ lane, tasks: [task] });
      else known.tasks.push(task);
    },
    step,
    async run(maxTasks = DEFAULT_MAX_TASKS) {
      let count = 0;
      for (;;) {
        await settle();
        if (count >= maxTasks || !step()) return count;
        count += 1;
      }
    },
  };
}

/** Seeded random numbers for simulations (mulberry32). Not for secrets. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Lets every promise that can settle do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
