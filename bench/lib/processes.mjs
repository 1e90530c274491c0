/** Programs that benchmarks start: the daemon, children driven over IPC, and how much processor time each has used. */
import { execFileSync, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SYSMEM = fileURLToPath(new URL("../../packages/sysmem/bin/sysmem.js", import.meta.url));

/** A folder of this run, removed by `remove`. */
export function temporaryFolder() {
  const path = mkdtempSync(join(tmpdir(), "sysmem-bench-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A server in a process of its own, as `sysmem serve ...options` starts it. Resolves when it accepts. */
export async function startDaemon(...options) {
  const folder = temporaryFolder();
  const svc = folder.path;
  const child = spawn(process.execPath, [SYSMEM, "serve", "--svc", svc, "--inspector", "off", ...options], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(([code]) => {
      throw new Error(`sysmem serve ended with ${code}`);
    }),
  ]);
  return {
    svc,
    pid: child.pid,
    stop: async () => {
      child.kill("SIGTERM");
      await exitOf(child);
      folder.remove();
    },
  };
}

/** Resolves when a child has ended, in whatever way. */
export async function exitOf(child) {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

/** A child that answers each message with one. Resolves when it has said that it is ready. */
export async function startChild(url, args, execArgv = []) {
  const child = fork(fileURLToPath(url), args, { execArgv, serialization: "json" });
  const failed = once(child, "exit").then(([code]) => {
    throw new Error(`${url} ended with ${code}`);
  });
  failed.catch(() => undefined);
  const reply = async () => (await Promise.race([once(child, "message"), failed]))[0];
  const ready = await reply();
  return {
    pid: child.pid,
    ready,
    ask: (question) => {
      const answer = reply();
      child.send(question);
      return answer;
    },
    stop: async () => {
      if (child.connected) child.disconnect();
      await exitOf(child);
    },
  };
}

/** Microseconds of processor time that a process has used, all threads that are still there together. */
export function processorTime(pid) {
  let nanoseconds = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
  }
  return nanoseconds / 1e3;
}

/** Compiles one C file with libraries known to pkg-config; undefined where there is no compiler or not the libraries. */
export function compileC(source, target, packages = []) {
  try {
    const options = packages.flatMap((name) => output("pkg-config", "--cflags", "--libs", name).trim().split(/\s+/));
    output("cc", "-O2", "-w", "-o", target, fileURLToPath(source), ...options);
    return target;
  } catch (error) {
    // pkg-config ends with 1 for a library that is not there.
    if (error.code === "ENOENT" || (error.status === 1 && error.path === undefined && packages.length > 0))
      return undefined;
    throw error;
  }
}

function output(command, ...args) {
  return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
