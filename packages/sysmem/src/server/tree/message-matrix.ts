/** Which message is legal in which state: lifecycle contract 2.5, as a table. */
import { Status } from "#base";

/** The states of the matrix, in its order. */
export type Column =
  | "token-active"
  | "token-bind-pending"
  | "token-released"
  | "collection-unconstrained"
  | "collection-constrained"
  | "collection-waited"
  | "collection-released"
  | "group-open"
  | "group-sealed"
  | "group-released";

const COLUMNS: readonly Column[] = [
  "token-active",
  "token-bind-pending",
  "token-released",
  "collection-unconstrained",
  "collection-constrained",
  "collection-waited",
  "collection-released",
  "group-open",
  "group-sealed",
  "group-released",
];

/** One letter per column: Y legal, D deviation, - the method does not exist there. */
interface Row {
  readonly legal: string;
  /** Epitaph on a v1 channel when the message is illegal (lifecycle contract 4.2 to 4.5). */
  readonly v1Status: number;
}

const row = (legal: string, v1Status: number): Row => ({ legal: legal.replaceAll(" ", ""), v1Status });
const BAD_STATE = Status.ERR_BAD_STATE;
const INVALID_ARGS = Status.ERR_INVALID_ARGS;

/** Messages that the matrix knows. */
export type NodeMessage =
  | "Sync"
  | "Release"
  | "SetName"
  | "SetDebugClientInfo"
  | "SetDebugTimeoutLogDeadline"
  | "SetVerboseLogging"
  | "GetNodeRef"
  | "IsAlternateFor"
  | "GetBufferCollectionId"
  | "SetWeak"
  | "SetWeakOk"
  | "AttachNodeTracking"
  | "Duplicate"
  | "DuplicateSync"
  | "CreateBufferCollectionTokenGroup"
  | "SetDispensable"
  | "SetConstraints"
  | "WaitForAllBuffersAllocated"
  | "WaitForBuffersAllocated"
  | "CheckAllBuffersAllocated"
  | "AttachToken"
  | "AttachLifetimeTracking"
  | "CreateChild"
  | "CreateChildrenSync"
  | "AllChildrenPresent";

const ROWS: Readonly<Record<NodeMessage, Row>> = {
  //                                      token collection group
  Sync: row("                             YYD   YYYD       YYD", BAD_STATE),
  Release: row("                          YDD   YYYD       DYD", BAD_STATE),
  SetName: row("                          YYD   YYYD       YYD", BAD_STATE),
  SetDebugClientInfo: row("               YYD   YYYD       YYD", BAD_STATE),
  SetDebugTimeoutLogDeadline: row("       YYD   YYYD       YYD", BAD_STATE),
  SetVerboseLogging: row("                YYD   YYYD       YYD", BAD_STATE),
  GetNodeRef: row("                       YYD   YYYD       YYD", BAD_STATE),
  IsAlternateFor: row("                   YYD   YYYD       YYD", BAD_STATE),
  GetBufferCollectionId: row("            YYD   YYYD       YYD", BAD_STATE),
  SetWeak: row("                          YYD   YDDD       YDD", BAD_STATE),
  SetWeakOk: row("                        YYD   YYDD       YYD", BAD_STATE),
  AttachNodeTracking: row("               YYD   YYYD       YYD", BAD_STATE),
  Duplicate: row("                        YYD   ----       ---", BAD_STATE),
  DuplicateSync: row("                    YYD   ----       ---", BAD_STATE),
  CreateBufferCollectionTokenGroup: row(" YYD   ----       ---", BAD_STATE),
  // No released check in the original: accepted silently after Release.
  SetDispensable: row("                   YYY   ----       ---", BAD_STATE),
  SetConstraints: row("                   ---   YDDD       ---", INVALID_ARGS),
  WaitForAllBuffersAllocated: row("       ---   DYYD       ---", INVALID_ARGS),
  // v1 only: before SetConstraints it is legal, though logged.
  WaitForBuffersAllocated: row("          ---   YYYD       ---", INVALID_ARGS),
  CheckAllBuffersAllocated: row("         ---   YYYD       ---", INVALID_ARGS),
  AttachToken: row("                      ---   YYYD       ---", INVALID_ARGS),
  AttachLifetimeTracking: row("           ---   YYYD       ---", INVALID_ARGS),
  CreateChild: row("                      ---   ----       YDD", BAD_STATE),
  CreateChildrenSync: row("               ---   ----       YDD", BAD_STATE),
  AllChildrenPresent: row("               ---   ----       YDD", BAD_STATE),
};

/** Every message and column, for tests and documentation. */
export const nodeMessages: readonly NodeMessage[] = Object.keys(ROWS) as NodeMessage[];
export const columns: readonly Column[] = COLUMNS;

/** What the matrix says. `absent`: no such method on that kind of node. */
export function legality(message: NodeMessage, column: Column): "legal" | "deviation" | "absent" {
  const letter = ROWS[message].legal[COLUMNS.indexOf(column)];
  return letter === "Y" ? "legal" : letter === "D" ? "deviation" : "absent";
}

/** Epitaph that a v1 channel gets for this message in an illegal state. */
export function v1StatusOf(message: NodeMessage): number {
  return ROWS[message].v1Status;
}
