/** One end of an eventpair: a SOCK_STREAM socket that carries no bytes. */
import { type EventPairHandle, MAX_STRAY_READS_PER_TURN, ObjectType } from "#base";
import type { EventPair } from "../port.ts";
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLRDHUP, MSG_DONTWAIT } from "./constants.ts";
import type { LinuxContext } from "./context.ts";
import { Errno } from "./errno.ts";
import { fileStatus } from "./file-status.ts";
import { LinuxHandle } from "./handle.ts";
import { nativeBuffer } from "./libc.ts";
import type { Watch } from "./reactor.ts";

const HUNG_UP = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/** Where data goes that nobody wants. */
const dropped = nativeBuffer(65_536);

export class LinuxEventPair extends LinuxHandle implements EventPair, EventPairHandle {
  readonly objectType: typeof ObjectType.EVENTPAIR = ObjectType.EVENTPAIR;
  readonly #context: LinuxContext;
  #koid = 0;
  #watch: Watch | undefined;
  /** Whether to drop what the peer sends although nobody waits for its end. */
  #dropsData = false;
  readonly #callbacks = new Set<() => void>();

  constructor(context: LinuxContext, fd: number) {
    super(context.libc, fd);
    this.#context = context;
  }

  get koid(): number {
    if (this.#koid === 0) this.#koid = fileStatus(this.libc, this.borrow()).inode;
    return this.#koid;
  }

  relatedKoid(): number {
    return this.#context.diag.peerOf(this.koid);
  }

  isPeerClosed(): boolean {
    return this.#context.packets.isHungUp(this.borrow());
  }

  duplicate(): EventPair {
    return new LinuxEventPair(this.#context, this.duplicateDescriptor());
  }

  dropData(): void {
    this.#dropsData = true;
    this.#update();
  }

  onPeerClosed(callback: () => void): { cancel(): void } {
    // Wrapped, so that one function given twice is two registrations.
    const registration = () => callback();
    this.#callbacks.add(registration);
    try {
      this.#update();
    } catch (error) {
      this.#callbacks.delete(registration);
      throw error;
    }
    return {
      cancel: () => {
        this.#callbacks.delete(registration);
        this.#update();
      },
    };
  }

  protected override release(_fd: number): void {
    this.#callbacks.clear();
    this.#dropsData = false;
    this.#unwatch();
  }

  /** Watches while there is a reason to. */
  #update(): void {
    const isWaiting = this.#callbacks.size > 0;
    if (!isWaiting && !this.#dropsData) {
      this.#unwatch();
      return;
    }
    if (this.#watch === undefined) {
      const watch = this.#context.reactor.watch(this.borrow(), (events) => this.#onReady(events));
      try {
        watch.update(EPOLLRDHUP | EPOLLIN);
      } catch (error) {
        watch.close();
        throw error;
      }
      this.#watch = watch;
    }
    // Dropping is no reason to stay.
    this.#watch.setRef(isWaiting && this.#context.keepAlive);
  }

  #unwatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** Bytes that a peer sends are nobody's business: what counts is that they, and what came with them, do not stay. */
  #onReady(events: number): void {
    const isEmpty = this.#drop();
    // What was sent before the end goes first, as far as one turn goes.
    if ((events & HUNG_UP) !== 0 && isEmpty) this.#onHungUp();
  }

  /** Reads what is there and keeps nothing; the kernel closes descriptors that nobody takes. True when nothing is left. */
  #drop(): boolean {
    const { libc } = this;
    for (let reads = 0; reads < MAX_STRAY_READS_PER_TURN; reads += 1) {
      const count = libc.recv(this.borrow(), dropped, dropped.length, MSG_DONTWAIT);
      if (count > 0) continue;
      if (count === 0) return true;
      switch (libc.errno()) {
        case Errno.EINTR:
        // Said once, ahead of what the peer had sent before it closed.
        case Errno.ECONNRESET:
          continue;
        case Errno.ENOMEM:
        case Errno.ENOBUFS:
          return false;
        default:
          // EAGAIN, and whatever else says that there is nothing to be had here.
          return true;
      }
    }
    return false;
  }

  #onHungUp(): void {
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    // Nothing more can come.
    this.#dropsData = false;
    this.#unwatch();
    for (const callback of callbacks) callback();
  }
}
