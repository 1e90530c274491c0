/**
 * Numbers of the Linux ABI that are equal on every 64-bit little-endian architecture Node supports, except where
 * said. Sources: the uapi headers of Linux; names are theirs.
 */
import { constants as fsConstants } from "node:fs";

export const AF_UNIX = 1;
export const AF_NETLINK = 16;
export const SOCK_STREAM = 1;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

export const SOL_SOCKET = 1;
export const SO_TYPE = 3;
export const SO_PEERCRED = 17;
export const SO_ACCEPTCONN = 30;
export const SO_DOMAIN = 39;

export const SCM_RIGHTS = 1;
export const SCM_PIDFD = 4;

export const MSG_CTRUNC = 0x8;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_NOSIGNAL = 0x4000;
export const SHUT_WR = 1;
export const SHUT_RDWR = 2;
/** Bytes of the kernel's memory that hold what was sent and not read. */
export const SIOCOUTQ = 0x5411;
export const MSG_CMSG_CLOEXEC = 0x4000_0000;

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const EPOLL_CLOEXEC = 0o2000000;
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;

/** `struct epoll_event` is packed on x86-64 only. */
export const EPOLL_EVENT_BYTES: number = process.arch === "x64" ? 12 : 16;
/** Offset of `data` in `struct epoll_event`. */
export const EPOLL_DATA_OFFSET: number = process.arch === "x64" ? 4 : 8;

export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_ACCMODE = 3;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
/** Differs between architectures, so Node is asked. */
export const O_DIRECTORY: number = fsConstants.O_DIRECTORY;

export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_OFD_GETLK = 36;
export const F_OFD_SETLK = 37;
export const F_DUPFD_CLOEXEC = 1030;
export const F_ADD_SEALS = 1033;
export const F_GET_SEALS = 1034;
export const FD_CLOEXEC = 1;

export const F_RDLCK = 0;
export const F_WRLCK = 1;
export const F_UNLCK = 2;

export const F_SEAL_SEAL = 0x1;
export const F_SEAL_SHRINK = 0x2;
export const F_SEAL_GROW = 0x4;
export const F_SEAL_WRITE = 0x8;
export const F_SEAL_FUTURE_WRITE = 0x10;

export const MFD_CLOEXEC = 0x1;
export const MFD_ALLOW_SEALING = 0x2;
export const MFD_HUGETLB = 0x4;
export const MFD_HUGE_SHIFT = 26;

export const EFD_CLOEXEC = 0o2000000;
export const EFD_NONBLOCK = 0o4000;

export const PROT_NONE = 0x0;
export const PROT_READ = 0x1;
export const PROT_WRITE = 0x2;
export const MAP_SHARED = 0x01;
export const MAP_PRIVATE = 0x02;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MADV_HUGEPAGE = 14;
export const MADV_POPULATE_WRITE = 23;

export const SC_PAGESIZE = 30;

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFREG = 0o100000;

export const POLLHUP = 0x10;
export const POLLRDHUP = 0x2000;

export const IN_CLOSE_WRITE = 0x8;
export const IN_CLOSE_NOWRITE = 0x10;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_CLOEXEC = 0o2000000;
export const IN_NONBLOCK = 0o4000;

export const LOCK_EX = 2;
export const LOCK_NB = 4;

export const AT_EMPTY_PATH = 0x1000;
/** `STATX_BASIC_STATS`. */
export const STATX_BASIC_STATS = 0x7ff;
