/** What operators use: metrics, the log, a changed configuration. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { DEFAULT_CONFIG, serveMetrics } from "#daemon";
import { Program } from "../cli/sysmem.ts";
import { raw } from "./constraints.ts";
import { World } from "./world.ts";

const world = new World();
afterEach(() => world.clear());
afterAll(() => world.close());

/** One request. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    }).on("error", reject);
  });
}

const hasPromtool = spawnSync("promtool", ["--version"]).status === 0;

/** How many samples a text in Prometheus' format has. Throws where it breaks the format. */
function samplesOf(text: string): number {
  expect(text.endsWith("\n")).toBe(true);
  const types = new Map<string, string>();
  const seen = new Set<string>();
  const label = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*"`;
  const sample = new RegExp(
    String.raw`^([a-zA-Z_:][\w:]*)(\{${label}(?:,${label})*\})? ([-+]?(?:\d+(?:\.\d+)?(?:e[-+]?\d+)?|Inf)|NaN)$`,
  );
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("# HELP ")) continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    if (type !== null) {
      expect(types.has(type[1] as string), line).toBe(false);
      types.set(type[1] as string, type[2] as string);
      continue;
    }
    const [, name = "", labels = ""] = sample.exec(line) ?? [];
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");
    expect(types.has(family), line).toBe(true);
    expect(seen.has(name + labels), line).toBe(false);
    seen.add(name + labels);
  }
  return seen.size;
}

describe(`/metrics${hasPromtool ? "" : " (without promtool's word on it)"}`, () => {
  it("counts collections, buffers and failures, for this machine's own names only", async () => {
    const { server } = world.daemon;
    const metrics = await serveMetrics(server, { kind: "tcp", host: "127.0.0.1", port: 0 });
    const root = world.collection("counted");
    const one = world.local("one", root, raw());
    const buffers = await one.waitForBuffers();
    const { status, text } = await ask(metrics.url);
    expect(status).toBe(200);
    const { perUser } = server.context.accounts.quotas;
    expect(text).toContain(`sysmem_user_limit{amount="bytes"} ${perUser?.bytes}\n`);
    for (const line of [
      'sysmem_collections{state="allocated"} 1',
      "sysmem_nodes 1",
      'sysmem_buffers{heap="fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM"} 1',
      'sysmem_vmos{strength="strong"} 1',
      'sysmem_allocations_total{attempt="initial",error=""} 1',
      "sysmem_allocation_seconds_count 1",
      'sysmem_quota_used{quota="maxCollections"} 1',
      'sysmem_quota_used{quota="perProcess.bytes"} 4096',
      `sysmem_user_used{uid="${process.getuid?.()}",amount="buffers"} 1`,
      `sysmem_user_used{uid="${process.getuid?.()}",amount="bytes"} 4096`,
    ]) {
      expect(text.split("\n")).toContain(line);
    }
    expect(samplesOf(text)).toBeGreaterThan(40);
    if (hasPromtool) {
      const promtool = spawnSync("promtool", ["check", "metrics"], { input: text, encoding: "utf8" });
      // Node's own names are prom-client's, and one of its habits is not Prometheus'. 1 would be a text that cannot be read.
      const ours = (promtool.stdout + promtool.stderr).split("\n").filter((line) => !line.startsWith("nodejs_"));
      expect({ isRead: promtool.status !== 1, ours }).toEqual({ isRead: true, ours: [""] });
    }
    buffers.close();
    one.node.close();
    await world.until(() => server.context.collections.size === 0);
    const after = (await ask(metrics.url)).text;
    expect(after).toContain('sysmem_domain_failures_total{cause="unclean close"} 1');
    expect(after).toContain("sysmem_buffers_freed_total 1");
    expect((await ask(metrics.url, { host: "evil.example" })).status).toBe(403);
    expect((await ask(metrics.url.replace("/metrics", "/other"))).status).toBe(404);
    await metrics.close();
    expect(server.context.observers.isEmpty).toBe(true);
  });
});

describe("a changed configuration", () => {
  it("holds at once where it can, and says what needs a restart", () => {
    const { daemon } = world;
    const changed = { ...DEFAULT_CONFIG, maxAllocationSize: 100n, inspectGroup: 7, socketMode: 0o600 };
    expect(daemon.reload(changed)).toEqual(["socketMode"]);
    expect(daemon.server.context.maxAllocationSize).toBe(100n);
    expect(daemon.reload(changed)).toEqual([]);
    expect(daemon.reload(DEFAULT_CONFIG)).toEqual(["socketMode"]);
    expect(daemon.server.context.maxAllocationSize).toBeUndefined();
  });

  it("is read on SIGHUP; one that cannot be used changes nothing; lines are JSON", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sysmem-hup-"));
    const config = join(folder, "sysmem.toml");
    writeFileSync(config, 'log_level = "info"\n');
    const hup = new Program("sysmem.ts", ["serve", "--svc", join(folder, "svc"), "--config", config]);
    try {
      await hup.firstLine();
      const said = async (words: string): Promise<Record<string, unknown>> => {
        for (;;) {
          const line = hup.stderr.split("\n").find((one) => one.includes(words));
          if (line !== undefined) return JSON.parse(line) as Record<string, unknown>;
          await sleep(5);
        }
      };
      writeFileSync(config, 'socket_mode = "0660"\n[log_levels]\nserver = "debug"\n');
      hup.child.kill("SIGHUP");
      expect(await said("hold from the next start")).toMatchObject({
        serverPid: hup.child.pid,
        settings: ["socketMode"],
      });
      writeFileSync(config, 'log_level = "loud"\n');
      hup.child.kill("SIGHUP");
      expect(await said("cannot be used")).toMatchObject({ err: { code: "CONFIG" } });
      hup.child.kill("SIGTERM");
      expect(await hup.end()).toBe(0);
    } finally {
      hup.child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    }
  });

  it("names an area of the log that does not exist", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sysmem-areas-"));
    const config = join(folder, "sysmem.toml");
    writeFileSync(config, 'log_level = "silent"\n[log_levels]\nserver = "error"\nnowhere = "info"\n');
    const wrong = new Program("sysmem.ts", ["serve", "--svc", join(folder, "svc"), "--config", config]);
    expect(await wrong.end()).toBe(1);
    expect(wrong.stderr).toContain("log_levels.nowhere is not a setting");
    rmSync(folder, { recursive: true });
  });
});
