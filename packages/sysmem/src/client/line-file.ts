import { closeSync, writeSync } from "node:fs";
import { MAX_TRACE_BUFFER_LENGTH } from "#base";

/**
 * A file that lines are added to. They are collected and written at the end of the turn: a line costs no system call
 * of its own, and a process that is killed loses at most its last turn. Lines are written whole, so that several
 * processes may append to one file.
 */
export class LineFile {
  readonly #onFailed: (cause: unknown) => void;
  readonly #flush = (): void => this.#write();
  #fd: number;
  #waiting = "";
  #isScheduled = false;

  /** Takes ownership of `fd`. `onFailed` learns why the file, which is closed then, could not be written any more. */
  constructor(fd: number, onFailed: (cause: unknown) => void) {
    this.#fd = fd;
    this.#onFailed = onFailed;
    process.on("exit", this.#flush);
  }

  /** Adds whole lines, line ends included. Does nothing once the file is closed. */
  add(lines: string): void {
    if (this.#fd < 0) return;
    this.#waiting += lines;
    if (this.#waiting.length > MAX_TRACE_BUFFER_LENGTH) this.#write();
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#flush);
    }
  }

  /** Writes what is left, and closes. False when it was closed before. */
  close(): boolean {
    if (this.#fd < 0) return false;
    this.#write();
    this.#end();
    return true;
  }

  #write(): void {
    this.#isScheduled = false;
    if (this.#fd < 0 || this.#waiting === "") return;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = "";
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    } catch (cause) {
      this.#end();
      this.#onFailed(cause);
    }
  }

  #end(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    process.off("exit", this.#flush);
  }
}
