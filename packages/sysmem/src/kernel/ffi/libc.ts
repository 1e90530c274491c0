/**
 * The C functions the kernel layer calls. They return what C returns; callers look at `errno()` directly after a
 * failure, before any other call, and turn it into a `KernelError` with `errno.ts`.
 *
 * Buffers passed as `Uint8Array` must not be small arrays that V8 keeps on its own heap when the *address* outlives
 * the call: use `nativeBuffer` for those.
 */
import { KernelError } from "../errors.ts";
import { type Address, type Koffi, loadKoffi } from "./koffi.ts";

export type { Address };

/** An argument that C sees as a pointer. */
export type Pointer = Address | Uint8Array | null;

export interface Libc {
  readonly koffi: Koffi;
  errno(): number;
  close(fd: number): number;
  /** The same on a helper thread. */
  closeAsync(fd: number): Promise<number>;
  open(path: string, flags: number): number;
  socket(domain: number, type: number, protocol: number): number;
  socketpair(domain: number, type: number, protocol: number, fds: Int32Array): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  shutdown(fd: number, how: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  accept4(fd: number, address: null, length: null, flags: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  sendmsg(fd: number, message: Address, flags: number): number;
  recvmsg(fd: number, message: Address, flags: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number;
  fcntl(fd: number, command: number, argument: number): number;
  fcntlLock(fd: number, command: number, lock: Uint8Array): number;
  flock(fd: number, operation: number): number;
  fchmod(fd: number, mode: number): number;
  memfd_create(name: string, flags: number): number;
  ftruncate(fd: number, length: number): number;
  posix_fallocate(fd: number, offset: number, length: number): number;
  /** The same on a helper thread. Resolves with the error number, 0 for success. */
  posixFallocateAsync(fd: number, offset: number, length: number): Promise<number>;
  lseek(fd: number, offset: number, whence: number): number;
  mmap(address: Pointer, length: number, protection: number, flags: number, fd: number, offset: number): Address | null;
  munmap(address: Address, length: number): number;
  madvise(address: Address, length: number, advice: number): number;
  /** The same on a helper thread; the outcome is advice as well, so it is not reported. */
  madviseAsync(address: Address, length: number, advice: number): Promise<void>;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  /** The same on a helper thread, whose error number nobody can ask for. `argument` is a `nativeBuffer`. */
  ioctlAsync(fd: number, request: number, argument: Uint8Array): Promise<number>;
  eventfd(value: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: Uint8Array): number;
  epoll_wait(epoll: number, events: Uint8Array, capacity: number, timeoutMs: number): number;
  /** Waits on a helper thread. */
  epollWaitAsync(epoll: number, events: Uint8Array, capacity: number, timeoutMs: number): Promise<number>;
  poll(fds: Uint8Array, count: number, timeoutMs: number): number;
  inotify_init1(flags: number): number;
  inotify_add_watch(fd: number, path: string, mask: number): number;
  inotify_rm_watch(fd: number, watch: number): number;
  read(fd: number, bytes: Uint8Array, length: number): number;
  readlink(path: string, bytes: Uint8Array, length: number): number;
  /** Absent in C libraries that lack the symbol. */
  readonly statx: ((fd: number, path: Uint8Array, flags: number, mask: number, out: Uint8Array) => number) | undefined;
  sysconf(name: number): number;
}

let libc: Libc | undefined;

/** The bindings, made on first use. Throws `KernelError` NOT_SUPPORTED where this layer cannot work at all. */
export function loadLibc(): Libc {
  libc ??= bind();
  return libc;
}

/** Zeroed memory whose address stays valid as long as the array is referenced. */
export function nativeBuffer(bytes: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(bytes));
}

/** The address of memory made by `nativeBuffer`. */
export function addressOfBuffer(bytes: Uint8Array): Address {
  return loadKoffi().address(bytes);
}

function bind(): Libc {
  if (process.platform !== "linux") {
    throw new KernelError("NOT_SUPPORTED", `cannot open the Linux kernel: this is ${process.platform}`);
  }
  // Structure layouts below assume 64-bit little-endian.
  if (!["x64", "arm64", "riscv64", "loong64"].includes(process.arch)) {
    throw new KernelError(
      "NOT_SUPPORTED",
      `cannot open the Linux kernel: ${process.arch} is not a supported architecture`,
    );
  }
  const koffi = loadKoffi();
  // The C library that Node itself runs on, glibc or musl.
  const process_ = koffi.load(null);
  const func = (definition: string) => process_.func(definition);
  const close = func("int close(int fd)");
  const posixFallocate = func("int posix_fallocate(int fd, int64_t offset, int64_t length)");
  const madvise = func("int madvise(void *address, size_t length, int advice)");
  // Variadic in C, as `open` is.
  const ioctl = func("int ioctl(int fd, ulong request, void *argument)");
  const epollWait = func("int epoll_wait(int epoll, void *events, int capacity, int timeout)");
  const later = <T>(call: (...args: unknown[]) => void, ...args: unknown[]): Promise<T> =>
    new Promise((resolve, reject) => {
      call(...args, (error: unknown, value: T) => (error ? reject(error) : resolve(value)));
    });
  return {
    koffi,
    errno: koffi.errno,
    close,
    closeAsync: (fd) => later(close.async, fd),
    // Variadic in C. On all supported architectures integer arguments are passed alike either way.
    open: func("int open(const char *path, int flags)"),
    socket: func("int socket(int domain, int type, int protocol)"),
    socketpair: func("int socketpair(int domain, int type, int protocol, void *fds)"),
    bind: func("int bind(int fd, void *address, uint length)"),
    listen: func("int listen(int fd, int backlog)"),
    shutdown: func("int shutdown(int fd, int how)"),
    connect: func("int connect(int fd, void *address, uint length)"),
    accept4: func("int accept4(int fd, void *address, void *length, int flags)"),
    send: func("long send(int fd, void *bytes, size_t length, int flags)"),
    recv: func("long recv(int fd, void *bytes, size_t length, int flags)"),
    sendmsg: func("long sendmsg(int fd, void *message, int flags)"),
    recvmsg: func("long recvmsg(int fd, void *message, int flags)"),
    getsockopt: func("int getsockopt(int fd, int level, int name, void *value, void *length)"),
    fcntl: func("int fcntl(int fd, int command, long argument)"),
    fcntlLock: func("int fcntl(int fd, int command, void *lock)"),
    flock: func("int flock(int fd, int operation)"),
    fchmod: func("int fchmod(int fd, uint mode)"),
    memfd_create: func("int memfd_create(const char *name, uint flags)"),
    ftruncate: func("int ftruncate(int fd, int64_t length)"),
    posix_fallocate: posixFallocate,
    posixFallocateAsync: (fd, offset, length) => later(posixFallocate.async, fd, offset, length),
    lseek: func("int64_t lseek(int fd, int64_t offset, int whence)"),
    mmap: func("void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)"),
    munmap: func("int munmap(void *address, size_t length)"),
    madvise,
    madviseAsync: (address, length, advice) => later<number>(madvise.async, address, length, advice).then(() => {}),
    ioctl,
    ioctlAsync: (fd, request, argument) => later(ioctl.async, fd, request, argument),
    eventfd: func("int eventfd(uint value, int flags)"),
    epoll_create1: func("int epoll_create1(int flags)"),
    epoll_ctl: func("int epoll_ctl(int epoll, int operation, int fd, void *event)"),
    epoll_wait: epollWait,
    epollWaitAsync: (epoll, events, capacity, timeoutMs) => later(epollWait.async, epoll, events, capacity, timeoutMs),
    poll: func("int poll(void *fds, ulong count, int timeout)"),
    inotify_init1: func("int inotify_init1(int flags)"),
    inotify_add_watch: func("int inotify_add_watch(int fd, const char *path, uint mask)"),
    inotify_rm_watch: func("int inotify_rm_watch(int fd, int watch)"),
    read: func("long read(int fd, void *bytes, size_t length)"),
    readlink: func("long readlink(const char *path, void *bytes, size_t length)"),
    statx: optional(() => func("int statx(int fd, void *path, int flags, uint mask, void *out)")),
    sysconf: func("long sysconf(int name)"),
  };
}

function optional<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}
