import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";

const source = fileURLToPath(new URL("../../src/fidl", import.meta.url));

it("falls back to the reflective codec where code may not be generated", () => {
  const fixture = fileURLToPath(new URL("../fixtures/fidl/no-code-generation.ts", import.meta.url));
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  const args = ["--conditions=sysmem:source", "--import", tsx, "--disallow-code-generation-from-strings", fixture];
  expect(execFileSync(process.execPath, args, { encoding: "utf8" })).toBe("4950\n");
});

it("imports nothing but the base layer, so that it runs in a browser", () => {
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const imported = new Set<string>();
  for (const file of files) {
    const text = readFileSync(join(source, file), "utf8");
    for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*"([\w#@./:-]+)"/g)) imported.add(specifier!);
  }
  expect([...imported].filter((specifier) => !specifier.startsWith("."))).toEqual(["#base"]);
});
