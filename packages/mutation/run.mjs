/**
 * Mutation testing of the negotiation: `npm run mutation`, or `npm run mutation -- entry.ts memory.ts` for some files.
 *
 * One file after the other: only what is being changed is instrumented, everything else runs at full speed. Results
 * of what has not changed since the last run are kept (`reports/incremental.json`; `--force` does it all again).
 * Survivors stand in `reports/FILE.txt`, and in `reports/mutation.html` for a browser.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";

/**
 * The part of a mutation report that is read here: https://github.com/stryker-mutator/mutation-testing-elements.
 *
 * @typedef {{ line: number, column: number }} Position
 * @typedef {{ status: string, mutatorName: string, replacement?: string, location: { start: Position, end: Position } }} Mutant
 * @typedef {{ source: string, mutants: Mutant[] }} FileReport
 */

const root = fileURLToPath(new URL("../..", import.meta.url));
const SOURCES = "packages/sysmem/src/negotiate";
const REPORTS = join(root, "packages/mutation/reports");
const STRYKER = join(root, "packages/mutation/node_modules/@stryker-mutator/core/bin/stryker.js");

/** What only declares or lists. */
const NOTHING_TO_MUTATE = ["api.ts", "index.ts", "wire-types.ts"];

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith("--"));
const wanted = args.filter((arg) => !arg.startsWith("--"));
const all = readdirSync(join(root, SOURCES), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts") && !NOTHING_TO_MUTATE.includes(path))
  .sort((a, b) => Number(a.includes("/")) - Number(b.includes("/")) || a.localeCompare(b));
const unknown = wanted.filter((path) => !all.includes(path));
if (unknown.length > 0) {
  process.stderr.write(`no such file: ${unknown.join(", ")}. Files: ${all.join(", ")}\n`);
  process.exitCode = 2;
} else {
  // Hours of computing make way for whoever waits.
  setPriority(10);
  mkdirSync(REPORTS, { recursive: true });
  process.stdout.write("file                            mutants   killed  timeout survived no test    score\n");
  for (const path of wanted.length > 0 ? wanted : all) {
    const report = mutate(path);
    if (report === undefined) process.exitCode = 1;
    else process.stdout.write(`${row(path, report)}\n`);
  }
}

/**
 * @param {string} path from the sources' folder
 * @returns {FileReport | undefined} undefined when Stryker itself failed, and has said why
 */
function mutate(path) {
  const file = `${SOURCES}/${path}`;
  const json = join(REPORTS, "mutation.json");
  rmSync(json, { force: true });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [STRYKER, "run", "packages/mutation/stryker.config.mjs", "--mutate", file, ...options],
    { cwd: root, encoding: "utf8", maxBuffer: 2 ** 30 },
  );
  if (status !== 0) {
    process.stderr.write(`${path}: Stryker ended with status ${status}\n${stdout}${stderr}\n`);
    return undefined;
  }
  const { files } = /** @type {{ files: Record<string, FileReport> }} */ (JSON.parse(readFileSync(json, "utf8")));
  const report = files[file] ?? { source: "", mutants: [] };
  writeFileSync(join(REPORTS, `${path.replaceAll("/", "-")}.txt`), survivors(file, report));
  return report;
}

/**
 * @param {string} path
 * @param {FileReport} report
 * @returns {string}
 */
function row(path, report) {
  const count = (/** @type {string} */ status) => report.mutants.filter((mutant) => mutant.status === status).length;
  const noticed = count("Killed") + count("Timeout");
  const numbers = [count("Killed"), count("Timeout"), count("Survived"), count("NoCoverage")];
  const total = numbers.reduce((sum, number) => sum + number, 0);
  const score = total === 0 ? 100 : (100 * noticed) / total;
  const cells = [total, ...numbers].map((number) => String(number).padStart(9));
  return `${path.padEnd(30)}${cells.join("")}${`${score.toFixed(1)} %`.padStart(9)}`;
}

/**
 * @param {string} file
 * @param {FileReport} report
 * @returns {string} a line for each change that no test noticed
 */
function survivors(file, { source, mutants }) {
  const lines = source.split("\n");
  return mutants
    .filter(({ status }) => status === "Survived" || status === "NoCoverage")
    .sort((a, b) => a.location.start.line - b.location.start.line || a.location.start.column - b.location.start.column)
    .map(({ status, mutatorName, replacement = "", location: { start, end } }) => {
      const line = lines[start.line - 1] ?? "";
      const was = line.slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined);
      const untested = status === "NoCoverage" ? " (no test comes here)" : "";
      return `${file}:${start.line}:${start.column} ${mutatorName}${untested}: ${was} => ${replacement.split("\n")[0]}\n`;
    })
    .join("");
}
