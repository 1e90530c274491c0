/** One end of an eventpair: a SOCK_STREAM socket that carries no bytes. */
import { type EventPairHandle, ObjectType } from "#base";
import type { EventPair } from "../port.ts";
import { EPOLLRDHUP } from "./constants.ts";
import type { LinuxContext } from "./context.ts";
import { fileStatus } from "./file-status.ts";
import { LinuxHandle } from "./handle.ts";
import type { Watch } from "./reactor.ts";

export class LinuxEventPair extends LinuxHandle implements EventPair, EventPairHandle {
  readonly objectType: typeof ObjectType.EVENTPAIR = ObjectType.EVENTPAIR;
  readonly #context: LinuxContext;
  #koid = 0;
  #watch: Watch | undefined;
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

  onPeerClosed(callback: () => void): { cancel(): void } {
    // Hang-ups alone are watched for: bytes that a peer may send are nobody's business.
    if (this.#watch === undefined) {
      const watch = this.#context.reactor.watch(this.borrow(), () => this.#onHungUp());
      watch.setRef(this.#context.keepAlive);
      try {
        watch.update(EPOLLRDHUP);
      } catch (error) {
        watch.close();
        throw error;
      }
      this.#watch = watch;
    }
    // Wrapped, so that one function given twice is two registrations.
    const registration = () => callback();
    this.#callbacks.add(registration);
    return {
      cancel: () => {
        this.#callbacks.delete(registration);
        if (this.#callbacks.size === 0) this.#unwatch();
      },
    };
  }

  protected override release(_fd: number): void {
    this.#callbacks.clear();
    this.#unwatch();
  }

  #unwatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #onHungUp(): void {
    const callbacks = [...this.#callbacks];
    this.#callbacks.clear();
    this.#unwatch();
    for (const callback of callbacks) callback();
  }
}
