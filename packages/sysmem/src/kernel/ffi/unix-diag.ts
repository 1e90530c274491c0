/**
 * Which socket is at the other end of a socket: `NETLINK_SOCK_DIAG` asked for one inode with `UDIAG_SHOW_PEER`. The
 * answer comes from the kernel, so that no peer can forge it. The kernel answers within the `send`, so that nothing is
 * ever waited for. Sockets of another network namespace are not found.
 */
import { KernelError, type KernelErrorCode } from "../errors.ts";
import { AF_NETLINK, AF_UNIX, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_RAW, SOCK_SEQPACKET } from "./constants.ts";
import { Errno, kernelError } from "./errno.ts";
import { fileStatus } from "./file-status.ts";
import { type Libc, nativeBuffer } from "./libc.ts";

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const NLMSG_ERROR = 2;
const NLM_F_REQUEST = 1;
const UDIAG_SHOW_PEER = 4;
const UNIX_DIAG_PEER = 2;
const NLMSG_HEADER_BYTES = 16;
const UNIX_DIAG_REQUEST_BYTES = 24;
const UNIX_DIAG_MESSAGE_BYTES = 16;
const ATTRIBUTE_TYPE_MASK = 0x3fff;

export class UnixDiag {
  readonly #libc: Libc;
  #netlink = -1;
  readonly #request: Uint8Array<ArrayBuffer> = nativeBuffer(NLMSG_HEADER_BYTES + UNIX_DIAG_REQUEST_BYTES);
  readonly #requestView: DataView = new DataView(this.#request.buffer);
  readonly #reply: Uint8Array<ArrayBuffer> = nativeBuffer(4096);
  readonly #replyView: DataView = new DataView(this.#reply.buffer);
  #sequence = 0;

  constructor(libc: Libc) {
    this.#libc = libc;
    const view = this.#requestView;
    view.setUint32(0, this.#request.length, true);
    view.setUint16(4, SOCK_DIAG_BY_FAMILY, true);
    view.setUint16(6, NLM_F_REQUEST, true);
    view.setUint8(16, AF_UNIX);
    // Any state; the cookie that matches any socket.
    view.setUint32(20, 0xffff_ffff, true);
    view.setUint32(28, UDIAG_SHOW_PEER, true);
    view.setUint32(32, 0xffff_ffff, true);
    view.setUint32(36, 0xffff_ffff, true);
  }

  /** The netlink socket, -1 while it was not needed. For accounting. */
  get descriptor(): number {
    return this.#netlink;
  }

  /** Inode of the socket at the other end of the one with this inode; 0 when it has none. */
  peerOf(inode: number): number {
    if (this.#netlink < 0) this.#open();
    return this.#ask(inode);
  }

  close(): void {
    if (this.#netlink >= 0) this.#libc.close(this.#netlink);
    this.#netlink = -1;
  }

  #open(): void {
    const libc = this.#libc;
    const netlink = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0) throw kernelError("open a socket diagnosis socket", libc.errno());
    this.#netlink = netlink;
    try {
      this.#prove();
    } catch (error) {
      // Not kept: the next who asks proves it anew.
      this.close();
      throw error;
    }
  }

  /** Without the kernel's unix_diag every question is answered "no such socket": one with a known answer is asked. */
  #prove(): void {
    const libc = this.#libc;
    const ends = new Int32Array(nativeBuffer(8).buffer);
    if (libc.socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
      throw kernelError("create a channel", libc.errno());
    }
    const [left = -1, right = -1] = ends;
    try {
      if (this.#ask(fileStatus(libc, left).inode) === fileStatus(libc, right).inode) return;
    } finally {
      libc.close(left);
      libc.close(right);
    }
    throw new KernelError("NOT_SUPPORTED", "cannot relate channel ends: this kernel has no unix_diag");
  }

  #ask(inode: number): number {
    const libc = this.#libc;
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#requestView.setUint32(8, this.#sequence, true);
    this.#requestView.setUint32(24, inode, true);
    while (libc.send(this.#netlink, this.#request, this.#request.length, 0) < 0) {
      const errno = libc.errno();
      if (errno !== Errno.EINTR) throw kernelError("ask for the other end of a channel", errno, codeOf(errno));
    }
    for (;;) {
      const length = libc.recv(this.#netlink, this.#reply, this.#reply.length, MSG_DONTWAIT);
      if (length < 0) {
        const errno = libc.errno();
        if (errno === Errno.EINTR) continue;
        throw kernelError("hear about the other end of a channel", errno, codeOf(errno));
      }
      // An answer to an earlier question that was given up.
      if (this.#replyView.getUint32(8, true) !== this.#sequence) continue;
      return this.#parse(length);
    }
  }

  #parse(received: number): number {
    const view = this.#replyView;
    const length = Math.min(received, view.getUint32(0, true));
    if (view.getUint16(4, true) === NLMSG_ERROR) {
      const errno = -view.getInt32(NLMSG_HEADER_BYTES, true);
      if (errno === Errno.ENOENT || errno === 0) return 0;
      throw kernelError("ask for the other end of a channel", errno);
    }
    for (let at = NLMSG_HEADER_BYTES + UNIX_DIAG_MESSAGE_BYTES; at + 4 <= length; ) {
      const attributeBytes = view.getUint16(at, true);
      if (attributeBytes < 4) break;
      if ((view.getUint16(at + 2, true) & ATTRIBUTE_TYPE_MASK) === UNIX_DIAG_PEER) return view.getUint32(at + 4, true);
      at += (attributeBytes + 3) & ~3;
    }
    return 0;
  }
}

/** No answer within the call: the kernel had no memory for it. */
function codeOf(errno: number): KernelErrorCode | undefined {
  return errno === Errno.EAGAIN ? "NO_RESOURCES" : undefined;
}
