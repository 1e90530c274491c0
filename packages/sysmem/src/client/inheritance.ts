/**
 * Channels given to a child process at its start, as inherited descriptors. The parent names each descriptor in an
 * environment variable; the child takes it over, once.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import type { Channel } from "#base";
import { ObjectType } from "#base";
import { ConnectError } from "./errors.ts";
import { processKernel } from "./process-kernel.ts";

/** The variable that names the descriptor of the Allocator channel. */
export const ALLOCATOR_VARIABLE = "SYSMEM_ALLOCATOR_FD";
/** The variable that names the descriptor of the participant's token. */
export const TOKEN_VARIABLE = "SYSMEM_TOKEN_FD";

/**
 * Takes over the channel whose descriptor number is in the environment variable `variable`, and removes the variable,
 * so that neither this process nor its children take it twice. Throws `ConnectError`.
 */
export function inheritedChannel(variable: string, env: NodeJS.ProcessEnv = process.env): Channel {
  const text = env[variable];
  delete env[variable];
  if (text === undefined || !/^\d+$/.test(text)) {
    const why = text === undefined ? "is not set" : `is "${text}", not a descriptor number`;
    throw new ConnectError("NOT_INHERITED", variable, `cannot take an inherited channel: ${variable} ${why}`);
  }
  const handle = processKernel().adoptDescriptor(Number(text));
  if (handle.objectType !== ObjectType.CHANNEL) {
    handle.close();
    throw new ConnectError("NOT_INHERITED", variable, `cannot take an inherited channel: descriptor ${text} is none`);
  }
  return handle as Channel;
}

/**
 * Starts a child process that inherits `channels`, each under the environment variable that is its key. Takes
 * ownership of them: this process's descriptors are closed when the child has its own.
 */
export function spawnWithChannels(
  command: string,
  args: readonly string[],
  channels: Readonly<Record<string, Channel>>,
  options: SpawnOptions = {},
): ChildProcess {
  const stdio: (number | "inherit" | "ignore" | "pipe" | null)[] = ["ignore", "inherit", "inherit"];
  if (Array.isArray(options.stdio)) stdio.splice(0, 3, ...(options.stdio.slice(0, 3) as typeof stdio));
  const env: NodeJS.ProcessEnv = { ...(options.env ?? process.env) };
  for (const [variable, channel] of Object.entries(channels)) {
    env[variable] = String(stdio.length);
    stdio.push(processKernel().descriptorOf(channel));
  }
  try {
    return spawn(command, [...args], { ...options, env, stdio });
  } finally {
    for (const channel of Object.values(channels)) channel.close();
  }
}
