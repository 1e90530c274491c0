/** The directory of sockets that a daemon or a broker listens in. */
import { chmodSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { KernelError } from "#kernel";
import { DaemonError } from "./errors.ts";
import { makeDirectory } from "./make-directory.ts";

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
