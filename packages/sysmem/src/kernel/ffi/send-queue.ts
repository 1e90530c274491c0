/** What a channel could not send at once. */
import { MAX_QUEUED_SEND_BYTES, MAX_QUEUED_SEND_HANDLES, type SendBudget } from "#base";
import type { Libc } from "./libc.ts";
import { type PacketIo, Sent } from "./packet-io.ts";
import type { UnreadHandles } from "./unread-handles.ts";

/** A channel end that was moved into a queued message while it still had messages of its own to send. */
export interface PendingMove {
  /** True while its own messages are not sent yet: the message that carries it must wait, or order would be lost. */
  readonly isPending: boolean;
  /** Gives up its messages; its descriptor is about to be closed or sent. */
  abandon(): void;
}

interface Entry {
  readonly bytes: Uint8Array;
  readonly descriptors: readonly number[];
  readonly moves: readonly PendingMove[];
}

/** How far `flush` came. `waiting`: for a `PendingMove`, not for the peer. */
export type Flushed = "empty" | "blocked" | "shortage" | "waiting" | "peer-gone";

export class SendQueue {
  readonly #libc: Libc;
  readonly #io: PacketIo;
  readonly #budget: SendBudget | undefined;
  readonly #unread: UnreadHandles | undefined;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #handles = 0;

  constructor(libc: Libc, io: PacketIo, budget?: SendBudget, unread?: UnreadHandles) {
    this.#libc = libc;
    this.#io = io;
    this.#budget = budget;
    this.#unread = unread;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** What would exceed the queue's own bounds, if anything. */
  excess(byteCount: number, handleCount: number): string | undefined {
    if (this.#bytes + byteCount > MAX_QUEUED_SEND_BYTES) {
      return `the peer does not read: more than ${MAX_QUEUED_SEND_BYTES} bytes are queued`;
    }
    if (this.#handles + handleCount > MAX_QUEUED_SEND_HANDLES) {
      return `the peer does not read: more than ${MAX_QUEUED_SEND_HANDLES} handles are queued`;
    }
    return undefined;
  }

  /**
   * Keeps a copy of `bytes`; the descriptors are the queue's from here on.
   * @returns what that exceeds, if anything: the message is not counted then, and the queue has to be dropped
   */
  push(bytes: Uint8Array, descriptors: readonly number[], moves: readonly PendingMove[]): string | undefined {
    const excess =
      this.excess(bytes.length, descriptors.length) ?? this.#budget?.take(bytes.length, descriptors.length);
    this.#entries.push({ bytes: bytes.slice(), descriptors, moves });
    if (excess !== undefined) return excess;
    this.#bytes += bytes.length;
    this.#handles += descriptors.length;
    return undefined;
  }

  /** Sends as much as goes. */
  flush(fd: number): Flushed {
    let done = 0;
    let outcome: Flushed = "empty";
    for (; done < this.#entries.length; done += 1) {
      const entry = this.#entries[done] as Entry;
      if (entry.moves.some((move) => move.isPending)) {
        outcome = "waiting";
        break;
      }
      const sent = this.#io.send(fd, entry.bytes, entry.descriptors);
      if (sent !== Sent.DONE) {
        outcome = sent === Sent.WOULD_BLOCK ? "blocked" : sent === Sent.SHORTAGE ? "shortage" : "peer-gone";
        break;
      }
      this.#sent(fd, entry);
      for (const descriptor of entry.descriptors) this.#libc.close(descriptor);
    }
    this.#entries.splice(0, done);
    return outcome;
  }

  /** Forgets everything, and closes what was to be handed over. */
  drop(): void {
    for (const { descriptors, moves } of this.#entries.splice(0)) {
      for (const move of moves) move.abandon();
      for (const descriptor of descriptors) this.#libc.close(descriptor);
    }
    this.#count(this.#bytes, this.#handles);
  }

  /** Its bytes are not kept any more. Its handles the kernel has now, and they stay counted. */
  #sent(fd: number, { bytes, descriptors }: Entry): void {
    this.#bytes -= bytes.length;
    this.#handles -= descriptors.length;
    this.#budget?.give(bytes.length, 0);
    this.#unread?.sent(fd, bytes.length, descriptors.length);
  }

  /** Takes from the count what is not kept any more. */
  #count(byteCount: number, handleCount: number): void {
    this.#bytes -= byteCount;
    this.#handles -= handleCount;
    this.#budget?.give(byteCount, handleCount);
  }
}
