import { spawnSync } from "node:child_process";

/** Set-up cannot go on; the message is for the person in front of it and says what to do. */
export class SetupError extends Error {}

/**
 * @param {bigint} startedAt from `process.hrtime.bigint()`
 * @returns {string} the time since then, for people
 */
export function seconds(startedAt) {
  return `${(Number(process.hrtime.bigint() - startedAt) / 1e9).toFixed(1)} s`;
}

/**
 * Runs a program without input, and keeps its output for the case that it fails.
 *
 * @param {string} what what is being done, for the message
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, maxBuffer?: number }} options
 * @returns {void}
 */
export function mustRun(what, command, args, options) {
  const result = spawnSync(command, args, { ...options, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (result.status === 0) return;
  const why = result.error?.message ?? (result.signal === null ? `exit status ${result.status}` : result.signal);
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}`.trimEnd();
  throw new SetupError(`cannot ${what}: ${command} ${args.join(" ")}: ${why}\n${output}`);
}
