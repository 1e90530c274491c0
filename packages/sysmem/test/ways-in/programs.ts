/** Starts the programs that these tests are made of, and listens to what they say. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Arguments for Node to run a source file of these tests. */
export function sourceArguments(file: string): string[] {
  return ["--conditions=sysmem:source", "--import", "tsx", fileURLToPath(new URL(file, import.meta.url))];
}

/** A running program that says JSON lines. */
export class Program {
  readonly child: ChildProcess;
  readonly #lines: unknown[] = [];
  readonly #exit: Promise<unknown>;
  #wake = () => {};

  constructor(child: ChildProcess) {
    this.child = child;
    this.#exit = once(child, "close");
    const isRead = child.stdout;
    if (isRead === null) throw new TypeError("its output must be a pipe");
    createInterface(isRead).on("line", (line) => {
      this.#lines.push(JSON.parse(line));
      this.#wake();
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** The line with this number (from 0), when it is said. */
  async said(index: number): Promise<unknown> {
    let hasEnded = false;
    void this.#exit.then(() => {
      hasEnded = true;
      this.#wake();
    });
    while (this.#lines.length <= index && !hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#lines[index];
  }

  /** Ends it and waits for its end. */
  async end(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.child.kill(signal);
    await this.#exit;
  }

  /** Waits for its end. */
  async ended(): Promise<number | null> {
    await this.#exit;
    return this.child.exitCode;
  }
}

/** A client; see `fixtures/client.ts`. */
export function startClient(...args: string[]): Program {
  return new Program(
    spawn(process.execPath, [...sourceArguments("fixtures/client.ts"), ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
}

/** A `sysmem` command from its sources, without its log. */
export function startSysmem(...args: string[]): Program {
  return new Program(
    spawn(process.execPath, [...sourceArguments("fixtures/sysmem.ts"), ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    }),
  );
}
