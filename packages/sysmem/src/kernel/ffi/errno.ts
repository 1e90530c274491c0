/** errno becomes a `KernelError` here and nowhere else. */
import { constants } from "node:os";
import { KernelError, type KernelErrorCode } from "../errors.ts";

/** Error numbers by name, for those that are tested for by value. */
export const Errno: typeof constants.errno = constants.errno;

/** Not in Node's table. "Too many references: cannot splice": too many descriptors of this user are in flight. */
export const ETOOMANYREFS = 109;

const CODES: Readonly<Record<string, KernelErrorCode>> = {
  EACCES: "ACCESS_DENIED",
  EPERM: "ACCESS_DENIED",
  EROFS: "ACCESS_DENIED",
  ENOENT: "NOT_FOUND",
  ENOTDIR: "NOT_FOUND",
  EADDRINUSE: "ALREADY_EXISTS",
  EEXIST: "ALREADY_EXISTS",
  ECONNREFUSED: "UNAVAILABLE",
  EAGAIN: "UNAVAILABLE",
  EPIPE: "PEER_CLOSED",
  ECONNRESET: "PEER_CLOSED",
  ENOTCONN: "PEER_CLOSED",
  EPROTOTYPE: "WRONG_TYPE",
  ENOTSOCK: "WRONG_TYPE",
  ENOMEM: "NO_MEMORY",
  ENOSPC: "NO_MEMORY",
  EFBIG: "NO_MEMORY",
  EMFILE: "NO_RESOURCES",
  ENFILE: "NO_RESOURCES",
  ENOBUFS: "NO_RESOURCES",
  EINVAL: "INVALID_ARGS",
  ENAMETOOLONG: "INVALID_ARGS",
  ELOOP: "INVALID_ARGS",
  ENXIO: "NOT_SUPPORTED",
  ENODEV: "NOT_SUPPORTED",
  ENOSYS: "NOT_SUPPORTED",
  EOPNOTSUPP: "NOT_SUPPORTED",
  EPROTONOSUPPORT: "NOT_SUPPORTED",
  EAFNOSUPPORT: "NOT_SUPPORTED",
};

let names: Map<number, string> | undefined;

/** `EAGAIN` for 11. */
export function errnoName(errno: number): string {
  if (names === undefined) {
    names = new Map();
    // Two names of one number exist (EAGAIN, EWOULDBLOCK): the first one listed is the usual one.
    for (const [name, value] of Object.entries(constants.errno)) if (!names.has(value)) names.set(value, name);
  }
  return names.get(errno) ?? `errno ${errno}`;
}

/**
 * The error for a system call that failed.
 * @param what completes "cannot ...", naming the action and its object
 * @param code overrides the usual meaning of the number, where this call gives it another
 */
export function kernelError(what: string, errno: number, code?: KernelErrorCode): KernelError {
  const name = errnoName(errno);
  return new KernelError(code ?? CODES[name] ?? "IO", `cannot ${what}: ${name}`, name);
}
