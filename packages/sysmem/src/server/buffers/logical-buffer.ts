import { type EventPair, type Kernel, type BufferMemory, KernelError, type Vmo } from "#kernel";
import type { Timer } from "#base";
import type { Heap } from "#heaps";
import type { DebugInfo } from "../tree/properties.ts";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";

/** Who a VMO was sent to. */
export interface Receiver extends DebugInfo {
  /** Undefined when it was asked for through an Allocator. */
  readonly nodeId: number | undefined;
  readonly pid: number | undefined;
}

/** One VMO that was handed out: an open file description of its own, alive as long as the kernel says so. */
export interface HandedOutVmo {
  readonly childId: number;
  /** Of the VMO itself: that of the memory, except where every VMO is a file of its own over it. */
  readonly koid: string;
  readonly isWeak: boolean;
  /** Who received it, for complaints. */
  readonly receiver: Receiver;
}

/**
 * - `live`: the server or a client holds a VMO of it.
 * - `deleting`: nobody does; the heap has been told and has not answered.
 * - `gone`: it does not exist any more.
 */
export type BufferState = "live" | "deleting" | "gone";

/** An eventpair whose `serverEnd` is closed to signal all who hold a duplicate of `clientEnd`. */
interface Signal {
  readonly serverEnd: EventPair;
  readonly clientEnd: EventPair;
}

/** Makes one. A receiver must not be able to send the strong VMO to where it would live until the strong side is gone. */
function createSignal(kernel: Kernel): Signal {
  const [serverEnd, clientEnd] = kernel.createEventPair();
  try {
    serverEnd.dropData();
  } catch (error) {
    serverEnd.close();
    clientEnd.close();
    throw error;
  }
  return { serverEnd, clientEnd };
}

/**
 * One buffer after allocation. The counterpart of the original's tree of parent VMOs: the kernel tells when each handed-out
 * VMO is gone, and what is left follows from counting. Lifecycle contract 7.2, 7.3, 7.7.
 */
export class LogicalBuffer {
  readonly collection: LogicalBufferCollection;
  readonly index: number;
  readonly memory: BufferMemory;
  readonly heap: Heap;
  state: BufferState = "live";
  /** When the last strong VMO went, while weak ones were still out; undefined before, and when there were none. */
  weakSinceNs: number | undefined;
  complaintTimer: Timer | undefined;
  readonly #children = new Map<number, HandedOutVmo>();
  #strongChildren = 0;
  #isStrongSideGone = false;
  /** One eventpair for all receivers, made on first need. Closing the server's end is the signal. */
  #closeWeakAsap: Signal | undefined;

  constructor(collection: LogicalBufferCollection, index: number, memory: BufferMemory, heap: Heap) {
    this.collection = collection;
    this.index = index;
    this.memory = memory;
    this.heap = heap;
  }

  /** VMOs handed out and still alive. */
  get children(): ReadonlyMap<number, HandedOutVmo> {
    return this.#children;
  }
  get strongChildren(): number {
    return this.#strongChildren;
  }
  get weakChildren(): number {
    return this.#children.size - this.#strongChildren;
  }
  /** True once no strong VMO is left, the server's own included. Final. */
  get isStrongSideGone(): boolean {
    return this.#isStrongSideGone;
  }

  /** Eventpair handles that the server holds for `close_weak_asap`, for accounting. */
  get ownEventPairs(): number {
    if (this.#closeWeakAsap === undefined) return 0;
    return this.#isStrongSideGone ? 1 : 2;
  }

  childOf(childId: number): HandedOutVmo | undefined {
    return this.#children.get(childId);
  }

  /** Makes a VMO for a client. The caller owns it. Throws `KernelError` when the kernel refuses. */
  handOut(options: { readonly isWeak: boolean; readonly writable: boolean; readonly receiver: Receiver }): Vmo {
    if (options.isWeak && !this.memory.tellsChildrenApart) {
      throw new KernelError(
        "NOT_SUPPORTED",
        "cannot hand out a weak VMO: the kernel could not tell it from a strong one",
      );
    }
    const { vmo, childId } = this.memory.handOut({ writable: options.writable });
    const { koid } = vmo;
    this.#children.set(childId, { childId, koid, isWeak: options.isWeak, receiver: options.receiver });
    if (koid !== this.memory.koid) this.collection.context.vmos.addVmo(koid, this);
    if (!options.isWeak) this.#strongChildren++;
    return vmo;
  }

  /** Takes note that the kernel has seen the last of a handed-out VMO. False when it was not one of ours. */
  childGone(childId: number): boolean {
    const child = this.#children.get(childId);
    if (child === undefined) return false;
    this.#children.delete(childId);
    if (child.koid !== this.memory.koid) this.collection.context.vmos.deleteVmo(child.koid);
    if (!child.isWeak) this.#strongChildren--;
    return true;
  }

  /** A duplicate of the eventpair end that weak receivers watch. The caller owns it. */
  closeWeakAsap(kernel: Kernel): EventPair {
    if (this.#closeWeakAsap === undefined) {
      this.#closeWeakAsap = createSignal(kernel);
      if (this.#isStrongSideGone) this.#closeWeakAsap.serverEnd.close();
    }
    return this.#closeWeakAsap.clientEnd.duplicate();
  }

  /** Signals `close_weak_asap`: no strong VMO is left. */
  setStrongSideGone(): void {
    this.#isStrongSideGone = true;
    this.#closeWeakAsap?.serverEnd.close();
  }

  /** Lets go of everything but the memory. */
  closeHandles(): void {
    this.complaintTimer?.cancel();
    this.complaintTimer = undefined;
    this.#closeWeakAsap?.serverEnd.close();
    this.#closeWeakAsap?.clientEnd.close();
    this.#closeWeakAsap = undefined;
  }
}
