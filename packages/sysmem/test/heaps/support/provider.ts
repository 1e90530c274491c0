/** A heap in another process of the fake machine, that does what its test says. */
import type { Channel, VmoHandle } from "#base";
import { DEFERRED, type Reply, type Result, type ServerCall, type Serving } from "#fidl";
import {
  Heap,
  type HeapAllocateVmoRequest,
  type HeapAllocateVmoResponse,
  type HeapEvents,
  type HeapProperties,
} from "#gen/fuchsia_hardware_sysmem";
import type { BufferMemory } from "#kernel";
import type { FakeKernel } from "#kernel/fake";

type AllocateCall = ServerCall<HeapAllocateVmoResponse, number, HeapEvents>;
type AllocateReply = Reply<Result<HeapAllocateVmoResponse, number>>;

export const EVERYTHING: HeapProperties = {
  coherencyDomainSupport: { cpuSupported: true, ramSupported: true, inaccessibleSupported: true },
  needClear: false,
  needFlush: false,
};

export class Provider {
  readonly kernel: FakeKernel;
  /** The end to register, in the server's process. */
  readonly end: Channel;
  readonly serving: Serving<HeapEvents>;
  readonly calls: string[] = [];
  readonly requests: HeapAllocateVmoRequest[] = [];
  /** Every parent, in the order of creation. */
  readonly memories: BufferMemory[] = [];
  closed: string | undefined;
  /** In place of an honest answer. */
  answer: ((request: HeapAllocateVmoRequest, call: AllocateCall) => AllocateReply) | undefined;
  deletionHeld: Promise<void> | undefined;
  /** What new memory is filled with. */
  fill = 0;

  constructor(server: FakeKernel) {
    this.kernel = server.spawn();
    const [client, served] = this.kernel.createChannel();
    this.end = this.kernel.give(client, server) as Channel;
    this.serving = Heap.serve(
      served,
      {
        allocateVmo: (request, call) => {
          this.calls.push(`allocate ${request.bufferIndex}`);
          this.requests.push(request);
          return this.answer === undefined ? this.#allocate(request) : this.answer(request, call);
        },
        deleteVmo: async ({ bufferIndex, vmo }) => {
          this.calls.push(`delete ${bufferIndex}`);
          vmo.close();
          await this.deletionHeld;
        },
      },
      { onClosed: ({ kind }) => void (this.closed = kind) },
    );
  }

  announce(properties: HeapProperties = EVERYTHING): this {
    this.serving.control.send.onRegister({ properties });
    return this;
  }

  /** A VMO of new memory, whose parent the provider keeps. */
  async makeVmo(sizeBytes: number, writable = true): Promise<VmoHandle> {
    const memory = await this.kernel.createMemory(sizeBytes, { name: "provider" });
    if (this.fill !== 0) {
      const mapping = memory.vmo.map({ writable: true });
      mapping.bytes.fill(this.fill);
      mapping.unmap();
    }
    this.memories.push(memory);
    return memory.handOut({ writable }).vmo;
  }

  async #allocate(request: HeapAllocateVmoRequest): Promise<Result<HeapAllocateVmoResponse, number>> {
    return { ok: true, value: { vmo: await this.makeVmo(Number(request.size)) } };
  }

  /** Ends the process. */
  die(): void {
    for (const memory of this.memories) memory.close();
    this.kernel.kill();
  }
}

export { DEFERRED };

/** Enough for every chain of promises that a message can set going. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 6; i++) await new Promise((resolve) => setImmediate(resolve));
}
