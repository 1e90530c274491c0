/** The other end of a binding, spoken by hand: messages as hexadecimal digits. */
import type { Handle } from "#fidl";
import { createMemoryChannel, type MemoryChannel, settle } from "../../support/memory-channel.ts";
import { bytes, hex, word } from "../wire/harness.ts";

export interface HeaderOptions {
  readonly txid?: number;
  readonly isFlexible?: boolean;
  readonly ordinal: bigint;
  /** Bytes 4 to 8, when they are to be wrong. */
  readonly flags?: string;
}

/** A header of 16 bytes. */
export function header({ txid = 0, isFlexible = false, ordinal, flags }: HeaderOptions): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, txid, true);
  return `${hex(new Uint8Array(view.buffer))}${flags ?? `0200${isFlexible ? "80" : "00"}01`}${word(ordinal)}`;
}

/** One end of a channel whose other end is bound. */
export class RawEnd {
  readonly channel: MemoryChannel;
  readonly bound: MemoryChannel;
  readonly received: string[] = [];
  readonly handles: Handle[] = [];
  isClosed = false;

  constructor() {
    [this.channel, this.bound] = createMemoryChannel();
    this.channel.start({
      onMessage: (message, handles) => {
        this.received.push(hex(message));
        this.handles.push(...handles);
      },
      onClosed: () => {
        this.isClosed = true;
      },
    });
  }

  async send(message: string, handles: Handle[] = []): Promise<void> {
    this.channel.write(bytes(message), handles);
    await settle();
  }
}

/** Content of an inlined value in an envelope. */
export const inlined = (value: number): string => word(BigInt(value >>> 0) | (1n << 48n));
export const EPITAPH = 0xffff_ffff_ffff_ffffn;
