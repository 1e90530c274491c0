/**
 * Sends and receives single packets with descriptors. Knows nothing of queues, handlers or handles; one instance for
 * each kernel object, with buffers that are reused for every packet.
 */
import { MAX_MESSAGE_BYTES, MAX_MESSAGE_HANDLES } from "#base";
import {
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  POLLHUP,
  POLLRDHUP,
  SCM_PIDFD,
  SCM_RIGHTS,
  SOL_SOCKET,
} from "./constants.ts";
import { Errno, ETOOMANYREFS, kernelError } from "./errno.ts";
import { type Address, addressOfBuffer, type Libc, nativeBuffer } from "./libc.ts";

/** Every FIDL transactional message starts with this many bytes. */
const MESSAGE_HEADER_BYTES = 16;

/** Outcome of `send`. */
export const Sent = {
  /** The kernel has it, and references of its own to the descriptors. */
  DONE: 0,
  /** The peer's queue is full; writability will be reported. */
  WOULD_BLOCK: 1,
  /** The kernel is short of something for the moment; nothing will be reported when it no longer is. */
  SHORTAGE: 2,
  /** The other end is closed. */
  PEER_GONE: 3,
} as const;
export type Sent = (typeof Sent)[keyof typeof Sent];

/** Outcome of `receive`. */
export const Received = {
  /** `bytes` and `descriptors` hold a packet. */
  PACKET: 0,
  /** Nothing there yet. */
  NOTHING: 1,
  /** The other end is closed and all it had sent was received. */
  END: 2,
  /** What arrived is no message; its descriptors are closed already, `fault` says why. */
  MALFORMED: 3,
  /** This process had no room for all of a message's descriptors. Those that came are closed, `fault` says why. */
  SHORTAGE: 4,
} as const;
export type Received = (typeof Received)[keyof typeof Received];

// One block of memory for each direction: struct msghdr, struct iovec, control data, packet.
const MSGHDR_BYTES = 56;
const IOV_OFFSET = MSGHDR_BYTES;
const CONTROL_OFFSET = IOV_OFFSET + 16;
const CMSG_HEADER_BYTES = 16;
/**
 * Room for the handles of one message and for control data that a hostile peer can switch on for the end it gives
 * away (credentials, security label, pidfd). More than `MAX_MESSAGE_HANDLES` descriptors fit; they are counted.
 */
const CONTROL_BYTES = 1024;
const DATA_OFFSET = CONTROL_OFFSET + CONTROL_BYTES;
const BLOCK_BYTES = DATA_OFFSET + MAX_MESSAGE_BYTES;

// Offsets in struct msghdr on 64-bit Linux.
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const MSG_FLAGS = 48;

/** Bytes of control data for `count` descriptors: `CMSG_SPACE`. */
function controlSpace(count: number): number {
  return CMSG_HEADER_BYTES + ((count * 4 + 7) & ~7);
}

class Block {
  readonly memory: Uint8Array<ArrayBuffer> = nativeBuffer(BLOCK_BYTES);
  readonly view: DataView = new DataView(this.memory.buffer);
  readonly address: Address = addressOfBuffer(this.memory);

  constructor() {
    const { view, address } = this;
    view.setBigUint64(MSG_IOV, address + BigInt(IOV_OFFSET), true);
    view.setUint32(MSG_IOVLEN, 1, true);
    view.setBigUint64(MSG_CONTROL, address + BigInt(CONTROL_OFFSET), true);
    view.setBigUint64(IOV_OFFSET, address + BigInt(DATA_OFFSET), true);
    view.setUint32(IOV_OFFSET + 8, MAX_MESSAGE_BYTES, true);
  }
}

/**
 * Sends and receives packets through blocks of memory of its own. For one thread, one call at a time; holds no
 * descriptor itself.
 */
