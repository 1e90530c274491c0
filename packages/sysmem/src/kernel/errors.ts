import { SysmemError } from "#base";

/** What a system call may answer, in Zircon's words. */
export type KernelErrorCode =
  | "NO_MEMORY"
  | "NO_RESOURCES"
  | "ACCESS_DENIED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "UNAVAILABLE"
  | "PEER_CLOSED"
  | "WRONG_TYPE"
  | "INVALID_ARGS"
  | "NOT_SUPPORTED"
  | "IO";

/** The kernel refused something. `errno` is the symbolic name, where there was one. */
export class KernelError extends SysmemError {
  readonly code: KernelErrorCode;
  readonly errno: string | undefined;

  constructor(code: KernelErrorCode, message: string, errno?: string) {
    super(message);
    this.code = code;
    this.errno = errno;
  }
}
