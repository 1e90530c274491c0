/** What the inspecting commands print, word for word. Ids, processes and times are replaced by their names. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Collection, SharedBuffers } from "#client";
import { PixelFormat } from "#gen/fuchsia_images2";
import { main } from "../../../src/cli/main.ts";
import { image } from "../../inspect/constraints.ts";
import { World } from "../../inspect/world.ts";

const goldens = fileURLToPath(new URL("goldens/", import.meta.url));
const world = new World();
let buffers: SharedBuffers;
let camera: Collection;

beforeAll(async () => {
  const root = world.collection("frames");
  camera = world.local("camera", await root.duplicate(), image(PixelFormat.NV12));
  world.local("display", root, image(PixelFormat.NV12, { bytesPerRowDivisor: 256 }));
  buffers = await camera.waitForBuffers();
  buffers.at(0).bytes();
  const stalled = world.collection("stalled");
  await world.local("late", await stalled.duplicate()).sync();
  const bad = world.collection("bad");
  world.local("sensor", await bad.duplicate(), image(PixelFormat.NV12, { maxBytesPerRow: 700 }));
  world.local("panel", bad, image(PixelFormat.NV12, { bytesPerRowDivisor: 256 }));
  await world.failed("bad");
});
afterAll(async () => {
  buffers.close();
  await world.clear();
  await world.close();
});

/** Replaces what differs from run to run, and what depends on how tests are run. */
function normalize(text: string): string {
  return text
    .replaceAll(/\b17\d{14}\b|\b1[89]\d{14}\b/g, "COLLECTION-ID-00")
    .replaceAll(new RegExp(`\\b${process.pid}\\b`, "g"), "PID")
    .replaceAll(/\(node [^)]*\)/g, "(node PROGRAM)")
    .replaceAll(/node \(vitest[^\n]*?\)/g, "PROGRAM")
    .replaceAll(/\b\d+ m?s\b/g, "TIME")
    .replaceAll(/"(\w+_ns|inode|start|end)": "\d+"/g, '"$1": "N"')
    .replaceAll(/"command": "[^"]*"/g, '"command": "PROGRAM"')
    .replaceAll(/"descriptor": \d+/g, '"descriptor": 0')
    .replaceAll(/^((?:max|per)[\w.]+ +[\d.]+(?: \w*B)? +)[\d.]+(?: \w+B)?/gm, "$1LIMIT")
    .replaceAll(/^((?:per\w+\.|pid |uid ).*?uid |uid )\d+/gm, "$1UID")
    .replaceAll(/^(pid PID +)node [^ ]+/gm, "$1PROGRAM")
    .replaceAll(/ +\n/g, "\n");
}

function expectGolden(name: string, text: string): void {
  const path = `${goldens}${name}.txt`;
  if (process.env["UPDATE_GOLDENS"]) {
    mkdirSync(goldens, { recursive: true });
    writeFileSync(path, text);
  }
  expect(text).toBe(existsSync(path) ? readFileSync(path, "utf8") : "(no golden)");
}

describe("the text of", () => {
  const commands: readonly (readonly [string, ...string[]])[] = [
    ["ls", "ls"],
    ["tree", "tree"],
    ["tree-of-one", "tree", "stalled"],
    ["tree-of-failed", "tree", "bad"],
    ["explain-last", "explain"],
    ["explain-decided", "explain", "frames"],
    ["heaps", "heaps"],
  ];
  for (const [name, ...args] of commands) {
    it(`sysmem ${args.join(" ")}`, async () => {
      const { status, out, err } = await world.sysmem(...args);
      expect([status, err]).toEqual([0, ""]);
      // The columns of a table are as wide as what was replaced.
      expectGolden(name, normalize(out).replaceAll(/ {2,}/g, "  "));
    });
  }

  it("sysmem why-alive names participants and holders", async () => {
    const { out } = await world.sysmem("why-alive", "frames");
    expect(out).toContain("2 participants still connected, which keeps every buffer:");
    expect(out).toMatch(new RegExp(`^ +${process.pid} .* +0-1 +2 descriptors, 1 mapping \\(strong\\) +camera$`, "m"));
  });

  it("sysmem top --count 1, without a terminal", async () => {
    const { out } = await world.sysmem("top", "--count", "1");
    expect(out).toMatch(
      new RegExp(`^sysmem \\S+, pid ${process.pid}, up .*; 2 collections; 1 waiting; 900\\.0 KiB$|^sysmem `, "m"),
    );
    expect(out.indexOf("frames")).toBeLessThan(out.indexOf("stalled"));
    expect(out).not.toContain("\u001b");
  });
});

