/**
 * Channels given to a child process at its start, as inherited descriptors. The parent names each descriptor in an
 * environment variable; the child takes it over, once.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { type Channel, ObjectType } from "#base";
import { KernelError } from "#kernel";
import { ConnectError } from "./errors.ts";
import { processKernel } from "./process-kernel.ts";
import { Token } from "./token.ts";

/** The variable that names the descriptor of the Allocator channel. */
export const ALLOCATOR_VARIABLE = "SYSMEM_ALLOCATOR_FD";
/** The variable that names the descriptor of the participant's token. */
export const TOKEN_VARIABLE = "SYSMEM_TOKEN_FD";

/**
 * Takes over the channel whose descriptor number is in the environment variable `variable`, and removes the variable,
 * so that neither this process nor its children take it twice. The caller owns the channel. Throws `ConnectError`.
 */
export function inheritedChannel(variable: string, env: NodeJS.ProcessEnv = process.env): Channel {
  const text = env[variable];
  delete env[variable];
  if (text === undefined) throw notInherited(variable, "is not set");
  if (!/^\d{1,9}$/.test(text)) throw notInherited(variable, `is "${text}", not a descriptor number`);
  // 0 to 2 are the standard streams: a number like that is somebody's mistake.
  if (Number(text) < 3) throw notInherited(variable, `is "${text}", a standard stream`);
  try {
    const handle = processKernel().adoptDescriptor(Number(text));
    if (handle.objectType === ObjectType.CHANNEL) return handle as Channel;
    handle.close();
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause;
    throw notInherited(variable, `is "${text}", a descriptor that is not open`, cause);
  }
  throw notInherited(variable, `is "${text}", a descriptor that is no channel`);
}

function notInherited(variable: string, why: string, cause?: unknown): ConnectError {
  const message = `cannot take an inherited channel: ${variable} ${why}`;
  return new ConnectError("NOT_INHERITED", variable, message, cause === undefined ? {} : { cause });
}

/**
 * Starts a child process that inherits `channels`, each under the environment variable that is its key; a token stands for its
 * channel. Takes ownership of them: this process's descriptors are closed when the child has its own, and when it cannot be
 * started. `options` are those of `spawn`; by default the child has this process's standard output and error, and no input.
 */
export function spawnWithChannels(
  command: string,
  args: readonly string[],
  channels: Readonly<Record<string, Channel | Token>>,
  options: SpawnOptions = {},
): ChildProcess {
  const taken = Object.entries(channels).map(([variable, one]): [string, Channel] => [
    variable,
    one instanceof Token ? one.take() : one,
  ]);
  try {
    const stdio = stdioOf(options.stdio);
    const env: NodeJS.ProcessEnv = { ...(options.env ?? process.env) };
    for (const [variable, channel] of taken) {
      env[variable] = String(stdio.length);
      stdio.push(processKernel().descriptorOf(channel));
    }
    return spawn(command, [...args], { ...options, env, stdio });
  } finally {
    for (const [, channel] of taken) channel.close();
  }
}

type Stdio = Exclude<NonNullable<SpawnOptions["stdio"]>, string>;

/** As many streams as the caller wants, at least the three that every process has. */
function stdioOf(stdio: SpawnOptions["stdio"]): Stdio {
  if (stdio === undefined) return ["ignore", "inherit", "inherit"];
  const list: Stdio = typeof stdio === "string" ? [stdio, stdio, stdio] : [...stdio];
  while (list.length < 3) list.push("pipe");
  return list;
}
