import { SysmemError } from "#base";
import { Error as ErrorCode } from "#gen/fuchsia_sysmem2";
import type { KernelError } from "#kernel";
import type { FailureExplanation } from "./explanation.ts";

/**
 * Why there are no buffers. The first ones are those of `fuchsia.sysmem2/Error`; for the last three there is no answer of
 * the server: it closed the channel, it is gone itself, or this participant released while it waited.
 */
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
  | "CHANNEL_CLOSED"
  | "SERVER_GONE"
  | "RELEASED";

/** No buffers: what the server answered, or that it closed the channel instead of answering. */
export class AllocationError extends SysmemError {
  readonly code: AllocationErrorCode;
  /** The number on the wire, 0 when the channel was closed without an answer. */
  readonly error: number;
  /** Which participants and fields made it impossible, or who is gone. Undefined when the server did not tell. */
  readonly explanation: FailureExplanation | undefined;

  constructor(
    code: AllocationErrorCode,
    error: number,
    message: string,
    options: { readonly cause?: unknown; readonly explanation?: FailureExplanation | undefined } = {},
  ) {
    super(message, options);
    this.code = code;
    this.error = error;
    this.explanation = options.explanation;
  }
}

/** There is no server to talk to, it may not be talked to, or this process has no descriptor or memory for that. */
export class ConnectError extends SysmemError {
  readonly code: "NO_SERVER" | "ACCESS_DENIED" | "NO_RESOURCES" | "NOT_INHERITED";
  /** The socket; for inherited channels, the environment variable. */
  readonly path: string;

  constructor(code: ConnectError["code"], path: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.path = path;
  }
}

/** @internal What it means that a service socket cannot be connected to. */
export function connectErrorCode(error: KernelError): Exclude<ConnectError["code"], "NOT_INHERITED"> {
  switch (error.code) {
    case "ACCESS_DENIED":
      return "ACCESS_DENIED";
    case "NO_RESOURCES":
    case "NO_MEMORY":
      return "NO_RESOURCES";
    default:
      return "NO_SERVER";
  }
}

/** The server answered with what its protocol does not allow. */
export class BadAnswerError extends SysmemError {
  readonly code = "BAD_ANSWER";
}

/** The buffers hold no image of this kind. */
export class LayoutError extends SysmemError {
  readonly code = "NO_LAYOUT";
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

/** What each error means to the person who reads it. */
const MEANING: Readonly<Record<AllocationErrorCode, string>> = {
  UNSPECIFIED: "another participant failed or the server gave up",
  PROTOCOL_DEVIATION: "a message broke the rules of the protocol",
  NOT_FOUND: "something named in the request is unknown to the server",
  HANDLE_ACCESS_DENIED: "a handle has too few rights",
  NO_MEMORY: "there is not enough memory in the chosen heap",
  CONSTRAINTS_INTERSECTION_EMPTY: "the participants' constraints have no common solution",
  PENDING: "not every participant has said what it needs yet",
  TOO_MANY_GROUP_CHILD_COMBINATIONS: "the groups have too many combinations to try",
  NO_MORE_STRONG_VMO_HANDLES: "nobody holds the buffer any more",
  CHANNEL_CLOSED:
    "the server closed the channel: a participant failed, what this one asked for has no solution, or its group took another child",
  SERVER_GONE: "the server is gone",
  RELEASED: "this participant released it while it waited",
};

/** @internal The number's name; numbers of later versions are UNSPECIFIED. */
export function allocationErrorCode(error: number): AllocationErrorCode {
  return (ErrorCode.nameOf(error) ?? "UNSPECIFIED") as AllocationErrorCode;
}

/** @internal Something to throw. `action` is what cannot be done: `allocate "frames"`. */
export function allocationError(
  code: AllocationErrorCode,
  action: string,
  details: { readonly error?: number; readonly cause?: unknown; readonly explanation?: FailureExplanation | undefined },
): AllocationError {
  const { error = 0, cause, explanation } = details;
  // Who knows why needs no list of what it may have been.
  const meaning =
    code === "CHANNEL_CLOSED" && explanation !== undefined ? "the server closed the channel" : MEANING[code];
  const why = explanation === undefined ? "" : `: ${explanation.summary}`;
  const message = `cannot ${action}: ${meaning} (${code})${why}`;
  return new AllocationError(code, error, message, cause === undefined ? { explanation } : { cause, explanation });
}
