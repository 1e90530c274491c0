import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** A .y4m of plain frames, each a little brighter. */
function y4m(width: number, height: number, chroma: "420jpeg" | "444", count: number): Buffer {
  const samples = (size: number, divisor: number) => Math.ceil(size / divisor);
  const divisor = chroma === "444" ? 1 : 2;
  const bytes = width * height + 2 * samples(width, divisor) * samples(height, divisor);
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F30:1 Ip A1:1 C${chroma}\n`)];
  for (let index = 0; index < count; index++)
    parts.push(Buffer.from("FRAME\n"), Buffer.alloc(bytes, 16 + (index % 200)));
  return Buffer.concat(parts);
}

function file(name: string, content: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

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

  it("names the frames that arrived of a video that breaks off, and leaves no half of one", async () => {
    const video = y4m(64, 48, "420jpeg", 5);
    const it = run(file("cut.y4m", video.subarray(0, video.length - 100)), "--out", join(folder, "out.y4m"));
    expect(await it.end()).toBe(1);
    expect(it.output).toContain("frame 4 at byte 18503: the file ends after 4508 of 4608 bytes");
    expect(it.output).toMatch(/Not done: [0-4] frames arrived intact, 0 damaged/);
    expect(readdirSync(folder)).toEqual(["cut.y4m"]);
    expect(it.hasProcesses()).toBe(false);
  });

  it("explains why images of odd size cannot be negotiated", async () => {
    const it = run(file("odd.y4m", y4m(65, 49, "420jpeg", 2)));
    expect(await it.end()).toBe(1);
    expect(it.output).toMatch(/no buffers that suit everybody: source requires a width of at most 65/);
    expect(it.output).toContain("sizes must be even");
    expect(it.output).not.toMatch(/vanished|\(0, node/);
  });

  it("averages 4:4:4", async () => {
    const it = run(file("444.y4m", y4m(64, 48, "444", 3)));
    expect(await it.end(), it.output).toBe(0);
    expect(it.output).toContain("3 frames arrived intact");
  });

  it.each([
    [99_999, 2, /a width of 99999 pixels is too large/],
    [16_384, 16_384, /16384 by 16384 pixels are too large/],
    [8_000, 8_000, /no buffers that suit everybody: .*8000/],
  ])("says what is wrong with frames of %i by %i", async (width, height, why) => {
    const header = Buffer.from(`YUV4MPEG2 W${width} H${height} F30:1 Ip A1:1 C420jpeg\nFRAME\n`);
    const it = run(file("huge.y4m", header));
    expect(await it.end()).toBe(1);
    expect(it.output).toMatch(why);
    expect(it.output).not.toMatch(/^\s+at /m);
  });

  it("reads a video on standard input, in the source's process", async () => {
    demo = new DemoProcess(["-", "--sheet", join(folder, "sheet.png")], { input: y4m(64, 48, "420jpeg", 7) });
    expect(await demo.end(), demo.output).toBe(0);
    expect(demo.output).toContain("<stdin>: 64x48");
    expect(demo.output).toContain("7 frames arrived intact");
  });

  it("passes 2,000 frames, without colours where nobody sees them", async () => {
    demo = new DemoProcess([file("many.y4m", y4m(32, 32, "420jpeg", 2_000)), "--sheet", join(folder, "sheet.png")], {
      isHeadless: false,
    });
    expect(await demo.end(), demo.output).toBe(0);
    expect(demo.output).toContain("2000 frames arrived intact");
    expect(demo.output).not.toContain("\x1b");
  });

  it("refuses files that it cannot write before it starts anything", async () => {
    const video = file("ok.y4m", y4m(64, 48, "420jpeg", 2));
    const before = readFileSync(video);
    for (const [args, why] of [
      [["--out", join(folder, "none", "out.y4m")], `there is no folder ${join(folder, "none")}`],
      [["--out", folder], "it is a folder"],
      [["--out", join(video, "out.y4m")], `${video} is no folder`],
      [["--out", video], "it is used for something else here"],
      [["--sheet", join(folder, "none", "sheet.png")], `there is no folder ${join(folder, "none")}`],
    ] as const) {
      demo = new DemoProcess([video, ...args]);
      expect(await demo.end()).toBe(1);
      expect(demo.output).toBe(`sysmem: cannot write ${args[1]}: ${why}\n`);
    }
    expect(readFileSync(video)).toEqual(before);
    expect(readdirSync(folder)).toEqual(["ok.y4m"]);
  });

  it("refuses a video that is not there before it starts anything", async () => {
    const video = join(folder, "none.y4m");
    demo = new DemoProcess([video]);
    expect(await demo.end()).toBe(1);
    expect(demo.output).toBe(`sysmem: cannot read ${video}: no such file or directory\n`);
  });

  it("is told of wrong usage with status 2", async () => {
    const it = run("--frames", "none");
    expect(await it.end()).toBe(2);
    expect(run("--no-such-flag")).toBeDefined();
    expect(await demo?.end()).toBe(2);
  });

  it("stops when nobody reads its output", async () => {
    const it = run("--frames", "1000000");
    it.child.stdout?.destroy();
    expect(await it.end()).toBe(1);
    expect(it.output).not.toMatch(/^\s+at /m);
    expect(it.hasProcesses()).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is interrupted as a terminal does it, with every process at once, in one line", async () => {
    const it = run("--frames", "1000000", "--out", join(folder, "out.y4m"));
    await it.said("What was decided");
    process.kill(-it.pid, "SIGINT");
    expect(await it.end()).toBe(1);
    expect(it.output).toMatch(/sysmem: interrupted\n$/);
    expect(it.output).not.toContain("vanished");
    expect(it.hasProcesses()).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("leaves no participant when its own process is killed", async () => {
    const it = run("--frames", "1000000");
    await it.said("What was decided");
    process.kill(it.pid, "SIGKILL");
    await it.end();
    while (it.hasProcesses()) await sleep(10);
  });
});
