/** One end of a channel: a SOCK_SEQPACKET socket, one packet a message. */
import {
  assert,
  type Channel,
  type ChannelClosed,
  type ChannelHandler,
  type Handle,
  InvariantError,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_HANDLES,
  MAX_PACKETS_PER_TURN,
  ObjectType,
  SEND_RETRY_MS,
  type SendBudget,
} from "#base";
import { KernelError } from "../errors.ts";
import { EPOLLIN, EPOLLOUT, SHUT_WR } from "./constants.ts";
import type { LinuxContext } from "./context.ts";
import { fileStatus } from "./file-status.ts";
import { asLinuxHandle, LinuxHandle } from "./handle.ts";
import { Received, Sent } from "./packet-io.ts";
import type { Watch } from "./reactor.ts";
import { type Flushed, type PendingMove, SendQueue } from "./send-queue.ts";
import { UnreadHandles } from "./unread-handles.ts";

const NO_MOVES: readonly PendingMove[] = [];

export class LinuxChannel extends LinuxHandle implements Channel {
  readonly objectType: typeof ObjectType.CHANNEL = ObjectType.CHANNEL;
  readonly #context: LinuxContext;
  #koid = 0;
  #handler: ChannelHandler | undefined;
  #isPaused = false;
  #isRef: boolean;
  /** A send has found the other end closed. What it had sent before is still to be read. */
  #isPeerGone = false;
  /** Set when the channel closed itself rather than being closed by its owner. */
  #hasEnded = false;
  #watch: Watch | undefined;
  #queue: SendQueue | undefined;
  #budget: SendBudget | undefined;
  #unread: UnreadHandles | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(context: LinuxContext, fd: number) {
    super(context.libc, fd);
    this.#context = context;
    this.#isRef = context.keepAlive;
  }

  get koid(): number {
    if (this.#koid === 0) this.#koid = fileStatus(this.libc, this.borrow()).inode;
    return this.#koid;
  }

  relatedKoid(): number {
    return this.#context.diag.peerOf(this.koid);
  }

  write(bytes: Uint8Array, handles: readonly Handle[]): boolean {
    if (this.isClosed) {
      for (const handle of handles) handle.close();
      if (this.#hasEnded) return false;
      throw new InvariantError("write on a channel that was closed or moved");
    }
    this.#check(bytes, handles);
    if (this.#isPeerGone) {
      for (const handle of handles) handle.close();
      return false;
    }
    let moves = NO_MOVES;
    const descriptors: number[] = [];
    for (const handle of handles) {
      const move = handle instanceof LinuxChannel ? handle.#leave(() => this.#flush()) : undefined;
      if (move === undefined) descriptors.push(asLinuxHandle(handle).take());
      else {
        descriptors.push(move.descriptor);
        moves = [...moves, move];
      }
    }
    if ((this.#queue === undefined || this.#queue.isEmpty) && moves.length === 0) {
      const sent = this.#send(bytes, descriptors);
      if (typeof sent === "string") {
        for (const descriptor of descriptors) this.libc.close(descriptor);
        this.#end({ kind: "overflow", detail: sent });
        return false;
      }
      if (sent === Sent.DONE || sent === Sent.PEER_GONE) {
        for (const descriptor of descriptors) this.libc.close(descriptor);
        if (sent === Sent.PEER_GONE) this.#peerGone();
        return sent === Sent.DONE;
      }
    }
    this.#queue ??= new SendQueue(this.libc, this.#context.packets, this.#budget, this.#unread);
    // Over a bound or not, the queue owns the descriptors now: ending the channel drops it.
    const excess = this.#queue.push(bytes, descriptors, moves);
    if (excess !== undefined) {
      this.#end({ kind: "overflow", detail: excess });
      return false;
    }
    this.#flush();
    return !this.#isPeerGone;
  }

  setSendBudget(budget: SendBudget): void {
    assert(this.#budget === undefined && this.#queue === undefined, "a channel's budget is set once, before it writes");
    this.#budget = budget;
    this.#unread = new UnreadHandles(this.libc, budget);
  }

  /** Sends a message ahead of which nothing waits. A string says what its handles would exceed. */
  #send(bytes: Uint8Array, descriptors: readonly number[]): Sent | string {
    const fd = this.borrow();
    const { length } = descriptors;
    const excess = length === 0 ? undefined : this.#unread?.take(fd, length);
    if (excess !== undefined) return excess;
    const sent = this.#context.packets.send(fd, bytes, descriptors);
    if (sent === Sent.DONE) this.#unread?.sent(fd, bytes.length, length);
    else if (length > 0) this.#unread?.giveBack(length);
    return sent;
  }

  start(handler: ChannelHandler): void {
    assert(this.#handler === undefined, "a channel has one handler for its life");
    this.borrow();
    this.#handler = handler;
    this.#rearm();
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#rearm();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.isClosed) return;
    this.#rearm();
    if (this.#isPeerGone) this.#receiveLater();
  }

  /** Whether this channel, while it waits for something, keeps the process alive. */
  setRef(isRef: boolean): void {
    this.#isRef = isRef;
    this.#watch?.setRef(isRef);
  }

  override close(): void {
    if (this.isClosed) return;
    this.#queue?.flush(this.borrow());
    this.#closeEnd();
  }

  closeForAll(): void {
    if (this.isClosed) return;
    this.#queue?.flush(this.borrow());
    // For sending only: a holder of a duplicate may still read what the peer answers, its epitaph included.
    this.libc.shutdown(this.borrow(), SHUT_WR);
    this.close();
  }

  /** The end is gone for both sides. What the peer has not read is still counted. */
  #closeEnd(): void {
    if (this.#unread?.isEmpty === false) {
      this.#context.lingering.add(this.borrow(), this.#unread);
      this.#unread = undefined;
    }
    super.close();
  }

  protected override release(_fd: number): void {
    this.#unread?.forget();
    clearTimeout(this.#retry);
    this.#watch?.close();
    this.#watch = undefined;
    this.#queue?.drop();
  }

  #check(bytes: Uint8Array, handles: readonly Handle[]): void {
    const isFit =
      bytes.length >= 16 &&
      bytes.length <= MAX_MESSAGE_BYTES &&
      handles.length <= MAX_MESSAGE_HANDLES &&
      handles.every((handle) => !handle.isClosed && handle !== this && handle instanceof LinuxHandle) &&
      (handles.length < 2 || new Set(handles).size === handles.length);
    if (isFit) return;
    for (const handle of handles) if (handle !== this) handle.close();
    throw new InvariantError(
      `not a message: ${bytes.length} bytes, ${handles.length} handles, or a handle that is closed, foreign, twice in it, or the channel itself`,
    );
  }

  /**
   * Moves this end into a message. When messages written to it are still queued, they go first: the descriptor stays
   * watched here, and `onSettled` is called when the message that carries it may go.
   * @returns undefined when nothing is queued and the descriptor can simply be taken
   */
  #leave(onSettled: () => void): (PendingMove & { readonly descriptor: number }) | undefined {
    const queue = this.#queue;
    if (queue === undefined || queue.isEmpty) return undefined;
    const descriptor = this.borrow();
    const settledAtOnce = queue.flush(descriptor);
    if (settledAtOnce === "empty" || settledAtOnce === "peer-gone") return undefined;
    // What is left is a writer without an owner, on a descriptor that the carrying message owns.
    const remainder = new LinuxChannel(this.#context, descriptor);
    remainder.#queue = queue;
    remainder.#unread = this.#unread;
    this.#queue = undefined;
    this.#unread = undefined;
    this.take();
    let isPending = true;
    remainder.#onQueueSettled = () => {
      isPending = false;
      remainder.take();
      onSettled();
    };
    remainder.#flush();
    return {
      descriptor,
      get isPending() {
        return isPending;
      },
      abandon() {
        if (!isPending) return;
        isPending = false;
        remainder.#onQueueSettled = undefined;
        remainder.take();
      },
    };
  }

  /** Set on the remainder of a moved channel only. */
  #onQueueSettled: (() => void) | undefined;

  #rearm(): void {
    if (this.isClosed) return;
    const wantsIn = this.#handler !== undefined && !this.#isPaused;
    const wantsOut = this.#isBlocked;
    const events = (wantsIn ? EPOLLIN : 0) | (wantsOut ? EPOLLOUT : 0);
    if (this.#watch === undefined) {
      if (events === 0) return;
      this.#watch = this.#context.reactor.watch(this.borrow(), (ready) => this.#onReady(ready));
      this.#watch.setRef(this.#isRef);
    }
    try {
      this.#watch.update(events);
    } catch (error) {
      // Nobody would ever learn of anything on this channel again.
      if (!(error instanceof KernelError)) throw error;
      this.#context.reactor.defer(() => this.#endForWant(error));
    }
  }

  /** This side is short of something. What is under way in this turn goes first. */
  #endForWant(error: KernelError): void {
    if (!this.isClosed) this.#end({ kind: "no-resources", detail: error.message });
  }

  /** The queue's head waits for the peer to read. */
  #isBlocked = false;

  #onReady(_events: number): void {
    if (this.#isBlocked) this.#flush();
    if (!this.isClosed && this.#handler !== undefined && !this.#isPaused) this.#receive(this.#handler);
  }

  #flush(): void {
    if (this.isClosed || this.#queue === undefined) return;
    const flushed: Flushed = this.#queue.flush(this.borrow());
    this.#isBlocked = flushed === "blocked";
    if (flushed === "peer-gone") this.#peerGone();
    if (flushed === "shortage") this.#retryLater();
    this.#rearm();
    if (this.#queue.isEmpty) this.#onQueueSettled?.();
  }

  #retryLater(): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#flush(), SEND_RETRY_MS);
  }

  /** Nothing more can be sent. The end is reported after what the peer had sent is read. */
  #peerGone(): void {
    this.#isPeerGone = true;
    this.#isBlocked = false;
    this.#queue?.drop();
    this.#rearm();
    this.#receiveLater();
  }

  /**
   * A peer that merely refuses to receive never causes a hang-up event, so that reading must be tried. In a later turn:
   * handlers are not called from within `write`.
   */
  #receiveLater(): void {
    this.#context.reactor.defer(() => {
      if (!this.isClosed && this.#handler !== undefined && !this.#isPaused) this.#receive(this.#handler);
    });
  }

  #receive(handler: ChannelHandler): void {
    const { packets } = this.#context;
    for (let count = 0; count < MAX_PACKETS_PER_TURN; count += 1) {
      const received = packets.receive(this.borrow());
      if (received === Received.PACKET) {
        const { bytes, descriptors } = packets;
        const handles = descriptors.length === 0 ? [] : this.#adopt(descriptors);
        if (handles === undefined) return;
        handler.onMessage(bytes, handles);
        if (this.isClosed || this.#isPaused) return;
        continue;
      }
      if (received === Received.SHORTAGE) this.#end({ kind: "no-resources", detail: packets.fault });
      else if (received === Received.MALFORMED) this.#end({ kind: "malformed", detail: packets.fault });
      else if (received === Received.END || this.#isPeerGone) this.#end({ kind: "peer-closed" });
      return;
    }
  }

  /** Handles of a message. Undefined when there is too little memory for them, which ends the channel. */
  #adopt(descriptors: readonly number[]): Handle[] | undefined {
    try {
      return this.#context.adoptAll(descriptors);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#endForWant(error);
      return undefined;
    }
  }

  #end(reason: ChannelClosed): void {
    const handler = this.#handler;
    if (reason.kind === "no-resources") handler?.onClosed(reason);
    this.#hasEnded = true;
    // Not `close`: nothing more is sent.
    this.#closeEnd();
    if (reason.kind === "no-resources") return;
    // In a turn of its own when it was `write` that found out, so that calls never nest.
    if (handler !== undefined) {
      if (reason.kind === "overflow") this.#context.reactor.defer(() => handler.onClosed(reason));
      else handler.onClosed(reason);
    }
  }
}
