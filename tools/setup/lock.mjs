import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SetupError } from "./common.mjs";

/** An install from a cold cache on a slow line fits in this; a set-up that takes longer has stopped. */
const LONGEST_WAIT_MS = 15 * 60_000;

/**
 * Two set-ups of one checkout at a time would remove each other's node_modules: `npm start` in one terminal and
 * `npm test` in another must work. The lock is a file with the owner's pid; a dead owner's is taken over.
 *
 * @param {string} root
 * @param {(line: string) => void} say
 * @param {() => void} work
 * @returns {Promise<void>}
 */
export async function withSetupLock(root, say, work) {
  const file = join(root, ".stamp", "setup.lock");
  mkdirSync(join(root, ".stamp"), { recursive: true });
  const giveUpAt = Date.now() + LONGEST_WAIT_MS;
  let hasSaidSo = false;
  while (!take(file)) {
    const owner = ownerOf(file);
    if (owner === undefined || !isAlive(owner)) {
      rmSync(file, { force: true });
      continue;
    }
    if (Date.now() > giveUpAt)
      throw new SetupError(
        `process ${owner} has been setting up this checkout for too long; if it is not, remove ${file}`,
      );
    if (!hasSaidSo) say(`waiting for the set-up that process ${owner} is doing ...`);
    hasSaidSo = true;
    await sleep(250);
  }
  try {
    work();
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * @param {string} file
 * @returns {boolean} whether the lock is ours now
 */
function take(file) {
  try {
    writeFileSync(file, `${process.pid}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") return false;
    throw error;
  }
}

/**
 * @param {string} file
 * @returns {number | undefined} undefined when the lock is gone, or was left half written
 */
function ownerOf(file) {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {number} pid
 * @returns {boolean}
 */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
}
