/** What every check shares: the files of the checkout, and running a tool. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** @typedef {{ readonly ok: boolean, readonly output: string }} Outcome `output` is shown when it failed */

/**
 * What a check is given.
 *
 * @typedef {object} Scope
 * @property {readonly string[]} files all files of the checkout, from the root, without ignored ones
 * @property {readonly string[] | undefined} changed those that differ from the last commit; undefined = look at all
 */

/**
 * One check. `needs` names a path without which there is nothing to check; `isWhole` says that looking at a part
 * makes no sense, so that it is left out of `--changed` unless `concerns` says that a changed file touches it.
 *
 * @typedef {object} Check
 * @property {string} name
 * @property {string} what
 * @property {string} [needs]
 * @property {boolean} [isWhole]
 * @property {(path: string) => boolean} [concerns]
 * @property {(scope: Scope) => Promise<Outcome>} run
 */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Promise<Outcome>} ok when it exited with 0
 */
function run(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (output += text));
    child.on("error", (error) => resolve({ ok: false, output: error.message }));
    child.on("close", (status, signal) => {
      const end = status === null ? `\nended by ${signal}` : "";
      resolve({ ok: status === 0, output: `${output.trimEnd()}${end}` });
    });
  });
}

/**
 * A program of an installed package, run with this Node.
 *
 * @param {string} script path below node_modules
 * @param {readonly string[]} args
 * @returns {Promise<Outcome>}
 */
export function nodeTool(script, args) {
  return run(process.execPath, [join(root, "node_modules", script), ...args]);
}

/** @returns {string[]} tracked and new files, without ignored ones */
export function allFiles() {
  return git(["ls-files", "--cached", "--others", "--exclude-standard"]).filter((path) => existsSync(join(root, path)));
}

/** @returns {string[]} files that differ from the last commit, new ones included */
export function changedFiles() {
  const tracked = git(["diff", "--name-only", "--diff-filter=d", "HEAD"]);
  return [...new Set([...tracked, ...git(["ls-files", "--others", "--exclude-standard"])])];
}

/**
 * @param {readonly string[]} args
 * @returns {string[]} lines of output
 */
function git(args) {
  const text = execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20 });
  return text.split("\n").filter((line) => line !== "");
}

/** @param {string} path */
export const isScript = (path) => /\.(ts|tsx|mts|mjs|js)$/.test(path) && !path.endsWith(".d.ts");

/** @param {string} path */
export const isGenerated = (path) => /^packages\/(sysmem\/src\/gen|bench\/generated)\/|\/(goldens|corpus)\//.test(path);
