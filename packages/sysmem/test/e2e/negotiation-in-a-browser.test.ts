/**
 * The engine needs nothing of Node: bundled for a browser it solves examples in a context that has nothing but the
 * language, and in a real browser where there is one.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build, stop } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";

/** Compressed; what the inspector's page pays for its what-if. */
const BUNDLE_BUDGET_BYTES = 30_000;

const CHROMIUM = "/usr/bin/chromium";
const missing = existsSync(CHROMIUM) ? "" : " (chromium, Debian's package, is not installed)";

/** An expression over the bundle's `negotiation`: negotiates, fails, explains both, and finds its way through a group. */
const SCENE = `(() => {
  const all = { cpu: true, ram: true, inaccessible: true };
  const heaps = [{ heapType: negotiation.SYSTEM_RAM, id: 0n, domains: all, secure: false }];
  const participant = (name, usage, format) => ({
    name,
    constraints: {
      usage,
      minBufferCountForCamping: 2,
      imageFormatConstraints: [{ colorSpaces: [6], pixelFormat: 104, ...format }],
    },
  });
  const camera = participant("camera", { video: 8 }, { minSize: { width: 641, height: 481 } });
  const reader = participant("reader", { cpu: 1 }, { bytesPerRowDivisor: 64 });
  const narrow = participant("narrow", { cpu: 1 }, { maxBytesPerRow: 600 });
  const good = negotiation.negotiate([camera, reader], { heaps });
  const leaf = (one) => ({ kind: "participant", participant: one });
  const tree = { ...leaf(camera), children: [{ kind: "group", children: [leaf(narrow), leaf(reader)] }] };
  return JSON.stringify({
    node: [typeof process, typeof require, typeof Buffer, typeof global],
    count: good.ok && good.bufferCount,
    bytes: good.ok && String(good.settings.bufferSettings.sizeBytes),
    failure: negotiation.explainFailure([camera, reader, narrow], { heaps }).requirements.map((one) => one.participant),
    decisions: negotiation.explainSuccess([camera, reader], { heaps }).length > 10,
    children: negotiation.explainTree(tree, { heaps }).children.map((one) => one.status),
    planes: negotiation.imageLayout({ pixelFormat: 104, size: { width: 64, height: 48 } }).planes.length,
  });
})()`;

const EXPECTED = {
  node: ["undefined", "undefined", "undefined", "undefined"],
  count: 4,
  bytes: "508992",
  failure: ["camera", "camera", "narrow", "narrow"],
  decisions: true,
  children: ["rejected", "selected"],
  planes: 2,
};

describe("the engine in a browser bundle", () => {
  let code = "";
  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("../../src/negotiate/index.ts", import.meta.url))],
      bundle: true,
      write: false,
      minify: true,
      platform: "browser",
      format: "iife",
      globalName: "negotiation",
      target: "es2022",
      conditions: ["sysmem:source"],
      logLevel: "silent",
    });
    code = outputFiles[0]?.text ?? "";
    // Its compiler is a process of its own.
    await stop();
  });

  test("is small and names nothing of Node", () => {
    expect(/require\(|["']node:/.test(code)).toBe(false);
    expect(gzipSync(code).length).toBeLessThan(BUNDLE_BUDGET_BYTES);
  });

  test("runs where nothing of Node exists", () => {
    // What a browser has and a bare script context has not.
    const context = createContext({ structuredClone });
    runInContext(code, context);
    expect(JSON.parse(String(runInContext(SCENE, context)))).toEqual(EXPECTED);
  });

  test.skipIf(missing !== "")(`runs in headless Chromium${missing}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "negotiation-"));
    try {
      const page = join(folder, "page.html");
      const script = `document.body.textContent = (() => { try { return ${SCENE}; } catch (error) { return String(error); } })();`;
      await writeFile(
        page,
        `<body><script>${code.replaceAll("</script", "<\\/script")}</script><script>${script}</script>`,
      );
      const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"];
      const { stdout } = await promisify(execFile)(CHROMIUM, [
        ...flags,
        `--user-data-dir=${join(folder, "profile")}`,
        `file://${page}`,
      ]);
      const text = /\{"node".*\}/.exec(stdout)?.[0] ?? stdout.slice(-500);
      expect(JSON.parse(text)).toEqual(EXPECTED);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
