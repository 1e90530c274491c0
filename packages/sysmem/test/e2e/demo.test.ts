import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseTraceLine } from "#fidl";
import { DemoProcess } from "./demo-process.ts";

let folder: string;
let demo: DemoProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysmem-demo-"));
});
afterEach(() => {
  demo?.destroy();
  demo = undefined;
  rmSync(folder, { recursive: true });
});

const run = (...args: string[]): DemoProcess => {
  demo = new DemoProcess(["--sheet", join(folder, "sheet.png"), ...args]);
  return demo;
};

describe("sysmem demo", () => {
  it("passes frames of a real photograph intact, shows one memory, frees it, and leaves nothing", async () => {
    const it = run("--frames", "24", "--out", join(folder, "out.y4m"));
    expect(await it.end(), it.output).toBe(0);
    expect(it.output).toContain("24 frames arrived intact");
    expect(it.output).toMatch(/All \d+ buffers are freed/);
    expect(it.output).toContain("NV12");
    const rows = it.output.split("\n").filter((line) => /^ {2}\d+ +\d{2,} +\d/.test(line));
    expect(rows.length).toBeGreaterThanOrEqual(4);
    for (const row of rows) {
      const [, ...inodes] = row.trim().split(/ +/);
      expect(new Set(inodes).size, row).toBe(1);
    }
    const png = readFileSync(join(folder, "sheet.png"));
    expect([...png.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    const video = readFileSync(join(folder, "out.y4m"));
    expect(video.subarray(0, 9).toString()).toBe("YUV4MPEG2");
    expect(video.toString("latin1").split("FRAME\n").length - 1).toBe(24);
    expect(it.hasProcesses()).toBe(false);
  });

  it("reads the .y4m that it wrote", async () => {
    const path = join(folder, "first.y4m");
    expect(await run("--frames", "6", "--out", path).end()).toBe(0);
    const second = run(path, "--filter", "none", "--out", join(folder, "second.y4m"));
    expect(await second.end(), second.output).toBe(0);
    expect(second.output).toContain("6 frames arrived intact");
    expect(readFileSync(join(folder, "second.y4m")).equals(readFileSync(path))).toBe(true);
  });

  it("captures what the embedded server and the participants say", async () => {
    const path = join(folder, "messages.jsonl");
    const it = run("--frames", "2", "--trace", path);
    expect(await it.end(), it.output).toBe(0);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const messages = lines.map((line) => parseTraceLine(line)).map((line) => (line.ok ? line.value : line.error));
    expect(messages.shift()).toMatchObject({ kind: "header" });
    for (const direction of ["sent", "received"]) {
      const message = { direction, side: "server", protocol: "fuchsia.sysmem2/BufferCollection" };
      expect(messages).toContainEqual(expect.objectContaining({ message: expect.objectContaining(message) }));
    }
  });

  it.each(["source", "filter", "sink"])("says so when %s is killed in the middle of the stream", async (role) => {
    const it = run("--frames", "1000000");
    await it.said("What was decided");
    await sleep(100);
    process.kill(await it.participant(role), "SIGKILL");
    expect(await it.end(), it.output).toBe(1);
    expect(it.output).toMatch(new RegExp(`${role} \\(pid \\d+\\) vanished: SIGKILL`));
    expect(it.output).toContain(`participant "${role}" failed`);
    expect(it.output).toMatch(/All \d+ buffers are freed/);
    expect(it.hasProcesses()).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    ["source", 0],
    ["filter", 20],
    ["sink", 60],
    ["source", 120],
    ["filter", 200],
    ["sink", 300],
  ])("ends with status 1 when %s is killed %i ms after its start", async (role, delayMs) => {
    const it = run("--frames", "1000000");
    const pid = await it.participant(role);
    await sleep(delayMs);
    process.kill(pid, "SIGKILL");
    expect(await it.end(), it.output).toBe(1);
    expect(it.output).toMatch(new RegExp(`${role} \\(pid ${pid}\\) vanished: SIGKILL`));
    expect(it.output).not.toContain("are not freed");
    expect(it.hasProcesses()).toBe(false);
  });

  it("leaves nothing when it is interrupted", async () => {
    const it = run("--frames", "1000000");
    await it.said("What was decided");
    process.kill(it.pid, "SIGINT");
    expect(await it.end(), it.output).toBe(1);
    expect(it.hasProcesses()).toBe(false);
  });

  it("says what is wrong with a video that it cannot read", async () => {
    const missing = run(join(folder, "missing.y4m"));
    expect(await missing.end()).toBe(1);
    expect(missing.output).toMatch(/missing\.y4m/);
    expect(missing.output).not.toMatch(/^\s+at /m);
  });
});
