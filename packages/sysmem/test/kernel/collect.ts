/** Helpers to receive in tests. */
import type { Channel, ChannelClosed, Handle } from "#base";

export interface Packet {
  readonly bytes: Uint8Array;
  readonly handles: Handle[];
}

/** Everything that arrives on a channel, to be awaited. Handles nobody took are closed by `close`. */
export interface Collector {
  readonly channel: Channel;
  readonly packets: readonly Packet[];
  readonly closings: readonly ChannelClosed[];
  /** The packet with this number (from 0), when it arrives. */
  packet(index: number): Promise<Packet>;
  closed(): Promise<ChannelClosed>;
  close(): void;
}

/** Starts a channel and keeps what it delivers. */
export function collect(channel: Channel, onPacket?: (packet: Packet) => void): Collector {
  const packets: Packet[] = [];
  const closings: ChannelClosed[] = [];
  let waiters: (() => void)[] = [];
  const wake = () => {
    const woken = waiters;
    waiters = [];
    for (const waiter of woken) waiter();
  };
  const until = async <T>(look: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => waiters.push(resolve));
    }
  };
  channel.start({
    onMessage(bytes, handles) {
      const packet = { bytes: bytes.slice(), handles };
      packets.push(packet);
      onPacket?.(packet);
      wake();
    },
    onClosed(reason) {
      closings.push(reason);
      wake();
    },
  });
  return {
    channel,
    packets,
    closings,
    packet: (index) => until(() => packets[index]),
    closed: () => until(() => closings[0]),
    close() {
      channel.close();
      for (const { handles } of packets) for (const handle of handles) handle.close();
    },
  };
}

/** A message of `length` bytes that starts with a number. */
export function message(number: number, length = 16): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, number, true);
  return bytes;
}

/** The number that `message` put in. */
export function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Whether memory is all zeros, of any size. */
export function isZero(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, Buffer.alloc(bytes.length)) === 0;
}

/** Lets the loop turn until `condition` holds; the test's own timeout ends what never does. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Lets the loop turn a few times, for things that must not happen. */
export async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
}
