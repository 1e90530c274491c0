/** The directory of sockets that a daemon or a broker listens in. */
import { chmodSync, existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { KernelError } from "#kernel";
import { DaemonError } from "./errors.ts";

/** Makes the directory when it is missing. An existing one keeps its mode: its owner may have chosen it. Throws `DaemonError`. */
export function prepareDirectory(svc: string, mode: number): void {
  try {
    if (makeDirectory(resolve(svc), mode)) chmodSync(svc, mode);
    if (!statSync(svc).isDirectory()) throw new DaemonError("SVC", `cannot serve in ${svc}: it is not a directory`);
  } catch (error) {
    if (error instanceof DaemonError) throw error;
    throw new DaemonError("SVC", `cannot serve in ${svc}: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Makes a directory and those above it; false when it is there already. By hand: `mkdirSync` with `recursive` never ends
 * where the kernel says ENOENT to every attempt, as in /proc (Node 20).
 */
function makeDirectory(path: string, mode: number): boolean {
  if (existsSync(path)) return false;
  makeDirectory(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else, who starts at the same moment, was first.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  return true;
}

/** What went wrong with listening in a service directory, in this layer's words. */
export function listenError(error: unknown, svc: string): unknown {
  if (!(error instanceof KernelError)) return error;
  if (error.code === "WRONG_TYPE") return new DaemonError("ACTIVATION", error.message, { cause: error });
  if (error.code === "ALREADY_EXISTS") {
    return new DaemonError("ALREADY_RUNNING", `cannot serve in ${svc}: another server is running there`, {
      cause: error,
    });
  }
  return new DaemonError("SVC", `cannot serve in ${svc}: ${error.message}`, { cause: error });
}
