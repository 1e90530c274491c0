/** Runs the `sysmem` command, and programs beside it, from their sources. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const FIXTURES = fileURLToPath(new URL("fixtures/", import.meta.url));
const TSX = fileURLToPath(import.meta.resolve("tsx"));

/** A program of fixtures/ that runs. */
export class Program {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";

  constructor(fixture: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const flags = ["--import", TSX, "--conditions=sysmem:source"];
    this.child = spawn(process.execPath, [...flags, `${FIXTURES}${fixture}`, ...args], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
  }

  /** Resolves with the exit status when the process and what it wrote is through. */
  async end(): Promise<number | null> {
    await once(this.child, "close");
    return this.child.exitCode;
  }

  /** Resolves with the first line of standard output. */
  async firstLine(): Promise<string> {
    while (!this.stdout.includes("\n")) {
      if (this.child.exitCode !== null) throw new TypeError(`it ended first:\n${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return this.stdout.slice(0, this.stdout.indexOf("\n"));
  }
}

/** Runs a command to its end. */
export async function sysmem(...args: readonly string[]): Promise<{ status: number | null; out: string; err: string }> {
  const run = new Program("sysmem.ts", args);
  const status = await run.end();
  return { status, out: run.stdout, err: run.stderr };
}
