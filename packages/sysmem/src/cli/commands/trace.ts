/** `sysmem trace`: what a program and the server say to each other. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandContext } from "@stricli/core";
import { systemWords } from "#base";
import { TRACE_VARIABLE } from "#client";
import { IncompleteError } from "../errors.ts";
import { runFidlDecode } from "../fidl-decode.ts";

export interface TraceFlags {
  /** Keep the capture in this file. */
  readonly out?: string | undefined;
  /** List the bytes of each message, too. */
  readonly bytes: boolean;
}

/**
 * Runs a program that uses the client library, captures its messages, and prints them as a conversation when it has ended.
 * Returns an error when it ended with one, or sent nothing.
 */
export async function runTrace(
  this: CommandContext,
  flags: TraceFlags,
  program: string,
  ...args: readonly string[]
): Promise<IncompleteError | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "sysmem-trace-"));
  const file = flags.out ?? join(folder, "capture");
  if (flags.out !== undefined) rmSync(flags.out, { force: true });
  // The program is interrupted like this process, and what it said until then is still to be told.
  const stay = (): void => {};
  process.on("SIGINT", stay);
  try {
    const child = spawn(program, [...args], { stdio: "inherit", env: { ...process.env, [TRACE_VARIABLE]: file } });
    const [status, signal] = (await once(child, "exit")) as [number | null, string | null];
    if (!existsSync(file) || statSync(file).size === 0) {
      return new IncompleteError(`${program} sent no message with the client library`);
    }
    await runFidlDecode({ bytes: flags.bytes }, file, (text) => this.process.stdout.write(text));
    return status === 0 ? undefined : new IncompleteError(`${program} ended with ${signal ?? `status ${status}`}`);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall?.startsWith("spawn") !== true) throw cause;
    return new IncompleteError(`cannot run ${program}: ${whyNot(cause)}`, { cause });
  } finally {
    process.off("SIGINT", stay);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Node says "spawn x ENOENT", also where the folder of the program is what is missing. */
function whyNot(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such program" : systemWords(cause);
}