/** The sending and receiving end of every channel of one kernel object. Not reentrant: one packet at a time. */
export class PacketIo {
  readonly #libc: Libc;
  readonly #outgoing = new Block();
  readonly #incoming = new Block();
  readonly #pollfd: Uint8Array<ArrayBuffer> = nativeBuffer(8);
  /** The packet received last; valid until the next `receive`. */
  bytes: Uint8Array = this.#incoming.memory.subarray(DATA_OFFSET, DATA_OFFSET);
  /** Its descriptors, owned by the caller. */
  descriptors: number[] = [];
  /** What was wrong, after `Received.MALFORMED`. */
  fault = "";

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Sends one packet. The descriptors stay the caller's, whatever the outcome. */
  send(fd: number, bytes: Uint8Array, descriptors: readonly number[]): Sent {
    const libc = this.#libc;
    for (;;) {
      const sent =
        descriptors.length === 0
          ? libc.send(fd, bytes, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT)
          : libc.sendmsg(fd, this.#compose(bytes, descriptors), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) return Sent.DONE;
      switch (libc.errno()) {
        case Errno.EINTR:
          continue;
        case Errno.EAGAIN:
          return Sent.WOULD_BLOCK;
        case Errno.ENOBUFS:
        case Errno.ENOMEM:
        case ETOOMANYREFS:
          return Sent.SHORTAGE;
        default:
          // EPIPE, ECONNRESET, ENOTCONN, and whatever else says that this socket is of no more use for sending.
          return Sent.PEER_GONE;
      }
    }
  }

  /** Receives one packet into `bytes` and `descriptors`. */
  receive(fd: number): Received {
    const libc = this.#libc;
    const { view, address, memory } = this.#incoming;
    // A reset is reported once, ahead of what the peer had sent before it closed.
    for (let resets = 0; ; ) {
      view.setUint32(MSG_CONTROLLEN, CONTROL_BYTES, true);
      const count = libc.recvmsg(fd, address, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
      if (count < 0) {
        const errno = libc.errno();
        if (errno === Errno.EINTR) continue;
        // What the kernel could not deliver for want of memory stays where it is, and is reported again.
        if (errno === Errno.EAGAIN || errno === Errno.ENOMEM || errno === Errno.ENOBUFS) return Received.NOTHING;
        if (errno === Errno.ECONNRESET && resets < 2) {
          resets += 1;
          continue;
        }
        return Received.END;
      }
      const controlBytes = view.getUint32(MSG_CONTROLLEN, true);
      const descriptors: number[] = [];
      let fault = controlBytes === 0 ? undefined : this.#readControl(controlBytes, descriptors);
      const flags = view.getUint32(MSG_FLAGS, true);
      const isCut = (flags & MSG_CTRUNC) !== 0;
      if (fault === undefined) {
        if ((flags & MSG_TRUNC) !== 0) fault = `more than ${MAX_MESSAGE_BYTES} bytes`;
        else if (descriptors.length > MAX_MESSAGE_HANDLES) fault = `more than ${MAX_MESSAGE_HANDLES} handles`;
        else if (isCut) fault = "EMFILE: there is no room for the handles of a message";
        else if (count < MESSAGE_HEADER_BYTES) {
          // A packet of no bytes looks like the end of the stream, but only at the end has the peer hung up.
          if (count === 0 && descriptors.length === 0) {
            const isEnd = this.#hangUp(fd);
            // Who cannot tell for the moment looks again: an end does not go away.
            if (isEnd !== false) return isEnd === undefined ? Received.NOTHING : Received.END;
          }
          fault = `a packet of ${count} bytes`;
        }
      }
      if (fault !== undefined) {
        for (const descriptor of descriptors) libc.close(descriptor);
        this.fault = fault;
        // As many as a message may have always fit into the buffer: what is missing was not cut off there.
        const isShort = isCut && (flags & MSG_TRUNC) === 0 && descriptors.length <= MAX_MESSAGE_HANDLES;
        return isShort ? Received.SHORTAGE : Received.MALFORMED;
      }
      this.bytes = memory.subarray(DATA_OFFSET, DATA_OFFSET + count);
      this.descriptors = descriptors;
      return Received.PACKET;
    }
  }

  /** True when the other end of a socket is closed or will send nothing more. Throws `KernelError`. */
  isHungUp(fd: number): boolean {
    const isHungUp = this.#hangUp(fd);
    if (isHungUp === undefined) throw kernelError("look whether a peer is gone", this.#libc.errno());
    return isHungUp;
  }

  /** Undefined when the kernel does not say, for want of memory. */
  #hangUp(fd: number): boolean | undefined {
    const view = new DataView(this.#pollfd.buffer);
    view.setInt32(0, fd, true);
    view.setUint32(4, POLLRDHUP, true);
    while (this.#libc.poll(this.#pollfd, 1, 0) < 0) if (this.#libc.errno() !== Errno.EINTR) return undefined;
    return (view.getUint16(6, true) & (POLLHUP | POLLRDHUP)) !== 0;
  }

  #compose(bytes: Uint8Array, descriptors: readonly number[]): Address {
    const { view, memory, address } = this.#outgoing;
    memory.set(bytes, DATA_OFFSET);
    view.setUint32(IOV_OFFSET + 8, bytes.length, true);
    view.setUint32(MSG_CONTROLLEN, controlSpace(descriptors.length), true);
    view.setUint32(CONTROL_OFFSET, CMSG_HEADER_BYTES + descriptors.length * 4, true);
    view.setInt32(CONTROL_OFFSET + 8, SOL_SOCKET, true);
    view.setInt32(CONTROL_OFFSET + 12, SCM_RIGHTS, true);
    for (let index = 0; index < descriptors.length; index += 1) {
      view.setInt32(CONTROL_OFFSET + CMSG_HEADER_BYTES + index * 4, descriptors[index] as number, true);
    }
    return address;
  }

  #readControl(controlBytes: number, descriptors: number[]): string | undefined {
    const strangers: number[] = [];
    const fault = parseControl(this.#incoming.view, CONTROL_OFFSET, controlBytes, descriptors, strangers);
    for (const stranger of strangers) this.#libc.close(stranger);
    return fault;
  }
}

/**
 * Reads received control data.
 * @param descriptors gets the message's handles
 * @param strangers gets descriptors that the kernel installed for other reasons; they must be closed
 * @returns what is wrong with it, if anything; the two lists are complete all the same
 */
export function parseControl(
  view: DataView,
  offset: number,
  controlBytes: number,
  descriptors: number[],
  strangers: number[],
): string | undefined {
  let fault: string | undefined;
  let hasRights = false;
  const end = offset + Math.min(controlBytes, CONTROL_BYTES);
  for (let at = offset; at + CMSG_HEADER_BYTES <= end; ) {
    const length = view.getUint32(at, true);
    if (length < CMSG_HEADER_BYTES || at + length > end) break;
    const level = view.getInt32(at + 8, true);
    const type = view.getInt32(at + 12, true);
    if (level === SOL_SOCKET && (type === SCM_RIGHTS || type === SCM_PIDFD)) {
      if (type === SCM_RIGHTS) {
        if (hasRights) fault = "a second set of handles";
        hasRights = true;
      }
      const target = type === SCM_RIGHTS ? descriptors : strangers;
      for (let word = at + CMSG_HEADER_BYTES; word + 4 <= at + length; word += 4) {
        const descriptor = view.getInt32(word, true);
        if (descriptor >= 0) target.push(descriptor);
      }
    }
    at += (length + 7) & ~7;
  }
  return fault;
}
