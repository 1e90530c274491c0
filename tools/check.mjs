/**
 * Does what CI does, in under two minutes: `npm run check`.
 *
 *     node tools/check.mjs [--changed] [--list] [NAME]...
 *
 * `--changed` looks only at what differs from the last commit, in seconds. NAMEs choose checks. Exit status 0 when
 * all passed, 1 when one failed, 2 for wrong usage.
 */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { allFiles, changedFiles, root } from "./checks/common.mjs";
import { house } from "./checks/house.mjs";
import { format, lint, ownTools, shape, unused } from "./checks/tools.mjs";
import { layerTypes, otherTypes } from "./checks/types.mjs";

/** @typedef {import("./checks/common.mjs").Check} Check */
/** @typedef {import("./checks/common.mjs").Scope} Scope */

/** Longest first, so that the short ones fill the other core. `shape` looks at what `layerTypes` builds. */
const CHECKS = [layerTypes, otherTypes, unused, lint, house, format, ...ownTools, shape];

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("--"));
const wrong = [
  ...args.filter((arg) => arg.startsWith("--") && !["--changed", "--list"].includes(arg)),
  ...names.filter((name) => !CHECKS.some((check) => check.name === name)),
];

/** @param {string} line */
const say = (line) => void process.stdout.write(`${line}\n`);

if (wrong.length > 0) {
  process.stderr.write(`unknown: ${wrong.join(", ")}. Checks: ${CHECKS.map((check) => check.name).join(", ")}\n`);
  process.exitCode = 2;
} else if (args.includes("--list")) {
  for (const check of CHECKS) say(`${check.name.padEnd(20)} ${check.what}`);
} else {
  process.exitCode = (await runAll(args.includes("--changed"))) ? 0 : 1;
}

/**
 * @param {boolean} isPartial
 * @returns {Promise<boolean>} whether all passed
 */
async function runAll(isPartial) {
  /** @type {Scope} */
  const scope = { files: allFiles(), changed: isPartial ? changedFiles() : undefined };
  const waiting = CHECKS.filter((check) => isWanted(check, scope));
  const count = { passed: 0, failed: 0 };
  /** @type {Promise<boolean> | undefined} */
  let build;
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      if (check === shape) await build;
      const done = runOne(check, scope);
      if (check === layerTypes) build = done;
      count[(await done) ? "passed" : "failed"]++;
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, worker));
  say(`checks: ${count.passed} passed, ${count.failed} failed`);
  return count.failed === 0;
}

/**
 * @param {Check} check
 * @param {Scope} scope
 * @returns {boolean}
 */
function isWanted(check, { changed }) {
  if (names.length > 0) return names.includes(check.name);
  if (check.needs !== undefined && !existsSync(join(root, check.needs)) && check !== shape) return false;
  if (changed === undefined || check.isWhole !== true) return true;
  return changed.some((path) => check.concerns?.(path) ?? false);
}

/**
 * @param {Check} check
 * @param {Scope} scope
 * @returns {Promise<boolean>}
 */
async function runOne(check, scope) {
  const startedAt = process.hrtime.bigint();
  const { ok, output } = await check.run(scope);
  const took = `${(Number(process.hrtime.bigint() - startedAt) / 1e9).toFixed(1)} s`;
  say(`${ok ? "ok  " : "FAIL"} ${check.name.padEnd(20)} ${took.padStart(7)}`);
  if (!ok) say(output.replace(/^/gm, "     "));
  return ok;
}
