/** Work on memory that would take long: some of it in each turn of the event loop, so that nobody else waits. */
import { MAX_CLEARED_PER_TURN_BYTES } from "#base";

/** A piece of work. Each step touches what it yields: at most `MAX_CLEARED_PER_TURN_BYTES`. */
export type Work<T = void> = Generator<number, T, void>;

interface Job {
  /** Does one step and returns its bytes; undefined when the job has ended, well or not. */
  step(): number | undefined;
}

/**
 * What the parts of one pool have to do, a step of each in turn: a small buffer does not wait for a large one to be cleared.
 * All jobs together touch `MAX_CLEARED_PER_TURN_BYTES` in a turn, and one step more at most.
 */
export class WorkLane {
  readonly #jobs: Job[] = [];
  #bytesThisTurn = 0;
  #isScheduled = false;

  /** Begins at once, and is done when the promise is answered. Rejects with what the work throws. */
  run<T>(work: Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({
        step() {
          try {
            const { done, value } = work.next();
            if (done !== true) return value;
            resolve(value);
          } catch (error) {
            reject(error);
          }
          return undefined;
        },
      });
      // Those before it go first.
      if (this.#jobs.length === 1) this.#go();
    });
  }

  #go(): void {
    while (this.#bytesThisTurn < MAX_CLEARED_PER_TURN_BYTES) {
      const [job] = this.#jobs;
      if (job === undefined) break;
      const bytes = job.step();
      this.#jobs.shift();
      if (bytes === undefined) continue;
      this.#bytesThisTurn += bytes;
      this.#jobs.push(job);
    }
    if (this.#isScheduled || this.#bytesThisTurn === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#bytesThisTurn = 0;
      this.#go();
    });
  }
}

/** The parts of a range that one step each may touch. */
export function* partsOf(begin: number, end: number): Generator<readonly [number, number]> {
  for (let at = begin; at < end; at += MAX_CLEARED_PER_TURN_BYTES) {
    yield [at, Math.min(end, at + MAX_CLEARED_PER_TURN_BYTES)];
  }
}
