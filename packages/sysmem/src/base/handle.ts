/**
 * The one seam between FIDL and the kernel: what a handle is, and how a channel carries messages.
 *
 * `fidl/` encodes and decodes against these interfaces only, so it runs without a kernel; `kernel/` implements
 * them twice (file descriptors on Linux, plain objects in the fake). Source: Zircon's object model and the
 * transport contract in ARCHITECTURE.md.
 */

/** Kernel object types that can travel in a message. The numbers are Zircon's `ZX_OBJ_TYPE_*`. */
export const ObjectType = {
  NONE: 0,
  VMO: 3,
  CHANNEL: 4,
  EVENT: 5,
  EVENTPAIR: 16,
} as const;

/** Numeric object type. `NONE` in a declaration means "any type"; on a handle it means "of no type we know". */
export type ObjectType = (typeof ObjectType)[keyof typeof ObjectType];

/** Rights bits (`ZX_RIGHT_*`), as they appear in `zx.Rights`. */
export const Rights = {
  NONE: 0,
  DUPLICATE: 0x1,
  TRANSFER: 0x2,
  READ: 0x4,
  WRITE: 0x8,
  EXECUTE: 0x10,
  MAP: 0x20,
  GET_PROPERTY: 0x40,
  SET_PROPERTY: 0x80,
  SIGNAL: 0x1000,
  SIGNAL_PEER: 0x2000,
  WAIT: 0x4000,
  INSPECT: 0x8000,
  RESIZE: 0x400000,
  /** Keep the rights the handle has. */
  SAME_RIGHTS: 0x8000_0000,
} as const;

/**
 * An owned reference to a kernel object. Exactly one owner at a time: putting a handle into a message, or giving
 * it to an object that documents taking ownership, moves it. `close()` is idempotent; every other use of a closed
 * or moved handle is a programming error.
 */
export interface Handle {
  readonly objectType: ObjectType;
  /** True once closed or moved away. */
  readonly isClosed: boolean;
  /** Rights this handle has (`Rights` bits); absent where the kernel keeps none for this type, and none are checked. */
  readonly rights?: number;
  /** A handle to the same object with these rights only; consumes this one. Absent where rights cannot be taken away. */
  reduceRights?(rights: number): Handle;
  close(): void;
  [Symbol.dispose](): void;
}

/** A handle known to refer to a VMO. `kernel/` gives it its operations. */
export interface VmoHandle extends Handle {
  readonly objectType: typeof ObjectType.VMO;
}

/** A handle known to refer to one end of an eventpair. */
export interface EventPairHandle extends Handle {
  readonly objectType: typeof ObjectType.EVENTPAIR;
}

/** A handle known to refer to an event. */
export interface EventHandle extends Handle {
  readonly objectType: typeof ObjectType.EVENT;
}

/** Why a channel stopped. */
export type ChannelClosed =
  /** The other end is gone and everything it had sent was delivered. */
  | { readonly kind: "peer-closed" }
  /** The peer sent a packet that is no message: too short, too long, too many handles, truncated. */
  | { readonly kind: "malformed"; readonly detail: string }
  /** The peer does not read and the bounded send queue is full. */
  | { readonly kind: "overflow"; readonly detail: string }
  /** This side is short of what the channel needs: descriptors for a message's handles, memory, a watch. Nobody's fault. */
  | { readonly kind: "no-resources"; readonly detail: string };

/** Receives what arrives on a channel. Calls never nest: one returns before the next is made. */
export interface ChannelHandler {
  /**
   * One whole packet. `bytes` is valid only during the call (the receive buffer is reused): copy what must stay.
   * The handler owns `handles` from here on, whatever it does with the bytes.
   */
  onMessage(bytes: Uint8Array, handles: Handle[]): void;
  /**
   * Called at most once, after the last message. The channel has closed itself before the call; for `no-resources` it does
   * so after it, so that the handler can still say why.
   */
  onClosed(reason: ChannelClosed): void;
}

/**
 * Who answers for what channels keep because their peers do not read, and for handles that the kernel keeps for them.
 * Several channels may share one.
 */
export interface SendBudget {
  /** Counts a message that is kept. Where that would exceed something it counts nothing, and says what. */
  take(byteCount: number, handleCount: number): string | undefined;
  /** Counts back what was taken, when it is sent or given up. */
  give(byteCount: number, handleCount: number): void;
  /**
   * From now on a channel has handles counted that may have been read since: `look` finds out, and counts them back. To be
   * called before anything is refused for them.
   * @returns a way to end that
   */
  watch(look: () => void): () => void;
}

/** One end of a channel: ordered packets with handles. */
export interface Channel extends Handle {
  readonly objectType: typeof ObjectType.CHANNEL;
  /** Identity of this end, unique per boot. */
  readonly koid: number;
  /** koid of the other end as the kernel tells it, 0 when that end is closed. Cannot be forged by the peer. */
  relatedKoid(): number;
  /**
   * Sends one packet. Never blocks: what the peer's queue does not take is kept in a bounded queue; past the bound
   * the channel closes itself and the handler hears `overflow`. `handles` are moved, and closed on every failure.
   * `bytes` is copied before the call returns.
   * @returns false when the peer is gone (the handles are closed then, too); the close itself is reported to the handler.
   */
  write(bytes: Uint8Array, handles: readonly Handle[]): boolean;
  /** Bounds the queue by what several channels share, besides its own bound. At most once, before the first `write`. */
  setSendBudget(budget: SendBudget): void;
  /** Starts delivery. At most one handler for the life of the channel end. Delivery starts after the current turn. */
  start(handler: ChannelHandler): void;
  /** Stops and resumes delivery without losing anything (back-pressure). Idempotent. */
  pause(): void;
  resume(): void;
  /** Sends what is queued as far as the kernel takes it at once, then closes. `onClosed` is not called. */
  close(): void;
  /**
   * As `close`, and ends the stream to the peer for every duplicate of this end in any process: the peer hears the end
   * after what was sent before. Ends of Zircon's channels cannot be duplicated; where they can, a close alone
   * would leave the stream open for as long as somebody keeps a duplicate. Who has given a duplicate away on
   * purpose (to a child process, say) uses `close`.
   */
  closeForAll(): void;
}
