/** Channels of the fake kernel. */
import {
  assert,
  type Channel,
  type ChannelClosed,
  type ChannelHandler,
  type Handle,
  InvariantError,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_HANDLES,
  MAX_QUEUED_SEND_BYTES,
  MAX_QUEUED_SEND_HANDLES,
  ObjectType,
  type SendBudget,
} from "#base";
import type { PeerCredentials } from "../port.ts";
import { asFakeHandle, FakeHandle, type FakeMachine, type FakeObject, type FakeProcess } from "./machine.ts";

interface Packet {
  readonly bytes: Uint8Array;
  readonly objects: readonly FakeObject[];
}

/** What Linux takes of a sender before it lets it wait (`net.core.wmem_default`), and what a packet costs besides its bytes. */
const KERNEL_QUEUE_BYTES = 212_992;
const PACKET_OVERHEAD_BYTES = 768;

/** One end as the machine sees it: it outlives the handles to it while it travels. */
export class FakeChannelEnd implements FakeObject {
  readonly machine: FakeMachine;
  readonly koid: number;
  /** Who is at the other end, as recorded when the two were connected. */
  readonly peerCredentials: PeerCredentials;
  peer: FakeChannelEnd | undefined;
  isOpen = true;
  /** Packets sent to this end and not received yet. */
  readonly #inbox: Packet[] = [];
  #inboxBytes = 0;
  /** Tells whoever receives from this end that there is something to do. */
  onActivity: (() => void) | undefined;
  /** Who answers for what the sender to this end keeps, and how much of it that is. */
  senderBudget: SendBudget | undefined;
  #budgetedBytes = 0;
  #budgetedHandles = 0;

  private constructor(machine: FakeMachine, peerCredentials: PeerCredentials) {
    this.machine = machine;
    this.koid = machine.newKoid();
    this.peerCredentials = peerCredentials;
  }

  /** Two ends connected to each other: one for `left`, who is recorded at the other, and the reverse. */
  static pair(machine: FakeMachine, left: PeerCredentials, right: PeerCredentials): [FakeChannelEnd, FakeChannelEnd] {
    const leftEnd = new FakeChannelEnd(machine, right);
    const rightEnd = new FakeChannelEnd(machine, left);
    leftEnd.peer = rightEnd;
    rightEnd.peer = leftEnd;
    return [leftEnd, rightEnd];
  }

  get isPeerOpen(): boolean {
    return this.peer?.isOpen === true;
  }

  open(process: FakeProcess): FakeHandle {
    return new FakeChannel(process, this);
  }

  release(): void {
    this.isOpen = false;
    const { peer } = this;
    if (peer?.isOpen === true) {
      peer.#cut();
      peer.onActivity?.();
    }
    for (const { objects } of this.#inbox.splice(0)) for (const object of objects) object.release();
    this.#inboxBytes = 0;
    this.#settleBudget();
  }

  get isEmpty(): boolean {
    return this.#inbox.length === 0;
  }

  push(packet: Packet): void {
    this.#inbox.push(packet);
    this.#inboxBytes += packet.bytes.length;
  }

  shift(): Packet | undefined {
    const packet = this.#inbox.shift();
    if (packet === undefined) return undefined;
    this.#inboxBytes -= packet.bytes.length;
    this.#settleBudget();
    return packet;
  }

  /** Which bound the sender's own queue for this end exceeds, if any. */
  senderExcess(): string | undefined {
    const { bytes, handles } = this.#keptBySender();
    if (bytes > MAX_QUEUED_SEND_BYTES) {
      return `the peer does not read: more than ${MAX_QUEUED_SEND_BYTES} bytes are queued`;
    }
    if (handles > MAX_QUEUED_SEND_HANDLES) {
      return `the peer does not read: more than ${MAX_QUEUED_SEND_HANDLES} handles are queued`;
    }
    return this.#settleBudget();
  }

  /** Counts with the sender's budget what is kept now. */
  #settleBudget(): string | undefined {
    const { senderBudget } = this;
    if (senderBudget === undefined) return undefined;
    const { bytes, handles } = this.#keptBySender();
    const moreBytes = bytes - this.#budgetedBytes;
    const moreHandles = handles - this.#budgetedHandles;
    if (moreBytes > 0 || moreHandles > 0) {
      const excess = senderBudget.take(moreBytes, moreHandles);
      if (excess !== undefined) return excess;
    } else if (moreBytes < 0) senderBudget.give(-moreBytes, -moreHandles);
    this.#budgetedBytes = bytes;
    this.#budgetedHandles = handles;
    return undefined;
  }

  #keptBySender(): { readonly bytes: number; readonly handles: number } {
    let bytes = 0;
    let handles = 0;
    // Counting all, those the kernel took too, is enough to say that there is nothing, and nearly always does.
    if (this.#inboxBytes + this.#inbox.length * PACKET_OVERHEAD_BYTES > KERNEL_QUEUE_BYTES) {
      for (const packet of this.#inbox.slice(this.#countInKernel())) {
        bytes += packet.bytes.length;
        handles += packet.objects.length;
      }
    }
    return { bytes, handles };
  }

  /** What the kernel had not taken from the sender is lost with it. */
  #cut(): void {
    for (const { bytes, objects } of this.#inbox.splice(this.#countInKernel())) {
      this.#inboxBytes -= bytes.length;
      for (const object of objects) object.release();
    }
    this.#settleBudget();
  }

  /** How many packets of the inbox the kernel has, the others being with the sender still. */
  #countInKernel(): number {
    let bytes = 0;
    const first = this.#inbox.findIndex((packet) => {
      bytes += packet.bytes.length + PACKET_OVERHEAD_BYTES;
      return bytes > KERNEL_QUEUE_BYTES;
    });
    return first < 0 ? this.#inbox.length : first;
  }
}

