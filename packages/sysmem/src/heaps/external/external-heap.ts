import type { BufferMemory } from "#kernel";
import type { HeapClient } from "#gen/fuchsia_hardware_sysmem";
import type { AllocateVmoRequest, HeapId, HeapProperties } from "../port.ts";
import { RemoteHeap, type RemoteHeapContext } from "./remote-heap.ts";

/** A heap that speaks `fuchsia.hardware.sysmem.Heap`. Source: interface reference 4.1, lifecycle contract 8.2. */
export class ExternalHeap extends RemoteHeap {
  readonly description = "external heap (fuchsia.hardware.sysmem.Heap)";
  readonly #client: HeapClient;

  /** Takes over a client that has announced itself. */
  constructor(context: RemoteHeapContext, id: HeapId, properties: HeapProperties, client: HeapClient) {
    super(context, id, properties);
    this.#client = client;
  }

  get isLost(): boolean {
    return this.#client.isClosed;
  }

  protected async make(request: AllocateVmoRequest): Promise<BufferMemory> {
    const { sizeBytes, settings, bufferCollectionId, bufferIndex } = request;
    try {
      const answer = await this.#client.allocateVmo(
        { size: BigInt(sizeBytes), settings, bufferCollectionId, bufferIndex: BigInt(bufferIndex) },
        { timeoutMs: this.context.allocateTimeoutMs },
      );
      if (!answer.ok) throw this.refusal(answer.error);
      return await this.accept(answer.value.vmo, request);
    } catch (error) {
      throw this.failure(error);
    }
  }

  protected release(bufferCollectionId: bigint, bufferIndex: number, memory: BufferMemory): Promise<void> {
    // The only handle that is left moves away; the answer says that the heap has cleaned up.
    const answered = this.#client.deleteVmo(
      { bufferCollectionId, bufferIndex: BigInt(bufferIndex), vmo: memory.vmo },
      { timeoutMs: this.context.deleteTimeoutMs },
    );
    // Without its handle it has nothing left to look after.
    memory.close();
    return answered;
  }
}
