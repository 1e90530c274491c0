/**
 * What a node is, apart from how it is served at the moment.
 *
 * The rule for what belongs here: whatever stays when a token turns into a collection, or either of them into an orphan.
 * What changes then (the channel, its state, calls that wait for an answer) belongs to the serving object.
 * Source: lifecycle contract 2.2.
 */
import type { Event, EventPair } from "#kernel";
import type { ConstraintsEntry } from "../types.ts";
import type { Node } from "./node.ts";

/**
 * How far a failure of this node climbs.
 * - `propagate`: to the parent, always.
 * - `propagate-before-allocation`: to the parent until this node is logically allocated (`SetDispensable`).
 * - `do-not-propagate`: it stops here (`AttachToken`; branches that a group did not select).
 */
export type PropagationMode = "propagate" | "propagate-before-allocation" | "do-not-propagate";

/** Name and id that a client gave itself for people who debug. */
export interface DebugInfo {
  readonly name: string;
  readonly id: bigint;
}

export const noDebugInfo: DebugInfo = { name: "", id: 0n };

export interface NodeProperties {
  /** Unique in the server, in order of creation. Names the node in logs, events and snapshots. */
  readonly nodeId: number;
  /** Permanent, unlike the serving object: a group stays a group as an orphan, and its one-of-N rule holds on. */
  readonly isGroup: boolean;
  readonly rightsMask: number;
  /** True when made by `AttachToken`: the root of a subtree that is allocated on its own. */
  readonly isAttached: boolean;
  debugInfo: DebugInfo;
  /** The participant's process: who made the node's channel, as the kernel recorded it. Undefined when the server made it. */
  pid: number | undefined;
  mode: PropagationMode;
  isWeak: boolean;
  /** The client has said that it handles weak VMOs (`SetWeakOk`, `SetWeak`). */
  isWeakOk: boolean;
  /** Sticky: children created from now on are weak-ok, and so are theirs. */
  isWeakOkForChildren: boolean;
  /** The consent was inherited: the only kind that a v1 node can have. */
  readonly isWeakOkFromParent: boolean;
  /** What `SetConstraints` said; set once. */
  constraints: ConstraintsEntry | undefined;
  isLogicallyAllocated: boolean;
  /** Group only: the child that allocation chose. A reference, since an index would shift when siblings fail. */
  selectedChild: Node | undefined;
  /** Made on the first `GetNodeRef`; the same event for the node's whole life. */
  nodeRef: Event | undefined;
  /** Ends of `AttachNodeTracking`, closed last of all when the node is deleted. */
  readonly nodeTracking: EventPair[];
}
