/** The built daemon, participants and the command, each in a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { spawnWithChannels, Sysmem, type Token, TOKEN_VARIABLE } from "#client";
import { type JsonValue, toJson } from "#fidl";
import { BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import { createLinuxKernel, type LinuxKernel } from "#kernel";
import { raw } from "../inspect/constraints.ts";
import { type Outcome, Participant } from "../inspect/world.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/sysmem.js", import.meta.url));
const FIXTURE = fileURLToPath(new URL("../inspect/fixtures/participant.ts", import.meta.url));
const TSX = fileURLToPath(import.meta.resolve("tsx"));

/** After this, what a test waits for is not going to happen. */
const PATIENCE_MS = 30_000;

/** How long the daemon may take to hear of processes that have ended, and to log it. */
const SETTLING_MS = 300;

/** Descriptors of a process by what they are of, with how many. */
function holdingsOf(pid: number): string[] {
  const counts = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const kind = readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/[:[].*/, "");
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${count} ${kind}`).sort();
}

/** One server with what is around it. This process only makes tokens: it takes part in nothing. */
export class RealWorld {
  readonly #folder = mkdtempSync(join(tmpdir(), "sysmem-real-"));
  readonly #kernel: LinuxKernel = createLinuxKernel();
  readonly #participants: Participant[] = [];
  #daemon: ChildProcess | undefined;
  #director: Sysmem | undefined;
  /** What the daemon has logged. */
  log = "";

  get svc(): string {
    return join(this.#folder, "svc");
  }

  /** Starts the daemon, and resolves when it serves. */
  async start(configuration: string): Promise<void> {
    const config = join(this.#folder, "sysmem.toml");
    writeFileSync(config, configuration);
    const daemon = spawn(process.execPath, [LAUNCHER, "serve", "--svc", this.svc, "--config", config], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#daemon = daemon;
    daemon.stderr.setEncoding("utf8").on("data", (text: string) => (this.log += text));
    const ready = await Promise.race([once(daemon.stdout, "data"), once(daemon, "exit")]);
    if (daemon.exitCode !== null) throw new TypeError(`the daemon ended with ${String(ready)}:\n${this.log}`);
    this.#director = Sysmem.connect({ svc: this.svc, name: "director", kernel: this.#kernel });
    // What the daemon opens once, for the first of its kind, it has from here on.
    const first = this.#director.bind(this.#director.allocateSharedCollection()).setConstraints(raw());
    (await first.waitForBuffers()).close();
    first.release();
    await this.until("no collections", "ls");
  }

  /** A collection's first token. */
  collection(name: string): Token {
    if (this.#director === undefined) throw new TypeError("start() first");
    return this.#director.allocateSharedCollection().setName(name);
  }

  /** A participant that follows a plan of the fixture, with what is built. */
  participant(plan: string, name: string, token: Token, constraints: BufferCollectionConstraints = {}): Participant {
    const json = JSON.stringify(toJson(BufferCollectionConstraints, constraints));
    const args = ["--import", TSX, FIXTURE, plan, this.svc, name, json];
    const child = spawnWithChannels(
      process.execPath,
      args,
      { [TOKEN_VARIABLE]: token.take() },
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const participant = new Participant(child);
    this.#participants.push(participant);
    return participant;
  }

  /** Runs the command to its end. */
  async sysmem(...args: readonly string[]): Promise<Outcome> {
    const child = spawn(process.execPath, [LAUNCHER, ...args, "--svc", this.svc], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const [status] = (await once(child, "close")) as [number];
    return { status, out, err };
  }

  /** The output of a command, once something is in it. */
  async until(words: string, ...args: readonly string[]): Promise<string> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const { status, out, err } = await this.sysmem(...args);
      if (out.includes(words)) return out;
      if (performance.now() > giveUpAt) throw new TypeError(`${args.join(" ")}: ${status}\n${out}${err}`);
      await sleep(20);
    }
  }

  get pid(): number {
    return this.#daemon?.pid as number;
  }

  /** What the daemon holds by descriptors, kinds with their numbers, once it has stayed the same for a while. */
  async held(): Promise<readonly string[]> {
    let held = holdingsOf(this.pid);
    for (let isSame = false; !isSame; ) {
      await sleep(SETTLING_MS);
      const now = holdingsOf(this.pid);
      isSame = now.join() === held.join();
      held = now;
    }
    return held;
  }

  /** Kills participants; resolves when the server has nothing of theirs any more. */
  async clear(): Promise<void> {
    for (const participant of this.#participants.splice(0)) await participant.kill();
    await this.until("no collections", "ls");
  }

  /** Ends the daemon as an operator does, and resolves with its exit status and what it left in the service directory. */
  async stop(): Promise<{ readonly status: number | null; readonly left: readonly string[] }> {
    this.#director?.close();
    this.#kernel.close();
    const daemon = this.#daemon;
    if (daemon !== undefined && daemon.exitCode === null) {
      daemon.kill("SIGTERM");
      await once(daemon, "close");
    }
    const left = readdirSync(this.svc);
    rmSync(this.#folder, { recursive: true });
    return { status: daemon?.exitCode ?? null, left };
  }

  /** Whether the daemon has logged a line with these. */
  async logged(fields: Readonly<Record<string, JsonValue>>): Promise<boolean> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    const isMeant = (line: Readonly<Record<string, JsonValue>>): boolean =>
      Object.entries(fields).every(([key, value]) => line[key] === value);
    while (!this.lines().some(isMeant)) {
      if (performance.now() > giveUpAt) return false;
      await sleep(20);
    }
    return true;
  }

  /** Objects of the daemon's log. */
  lines(): Readonly<Record<string, JsonValue>>[] {
    return this.log
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, JsonValue>);
  }
}
