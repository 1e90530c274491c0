#!/usr/bin/env node
// Which statement of the lifecycle contract is held by which test.
//
// A test names the statements that it proves at the start of its title, by number: test("L43: ...") or test("L47 L48: ...").
// Prints one line per statement, then what is missing. Exit status 1 when something is missing.
//
//     node tools/lifecycle-coverage.mjs [--missing | --check] [--json]
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const STATEMENTS = 151;
const repository = fileURLToPath(new URL("..", import.meta.url));
const testFolder = join(repository, "packages/sysmem/test");

/** @returns {Map<number, string[]>} statement to "file: title" of each test */
function collect() {
  const found = new Map();
  for (const entry of readdirSync(testFolder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".test.ts")) continue;
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const text = readFileSync(path, "utf8");
    // Titles are the first strings of test(...), of it(...), and of the rows of test.each([...]).
    for (const match of text.matchAll(/["'`]((?:L\d+[ ,/]*)+)(?:\([^)]*\))?:\s*([^"'`\n]*)["'`]/g)) {
      for (const [, number] of (match[1] ?? "").matchAll(/L(\d+)/g)) {
        const list = found.get(Number(number)) ?? [];
        list.push(`${relative(testFolder, path)}: ${match[2]?.trim()}`);
        found.set(Number(number), list);
      }
    }
  }
  return found;
}

const found = collect();
const all = Array.from({ length: STATEMENTS }, (_, i) => i + 1);
const missing = all.filter((number) => !found.has(number));
const unknown = [...found.keys()].filter((number) => number < 1 || number > STATEMENTS);
const options = new Set(process.argv.slice(2));

if (options.has("--json")) {
  const tests = Object.fromEntries([...found].sort(([a], [b]) => a - b));
  console.log(JSON.stringify({ statements: STATEMENTS, tests, missing, unknown }, null, 2));
} else {
  if (!options.has("--missing") && !options.has("--check")) {
    for (const number of all) {
      for (const title of found.get(number) ?? []) console.log(`L${number}\t${title}`);
    }
  }
  console.log(`${STATEMENTS - missing.length} of ${STATEMENTS} statements have a test`);
  if (missing.length > 0) console.log(`missing: ${missing.map((number) => `L${number}`).join(" ")}`);
  if (unknown.length > 0) console.log(`no such statement: ${unknown.map((number) => `L${number}`).join(" ")}`);
}
process.exitCode = missing.length + unknown.length > 0 ? 1 : 0;
