import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "./common.mjs";

/**
 * Refuses a machine that cannot run this, before anything is installed on it.
 *
 * @param {string} root
 * @returns {void}
 */
export function checkMachine(root) {
  if (process.platform !== "linux") {
    throw new SetupError(
      `sysmem runs on Linux only: memory files and socket packets are its kernel objects (this is ${process.platform})`,
    );
  }
  const floor = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.node.replace(">=", "");
  if (!isAtLeast(process.versions.node, floor)) {
    throw new SetupError(`Node ${floor} or newer is needed, this is ${process.versions.node} (${process.execPath})`);
  }
}

/**
 * @param {string} version dotted numbers
 * @param {string} floor dotted numbers, as many as matter
 * @returns {boolean}
 */
export function isAtLeast(version, floor) {
  const have = version.split(".").map(Number);
  const want = floor.split(".").map(Number);
  for (let i = 0; i < want.length; i++) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
