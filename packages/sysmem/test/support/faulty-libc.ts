/**
 * A C library of which single calls fail on purpose, in the shape in which the kernel lets them fail. Every other call is
 * the real one, so that what was made before and after a failure is real and can leak.
 */
import { Errno, ETOOMANYREFS } from "../../src/kernel/ffi/errno.ts";
import {
  EPOLL_CTL_ADD,
  F_ADD_SEALS,
  F_DUPFD_CLOEXEC,
  F_OFD_GETLK,
  F_OFD_SETLK,
  MSG_CTRUNC,
  SCM_RIGHTS,
  SOL_SOCKET,
} from "../../src/kernel/ffi/constants.ts";
import { type Address, type Libc, loadLibc } from "../../src/kernel/ffi/libc.ts";

const ERRNOS = { ...Errno, ETOOMANYREFS };
export type ErrnoName = keyof typeof ERRNOS;

/**
 * What each call can fail with although the program is right, from the manual pages and the kernel's sources. One C
 * function that does several things is listed by what it does. `recvmsg(handles)` never fails: it delivers fewer handles.
 */
export const FAILURES = {
  socket: ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"],
  socketpair: ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS"],
  accept4: ["EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ECONNABORTED", "EINTR"],
  connect: ["EAGAIN", "ENOMEM", "EINTR"],
  send: ["ENOBUFS", "ENOMEM", "EAGAIN", "EINTR"],
  sendmsg: ["ENOBUFS", "ENOMEM", "ETOOMANYREFS", "EAGAIN", "EINTR"],
  recv: ["ENOBUFS", "EINTR"],
  recvmsg: ["ENOMEM", "EINTR"],
  "recvmsg(handles)": ["EMFILE"],
  "fcntl(F_DUPFD_CLOEXEC)": ["EMFILE"],
  "fcntl(F_ADD_SEALS)": ["EBUSY"],
  "fcntl(F_OFD_SETLK)": ["ENOLCK", "ENOMEM", "EAGAIN"],
  "fcntl(F_OFD_GETLK)": ["ENOMEM"],
  fchmod: ["ENOMEM"],
  open: ["EMFILE", "ENFILE", "ENOMEM"],
  read: ["ENOMEM", "EINTR"],
  readlink: ["ENOMEM"],
  statx: ["ENOMEM"],
  memfd_create: ["EMFILE", "ENFILE", "ENOMEM"],
  ftruncate: ["ENOSPC", "ENOMEM", "EINTR"],
  posix_fallocate: ["ENOSPC", "ENOMEM", "EINTR"],
  posixFallocateAsync: ["ENOSPC", "ENOMEM", "EINTR"],
  mmap: ["ENOMEM", "EAGAIN"],
  eventfd: ["EMFILE", "ENFILE", "ENOMEM"],
  epoll_create1: ["EMFILE", "ENFILE", "ENOMEM"],
  "epoll_ctl(ADD)": ["ENOSPC", "ENOMEM"],
  epoll_wait: ["EINTR"],
  poll: ["ENOMEM", "EINTR"],
  inotify_init1: ["EMFILE", "ENFILE", "ENOMEM"],
  inotify_add_watch: ["ENOSPC", "ENOMEM"],
} as const satisfies Readonly<Record<string, readonly ErrnoName[]>>;

export type CallName = keyof typeof FAILURES;
export const CALL_NAMES = Object.keys(FAILURES) as CallName[];

/** Which calls fail. */
export interface Fault {
  readonly calls: readonly CallName[];
  /** The first that fails, counted among `calls` from the moment of arming; 1 is the next. */
  readonly at: number;
  /** How many fail, one after the other. */
  readonly times: number;
  readonly errno: ErrnoName;
}

/** `mmap`'s -1, as the binding delivers it. */
const MAP_FAILED: Address = 0xffff_ffff_ffff_ffffn;

/** A C library under a test's control. */
export class FaultyLibc {
  /** For `LinuxKernelOptions.libc`. */
  readonly libc: Libc;
  readonly #real: Libc = loadLibc();
  readonly #counts = new Map<CallName, number>();
  #fault: Fault | undefined;
  #seen = 0;
  #hits = 0;
  /** What `errno` says until the next call; 0 is whatever the real one says. */
  #errno = 0;

