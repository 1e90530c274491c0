/**
 * Handles that the kernel has taken from a channel and its peer has not read. They are nobody's descriptors, and yet the
 * kernel counts them, for the user who sent them, against the limit of descriptors of a process: past it nobody's
 * handles can be sent any more (ETOOMANYREFS). So whoever reads nothing pays for them as for those that are kept here.
 *
 * The kernel tells how much of what was sent is unread, in bytes of its own memory. A message takes more of these than
 * it has bytes, and messages are read in order: unread are at most the last ones that together have no more.
 */
import { assert, MAX_UNREAD_MESSAGES_UNSEEN, MIN_PACKET_COST_BYTES, type SendBudget } from "#base";
import { SIOCOUTQ } from "./constants.ts";
import { type Libc, nativeBuffer } from "./libc.ts";

interface SentMessage {
  /** The least that it takes of the kernel's memory. */
  readonly costBytes: number;
  readonly handles: number;
}

const answer = nativeBuffer(4);
const answerView = new DataView(answer.buffer);

export class UnreadHandles {
  readonly #libc: Libc;
  readonly #budget: SendBudget;
  /** What may be unread, oldest first: nothing before the oldest with handles. */
  #messages: SentMessage[] = [];
  #handles = 0;
  #fd = -1;
  #unwatch: (() => void) | undefined;

  constructor(libc: Libc, budget: SendBudget) {
    this.#libc = libc;
    this.#budget = budget;
  }

  get isEmpty(): boolean {
    return this.#handles === 0;
  }

  /** Counts handles that are about to be sent through `fd`; says what that would exceed, if anything. */
  take(fd: number, handles: number): string | undefined {
    this.#fd = fd;
    this.look();
    return this.#budget.take(0, handles);
  }

  /** They were not sent. */
  giveBack(handles: number): void {
    this.#budget.give(0, handles);
  }

  /** A message is sent, whose handles are counted. */
  sent(fd: number, byteCount: number, handles: number): void {
    if (handles === 0 && this.#handles === 0) return;
    this.#fd = fd;
    this.#messages.push({ costBytes: Math.max(byteCount, MIN_PACKET_COST_BYTES), handles });
    this.#handles += handles;
    this.#unwatch ??= this.#budget.watch(() => this.look());
    if (this.#messages.length > MAX_UNREAD_MESSAGES_UNSEEN) this.look();
  }

  /** Counts back what was read since. */
  look(): void {
    if (this.#handles > 0) this.#keep(this.#unreadBytes());
  }

  /** The end goes on as another descriptor. */
  moveTo(fd: number): void {
    this.#fd = fd;
  }

  /** Counts back everything. */
  forget(): void {
    this.#keep(0);
  }

  #unreadBytes(): number {
    const failed = this.#libc.ioctl(this.#fd, SIOCOUTQ, answer) < 0;
    assert(!failed, "a socket says how much of what it sent is unread");
    return answerView.getInt32(0, true);
  }

  /** The last messages that may come to so much. */
  #keep(unreadBytes: number): void {
    let left = unreadBytes;
    let first = this.#messages.length;
    while (first > 0) {
      left -= (this.#messages[first - 1] as SentMessage).costBytes;
      if (left < 0) break;
      first -= 1;
    }
    const read = this.#messages.splice(0, first).reduce((sum, { handles }) => sum + handles, 0);
    this.#handles -= read;
    if (read > 0) this.#budget.give(0, read);
    if (this.#handles > 0) return;
    this.#messages = [];
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
