/** Connecting to service sockets, and listening on them. */
import { chmodSync, chownSync, lstatSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { LISTEN_BACKLOG, MAX_ACCEPTS_PER_TURN } from "#base";
import { KernelError } from "../errors.ts";
import type { Listener, ListenOptions, PeerCredentials } from "../port.ts";
import { LinuxChannel } from "./channel.ts";
import {
  AF_UNIX,
  EPOLLIN,
  F_SETFL,
  LOCK_EX,
  LOCK_NB,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NONBLOCK,
  O_RDONLY,
  SO_PEERCRED,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "./constants.ts";
import type { LinuxContext } from "./context.ts";
import { Errno, errnoName, kernelError } from "./errno.ts";
import { withClose } from "./handle.ts";
import { type Libc, nativeBuffer } from "./libc.ts";
import type { Watch } from "./reactor.ts";
import { withSocketAddress } from "./socket-address.ts";

/** How long a listener rests when a connection cannot be taken for want of descriptors. Milliseconds. */
const ACCEPT_REST_MS = 100;
/** Attempts, 2 ms apart, to be the only one who replaces sockets in a directory. Others hold it for microseconds. */
const DIRECTORY_LOCK_ATTEMPTS = 100;

/** Connects without waiting: a listener whose backlog is full is UNAVAILABLE. */
export function connectService(context: LinuxContext, path: string): LinuxChannel {
  const { libc } = context;
  const fd = openSocket(libc);
  const errno = withClose(libc, fd, () => tryConnect(libc, fd, path));
  if (errno !== 0) {
    libc.close(fd);
    throw kernelError(`connect to ${path}`, errno);
  }
  // Sends and receives say for themselves that they do not wait; who is given this end need not know that of it.
  libc.fcntl(fd, F_SETFL, 0);
  return new LinuxChannel(context, fd);
}

/** Who is at the other end, as recorded by the kernel when the two were connected. */
export function peerCredentialsOf(libc: Libc, fd: number): PeerCredentials | undefined {
  const value = nativeBuffer(12);
  const length = nativeBuffer(4);
  new DataView(length.buffer).setUint32(0, value.length, true);
  if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, length) < 0) return undefined;
  const view = new DataView(value.buffer);
  const uid = view.getUint32(4, true);
  // Nobody was ever connected.
  if (uid === 0xffff_ffff) return undefined;
  return { pid: view.getInt32(0, true), uid, gid: view.getUint32(8, true) };
}

export type OnAccept = (channel: LinuxChannel, peer: PeerCredentials) => void;

/** Listens on a path that nobody else serves. */
export function listenService(
  context: LinuxContext,
  path: string,
  options: ListenOptions,
  onAccept: OnAccept,
): LinuxListener {
  const { libc } = context;
  const fd = openSocket(libc);
  const identity = withClose(libc, fd, () => {
    // Two servers that start together must not each take the other's socket for a dead one's.
    const unlock = lockDirectory(libc, dirname(path));
    try {
      bindReplacing(libc, fd, path);
      chmodSync(path, options.mode ?? 0o666);
      if (options.gid !== undefined) chownSync(path, -1, options.gid);
      if (libc.listen(fd, LISTEN_BACKLOG) < 0) throw kernelError(`listen on ${path}`, libc.errno());
      return fileIdentity(path);
    } catch (error) {
      throw translate(error, path);
    } finally {
      unlock();
    }
  });
  return new LinuxListener(context, fd, path, onAccept, identity);
}

/** Accepts connections until it is closed. */
export class LinuxListener implements Listener {
  readonly path: string;
  readonly #context: LinuxContext;
  #fd: number;
  readonly #watch: Watch;
  readonly #onAccept: OnAccept;
  readonly #identity: string | undefined;
  #rest: NodeJS.Timeout | undefined;

  /**
   * Takes ownership of a listening socket.
   * @param identity of the socket file to remove at the end; absent when it is somebody else's (socket activation)
   */
  constructor(context: LinuxContext, fd: number, path: string, onAccept: OnAccept, identity: string | undefined) {
    this.#context = context;
    this.#fd = fd;
    this.path = path;
    this.#onAccept = onAccept;
    this.#identity = identity;
    // An inherited socket may be one whose accept waits, and a connection may be gone before it is accepted.
    context.libc.fcntl(fd, F_SETFL, O_NONBLOCK);
    this.#watch = context.reactor.watch(fd, () => this.#accept());
    this.#watch.setRef(context.keepAlive);
    this.#arm();
  }

