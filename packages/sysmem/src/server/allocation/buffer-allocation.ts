import { err, ok, type Result } from "#base";
import type { BufferMemory } from "#kernel";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { vmoName } from "../buffers/vmo-name.ts";
import type { Decision } from "./negotiation.ts";

/** Makes the buffers of one collection: index 0 upward, one at a time, and all or none. */
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
    const { bufferCount } = this.#decision.decided;
    const memories: BufferMemory[] = [];
    for (let index = 0; index < bufferCount; index++) {
      try {
        memories.push(await this.#allocate(index));
      } catch (error) {
        await this.#giveBack(memories);
        return err(error);
      }
      if (this.#collection.root === undefined) break;
    }
    if (memories.length === bufferCount) return ok(memories);
    // The tree failed meanwhile; the rest is not worth asking for.
    await this.#giveBack(memories);
    return err("the collection failed while its buffers were being allocated");
  }

  /** All at once, and with nothing held back: a heap may answer one deletion only after it has got the others. */
  async #giveBack(memories: readonly BufferMemory[]): Promise<void> {
    if (this.#collection.isHeapLost) {
      for (const memory of memories) memory.close();
      return;
    }
    const { heap } = this.#decision;
    await Promise.all(memories.map((memory, index) => heap.deleteVmo(this.#collection.id, index, memory)));
  }

  #allocate(index: number): Promise<BufferMemory> {
    const { heap, baseAlignmentBytes, decided } = this.#decision;
    const { settings } = decided;
    return heap.allocateVmo({
      sizeBytes: Number(settings.bufferSettings.rawVmoSize),
      baseAlignmentBytes,
      settings,
      bufferCollectionId: this.#collection.id,
      bufferIndex: index,
      name: vmoName(this.#collectionName, index),
    });
  }
}
