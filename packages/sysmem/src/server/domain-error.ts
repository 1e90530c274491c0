/**
 * What goes wrong in a collection, and how each generation of the protocol is told. Source: lifecycle contract 1.1, 1.2.
 */
import { Status } from "#base";

/** `fuchsia.sysmem2/Error`, by name. `INVALID` (0) is missing on purpose: it is never sent. */
export type DomainError =
  | "UNSPECIFIED"
  | "PROTOCOL_DEVIATION"
  | "NOT_FOUND"
  | "HANDLE_ACCESS_DENIED"
  | "NO_MEMORY"
  | "CONSTRAINTS_INTERSECTION_EMPTY"
  | "PENDING"
  | "TOO_MANY_GROUP_CHILD_COMBINATIONS"
  | "NO_MORE_STRONG_VMO_HANDLES";

/** Number on the wire of v2, and the status that v1 channels see in its place. */
const TABLE: Readonly<Record<DomainError, { readonly v2: number; readonly v1: number }>> = {
  UNSPECIFIED: { v2: 1, v1: Status.ERR_INTERNAL },
  PROTOCOL_DEVIATION: { v2: 2, v1: Status.ERR_INVALID_ARGS },
  NOT_FOUND: { v2: 3, v1: Status.ERR_NOT_FOUND },
  HANDLE_ACCESS_DENIED: { v2: 4, v1: Status.ERR_ACCESS_DENIED },
  NO_MEMORY: { v2: 5, v1: Status.ERR_NO_MEMORY },
  CONSTRAINTS_INTERSECTION_EMPTY: { v2: 6, v1: Status.ERR_NOT_SUPPORTED },
  PENDING: { v2: 7, v1: Status.ERR_UNAVAILABLE },
  TOO_MANY_GROUP_CHILD_COMBINATIONS: { v2: 8, v1: Status.ERR_OUT_OF_RANGE },
  // No v1 method can return it; the original's table has no entry and falls through to INTERNAL.
  NO_MORE_STRONG_VMO_HANDLES: { v2: 9, v1: Status.ERR_INTERNAL },
};

/** The value of `fuchsia.sysmem2/Error`. */
export function v2Error(error: DomainError): number {
  return TABLE[error].v2;
}

/** The `zx.Status` that a v1 client sees. */
export function v1Status(error: DomainError): number {
  return TABLE[error].v1;
}

/** Which generation of the protocol a channel speaks. */
export type Generation = "v1" | "v2";

/** Epitaph of a channel that the server closes because its domain failed: v2 epitaphs carry no meaning. */
export function epitaphFor(error: DomainError, generation: Generation): number {
  return generation === "v1" ? v1Status(error) : Status.ERR_INTERNAL;
}

/**
 * A message that breaks the rules (lifecycle contract 1.3). A value: peers cause it, and it costs them their channel and its
 * failure domain.
 */
export interface Deviation {
  readonly kind: "deviation";
  /** For the log: what was wrong with the message. */
  readonly detail: string;
  /** Epitaph when the channel speaks v1. */
  readonly v1Status: number;
  /** Epitaph for every generation, where the contract makes an exception (a token that is bound twice). */
  readonly epitaph?: number;
}

/** @param v1Status epitaph on a v1 channel; @param epitaph the exception for every generation */
export function deviation(detail: string, v1Status: number = Status.ERR_INVALID_ARGS, epitaph?: number): Deviation {
  return epitaph === undefined
    ? { kind: "deviation", detail, v1Status }
    : { kind: "deviation", detail, v1Status, epitaph };
}
