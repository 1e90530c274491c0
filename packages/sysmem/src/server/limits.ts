/**
 * Quotas of the server. The original enforces none of the totals; here one client must not be able to use up what
 * others need, so each has a default far above any real use. Going over one is a deviation, logged with its name.
 */
export interface ServerLimits {
  /** Logical buffer collections alive at once, those that only wait for their last VMO included. */
  readonly maxCollections: number;
  /** Nodes in one collection's tree. Each costs a socket. */
  readonly maxNodesPerCollection: number;
  /** `WaitForAllBuffersAllocated` calls that one node may have unanswered. */
  readonly maxPendingWaitsPerNode: number;
  /** Eventpairs of `AttachLifetimeTracking` that one collection keeps. */
  readonly maxLifetimeTrackersPerCollection: number;
  /** Eventpairs of `AttachNodeTracking` on one node: the contract's own number. */
  readonly maxNodeTrackersPerNode: number;
  /**
   * VMOs handed out and still alive for one buffer. Each is a lock record in the kernel, which goes through all of them for
   * each question about one: looking which are gone takes their number squared, 20 ms for a thousand and seconds for ten.
   */
  readonly maxVmosPerBuffer: number;
  /**
   * Work of one negotiation, in units of about 0.2 us: participants, their formats and lists, times the combinations of
   * group children. Above it the allocation fails with `UNSPECIFIED`, since the server would stand still for everybody.
   */
  readonly maxNegotiationWork: number;
  /** Unknown token koids that are remembered to explain a missing Sync. */
  readonly rememberedUnknownKoids: number;
  /** Bytes kept of a node's debug name after nesting "(was ...)". */
  readonly maxDebugNameBytes: number;
  /** Failed negotiations kept for inspection, newest last. */
  readonly rememberedFailures: number;
  /** Of these, how many of the newest are kept with everything that their participants had said: up to 64 KiB each. */
  readonly rememberedExplanations: number;
  /** Participants up to which a failure is kept so. */
  readonly maxExplainedParticipants: number;
  /** Nodes kept of a failed tree, with as many failures: a name of a few KiB and some numbers each. */
  readonly rememberedNodes: number;
}

/** The quotas of a server that is not told otherwise. */
export const defaultServerLimits: ServerLimits = {
  maxCollections: 16_384,
  maxNodesPerCollection: 2_048,
  maxPendingWaitsPerNode: 1_024,
  maxLifetimeTrackersPerCollection: 4_096,
  maxNodeTrackersPerNode: 256,
  maxVmosPerBuffer: 1_024,
  maxNegotiationWork: 250_000,
  rememberedUnknownKoids: 8,
  maxDebugNameBytes: 4_096,
  rememberedFailures: 64,
  rememberedExplanations: 16,
  maxExplainedParticipants: 32,
  rememberedNodes: 256,
};
