import { err, ok, type Result } from "#base";
import type { BufferMemory } from "#kernel";
import type { Heap } from "#heaps";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import type { CollectionSettings } from "../types.ts";
import { vmoName } from "../buffers/vmo-name.ts";

/** Makes the buffers of one collection: index 0 upward, one at a time, and all or none. */
export class BufferAllocation {
  readonly #collection: LogicalBufferCollection;
  readonly #decided: CollectionSettings;
  readonly #heap: Heap;
  /** The name at the moment of the decision; a later SetName changes what people see, not the VMOs. */
  readonly #collectionName: string | undefined;

  constructor(collection: LogicalBufferCollection, decided: CollectionSettings, heap: Heap) {
    this.#collection = collection;
    this.#decided = decided;
    this.#heap = heap;
    this.#collectionName = collection.name?.text;
  }

  /** Every buffer's memory, or why there is none; what was made before a failure has been given back by then. */
  async run(): Promise<Result<BufferMemory[], unknown>> {
    const memories: BufferMemory[] = [];
    for (let index = 0; index < this.#decided.bufferCount; index++) {
      try {
        memories.push(await this.#allocate(index));
      } catch (error) {
        await this.#giveBack(memories);
        return err(error);
      }
      if (this.#collection.root === undefined) break;
    }
    if (memories.length === this.#decided.bufferCount) return ok(memories);
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
    await Promise.all(memories.map((memory, index) => this.#heap.deleteVmo(this.#collection.id, index, memory)));
  }

  #allocate(index: number): Promise<BufferMemory> {
    const { settings } = this.#decided;
    return this.#heap.allocateVmo({
      sizeBytes: Number(settings.bufferSettings.rawVmoSize),
      settings,
      bufferCollectionId: this.#collection.id,
      bufferIndex: index,
      name: vmoName(this.#collectionName, index),
    });
  }
}
