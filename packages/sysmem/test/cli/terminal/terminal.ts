/** A terminal that a test types into and looks at: tmux, where it is installed. */
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const FIXTURES = fileURLToPath(new URL("../fixtures/", import.meta.url));
const TSX = fileURLToPath(import.meta.resolve("tsx"));

/** After this, what a test waits for is not going to be shown. */
const PATIENCE_MS = 60_000;

/** Whether a program is installed. */
export function has(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      execFileSync("test", ["-x", join(folder, program)]);
      return true;
    } catch {
      return false;
    }
  });
}

/** Whether a process is there and more than a zombie, which has no program any more. */
function isRunning(pid: string): boolean {
  return existsSync(`/proc/${pid}/exe`);
}

/** One terminal, in which `sysmem` is the command from its sources. */
export class Terminal {
  readonly folder: string = mkdtempSync(join(tmpdir(), "sysmem-terminal-"));
  readonly #socket = join(this.folder, "tmux");

  /** Starts `command` in a terminal of this size. */
  static async open(
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
    { columns = 100, rows = 30 }: { readonly columns?: number; readonly rows?: number } = {},
  ): Promise<Terminal> {
    const terminal = new Terminal();
    const sysmem = join(terminal.folder, "sysmem");
    const node = `'${process.execPath}' --import '${TSX}' --conditions=sysmem:source`;
    writeFileSync(sysmem, `#!/bin/sh\nexec ${node} '${FIXTURES}sysmem.ts' "$@"\n`);
    chmodSync(sysmem, 0o755);
    const settings = Object.entries({ HOME: terminal.folder, ...env }).flatMap(([name, value]) => [
      "-e",
      `${name}=${value}`,
    ]);
    const size = ["-x", String(columns), "-y", String(rows)];
    await terminal.#tmux("-f", "/dev/null", "new-session", "-d", ...size, ...settings, ...command);
    return terminal;
  }

  /** Types words as they are; `Enter`, `Tab` and the like are keys. */
  async type(...keys: readonly string[]): Promise<void> {
    await this.#tmux("send-keys", ...keys);
  }

  /** What it shows, without trailing space. */
  async screen(): Promise<string> {
    return (await this.#tmux("capture-pane", "-p")).replaceAll(/ +$/gm, "").trimEnd();
  }

  /** The same with its colours, as escape sequences. */
  async colours(): Promise<string> {
    return this.#tmux("capture-pane", "-p", "-e");
  }

  /** Resolves with the screen when it matches. */
  async shows(what: RegExp | string): Promise<string> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const screen = await this.screen();
      if (typeof what === "string" ? screen.includes(what) : what.test(screen)) return screen;
      if (performance.now() > giveUpAt) throw new TypeError(`it did not show ${what} but\n${screen}`);
      await sleep(50);
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  async close(): Promise<void> {
    // It is gone already where its command has ended.
    const pid = await this.#tmux("display-message", "-p", "#{pane_pid}").catch(() => "");
    await this.#tmux("kill-server").catch(() => {});
    // A shell that is hung up writes its history into the folder yet, and is nobody's child here.
    while (pid !== "" && isRunning(pid.trim())) await sleep(10);
    rmSync(this.folder, { recursive: true });
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    // What runs in the terminal has the PATH of who asked for it, whatever its other variables are.
    const env = { ...process.env, PATH: `${this.folder}${delimiter}${process.env["PATH"]}` };
    const { stdout } = await promisify(execFile)("tmux", ["-S", this.#socket, "-u", ...args], { env });
    return stdout;
  }
}
