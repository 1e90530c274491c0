/**
 * Ends of channels that are closed while their peers have handles to read: kept as descriptors that neither send nor
 * receive, since only the end itself can be asked how much is unread. Whoever reads nothing could otherwise have as
 * many channels closed as it likes and hold on to what was sent through them.
 */
import { UNREAD_LOOK_MS } from "#base";
import { F_DUPFD_CLOEXEC, SHUT_RDWR } from "./constants.ts";
import type { Libc } from "./libc.ts";
import type { UnreadHandles } from "./unread-handles.ts";

export class LingeringEnds {
  readonly #libc: Libc;
  readonly #ends = new Map<UnreadHandles, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Keeps an end that is about to be closed until its handles are read or its peer is gone. `fd` stays the caller's. */
  add(fd: number, unread: UnreadHandles): void {
    unread.look();
    const own = unread.isEmpty ? -1 : this.#libc.fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
      // Without a descriptor there is no asking.
      unread.forget();
      return;
    }
    // To the peer it is closed.
    this.#libc.shutdown(own, SHUT_RDWR);
    unread.moveTo(own);
    this.#ends.set(unread, own);
    this.#timer ??= setInterval(() => this.#look(), UNREAD_LOOK_MS).unref();
  }

  close(): void {
    for (const unread of this.#ends.keys()) unread.forget();
    this.#look();
  }

  #look(): void {
    for (const [unread, fd] of this.#ends) {
      unread.look();
      if (!unread.isEmpty) continue;
      this.#libc.close(fd);
      this.#ends.delete(unread);
    }
    if (this.#ends.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
