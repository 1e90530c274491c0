/** Installing from a lock file, only when node_modules is not already what the lock file says. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { mustRun, SetupError, seconds } from "./common.mjs";
import { isAtLeast } from "./machine.mjs";

/** First npm that knows `--strict-allow-scripts`; older ones would run install scripts nobody has looked at. */
const NPM_FLOOR = "11.0.0";

/** @typedef {{ version?: string, link?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockEntry */

/**
 * True when `node_modules` holds what `package-lock.json` asks for. A stamp with the lock file's hash answers most
 * times; without it npm's own record of what it installed is compared, so that an `npm install` by hand counts too.
 *
 * @param {string} folder
 * @returns {boolean}
 */
export function isInstalled(folder) {
  const modules = join(folder, "node_modules");
  const record = join(modules, ".package-lock.json");
  if (!existsSync(record)) return false;
  const lockText = readFileSync(join(folder, "package-lock.json"));
  const stampFile = join(modules, ".sysmem-stamp");
  const stamp = stampOf(lockText);
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return true;
  const isSame = matches(JSON.parse(lockText.toString()).packages, JSON.parse(readFileSync(record, "utf8")).packages);
  if (isSame) writeFileSync(stampFile, stamp);
  return isSame;
}

/**
 * Installs from the lock file. Install scripts are refused unless the root's `allowScripts` names them: everything
 * here works without any.
 *
 * @param {string} folder
 * @param {string} forWhat appended to the line that is printed
 * @param {(line: string) => void} say
 * @returns {void}
 */
export function install(folder, forWhat, say) {
  const npm = findNpm();
  const startedAt = process.hrtime.bigint();
  say(`installing from package-lock.json${forWhat} ...`);
  mustRun(
    "install the dependencies",
    npm.command,
    [...npm.args, "ci", "--strict-allow-scripts", "--no-audit", "--no-fund"],
    {
      cwd: folder,
      env: outsideOfNpm(process.env),
    },
  );
  writeFileSync(
    join(folder, "node_modules", ".sysmem-stamp"),
    stampOf(readFileSync(join(folder, "package-lock.json"))),
  );
  say(`installed (${seconds(startedAt)})`);
}

/**
 * @param {Record<string, LockEntry>} wanted the lock file's entries
 * @param {Record<string, LockEntry>} present what npm says it installed
 * @returns {boolean}
 */
function matches(wanted, present) {
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const installed = present[path];
    if (installed === undefined ? isNeeded(entry) : installed.version !== entry.version) return false;
  }
  return Object.keys(present).every((path) => path in wanted);
}

/**
 * Optional packages may be absent: those for other machines, and what only those depend on. One made for this kind
 * of machine is the native half of something, though, and must be there.
 *
 * @param {LockEntry} entry
 * @returns {boolean}
 */
function isNeeded(entry) {
  if (entry.optional !== true) return true;
  if (entry.os === undefined && entry.cpu === undefined) return false;
  const libc = existsSync("/etc/alpine-release") ? "musl" : "glibc";
  return accepts(entry.os, process.platform) && accepts(entry.cpu, process.arch) && accepts(entry.libc, libc);
}

/**
 * @param {readonly string[] | undefined} list names, or `!name` for all but that
 * @param {string} value
 * @returns {boolean}
 */
function accepts(list, value) {
  if (list === undefined || list.length === 0) return true;
  if (list.includes(`!${value}`)) return false;
  return list.includes(value) || list.every((name) => name.startsWith("!"));
}

/**
 * @param {Buffer} lockText
 * @returns {string}
 */
function stampOf(lockText) {
  return `${createHash("sha256").update(lockText).digest("hex")} ${process.platform}-${process.arch}\n`;
}

/** @returns {{ command: string, args: string[] }} the npm that runs this script, else the one on PATH */
function findNpm() {
  const path = process.env["npm_execpath"];
  const npm =
    path !== undefined && basename(path) === "npm-cli.js"
      ? { command: process.execPath, args: [path] }
      : { command: "npm", args: [] };
  const answer = spawnSync(npm.command, [...npm.args, "--version"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (answer.status !== 0) throw new SetupError("npm is needed to install the dependencies, and `npm --version` fails");
  const version = answer.stdout.trim();
  if (!isAtLeast(version, NPM_FLOOR)) {
    throw new SetupError(
      `npm ${NPM_FLOOR} or newer is needed, this is ${version}. Get it with: npm install --global npm@11`,
    );
  }
  return npm;
}

/**
 * What `npm run` tells its children about the run they are part of; a nested npm would take some of it for its own.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function outsideOfNpm(env) {
  const isOfRun = (/** @type {string} */ name) =>
    /^npm_(lifecycle|package)_/.test(name) || ["npm_command", "npm_config_local_prefix", "INIT_CWD"].includes(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isOfRun(name)));
}
