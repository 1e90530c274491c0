/**
 * What negotiation takes and gives: plain data on both sides.
 *
 * Participants and tree nodes are returned by reference, so that a caller may put objects of its own in and recognise
 * them. Nothing is modified, nothing is kept, nothing throws whatever the constraints say.
 *
 *     negotiate(participants, environment): Outcome                     one list of participants
 *     negotiateTree(root, environment): TreeOutcome                     a subtree with groups
 *     negotiateLate(input): TreeOutcome                                 an AttachToken subtree
 *     checkConstraints(constraints, settings, environment): Outcome-like answer for `constraints_to_check`
 *     settingsToConstraints(settings, bufferCount?)                     settings turned back into constraints
 *     hasWriteUsage(usage), getsVmo(usage)                              what a participant receives
 *     costTable(...files)                                               cost files in layers
 *     imageLayout(format)                                               planes, offsets, strides, sizes
 *     explain(participants, environment), explainTree(root, environment)  why, as words and as data; costs more time
 */
import type { CostTable } from "./costs.ts";
import type { Reason } from "./reasons.ts";
import type {
  BufferCollectionConstraints,
  BufferMemorySettings,
  Heap,
  ImageFormatConstraints,
  SingleBufferSettings,
} from "./wire-types.ts";

/** `fuchsia.sysmem2.Error` members that negotiation answers with. */
export const NegotiationError = {
  UNSPECIFIED: 1,
  PROTOCOL_DEVIATION: 2,
  CONSTRAINTS_INTERSECTION_EMPTY: 6,
  /** Secure memory is expected and was never there yet: try again when it is. Internal, never sent. */
  PENDING: 7,
  TOO_MANY_GROUP_CHILD_COMBINATIONS: 8,
} as const;
export type NegotiationError = (typeof NegotiationError)[keyof typeof NegotiationError];

/** One node with something to say. */
export interface Participant {
  /** For explanations only; need not be unique. */
  readonly name: string;
  /** What `SetConstraints` carried. Absent: the node contributes nothing, not even to the usage. */
  readonly constraints?: BufferCollectionConstraints | undefined;
  /** Settings of the collection that the `must_match_vmo` of `SetConstraints` belongs to. */
  readonly mustMatch?: SingleBufferSettings | undefined;
}

/** Coherency domains that an allocator can serve. */
export interface DomainSupport {
  readonly cpu: boolean;
  readonly ram: boolean;
  readonly inaccessible: boolean;
}

/** A heap that is registered now. */
export interface HeapInfo {
  readonly heapType: string;
  /** `Heap.id`; 0 for a singleton. */
  readonly id: bigint;
  readonly domains: DomainSupport;
  /** Usable for `secure_required`. */
  readonly secure: boolean;
}

/**
 * Whether secure memory can be used. `not-expected`: this system has none, requests for it fail like any other
 * conflict. `not-ready`: it will come, attempts that need it wait. `lost`: it was there and is gone.
 */
export type SecureMemoryState = "not-expected" | "not-ready" | "ready" | "lost";

/** Bounds, and what an operator may choose. */
export interface NegotiationRules {
  /**
   * Most buffers of one collection. FIDL allows 128, but somebody always receives VMOs, all of them in one message, and a
   * message carries 64 handles.
   */
  readonly maxBufferCount: number;
  /**
   * Whether a late participant, or `must_match_vmo`, can join a collection whose VMOs are bigger than `size_bytes` asks
   * for, because of padding. In the original it never can: see docs/adr/0015.
   */
  readonly lateAttachmentWithPadding: boolean;
  /** Most bytes of one buffer, padding included, before rounding to pages. Inclusive. */
  readonly maxBytesPerBuffer: number;
  /** Most bytes of all buffers of a collection together. Inclusive. */
  readonly maxBytesPerCollection: number;
}

