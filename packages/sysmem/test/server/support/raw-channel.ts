/** A client that writes packets by hand. */
import type { Channel, Handle } from "#base";

/** Header of a flexible one-way message of the given ordinal, and nothing else. */
export function flexibleMessage(ordinal: bigint, txid = 0): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, txid, true);
  view.setUint8(4, 0x02);
  view.setUint8(6, 0x80);
  view.setUint8(7, 1);
  view.setBigUint64(8, ordinal, true);
  return bytes;
}

/** One end of a channel that only records. */
export class RawChannel {
  readonly #channel: Channel;
  readonly packets: Uint8Array[] = [];
  #isPeerClosed = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.start({
      onMessage: (bytes, handles) => {
        this.packets.push(bytes.slice());
        for (const handle of handles) handle.close();
      },
      onClosed: () => {
        this.#isPeerClosed = true;
      },
    });
  }

  write(bytes: Uint8Array, handles: readonly Handle[]): void {
    this.#channel.write(bytes, handles);
  }
  /** Stops reading, and reads on. */
  pause(): void {
    this.#channel.pause();
  }
  resume(): void {
    this.#channel.resume();
  }
  isPeerClosed(): boolean {
    return this.#isPeerClosed;
  }
  close(): void {
    this.#channel.close();
  }
}
