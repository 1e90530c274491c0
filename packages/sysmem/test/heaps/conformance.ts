/** What every heap must do, whoever makes its memory. Source: `port.ts`. */
import { describe, expect } from "vitest";
import type { AllocateVmoRequest, Heap } from "#heaps";
import { type BufferMemory, type Kernel, KernelError } from "#kernel";
import { test } from "../support/leaks.ts";
import { eventually } from "../kernel/collect.ts";

/** A heap with its surroundings. */
export interface HeapUnderTest {
  readonly heap: Heap;
  /** Of the process that allocates. */
  readonly kernel: Kernel;
  /** Buffers that the heap itself still keeps something for; undefined where it has no such account. */
  readonly held?: () => number;
  dispose(): Promise<void> | void;
}

export function describeHeap(name: string, create: () => Promise<HeapUnderTest> | HeapUnderTest): void {
  describe(name, () => {
    const it = (behaviour: string, body: (under: HeapUnderTest) => Promise<void>) =>
      test(behaviour, async () => {
        const under = await create();
        try {
          await body(under);
          if (under.held !== undefined) await eventually(() => under.held?.() === 0);
        } finally {
          await under.dispose();
        }
      });

    const request = (index: number, sizeBytes = 8_192): AllocateVmoRequest => ({
      sizeBytes,
      settings: { bufferSettings: { sizeBytes: 5_000n, rawVmoSize: BigInt(sizeBytes) } },
      bufferCollectionId: 77n,
      bufferIndex: index,
      name: `conformance:${index}`,
    });

    const hasCpuAccess = ({ heap }: HeapUnderTest) =>
      heap.properties.coherencyDomainSupport.cpu || heap.properties.coherencyDomainSupport.ram;

    it("names itself and supports at least one coherency domain", async ({ heap }) => {
      expect(heap.id.heapType).toMatch(/sysmem\.heap.*\.HEAP_TYPE\./);
      expect(Object.values(heap.properties.coherencyDomainSupport)).toContain(true);
      expect(heap.description).not.toBe("");
    });

    it("makes memory of at least the asked-for size, a file of its own for each buffer", async ({ heap }) => {
      const memories: BufferMemory[] = [];
      for (let index = 0; index < 3; index++)
        memories.push(await heap.allocateVmo(request(index, 4_096 * (index + 1))));
      expect(new Set(memories.map(({ koid }) => koid)).size).toBe(3);
      memories.forEach((memory, index) => expect(memory.sizeBytes).toBeGreaterThanOrEqual(4_096 * (index + 1)));
      await Promise.all(memories.map((memory, index) => heap.deleteVmo(77n, index, memory)));
      for (const memory of memories) expect(memory.vmo.isClosed).toBe(true);
    });

    it("makes zeros that its children share, or nothing that could be read", async (under) => {
      const memory = await under.heap.allocateVmo(request(0));
      const [one, two] = [memory.handOut({ writable: true }).vmo, memory.handOut({ writable: false }).vmo];
      if (hasCpuAccess(under)) {
        const [writer, reader] = [one.map({ writable: true }), two.map()];
        expect(reader.bytes.every((byte) => byte === 0)).toBe(true);
        writer.bytes[5_000] = 42;
        expect(reader.bytes[5_000]).toBe(42);
        writer.unmap();
        reader.unmap();
      } else {
        for (const vmo of [memory.vmo, one, two]) {
          const code = await Promise.resolve()
            .then(() => vmo.map().unmap())
            .catch((error: unknown) => (error instanceof KernelError ? error.code : String(error)));
          expect(code).toBe("ACCESS_DENIED");
        }
      }
      one.close();
      two.close();
      await eventually(() => memory.liveChildren.size === 0);
      await under.heap.deleteVmo(77n, 0, memory);
    });

    it("reports the end of each child", async ({ heap }) => {
      const memory = await heap.allocateVmo(request(0));
      const gone: number[] = [];
      memory.onChildGone((childId) => gone.push(childId));
      const first = memory.handOut({ writable: true });
      const second = memory.handOut({ writable: true });
      expect(memory.identify(first.vmo)).toBe(first.childId);
      second.vmo.close();
      // Where children are only counted, they are gone together.
      if (memory.tellsChildrenApart) {
        await eventually(() => gone.length === 1);
        expect(gone).toEqual([second.childId]);
      }
      first.vmo.close();
      await eventually(() => gone.length === 2);
      expect(new Set(gone)).toEqual(new Set([first.childId, second.childId]));
      await heap.deleteVmo(77n, 0, memory);
    });

    it("takes buffers back in any order, all at once, and makes them again", async ({ heap }) => {
      for (let round = 0; round < 3; round++) {
        const memories: BufferMemory[] = [];
        for (let index = 0; index < 4; index++) memories.push(await heap.allocateVmo(request(index)));
        const order = round === 0 ? [0, 1, 2, 3] : round === 1 ? [3, 2, 1, 0] : [2, 0, 3, 1];
        await Promise.all(order.map((index) => heap.deleteVmo(77n, index, memories[index] as BufferMemory)));
      }
    });

    it("takes back a buffer whose allocation came to nothing", async ({ heap }) => {
      const memory = await heap.allocateVmo(request(0));
      await heap.deleteVmo(77n, 0, memory);
    });

    it("lets what was handed out live on when the buffer's own hold is dropped", async (under) => {
      const memory = await under.heap.allocateVmo(request(0));
      const { vmo } = memory.handOut({ writable: true });
      await Promise.race([under.heap.deleteVmo(77n, 0, memory), new Promise((resolve) => setTimeout(resolve, 20))]);
      expect(vmo.sizeBytes).toBeGreaterThanOrEqual(8_192);
      if (hasCpuAccess(under)) {
        const mapping = vmo.map({ writable: true });
        mapping.bytes[0] = 1;
        mapping.unmap();
      }
      vmo.close();
    });
  });
}