/** Everything that decides besides the participants. */
export interface Environment {
  /** Registered heaps, in any order. SYSTEM_RAM with id 0 has to be among them to be used. */
  readonly heaps: readonly HeapInfo[];
  /** Domains of the allocator that serves physically contiguous SYSTEM_RAM; absent when there is none. */
  readonly contiguousSystemRam?: DomainSupport | undefined;
  /** For explanations: why there is none. */
  readonly whyNoContiguousSystemRam?: string | undefined;
  /** Default: no costs, so that the smaller pixel format value wins. */
  readonly costs?: CostTable | undefined;
  /** Default: `not-expected`. */
  readonly secureMemory?: SecureMemoryState | undefined;
  /** The server's `max_allocation_size` in bytes. Default: no limit of its own. */
  readonly maxAllocationSize?: bigint | undefined;
  /** Bytes, a power of two. Default 4096. */
  readonly pageSize?: number | undefined;
  /** Those not named are `DEFAULT_RULES`. */
  readonly rules?: Partial<NegotiationRules> | undefined;
}

/** A table with every member set. */
export type Complete<T> = { -readonly [K in keyof T & string]-?: NonNullable<T[K]> };

/** The settings of a result: every member that the contract calls "always set" is set. */
export interface NegotiatedSettings extends SingleBufferSettings {
  bufferSettings: Complete<BufferMemorySettings>;
  /** Absent when no participant gave image constraints: raw buffers. */
  imageFormatConstraints?: ImageFormatConstraints | undefined;
}

/** What a successful negotiation tells the one who allocates. */
export interface Allocation {
  readonly bufferCount: number;
  /** The same for every participant. */
  readonly settings: NegotiatedSettings;
  /** Which allocator: the heap of the settings; with `contiguous`, its allocator for physically contiguous memory. */
  readonly heap: Complete<Heap>;
  readonly contiguous: boolean;
  /** Physical alignment for the allocator in bytes, at least a page. Not part of the settings. */
  readonly baseAlignment: number;
}

/** One negotiation over a list of participants. `reason` is data; `describeReason` puts it into words. */
export type Outcome =
  | ({ readonly ok: true } & Allocation)
  | { readonly ok: false; readonly error: NegotiationError; readonly reason: Reason };

/** A node of a logical buffer collection, as far as negotiation sees it. Children in the order of their creation. */
export type TreeNode = ParticipantNode | GroupNode | PlainNode;

/** A collection (or an orphaned one) with constraints of its own. */
export interface ParticipantNode {
  readonly kind: "participant";
  readonly participant: Participant;
  readonly children?: readonly TreeNode[] | undefined;
}

/** A `BufferCollectionTokenGroup`: exactly one child is selected, the first being the most preferred. */
export interface GroupNode {
  readonly kind: "group";
  readonly name?: string | undefined;
  readonly children: readonly TreeNode[];
}

/** A node that says nothing itself: a released token that never became a collection. */
export interface PlainNode {
  readonly kind: "plain";
  readonly name?: string | undefined;
  readonly children?: readonly TreeNode[] | undefined;
}

/** What every tree outcome tells about the search. */
export interface TreeSearch {
  /** Selected child of each group, in depth-first pre-order of the groups: the last combination tried. */
  readonly selection: readonly number[];
  /** Combinations that count as tried, at most 64. */
  readonly combinationsTried: number;
}

/** Outcome over a tree. */
export type TreeOutcome =
  | ({
      readonly ok: true;
      /** Contributing participants in participant order (breadth first). */
      readonly participants: readonly Participant[];
      /** Nodes of the winning combination, breadth first, groups and plain nodes included. */
      readonly selected: readonly TreeNode[];
      /** All others: they fail with CONSTRAINTS_INTERSECTION_EMPTY. */
      readonly unselected: readonly TreeNode[];
    } & Allocation &
      TreeSearch)
  | ({
      readonly ok: false;
      readonly error: NegotiationError;
      /** Why the last combination failed. `explainTree` says it for each child. */
      readonly reason: Reason;
    } & TreeSearch);

/** What was decided at the first allocation and must not change by a late attachment. */
export interface ExistingAllocation {
  readonly bufferCount: number;
  readonly settings: SingleBufferSettings;
}

/** Input of an AttachToken attempt. */
export interface LateInput {
  readonly existing: ExistingAllocation;
  /** Participants already allocated, breadth first from the root through allocated nodes. */
  readonly allocated: readonly Participant[];
  /** The subtree that wants to join. */
  readonly tree: TreeNode;
  readonly environment: Environment;
}
