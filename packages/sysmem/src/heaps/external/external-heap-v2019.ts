import { Status } from "#base";
import type { BufferMemory } from "#kernel";
import type { HeapClient } from "#gen/fuchsia_sysmem_v2019";
import { HeapError } from "../errors.ts";
import type { AllocateVmoRequest, HeapId, HeapProperties } from "../port.ts";
import { RemoteHeap, type RemoteHeapContext } from "./remote-heap.ts";

/**
 * A heap that speaks the `fuchsia.sysmem.Heap` of 2019: memory is made first and becomes a resource afterwards. Source:
 * interface reference 8.2, lifecycle contract 8.3.
 */
export class ExternalHeapV2019 extends RemoteHeap {
  readonly description = "external heap (fuchsia.sysmem.Heap of 2019)";
  readonly #client: HeapClient;
  /** The heap's numbers for live buffers, by memory file. */
  readonly #resources = new Map<string, bigint>();

  constructor(context: RemoteHeapContext, id: HeapId, properties: HeapProperties, client: HeapClient) {
    super(context, id, properties);
    this.#client = client;
  }

  get isLost(): boolean {
    return this.#client.isClosed;
  }

  protected async make(request: AllocateVmoRequest): Promise<BufferMemory> {
    const { allocateTimeoutMs: timeoutMs } = this.context;
    try {
      const { s, vmo } = await this.#client.allocateVmo({ size: BigInt(request.sizeBytes) }, { timeoutMs });
      if (s !== Status.OK) {
        vmo?.close();
        throw this.refusal(s);
      }
      if (vmo === undefined || vmo === null) {
        throw new HeapError("BAD_ANSWER", `cannot allocate from ${this.id.heapType}: it answered OK without a VMO`);
      }
      const memory = await this.accept(vmo, request);
      try {
        // The heap may keep the koid and nothing else, so a duplicate of the server's own handle does.
        const resource = await this.#client.createResource({ vmo: memory.vmo.duplicate() }, { timeoutMs });
        if (resource.s !== Status.OK) throw this.refusal(resource.s);
        this.#resources.set(memory.koid, resource.id);
        return memory;
      } catch (error) {
        // The heap is not told: it has set nothing up for this VMO.
        this.drop(memory);
        throw error;
      }
    } catch (error) {
      throw this.failure(error);
    }
  }

  protected async release(_id: bigint, _index: number, memory: BufferMemory): Promise<void> {
    const id = this.#resources.get(memory.koid);
    this.#resources.delete(memory.koid);
    if (id !== undefined) await this.#client.destroyResource({ id }, { timeoutMs: this.context.deleteTimeoutMs });
  }
}
