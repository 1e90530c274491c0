/**
 * A story that participants tell in steps. Every step may fail; what depends on it is then left out, and everything is
 * let go of at the end.
 */
import { isSysmemError } from "#base";

/** Longer than anything takes; what is not answered by then never will be. */
const WATCHDOG_MS = 20_000;

/** A step that did not work, as the participant saw it. */
export interface Failure {
  readonly who: string;
  readonly step: string;
  readonly code: string;
  readonly error: unknown;
}

/** What participants of the story keep, to be let go of whatever happens. */
interface Closable {
  close(): void;
}

/** Rejects when `promise` does not settle: a hang is a failure of the test, not an error that a participant got. */
export async function withWatchdog<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RangeError(`hangs: ${what}`)), WATCHDOG_MS);
  });
  try {
    return await Promise.race([promise, hang]);
  } finally {
    clearTimeout(timer);
  }
}

/** With what became of it. */
export abstract class Story {
  readonly failures: Failure[] = [];
  readonly #kept: Closable[] = [];
  /** What outlives the collections. */
  readonly #keptToTheEnd: Closable[] = [];

  async run(): Promise<void> {
    try {
      await this.tell();
    } finally {
      this.letGo();
      for (const kept of this.#keptToTheEnd) kept.close();
    }
  }

  protected abstract tell(): Promise<void>;

  /** Everybody leaves in order, those who came last first. */
  protected letGo(): void {
    for (const kept of this.#kept.splice(0).reverse()) kept.close();
  }

  protected keep<T extends Closable>(kept: T): T {
    this.#kept.push(kept);
    return kept;
  }

  protected keepToTheEnd<T extends Closable>(kept: T): T {
    this.#keptToTheEnd.push(kept);
    return kept;
  }

  /** A step. Undefined when it failed, which is noted; what is no declared error is thrown on. */
  protected async try<T>(who: string, step: string, run: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await withWatchdog(`${who}: ${step}`, Promise.resolve().then(run));
    } catch (error) {
      if (!isSysmemError(error) || error.code === "INVARIANT") throw error;
      this.failures.push({ who, step, code: error.code, error });
      return undefined;
    }
  }
}
