/** A PipeWire daemon of our own, without a session manager, and a source that `pipewire.c` drives. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { temporaryFolder } from "../lib/processes.mjs";

const MODULES = ["protocol-native", "spa-node-factory", "client-node", "access", "adapter", "link-factory"];

const configuration = (isPrefaulting) => `
context.properties = { core.daemon = true, core.name = pipewire-0, link.max-buffers = 16, mem.allow-mlock = ${isPrefaulting} }
context.spa-libs = { support.* = support/libspa-support }
context.modules = [ ${MODULES.map((name) => `{ name = libpipewire-module-${name} }`).join(" ")} ]
`;

/**
 * Starts both. `isPrefaulting`: as shipped, PipeWire locks buffers in memory, which touches every page of them. Undefined
 * where there is no PipeWire daemon.
 * @param program `pipewire.c`, compiled
 */
export async function startPipewire(program, { isPrefaulting }) {
  const folder = temporaryFolder();
  chmodSync(folder.path, 0o700);
  const file = join(folder.path, "pipewire.conf");
  writeFileSync(file, configuration(isPrefaulting));
  const env = { ...process.env, XDG_RUNTIME_DIR: folder.path, PIPEWIRE_RUNTIME_DIR: folder.path, PIPEWIRE_DEBUG: "0" };
  if (!isPrefaulting) env.BENCH_NO_MLOCK = "1";
  const children = [];
  const start = (command, ...args) => {
    const child = spawn(command, args, { env, stdio: "ignore" });
    child.on("error", () => {});
    children.push(child);
    return child;
  };
  const stop = async () => {
    for (const child of children.reverse()) {
      if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    folder.remove();
  };
  const daemon = start("pipewire", "-c", file);
  for (let tries = 0; !existsSync(join(folder.path, "pipewire-0")); tries++) {
    if (daemon.pid === undefined || daemon.exitCode !== null || tries === 200) {
      await stop();
      return undefined;
    }
    await sleep(50);
  }
  start(program, "source");
  return {
    /** Pairs of microseconds: to the last mapping at the sink, and to the first frame. */
    async link(count, width, height) {
      const { stdout } = await promisify(execFile)(program, ["sink", count, width, height].map(String), { env });
      return stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ").map(Number));
    },
    stop,
  };
}
