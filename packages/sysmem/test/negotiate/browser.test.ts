/** The engine needs nothing of Node: it is bundled for a browser and solves an example where nothing of Node exists. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { expect, test } from "vitest";

/** Compressed; what the inspector's page pays for its what-if. */
const BUNDLE_BUDGET_BYTES = 30_000;

test("the engine runs in a browser bundle", async () => {
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
  const code = outputFiles[0]?.text ?? "";
  expect(/require\(|["']node:/.test(code)).toBe(false);
  expect(gzipSync(code).length).toBeLessThan(BUNDLE_BUDGET_BYTES);
  // What a browser has and a bare script context has not.
  const context = createContext({ structuredClone });
  runInContext(code, context);
  const result: unknown = runInContext(
    `(() => {
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
      return JSON.stringify([
        good.ok && good.bufferCount,
        good.ok && String(good.settings.bufferSettings.sizeBytes),
        negotiation.explainFailure([camera, reader, narrow], { heaps }).requirements.map((one) => one.participant),
        negotiation.explainSuccess([camera, reader], { heaps }).length > 10,
      ]);
    })()`,
    context,
  );
  expect(JSON.parse(String(result))).toEqual([4, "508992", ["camera", "camera", "narrow", "narrow"], true]);
});
