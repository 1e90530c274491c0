/** The committed page is what its sources build to, and is small enough. Status 0, or an explanation. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** Compressed bytes that a visitor loads before anything is shown, and those of the engine, which "what if" loads. */
const PAGE_BUDGET = 60_000;
const ENGINE_BUDGET = 60_000;

const home = fileURLToPath(new URL("..", import.meta.url));
const committed = fileURLToPath(new URL("../../sysmem/assets/inspector/", import.meta.url));
const tsc = fileURLToPath(new URL("../../../node_modules/@typescript/native/bin/tsc", import.meta.url));
const problems = [];

try {
  execFileSync(process.execPath, [tsc, "-p", join(home, "tsconfig.page.json")], { stdio: "pipe" });
} catch (error) {
  problems.push(`types:\n${error.stdout}`);
}

const fresh = mkdtempSync(join(tmpdir(), "sysmem-inspector-"));
try {
  await build({ root: home, logLevel: "error", build: { outDir: fresh } });
  const names = new Set([...readdirSync(fresh), ...readdirSync(committed)]);
  names.delete("licenses.txt");
  for (const name of names) {
    const [now, then] = [fresh, committed].map((folder) => read(join(folder, name)));
    if (!now.equals(then)) problems.push(`${name} is not what the sources build to: npm run build, and commit it`);
  }
} finally {
  rmSync(fresh, { recursive: true });
}

const isLoadedLater = (name) => name === "engine.js" || name === "licenses.txt";
const sizes = readdirSync(committed).map((name) => [name, gzipSync(read(join(committed, name))).length]);
const page = sizes.filter(([name]) => !isLoadedLater(name)).reduce((sum, [, size]) => sum + size, 0);
const engine = sizes.find(([name]) => name === "engine.js")?.[1] ?? 0;
process.stdout.write(`page ${page} bytes compressed, engine ${engine}\n`);
if (page > PAGE_BUDGET) problems.push(`the page has ${page} bytes compressed, at most ${PAGE_BUDGET}`);
if (engine > ENGINE_BUDGET) problems.push(`the engine has ${engine} bytes compressed, at most ${ENGINE_BUDGET}`);

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