describe("--json of", () => {
  it("ls and tree are data with FIDL's names", async () => {
    const { collections } = await world.json("ls");
    expect(collections).toMatchObject([
      { name: "frames", allocation: "ALLOCATED", pixel_format: "NV12" },
      { name: "stalled" },
    ]);
    const tree = await world.json("tree", "stalled");
    expect(tree).toMatchObject({
      collections: [{ nodes: [{ awaited: "BIND_OR_RELEASE" }, { client: "late", awaited: "SET_CONSTRAINTS" }] }],
    });
  });

  it("tree of what failed is the tree at that moment, by name, by id, and as the last", async () => {
    const byName = await world.json("tree", "bad");
    expect(byName).toMatchObject({
      failures: [{ collection_name: "bad", nodes: [{ client: "panel" }, { client: "sensor" }], is_shortened: false }],
    });
    const [{ collection_id: id }] = byName["failures"] as [{ collection_id: string }];
    expect(await world.json("tree", id)).toEqual(byName);
    expect(await world.json("tree", "last")).toEqual(byName);
  });

  it("explain, why-alive, heaps and top", async () => {
    const max = { max_bytes_per_row: 700 };
    expect(await world.json("explain")).toMatchObject({
      failures: [
        {
          failure: { kind: "NEGOTIATION", collection_name: "bad" },
          nodes: [
            { client: "panel", constraints: {} },
            { client: "sensor", constraints: { image_format_constraints: [max] } },
          ],
        },
      ],
    });
    expect(await world.json("why-alive", "frames")).toMatchObject({ participants: [{}, {}], buffers: [{}, {}] });
    expect(await world.json("heaps")).toMatchObject({ heaps: [{ buffer_count: 2 }] });
    const top = await world.sysmem("top", "--count", "2", "--interval", "0.01", "--json");
    expect(
      top.out
        .trim()
        .split("\n")
        .map((line) => Object.keys(JSON.parse(line))),
    ).toEqual([
      ["server", "collections", "heaps", "quotas"],
      ["server", "collections", "heaps", "quotas"],
    ]);
  });

  it("watch is a line for each event", async () => {
    const watching = world.sysmem("watch", "--json", "--count", "2");
    const { observers } = world.daemon.server.context;
    await world.until(() => !observers.isEmpty);
    const token = world.collection("watched");
    const { out } = await watching;
    const [first] = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(first).toMatchObject({ kind: "COLLECTION_CREATED", client: "director" });
    token.release();
  });
});

describe("what goes wrong", () => {
  it("is one line and status 1 without a server", async () => {
    let err = "";
    const stderr = { write: (text: string) => (err += text) !== "" };
    const stdout = { write: () => true };
    expect(await main(["ls", "--svc", "/nonexistent"], { stdout, stderr })).toBe(1);
    expect(err.trim()).toBe(
      "sysmem: cannot inspect /nonexistent/sysmem.inspect.Inspector: no server listens there (sysmem serve --svc DIR starts one; --svc DIR says where one is) [NO_SERVER]",
    );
  });

  it("is one line and status 1 for a collection that does not exist", async () => {
    const { status, out, err } = await world.sysmem("why-alive", "nobody");
    expect([status, out]).toEqual([1, ""]);
    expect(err.trim()).toBe('sysmem: there is no collection "nobody" (sysmem ls lists them) [NO_COLLECTION]');
  });

  it("is status 2 for wrong usage", async () => {
    expect((await world.sysmem("ls", "--nonsense")).status).toBe(2);
    expect((await world.sysmem("why-alive")).status).toBe(2);
    expect((await world.sysmem("top", "--interval", "-1")).status).toBe(2);
  });
});

describe("sysmem trace", () => {
  const run = async (...args: string[]) => {
    let out = "";
    let err = "";
    const stdout = { write: (text: string) => (out += text) !== "" };
    const stderr = { write: (text: string) => (err += text) !== "" };
    const before = process.env["SYSMEM_SVC"];
    process.env["SYSMEM_SVC"] = world.svc;
    try {
      return { status: await main(["trace", ...args], { stdout, stderr }), out, err };
    } finally {
      if (before === undefined) delete process.env["SYSMEM_SVC"];
      else process.env["SYSMEM_SVC"] = before;
    }
  };

  it("prints what a program and the server said to each other", async () => {
    const tsx = fileURLToPath(import.meta.resolve("tsx"));
    const program = fileURLToPath(new URL("fixtures/traced.ts", import.meta.url));
    const { status, out } = await run("--", process.execPath, "--import", tsx, "--conditions=sysmem:source", program);
    expect(status).toBe(0);
    expect(out).toContain('fuchsia.sysmem2/Allocator.SetDebugClientInfo request { name = "traced", id = 0 }');
    expect(out).toMatch(/BufferCollection\.WaitForAllBuffersAllocated response/);
  });

  it("says when there was nothing to trace, or nothing to run", async () => {
    const nothing = await run("true");
    expect([nothing.status, nothing.err.trim()]).toEqual([1, "sysmem: true sent no message with the client library"]);
    const missing = await run("/nonexistent/program");
    expect(missing.status).toBe(1);
    expect(missing.err).toContain("sysmem: cannot run /nonexistent/program");
  });
});

describe("completion", () => {
  const words = async (...args: string[]) => {
    let out = "";
    const stdout = { write: (text: string) => (out += text) !== "" };
    await main(["__complete", ...args], { stdout, stderr: stdout });
    return out
      .trim()
      .split("\n")
      .map((line) => line.split("\t")[0]);
  };

  it("proposes commands, flags and collections", async () => {
    expect(await words("wh")).toEqual(["why-alive"]);
    expect(await words("ls", "--js")).toContain("--json");
    const before = process.env["SYSMEM_SVC"];
    process.env["SYSMEM_SVC"] = world.svc;
    try {
      expect(await words("tree", "fr")).toContain("frames");
    } finally {
      if (before === undefined) delete process.env["SYSMEM_SVC"];
      else process.env["SYSMEM_SVC"] = before;
    }
  });

  it("has a script for each shell", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      let out = "";
      const stdout = { write: (text: string) => (out += text) !== "" };
      expect(await main(["completion", shell], { stdout, stderr: stdout })).toBe(0);
      expect(out).toContain("sysmem __complete");
    }
  });
});
