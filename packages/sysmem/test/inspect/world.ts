/** A server in this process, participants in processes of their own, and the command line. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Collection, spawnWithChannels, Sysmem, type Token, TOKEN_VARIABLE } from "#client";
import { type Daemon, serve, type ServeOptions } from "#daemon";
import { type JsonValue, toJson } from "#fidl";
import { BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import { createLinuxKernel, type LinuxKernel } from "#kernel";
import { main } from "../../src/cli/main.ts";

const FIXTURE = fileURLToPath(new URL("fixtures/participant.ts", import.meta.url));
const TSX = fileURLToPath(import.meta.resolve("tsx"));

/** After this, what a test waits for is not going to happen. */
const PATIENCE_MS = 20_000;

/** What a command printed, and how it ended. */
export interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A participant's process. */
export class Participant {
  readonly child: ChildProcess;
  #said = "";

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.#said += text));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Resolves when it has said this. */
  async says(line: string): Promise<void> {
    while (!this.#said.split("\n").includes(line)) {
      if (this.child.exitCode !== null) throw new TypeError(`it ended without saying "${line}": ${this.#said}`);
      await sleep(5);
    }
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await exit;
  }
}

export class World {
  readonly svc: string = mkdtempSync(join(tmpdir(), "sysmem-inspect-"));
  readonly kernel: LinuxKernel = createLinuxKernel();
  readonly daemon: Daemon;
  readonly #connections: Sysmem[] = [];
  readonly #participants: Participant[] = [];
  readonly #channels: { close(): void }[] = [];

  /** @param prepare changes the kernel before the server has it */
  constructor({
    prepare,
    ...options
  }: Omit<ServeOptions, "svc" | "kernel"> & { readonly prepare?: (kernel: LinuxKernel) => void } = {}) {
    prepare?.(this.kernel);
    this.daemon = serve({ ...options, svc: this.svc, kernel: this.kernel });
  }

  /** A connection of this process. */
  connect(name: string): Sysmem {
    const connection = Sysmem.connect({ svc: this.svc, name, kernel: this.kernel });
    this.#connections.push(connection);
    return connection;
  }

  /** A collection's first token, of the director. */
  collection(name: string): Token {
    const token = this.connect("director").allocateSharedCollection().setName(name);
    this.#channels.push(token.node);
    return token;
  }

  /** A participant in this process. */
  local(name: string, token: Token, constraints?: BufferCollectionConstraints): Collection {
    const collection = this.connect(name).bind(token);
    this.#channels.push(collection.node);
    if (constraints !== undefined) collection.setConstraints(constraints);
    return collection;
  }

  /** A participant in a process of its own. */
  participant(plan: string, name: string, token: Token, constraints: BufferCollectionConstraints = {}): Participant {
    const json = JSON.stringify(toJson(BufferCollectionConstraints, constraints));
    const flags = ["--import", TSX, "--conditions=sysmem:source"];
    const channels = { [TOKEN_VARIABLE]: token.take() };
    const child = spawnWithChannels(process.execPath, [...flags, FIXTURE, plan, this.svc, name, json], channels, {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const participant = new Participant(child);
    this.#participants.push(participant);
    return participant;
  }

  /** Runs the command line in this process. */
  async sysmem(...args: readonly string[]): Promise<Outcome> {
    let out = "";
    let err = "";
    const stdout = { write: (text: string) => (out += text) !== "" };
    const stderr = { write: (text: string) => (err += text) !== "" };
    const status = await main([...args, "--svc", this.svc], { stdout, stderr });
    return { status, out, err };
  }

  /** Runs a command with `--json`. */
  async json(...args: readonly string[]): Promise<Record<string, JsonValue>> {
    const { status, out, err } = await this.sysmem(...args, "--json");
    if (status !== 0) throw new TypeError(`${args.join(" ")}: ${err}`);
    return JSON.parse(out) as Record<string, JsonValue>;
  }

  /** Resolves when `look` finds something. */
  async until<T>(look: () => T | undefined | false): Promise<T> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > giveUpAt) throw new TypeError(`it did not come about: ${String(look)}`);
      await sleep(5);
    }
  }

  /** Resolves when the collection of this name has failed. */
  async failed(name: string): Promise<void> {
    const { failures } = this.daemon.server.context;
    await this.until(() => failures.records.some((one) => one.name === name));
  }

  /** Ends participants and connections; collections and their memory go with them. */
  async clear(): Promise<void> {
    for (const participant of this.#participants.splice(0)) await participant.kill();
    for (const channel of this.#channels.splice(0)) channel.close();
    for (const connection of this.#connections.splice(0)) connection.close();
    await this.until(() => this.daemon.server.context.collections.size === 0);
  }

  async close(): Promise<void> {
    await this.daemon.close();
    this.kernel.close();
    rmSync(this.svc, { recursive: true });
  }
}
