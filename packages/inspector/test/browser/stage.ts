/** A daemon with its inspector, a process with participants, and a real browser: all that a scenario needs. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";

const HOME = fileURLToPath(new URL("../..", import.meta.url));
const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const TSX = createRequire(join(ROOT, "package.json")).resolve("tsx");
const COMMAND = join(ROOT, "packages/sysmem/test/cli/fixtures/sysmem.ts");
const CAST = join(HOME, "test/browser/fixtures/cast.ts");
const CHROMIUM = "/usr/bin/chromium";

/** Pictures of what the tests saw, for people to look at. */
const ARTIFACTS = join(ROOT, "artifacts/inspector");

/** What is missing for these tests, or undefined. */
export const missing: string | undefined = !existsSync(CHROMIUM)
  ? "chromium (Debian's package) is not installed"
  : !existsSync(join(HOME, "node_modules/playwright-core"))
    ? "packages/inspector is not installed: node tools/bootstrap.mjs --satellite packages/inspector"
    : undefined;

/** A program of ours from its sources, that says what it does in lines. */
export class Program {
  readonly child: ChildProcess;
  readonly #lines: Interface;
  readonly #unread: string[] = [];
  #wake: () => void = () => {};
  errors = "";

  constructor(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(
      process.execPath,
      ["--expose-gc", "--import", TSX, "--conditions=sysmem:source", script, ...args],
      {
        cwd: join(ROOT, "packages/sysmem"),
        env: { ...process.env, ...env },
        stdio: ["pipe", "pipe", "pipe"],
      },
    );
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.errors += text));
    this.#lines = createInterface({ input: this.child.stdout as NonNullable<ChildProcess["stdout"]> });
    this.#lines.on("line", (line) => {
      this.#unread.push(line);
      this.#wake();
    });
    this.child.once("exit", () => this.#wake());
  }

  /** Its next line. */
  async line(): Promise<string> {
    while (this.#unread.length === 0) {
      if (this.child.exitCode !== null) throw new TypeError(`it ended first:\n${this.errors}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#unread.shift() as string;
  }

  /** The next line that `pattern` is found in. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(await this.line());
      if (found !== null) return found;
    }
  }

  /** Says a line to it, and waits for its answer. */
  async play(what: string): Promise<void> {
    this.child.stdin?.write(`${what}\n`);
    await this.said(/^done$/);
  }

  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "close");
    this.child.kill(signal);
    await ended;
  }
}

/** Everything that one scenario runs. Ends what it started, whatever happened. */
export class Stage {
  readonly #folder = mkdtempSync(join(tmpdir(), "sysmem-stage-"));
  readonly #programs: Program[] = [];
  #browser: Browser | undefined;
  url = "";

  /** The service directory. */
  get svc(): string {
    return join(this.#folder, "svc");
  }

  /** Starts the daemon with its inspector on a port that the kernel chooses. */
  async serve(flags: readonly string[] = []): Promise<void> {
    const daemon = this.run(COMMAND, ["serve", "--svc", this.svc, "--inspector", "0", ...flags]);
    this.url = (JSON.parse(await daemon.line()) as { inspector: string }).inspector;
  }

  /** Starts the demo with its inspector; it waits until the page is open. */
  async demo(args: readonly string[]): Promise<Program> {
    const sheet = join(this.#folder, "sheet.png");
    const demo = this.run(COMMAND, ["demo", "--headless", "--inspector", "0", "--sheet", sheet, ...args]);
    this.url = (await demo.said(/^Inspector: (\S+)$/))[1] ?? "";
    return demo;
  }

  /** A process with participants. */
  cast(): Program {
    return this.run(CAST, [], { SYSMEM_SVC: this.svc });
  }

  run(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const program = new Program(script, args, env);
    this.#programs.push(program);
    return program;
  }

  /** Opens the page. What its console says is collected in `complaints`. */
  async open(options: { dark?: boolean; hash?: string } = {}): Promise<{ page: Page; complaints: string[] }> {
    const { chromium } = await import("playwright-core");
    this.#browser ??= await chromium.launch({
      executablePath: CHROMIUM,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    const page = await this.#browser.newPage({
      viewport: { width: 1360, height: 900 },
      colorScheme: options.dark === true ? "dark" : "light",
    });
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`${this.url}${options.hash ?? ""}`);
    return { page, complaints };
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    for (const program of this.#programs.reverse()) await program.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Keeps a picture of the page. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(ARTIFACTS, { recursive: true });
  await page.screenshot({ path: join(ARTIFACTS, `${name}.png`) });
}
