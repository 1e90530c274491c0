/** Runs the built `sysmem demo` as a user would, and watches its processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../bin/sysmem.js", import.meta.url));

/** A running demo. Its processes form a process group of their own. */
export class DemoProcess {
  readonly child: ChildProcess;
  output = "";

  constructor(args: readonly string[], options: { readonly input?: Uint8Array; readonly isHeadless?: boolean } = {}) {
    const flags = options.isHeadless === false ? [] : ["--headless"];
    this.child = spawn(process.execPath, [LAUNCHER, "demo", ...flags, ...args], {
      detached: true,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    this.child.stdin?.on("error", () => {}).end(options.input);
    this.child.stdout?.on("data", (data) => (this.output += data));
    this.child.stderr?.on("data", (data) => (this.output += data));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Exit status once the demo and everything it wrote is through. */
  async end(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "close");
    return this.child.exitCode;
  }

  /** pid of a participant's process, as soon as it runs its own program. */
  async participant(role: string): Promise<number> {
    for (;;) {
      for (const pid of childrenOf(this.pid)) {
        if (commandOf(pid).includes(role)) return pid;
      }
      if (this.child.exitCode !== null) throw new TypeError(`the demo ended before ${role} was there:\n${this.output}`);
      await sleep(5);
    }
  }

  /** Resolves when the output contains `text`. */
  async said(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.child.exitCode !== null) throw new TypeError(`the demo ended without saying "${text}":\n${this.output}`);
      await sleep(5);
    }
  }

  /** Whether any process of the group is left. */
  hasProcesses(): boolean {
    try {
      process.kill(-this.pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  /** For tests that failed: leaves nothing behind. */
  destroy(): void {
    if (this.hasProcesses()) process.kill(-this.pid, "SIGKILL");
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
