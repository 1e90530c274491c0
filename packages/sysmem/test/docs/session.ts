/** A shell in which a page's sessions are typed, and what they print is compared. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** What is built, as a reader of the pages has it: worker threads cannot run the sources on Node 20. */
const SYSMEM = fileURLToPath(new URL("../../bin/sysmem.js", import.meta.url));
const TSX = fileURLToPath(import.meta.resolve("tsx"));

/** After this, what a session waits for is not going to be printed. */
const PATIENCE_MS = 60_000;

/** Environment in which `node` runs programs of the pages, also those in TypeScript, and `sysmem` is the command. */
export function environment(folder: string): NodeJS.ProcessEnv {
  const command = join(folder, "sysmem");
  writeFileSync(command, `#!/bin/sh\nunset NODE_OPTIONS\nexec '${process.execPath}' '${SYSMEM}' "$@"\n`);
  chmodSync(command, 0o755);
  return {
    ...process.env,
    PATH: `${folder}:${process.env["PATH"]}`,
    NODE_OPTIONS: `--import "${TSX}"`,
    LC_ALL: "C.UTF-8",
  };
}

/** One step of a session: a line that is typed, and what is printed before the next. */
interface Step {
  readonly typed: string;
  readonly printed: string;
}

function stepsOf(text: string): Step[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const at = part.indexOf("\n");
      return { typed: part.slice(0, at), printed: part.slice(at + 1) };
    });
}

export class Session {
  readonly #shell: ChildProcess;
  #output = "";
  #steps = 0;

  constructor(folder: string) {
    this.#shell = spawn("bash", ["--norc", "--noprofile"], {
      cwd: folder,
      env: environment(folder),
      stdio: "pipe",
      // What it leaves in the background ends with it.
      detached: true,
    });
    for (const stream of [this.#shell.stdout, this.#shell.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    }
  }

  /** Types a block's lines; resolves to the block with what was printed, as far as that differs from what stands there. */
  async run(block: string): Promise<string> {
    let text = "";
    for (const { typed, printed } of stepsOf(block)) {
      const actual = await this.#step(typed, printed);
      text += `$ ${typed}\n${matches(actual, printed) ? printed : actual}`;
    }
    return text;
  }

  async #step(typed: string, printed: string): Promise<string> {
    const end = `end of step ${++this.#steps}`;
    this.#output = "";
    this.#shell.stdin?.write(`${typed}\necho '${end}'\n`);
    const giveUpAt = performance.now() + PATIENCE_MS;
    // A program in the background prints when it likes: it has until the next line is typed.
    const isBackground = typed.endsWith("&");
    for (;;) {
      const isOver = this.#output.includes(`${end}\n`);
      const actual = this.#output.replace(`${end}\n`, "");
      if (isOver && (!isBackground || matches(actual, printed))) return actual;
      if (performance.now() > giveUpAt || this.#shell.exitCode !== null) return actual;
      await sleep(10);
    }
  }

  async close(): Promise<void> {
    const exit = once(this.#shell, "exit");
    process.kill(-(this.#shell.pid as number), "SIGKILL");
    await exit;
  }
}

/** Whether a text is what a page shows: "…" stands for anything, alone in a line for any lines; ids and times differ. */
function matches(actual: string, shown: string): boolean {
  const pattern = escape(normalize(shown));
  const regex = new RegExp(`^${pattern.replaceAll(/^…\n/gm, "(?:.*\\n)*").replaceAll("…", ".*")}$`);
  return regex.test(normalize(actual));
}

const escape = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** What differs from run to run, and how tables are laid out around it. */
function normalize(text: string): string {
  return text
    .replaceAll(/\b1[789]\d{14}\b/g, "ID")
    .replaceAll(/\bpid \d+/g, "pid N")
    .replaceAll(/^( +)\d{2,7} (?=.*node)/gm, "$1N ")
    .replaceAll(/\b\d+(\.\d+)? (ms|s|min|h)\b/g, "TIME")
    .replaceAll(/ {2,}/g, "  ");
}
