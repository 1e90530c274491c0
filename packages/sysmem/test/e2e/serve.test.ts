/** The built `sysmem serve`, as its users run it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const LAUNCHER = fileURLToPath(new URL("../../bin/sysmem.js", import.meta.url));

let folder: string;
const running = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysmem-serve-"));
});
afterEach(async () => {
  for (const child of running) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  running.clear();
  rmSync(folder, { recursive: true });
});

interface Served {
  readonly child: ChildProcess;
  /** What it printed so far. */
  readonly output: { stdout: string; stderr: string };
  /** Resolves to its first line on standard output, or undefined when it ended without one. */
  readonly ready: Promise<{ event: string; svc: string; services: string[] } | undefined>;
  readonly ended: Promise<number | null>;
}

function serve(...args: string[]): Served {
  const child = spawn(process.execPath, [LAUNCHER, "serve", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  const ended = once(child, "close").then(() => child.exitCode);
  child.stderr?.on("data", (data) => (output.stderr += data));
  const line = new Promise<string | undefined>((resolve) => {
    child.stdout?.on("data", (data) => {
      output.stdout += data;
      if (output.stdout.includes("\n")) resolve(output.stdout);
    });
    void ended.then(() => resolve(undefined));
  });
  return { child, output, ready: line.then((text) => (text === undefined ? undefined : JSON.parse(text))), ended };
}

describe("sysmem serve", () => {
  const svc = () => join(folder, "svc");

  it("says when every socket accepts, and on SIGTERM removes them and ends with status 0", async () => {
    const { child, ready, ended, output } = serve("--svc", svc());
    const line = await ready;
    expect(line, output.stderr).toMatchObject({ event: "ready", svc: svc() });
    expect(line?.services).toContain(join(svc(), "fuchsia.sysmem2.Allocator"));
    for (const path of line?.services ?? []) expect(statSync(path).isSocket(), path).toBe(true);
    expect(statSync(svc()).mode & 0o777).toBe(0o700);
    child.kill("SIGTERM");
    expect(await ended, output.stderr).toBe(0);
    expect(readdirSync(svc())).toEqual([]);
    expect(output.stdout.split("\n")).toHaveLength(2);
  });

  it("replaces the sockets of a server that was killed", async () => {
    const first = serve("--svc", svc());
    await first.ready;
    first.child.kill("SIGKILL");
    await first.ended;
    expect(existsSync(join(svc(), "fuchsia.sysmem2.Allocator"))).toBe(true);
    const second = serve("--svc", svc());
    expect(await second.ready, second.output.stderr).toMatchObject({ event: "ready" });
  });

  it("leaves a live server's sockets alone", async () => {
    const first = serve("--svc", svc());
    await first.ready;
    const second = serve("--svc", svc());
    expect(await second.ended).toBe(1);
    expect(second.output.stderr).toContain("another server is running there");
    expect(second.output.stderr).not.toMatch(/^\s+at /m);
    expect(existsSync(join(svc(), "fuchsia.sysmem2.Allocator"))).toBe(true);
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(0);
  });

  it("says what is wrong with its configuration, in one line", async () => {
    const config = join(folder, "config.json");
    writeFileSync(config, `{"max_alocation_size": 1}`);
    const { ended, output } = serve("--svc", svc(), "--config", config);
    expect(await ended).toBe(1);
    expect(output.stderr).toMatch(/^sysmem: .*config\.json: max_alocation_size is not a setting/m);
    expect(existsSync(svc())).toBe(false);
  });

  it("says what is wrong with a directory that it cannot serve in", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const { ended, output } = serve("--svc", join(file, "svc"));
    expect(await ended).toBe(1);
    expect(output.stderr).toMatch(/^sysmem: cannot serve in /m);
  });

  it("refuses flags that it does not have with status 2", async () => {
    const { ended, output } = serve("--svcs", svc());
    expect(await ended).toBe(2);
    expect(output.stderr).toContain("--svcs");
  });
});
