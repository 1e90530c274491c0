/** The committed page is what its sources build to, and is small enough. Status 0, or an explanation. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

/** Compressed bytes that a visitor loads before anything is shown, and those of what is loaded when somebody asks for it. */
const PAGE_BUDGET = 60_000;
const LATER_BUDGETS = new Map([
  ["engine.js", 60_000],
  ["chart.js", 30_000],
]);

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

const isLoadedLater = (name) => LATER_BUDGETS.has(name) || name === "licenses.txt";
const sizes = readdirSync(committed).map((name) => [name, gzipSync(read(join(committed, name))).length]);
const page = sizes.filter(([name]) => !isLoadedLater(name)).reduce((sum, [, size]) => sum + size, 0);
process.stdout.write(`page ${page} bytes compressed\n`);
if (page > PAGE_BUDGET) problems.push(`the page has ${page} bytes compressed, at most ${PAGE_BUDGET}`);
for (const [name, budget] of LATER_BUDGETS) {
  const size = sizes.find(([one]) => one === name)?.[1];
  process.stdout.write(`${name} ${size} bytes compressed\n`);
  // One that is not there has become part of the page.
  if (size === undefined || size > budget) problems.push(`${name} has ${size} bytes compressed, at most ${budget}`);
}

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
