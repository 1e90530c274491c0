/** Starts fixture programs from their sources. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Channel } from "#base";
import type { LinuxKernel } from "#kernel";
import { type Collector, collect } from "./collect.ts";

/** Arguments for Node to run a program of this folder; the sources need a loader on Nodes that cannot strip types. */
export function nodeArguments(fixture: string): string[] {
  const path = fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url));
  return ["--conditions=sysmem:source", "--import", "tsx", path];
}

export interface Program {
  readonly process: ChildProcess;
  readonly channel: Channel;
  readonly received: Collector;
  /** Kills it and waits for its end. */
  kill(): Promise<void>;
  /** Waits for its end. */
  ended(): Promise<number | null>;
}

/** Starts a program that gets one end of a channel as its descriptor 3. */
export function startProgram(kernel: LinuxKernel, fixture: string, ...rest: string[]): Program {
  const [channel, theirs] = kernel.createChannel();
  const child = spawn(process.execPath, [...nodeArguments(fixture), ...rest], {
    stdio: ["ignore", "inherit", "inherit", kernel.descriptorOf(theirs)],
  });
  theirs.close();
  const exit = once(child, "exit") as Promise<[number | null]>;
  return {
    process: child,
    channel,
    received: collect(channel),
    async kill() {
      child.kill("SIGKILL");
      await exit;
    },
    async ended() {
      const [code] = await exit;
      return code;
    },
  };
}
