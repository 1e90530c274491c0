import { err, ok, type Result } from "#base";
import type { BufferMemory } from "#kernel";
import { type AllocateVmoRequest, type AllocationClaim, HeapError } from "#heaps";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { vmoName } from "../buffers/vmo-name.ts";
import type { Decision } from "./negotiation.ts";
import { weakFault } from "./weak-fault.ts";

/** Makes the buffers of one collection: index 0 upward, as many at a time as the heap takes, and all or none. */
export class BufferAllocation {
  readonly #collection: LogicalBufferCollection;
  readonly #decision: Decision;
  /** The name at the moment of the decision; a later SetName changes what people see, not the VMOs. */
  readonly #collectionName: string | undefined;

  constructor(collection: LogicalBufferCollection, decision: Decision) {
    this.#collection = collection;
    this.#decision = decision;
    this.#collectionName = collection.name?.text;
  }

  /** Every buffer's memory, or why there is none; what was made before a failure has been given back by then. */
  async run(): Promise<Result<BufferMemory[], unknown>> {
    const { heap, decided } = this.#decision;
    let claim: AllocationClaim | undefined;
    try {
      // One buffer is there or not: nobody can come between.
      if (decided.bufferCount > 1) claim = await heap.claim?.(this.#request(0), decided.bufferCount);
    } catch (error) {
      return err(error);
    }
    try {
      return await this.#makeAll(claim);
    } finally {
      claim?.release();
    }
  }

  async #makeAll(claim: AllocationClaim | undefined): Promise<Result<BufferMemory[], unknown>> {
    const { heap, decided } = this.#decision;
    const { bufferCount } = decided;
    const made = new Map<number, BufferMemory>();
    let next = 0;
    let failure: { readonly error: unknown } | undefined;
    const lane = async () => {
      // When the tree fails meanwhile, the rest is not worth asking for.
      while (next < bufferCount && failure === undefined && this.#collection.root !== undefined) {
        const index = next++;
        try {
          const memory = await heap.allocateVmo({ ...this.#request(index), claim });
          made.set(index, memory);
          this.#refuseKnown(memory);
          this.#refuseWeak(memory);
        } catch (error) {
          failure ??= { error };
        }
      }
    };
    const lanes = Math.min(bufferCount, heap.maxConcurrentAllocations ?? 1);
    await Promise.all(Array.from({ length: lanes }, lane));
    if (failure === undefined && made.size === bufferCount) {
      return ok(Array.from({ length: bufferCount }, (_, index) => made.get(index) as BufferMemory));
    }
    await this.#giveBack(made);
    return err(failure?.error ?? "the collection failed while its buffers were being allocated");
  }

  /** All at once, and with nothing held back: a heap may answer one deletion only after it has got the others. */
  async #giveBack(made: ReadonlyMap<number, BufferMemory>): Promise<void> {
    if (this.#collection.isHeapLost) {
      for (const memory of made.values()) memory.close();
      return;
    }
    const { heap } = this.#decision;
    const deletions = [...made].map(([index, memory]) => heap.deleteVmo(this.#collection.id, index, memory));
    await Promise.all(deletions);
  }

  /** A heap sees only its own buffers. Were the memory of one that another heap made two buffers, neither could be told apart. */
  #refuseKnown(memory: BufferMemory): void {
    if (!this.#collection.context.vmos.isMemoryOfBuffer(memory)) return;
    const why = "it is the memory of another buffer";
    throw new HeapError("BAD_ANSWER", `cannot use the VMO that ${this.#decision.heap.id.heapType} made: ${why}`);
  }

  #refuseWeak(memory: BufferMemory): void {
    const { root } = this.#collection;
    const fault = root && weakFault(root, memory, this.#decision.heap);
    if (fault !== undefined) throw new HeapError("NOT_SUPPORTED", fault);
  }

  #request(index: number): AllocateVmoRequest {
    const { baseAlignmentBytes, decided } = this.#decision;
    const { settings } = decided;
    return {
      sizeBytes: Number(settings.bufferSettings.rawVmoSize),
      baseAlignmentBytes,
      settings,
      bufferCollectionId: this.#collection.id,
      bufferIndex: index,
      name: vmoName(this.#collectionName, index),
    };
  }
}
