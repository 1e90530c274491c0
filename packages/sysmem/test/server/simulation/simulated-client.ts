/** What a simulated client process holds, and what it knows of its own state. */
import type { Handle } from "#base";
import {
  Allocator,
  type AllocatorClient,
  type BufferCollectionClient,
  type BufferCollectionTokenClient,
  type BufferCollectionTokenGroupClient,
} from "#gen/fuchsia_sysmem2";
import type { EventPair, Vmo } from "#kernel";
import type { FakeKernel } from "#kernel/fake";

export interface SimProcess {
  readonly kernel: FakeKernel;
  allocator: AllocatorClient;
  isDead: boolean;
}

export interface PendingAnswer {
  /** `Wait` or `Sync`, for messages. */
  readonly what: string;
  state: "pending" | "answered" | "closed";
}

interface SimNodeState {
  readonly process: SimProcess;
  /** koid of the server's end, by which the server's node is found. */
  readonly serverKoid: number;
  /** Which of the simulation's collections this belongs to. */
  readonly tree: number;
  isReleased: boolean;
  /** The client closed its end, or died, or gave the end away. */
  isGone: boolean;
  /** The client closed without Release, or died. */
  isUnclean: boolean;
  /** The client has broken a rule. */
  hasDeviated: boolean;
  /** The server has closed the channel. */
  isClosedByServer: boolean;
  readonly answers: PendingAnswer[];
}

export interface SimToken extends SimNodeState {
  readonly kind: "token";
  readonly client: BufferCollectionTokenClient;
}
export interface SimGroup extends SimNodeState {
  readonly kind: "group";
  readonly client: BufferCollectionTokenGroupClient;
  children: number;
  isSealed: boolean;
}
export interface SimCollection extends SimNodeState {
  readonly kind: "collection";
  readonly client: BufferCollectionClient;
  isConstrained: boolean;
  hasWaited: boolean;
}
export type SimNode = SimToken | SimGroup | SimCollection;

/** VMOs and eventpairs that a client got, or made. */
export interface Held<T extends Handle> {
  readonly process: SimProcess;
  readonly handle: T;
}
export type HeldVmo = Held<Vmo>;
export type HeldEventPair = Held<EventPair>;

/** Connects a process to the server. */
export function connect(
  kernel: FakeKernel,
  serverKernel: FakeKernel,
  serve: (channel: Handle) => void,
): AllocatorClient {
  const [client, server] = kernel.createChannel();
  serve(kernel.give(server, serverKernel));
  return Allocator.bind(client);
}