/** A handle to a channel end, in one process. */
export class FakeChannel extends FakeHandle implements Channel {
  readonly objectType: typeof ObjectType.CHANNEL = ObjectType.CHANNEL;
  readonly #end: FakeChannelEnd;
  #handler: ChannelHandler | undefined;
  #isPaused = false;
  #isScheduled = false;
  /** Set when the channel closed itself rather than being closed by its owner. */
  #hasEnded = false;

  constructor(process: FakeProcess, end: FakeChannelEnd) {
    super(process, end);
    this.#end = end;
  }

  get koid(): number {
    return this.#end.koid;
  }

  get peerCredentials(): PeerCredentials {
    this.requireOpen();
    return this.#end.peerCredentials;
  }

  relatedKoid(): number {
    this.requireOpen();
    return this.#end.isPeerOpen ? (this.#end.peer?.koid ?? 0) : 0;
  }

  write(bytes: Uint8Array, handles: readonly Handle[]): boolean {
    if (this.isClosed) {
      for (const handle of handles) handle.close();
      if (this.#hasEnded) return false;
      throw new InvariantError("write on a channel that was closed or moved");
    }
    const isFit =
      bytes.length >= 16 &&
      bytes.length <= MAX_MESSAGE_BYTES &&
      handles.length <= MAX_MESSAGE_HANDLES &&
      handles.every((handle) => !handle.isClosed && handle !== this && handle instanceof FakeHandle) &&
      new Set(handles).size === handles.length;
    if (!isFit) {
      for (const handle of handles) if (handle !== this) handle.close();
      throw new InvariantError(`not a message: ${bytes.length} bytes, ${handles.length} handles`);
    }
    return this.writeRaw(bytes, handles);
  }

  /** Writes what need not be a message, as a hostile process could. */
  writeRaw(bytes: Uint8Array, handles: readonly Handle[]): boolean {
    const { peer } = this.#end;
    if (peer === undefined || !peer.isOpen) {
      for (const handle of handles) handle.close();
      return false;
    }
    const objects = handles.map((handle) => asFakeHandle(handle).take());
    peer.push({ bytes: bytes.slice(), objects });
    const excess = peer.senderExcess();
    if (excess !== undefined) {
      this.#finish({ kind: "overflow", detail: excess });
      return false;
    }
    peer.onActivity?.();
    return true;
  }

  setSendBudget(budget: SendBudget): void {
    const { peer } = this.#end;
    assert(peer?.senderBudget === undefined, "a channel's budget is set once");
    if (peer !== undefined) peer.senderBudget = budget;
  }

  start(handler: ChannelHandler): void {
    assert(this.#handler === undefined, "a channel has one handler for its life");
    this.requireOpen();
    this.#handler = handler;
    this.#end.onActivity = () => this.#schedule();
    this.#schedule();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#schedule();
  }

  /** The fake's channel ends cannot be duplicated. */
  closeForAll(): void {
    this.close();
  }

  protected override left(): void {
    this.#end.onActivity = undefined;
  }

  /** One task delivers one packet, so that a scheduler can put other things between two packets. */
  #schedule(): void {
    if (this.#isScheduled || this.isClosed || this.#handler === undefined || this.#isPaused) return;
    if (this.#end.isEmpty && this.#end.isPeerOpen) return;
    this.#isScheduled = true;
    this.process.machine.scheduler.schedule(this.#end, () => {
      this.#isScheduled = false;
      if (this.isClosed || this.#isPaused || !this.process.isListening || this.#handler === undefined) return;
      this.#deliver(this.#handler);
    });
  }

  #deliver(handler: ChannelHandler): void {
    const packet = this.#end.shift();
    if (packet === undefined) {
      if (!this.#end.isPeerOpen) this.#finish({ kind: "peer-closed" });
      return;
    }
    const { bytes, objects } = packet;
    const isFit = bytes.length >= 16 && bytes.length <= MAX_MESSAGE_BYTES && objects.length <= MAX_MESSAGE_HANDLES;
    if (!isFit) {
      for (const object of objects) object.release();
      this.#finish({ kind: "malformed", detail: `${bytes.length} bytes, ${objects.length} handles` });
      return;
    }
    try {
      handler.onMessage(
        bytes,
        objects.map((object) => object.open(this.process)),
      );
    } finally {
      this.#schedule();
    }
  }

  #finish(reason: ChannelClosed): void {
    this.#hasEnded = true;
    this.close();
    const handler = this.#handler;
    if (handler === undefined) return;
    if (reason.kind !== "overflow") handler.onClosed(reason);
    else {
      // Found out within `write`: calls never nest.
      this.process.machine.scheduler.schedule(this.#end, () => {
        if (this.process.isListening) handler.onClosed(reason);
      });
    }
  }
}
