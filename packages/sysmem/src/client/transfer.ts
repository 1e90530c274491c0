/**
 * Channels given to another thread of this process. Threads share descriptors, so only a number travels, in `workerData` or
 * with `postMessage`; the other thread makes a channel of its own kernel of it.
 */
import { type Channel, ObjectType } from "#base";
import { KernelError } from "#kernel";
import { ConnectError } from "./errors.ts";
import { processKernel } from "./process-kernel.ts";
import { Token } from "./token.ts";

/** A channel on its way to another thread. It must be taken there, once: until then nobody would close it. */
export interface DetachedChannel {
  readonly channelDescriptor: number;
}

/**
 * Takes a channel, or a token, out of this thread: plain data for `postMessage` or `workerData`. Takes ownership; what comes out
 * is owned by whoever calls `attachChannel` with it. The channel must be of this process's kernel and not be in use.
 */
export function detachChannel(channel: Channel | Token): DetachedChannel {
  const taken = channel instanceof Token ? channel.take() : channel;
  return { channelDescriptor: processKernel().takeDescriptor(taken) };
}

/** Takes over what `detachChannel` of another thread of this process made. The caller owns it. Throws `ConnectError`. */
export function attachChannel(detached: DetachedChannel): Channel {
  const { channelDescriptor } = detached;
  try {
    const handle = processKernel().adoptDescriptor(channelDescriptor);
    if (handle.objectType === ObjectType.CHANNEL) return handle as Channel;
    handle.close();
  } catch (cause) {
    if (!(cause instanceof KernelError)) throw cause;
    throw noChannel(channelDescriptor, "not open (was it taken before?)", cause);
  }
  throw noChannel(channelDescriptor, "no channel");
}

function noChannel(descriptor: number, why: string, cause?: unknown): ConnectError {
  const message = `cannot attach a channel of another thread: descriptor ${descriptor} is ${why}`;
  return new ConnectError("NOT_INHERITED", `descriptor ${descriptor}`, message, cause === undefined ? {} : { cause });
}