  /** The listening socket, for accounting and for handing it to a successor. */
  borrow(): number {
    return this.#fd;
  }

  setRef(isRef: boolean): void {
    this.#watch.setRef(isRef);
  }

  close(): void {
    if (this.#fd < 0) return;
    clearTimeout(this.#rest);
    this.#watch.close();
    // The file first: once it is gone nobody can be left in the backlog unaccepted.
    if (this.#identity !== undefined && fileIdentity(this.path) === this.#identity) unlinkSync(this.path);
    this.#context.libc.close(this.#fd);
    this.#fd = -1;
  }

  #accept(): void {
    const { libc } = this.#context;
    for (let count = 0; count < MAX_ACCEPTS_PER_TURN && this.#fd >= 0; count += 1) {
      const fd = libc.accept4(this.#fd, null, null, SOCK_CLOEXEC);
      if (fd < 0) {
        const errno = libc.errno();
        if (errno === Errno.EINTR || errno === Errno.ECONNABORTED) continue;
        if (errno !== Errno.EAGAIN) this.#restAfter(errnoName(errno));
        return;
      }
      const peer = peerCredentialsOf(libc, fd);
      const channel = new LinuxChannel(this.#context, fd);
      if (peer === undefined) channel.close();
      else this.#onAccept(channel, peer);
    }
  }

  /** The connection stays where it is and would be reported again at once, for as long as nothing can be done. */
  #restAfter(errno: string): void {
    this.#context.logger.warn({ path: this.path, errno }, "cannot accept connections for the moment");
    this.#watch.update(0);
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => this.#arm(), ACCEPT_REST_MS);
  }

  #arm(): void {
    if (this.#fd < 0) return;
    try {
      this.#watch.update(EPOLLIN);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#restAfter(error.errno ?? error.message);
    }
  }
}

function openSocket(libc: Libc): number {
  const fd = libc.socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) throw kernelError("create a channel", libc.errno());
  return fd;
}

/** 0, or the error number. */
function tryConnect(libc: Libc, fd: number, path: string): number {
  return withSocketAddress(libc, path, (address, length) => {
    for (;;) {
      if (libc.connect(fd, address, length) === 0) return 0;
      const errno = libc.errno();
      if (errno !== Errno.EINTR) return errno;
    }
  });
}

function tryBind(libc: Libc, fd: number, path: string): number {
  return withSocketAddress(libc, path, (address, length) => (libc.bind(fd, address, length) === 0 ? 0 : libc.errno()));
}

function bindReplacing(libc: Libc, fd: number, path: string): void {
  let errno = tryBind(libc, fd, path);
  if (errno === Errno.EADDRINUSE && isStale(libc, path)) {
    unlinkSync(path);
    errno = tryBind(libc, fd, path);
  }
  if (errno !== 0) throw kernelError(`listen on ${path}`, errno);
}

/** True for the socket file of a server that is no more. Anything else that is in the way stays. */
function isStale(libc: Libc, path: string): boolean {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return false;
  const probe = openSocket(libc);
  try {
    return tryConnect(libc, probe, path) === Errno.ECONNREFUSED;
  } finally {
    libc.close(probe);
  }
}

/** Keeps other servers from replacing sockets in this directory meanwhile. Returns a way to let them. */
function lockDirectory(libc: Libc, directory: string): () => void {
  const fd = libc.open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) throw kernelError(`listen in ${directory}`, libc.errno());
  for (let attempt = 0; attempt < DIRECTORY_LOCK_ATTEMPTS; attempt += 1) {
    if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return () => libc.close(fd);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
  libc.close(fd);
  throw new KernelError("UNAVAILABLE", `cannot listen in ${directory}: another process keeps it locked`);
}

/** Tells a file from one that took its name later. */
function fileIdentity(path: string): string | undefined {
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}

/** Errors of Node's own file functions, in this layer's words. */
function translate(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const errno = code === undefined ? undefined : (Errno as Readonly<Record<string, number>>)[code];
  return errno === undefined ? error : kernelError(`listen on ${path}`, errno);
}