  constructor() {
    this.libc = this.#wrap();
  }

  /** How often each call that can fail was made since `arm` or `disarm`. */
  get counts(): ReadonlyMap<CallName, number> {
    return this.#counts;
  }

  /** How many calls have failed on purpose since `arm`. */
  get hits(): number {
    return this.#hits;
  }

  /** Counts anew; with a fault, lets it happen. */
  arm(fault?: Fault): void {
    this.#fault = fault;
    this.#seen = 0;
    this.#hits = 0;
    this.#counts.clear();
  }

  /** From here on everything works. */
  disarm(): void {
    this.#fault = undefined;
  }

  /** Counts a call; true when it is to fail. */
  #fails(name: CallName): boolean {
    this.#errno = 0;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    const fault = this.#fault;
    if (fault === undefined || !fault.calls.includes(name)) return false;
    this.#seen += 1;
    if (this.#seen < fault.at || this.#seen >= fault.at + fault.times) return false;
    this.#hits += 1;
    this.#errno = ERRNOS[fault.errno];
    return true;
  }

  #wrap(): Libc {
    const real = this.#real;
    // Calls that cannot fail reset `errno` as well.
    const wrapped: Record<string, unknown> = { ...real, errno: () => this.#errno || real.errno() };
    for (const [name, call] of Object.entries(real)) {
      if (typeof call !== "function" || name === "errno") continue;
      wrapped[name] = this.#wrapCall(name, call as (...args: unknown[]) => unknown);
    }
    return wrapped as unknown as Libc;
  }

  #wrapCall(name: string, call: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
    if (name === "recvmsg")
      return (fd, message, flags) => this.#recvmsg(fd as number, message as Address, flags as number);
    return (...args) => {
      const known = nameOf(name, args);
      if (known === undefined) {
        this.#errno = 0;
        return call(...args);
      }
      if (!this.#fails(known)) return call(...args);
      switch (known) {
        case "mmap":
          return MAP_FAILED;
        case "posix_fallocate":
          return this.#errno;
        case "posixFallocateAsync":
          return Promise.resolve(this.#errno);
        default:
          return -1;
      }
    };
  }

  #recvmsg(fd: number, message: Address, flags: number): number {
    if (this.#fails("recvmsg")) return -1;
    const count = this.#real.recvmsg(fd, message, flags);
    if (count >= 0) this.#cutHandles(message);
    return count;
  }

  /** What the kernel does when a process has room for only some of the descriptors that a message brings: none, here. */
  #cutHandles(message: Address): void {
    const { koffi } = this.#real;
    const control = koffi.decode(message, 32, "uint64_t") as bigint | number;
    if (Number(koffi.decode(message, 40, "uint64_t")) < 20) return;
    const at = BigInt(control);
    const length = Number(koffi.decode(at, 0, "uint64_t"));
    if (koffi.decode(at, 8, "int32_t") !== SOL_SOCKET || koffi.decode(at, 12, "int32_t") !== SCM_RIGHTS) return;
    if (!this.#fails("recvmsg(handles)")) return;
    for (let word = 16; word + 4 <= length; word += 4) this.#real.close(koffi.decode(at, word, "int32_t") as number);
    koffi.encode(message, 40, "uint64_t", 0);
    koffi.encode(message, 48, "int32_t", (koffi.decode(message, 48, "int32_t") as number) | MSG_CTRUNC);
  }
}

/** The entry of `FAILURES` that a call belongs to, if any. */
function nameOf(name: string, args: readonly unknown[]): CallName | undefined {
  switch (name) {
    case "fcntl":
      if (args[1] === F_DUPFD_CLOEXEC) return "fcntl(F_DUPFD_CLOEXEC)";
      return args[1] === F_ADD_SEALS ? "fcntl(F_ADD_SEALS)" : undefined;
    case "fcntlLock":
      if (args[1] === F_OFD_SETLK) return "fcntl(F_OFD_SETLK)";
      return args[1] === F_OFD_GETLK ? "fcntl(F_OFD_GETLK)" : undefined;
    case "epoll_ctl":
      return args[1] === EPOLL_CTL_ADD ? "epoll_ctl(ADD)" : undefined;
    default:
      return name in FAILURES ? (name as CallName) : undefined;
  }
}
