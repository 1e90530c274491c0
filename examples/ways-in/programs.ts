/** Starts what an example needs beside itself, and ends it again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SYSMEM = fileURLToPath(new URL("../../packages/sysmem/bin/sysmem.js", import.meta.url));

/** Starts a `sysmem` command; resolves when it is ready, which is when it says so in its first line. */
export async function startSysmem(...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [...process.execArgv, SYSMEM, ...args], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(child.stdout, "data");
  return child;
}

/** Runs `use` with a server and a folder of its own. */
export async function withServer(use: (svc: string, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sysmem-example-"));
  const svc = join(folder, "svc");
  const server = await startSysmem("serve", "--svc", svc);
  try {
    await use(svc, folder);
  } finally {
    await stop(server);
    rmSync(folder, { recursive: true });
  }
}

export async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  if (child.exitCode === null) await once(child, "exit");
}
