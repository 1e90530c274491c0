/** A heap of 2019 in any process. */
import { type Channel, Status } from "#base";
import { asVmo, type BufferMemory, type Kernel } from "#kernel";
import type { Serving } from "#fidl";
import { Heap } from "#gen/fuchsia_sysmem_v2019";

export class Provider2019 {
  readonly serving: Serving;
  readonly calls: string[] = [];
  /** Resources by id, with the koid of their memory. */
  readonly resources: Map<bigint, string> = new Map();
  readonly memories: BufferMemory[] = [];
  allocateStatus: number = Status.OK;
  createStatus: number = Status.OK;
  /** Answers OK and gives nothing. */
  forgetsVmo = false;
  readonly #kernel: Kernel;

  /** Takes ownership of `channel`. */
  constructor(kernel: Kernel, channel: Channel) {
    this.#kernel = kernel;
    this.serving = Heap.serve(channel, {
      allocateVmo: async ({ size }) => {
        this.calls.push(`allocate ${size}`);
        if (this.allocateStatus !== Status.OK || this.forgetsVmo) return { s: this.allocateStatus };
        const memory = await kernel.createMemory(Number(size), { name: "2019" });
        this.memories.push(memory);
        return { s: Status.OK, vmo: memory.handOut({ writable: true }).vmo };
      },
      createResource: ({ vmo }) => {
        this.calls.push("create");
        const { koid } = asVmo(vmo);
        vmo.close();
        if (this.createStatus !== Status.OK) return { s: this.createStatus, id: 0n };
        const id = BigInt(this.calls.length);
        this.resources.set(id, koid);
        return { s: Status.OK, id };
      },
      destroyResource: ({ id }) => {
        this.calls.push("destroy");
        this.resources.delete(id);
      },
    });
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  close(): void {
    this.serving.close();
    for (const memory of this.memories) memory.close();
  }
}
