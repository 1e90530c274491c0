/** Channels and handles of plain objects, for tests of the FIDL layer alone. */
import { type Channel, type ChannelClosed, type ChannelHandler, type Handle, InvariantError, ObjectType } from "#base";

/** A handle that counts how often it was closed, and knows rights when it is given some. */
export class MemoryHandle implements Handle {
  readonly objectType: ObjectType;
  declare readonly rights?: number;
  closeCount = 0;
  isMoved = false;
  /** The handle that `reduceRights` made of this one. */
  reduced: MemoryHandle | undefined;

  constructor(objectType: ObjectType = ObjectType.EVENT, rights?: number) {
    this.objectType = objectType;
    if (rights !== undefined) this.rights = rights;
  }

  get isClosed(): boolean {
    return this.closeCount > 0 || this.isMoved;
  }

  close(): void {
    if (!this.isClosed) this.closeCount += 1;
  }

  reduceRights(rights: number): Handle {
    if (this.isClosed) throw new InvariantError("rights of a closed handle");
    this.isMoved = true;
    this.reduced = new MemoryHandle(this.objectType, rights);
    return this.reduced;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

interface Packet {
  readonly bytes: Uint8Array;
  readonly handles: Handle[];
}

let nextKoid = 1000;

/** One end of an in-memory channel. Messages are delivered in microtasks. */
export class MemoryChannel implements Channel {
  readonly objectType = ObjectType.CHANNEL;
  readonly koid: number = nextKoid++;
  peer: MemoryChannel | undefined;
  /** Everything that was written to this end, for assertions. */
  readonly sent: Uint8Array[] = [];
  closeCount = 0;
  isClosed = false;
  isPaused = false;
  /** Makes the next `write` behave as if the peer's queue were full. */
  overflowNextWrite = false;
  readonly #inbox: Packet[] = [];
  #handler: ChannelHandler | undefined;
  #failure: ChannelClosed | undefined;
  #isScheduled = false;

  relatedKoid(): number {
    return this.peer?.koid ?? 0;
  }

  write(bytes: Uint8Array, handles: readonly Handle[]): boolean {
    if (this.isClosed) throw new InvariantError("write to a closed channel");
    this.sent.push(bytes.slice());
    if (this.overflowNextWrite) {
      for (const handle of handles) handle.close();
      this.#shut();
      this.#handler?.onClosed({ kind: "overflow", detail: "the peer does not read" });
      return false;
    }
    if (this.peer === undefined) {
      for (const handle of handles) handle.close();
      return false;
    }
    this.peer.deliver(bytes.slice(), [...handles]);
    return true;
  }

  /** Puts a packet into this end's queue, as if the peer had sent it. */
  deliver(bytes: Uint8Array, handles: Handle[] = []): void {
    this.#inbox.push({ bytes, handles });
    this.#schedule();
  }

  /** Reports a failure of the transport after everything that was delivered. */
  breakWith(failure: ChannelClosed): void {
    this.#failure = failure;
    this.#schedule();
  }

  /** What is written is delivered at once: nothing is kept. */
  setSendBudget(): void {}

  start(handler: ChannelHandler): void {
    if (this.#handler !== undefined) throw new InvariantError("a second handler");
    this.#handler = handler;
    this.#schedule();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.#schedule();
  }

  closeForAll(): void {
    this.close();
  }

  close(): void {
    if (this.isClosed) return;
    this.closeCount += 1;
    this.#shut();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #shut(): void {
    this.isClosed = true;
    for (const packet of this.#inbox.splice(0)) for (const handle of packet.handles) handle.close();
    const { peer } = this;
    this.peer = undefined;
    if (peer !== undefined) {
      peer.peer = undefined;
      peer.#schedule();
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#pump());
  }

  #pump(): void {
    this.#isScheduled = false;
    const handler = this.#handler;
    if (handler === undefined) return;
    while (!this.isPaused && !this.isClosed) {
      const packet = this.#inbox.shift();
      if (packet === undefined) break;
      // As a receive buffer would be reused, nothing may keep the bytes.
      const borrowed = packet.bytes.slice();
      handler.onMessage(borrowed, packet.handles);
      borrowed.fill(0xdb);
    }
    if (this.isPaused || this.isClosed || this.#inbox.length > 0) return;
    const reason = this.#failure ?? (this.peer === undefined ? { kind: "peer-closed" as const } : undefined);
    if (reason === undefined) return;
    this.#shut();
    handler.onClosed(reason);
  }
}

export function createMemoryChannel(): [MemoryChannel, MemoryChannel] {
  const a = new MemoryChannel();
  const b = new MemoryChannel();
  a.peer = b;
  b.peer = a;
  return [a, b];
}

/** A `ChannelFactory`. */
export const memoryChannels = { createChannel: createMemoryChannel };

/** Lets everything that is under way in memory channels arrive. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
