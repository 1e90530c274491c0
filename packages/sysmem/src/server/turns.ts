/**
 * The order in which things happen. Every input of the server (message, closed channel, timer, heap's answer, VMO gone) is
 * one turn: it is handled to completion, then the tasks it posted run in the order of posting, then the next input is
 * taken. Nothing else runs the core, so a replay of the same inputs is the same run.
 */
export class Turns {
  readonly #tasks: (() => void)[] = [];
  readonly #onException: (exception: unknown) => void;
  #isRunning = false;

  /** @param onException gets what a turn threw although nobody claimed it; the server goes on. */
  constructor(onException: (exception: unknown) => void) {
    this.#onException = onException;
  }

  /** Runs an input; called from within a turn it waits until that is over. */
  enter(input: () => void): void {
    this.#tasks.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      // By index: tasks are appended while this runs.
      for (let i = 0; i < this.#tasks.length; i++) {
        try {
          (this.#tasks[i] as () => void)();
        } catch (exception) {
          this.#onException(exception);
        }
      }
    } finally {
      this.#tasks.length = 0;
      this.#isRunning = false;
    }
  }

  /** Runs a task later in this turn, or in a turn of its own. */
  post(task: () => void): void {
    this.enter(task);
  }
}
