import { SysmemError } from "#base";
import { Error as ErrorCode } from "#gen/fuchsia_sysmem2";

/** Names of the errors a collection's allocation may end with, as in `fuchsia.sysmem2/Error`. */
export type AllocationErrorCode =
  | "UNSPECIFIED"
  | "PROTOCOL_DEVIATION"
  | "NOT_FOUND"
  | "HANDLE_ACCESS_DENIED"
  | "NO_MEMORY"
  | "CONSTRAINTS_INTERSECTION_EMPTY"
  | "PENDING"
  | "TOO_MANY_GROUP_CHILD_COMBINATIONS"
  | "NO_MORE_STRONG_VMO_HANDLES"
  | "CHANNEL_CLOSED";

/** No buffers: what the server answered, or that it closed the channel instead of answering. */
export class AllocationError extends SysmemError {
  readonly code: AllocationErrorCode;
  /** The number on the wire, 0 when the channel was closed without an answer. */
  readonly error: number;

  constructor(code: AllocationErrorCode, error: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.error = error;
  }
}

/** There is no server to talk to, or it may not be talked to. */
export class ConnectError extends SysmemError {
  readonly code: "NO_SERVER" | "ACCESS_DENIED" | "NOT_INHERITED";
  readonly path: string;

  constructor(code: ConnectError["code"], path: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.path = path;
  }
}

/** The capture of messages that was asked for cannot be written. */
export class TraceError extends SysmemError {
  readonly code = "TRACE";
  readonly path: string;

  constructor(path: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.path = path;
  }
}

/** What each error of `WaitForAllBuffersAllocated` means to the person who reads it. */
const MEANING: Readonly<Partial<Record<AllocationErrorCode, string>>> = {
  UNSPECIFIED: "another participant failed or the server gave up",
  PROTOCOL_DEVIATION: "a message broke the rules of the protocol",
  NOT_FOUND: "something named in the request is unknown to the server",
  HANDLE_ACCESS_DENIED: "a handle has too few rights",
  NO_MEMORY: "there is not enough memory in the chosen heap",
  CONSTRAINTS_INTERSECTION_EMPTY: "the participants' constraints have no common solution",
  PENDING: "not every participant has said what it needs yet",
  TOO_MANY_GROUP_CHILD_COMBINATIONS: "the groups have too many combinations to try",
  NO_MORE_STRONG_VMO_HANDLES: "nobody holds the buffer any more",
};

/** Turns a domain error into something to throw. `what` names the collection. */
export function allocationError(error: number, what: string): AllocationError {
  const code = (ErrorCode.nameOf(error) ?? "UNSPECIFIED") as AllocationErrorCode;
  const meaning = MEANING[code] ?? `error ${error}`;
  return new AllocationError(code, error, `cannot allocate ${what}: ${meaning} (${code})`);
}
