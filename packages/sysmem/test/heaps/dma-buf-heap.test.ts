/** The kernel's DMA-BUF heaps as heaps: the one suite where the machine has some, and the rules that need none. */
import { describe, expect, test } from "vitest";
import { ContiguousSystemRamHeap, DmaBufHeap, dmaHeapType, type Heap, HeapError, isContiguousByName } from "#heaps";
import { type BufferMemory, createLinuxKernel, dmaHeapDevices, hugePagePools, KernelError } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { contiguousBytesFree, contiguousHeap } from "../kernel/dma-buf-devices.ts";
import { test as guarded } from "../support/leaks.ts";
import { describeHeap } from "./conformance.ts";

const REQUEST = { settings: {}, bufferCollectionId: 1n, bufferIndex: 0, name: "heap" };
const CONTIGUOUS = { ...REQUEST, settings: { bufferSettings: { isPhysicallyContiguous: true } } };

const usable = dmaHeapDevices().filter(({ isAccessible }) => isAccessible);

for (const device of usable) {
  describeHeap(`linux: DMA-BUF heap ${device.name}`, () => {
    const kernel = createLinuxKernel();
    return { heap: new DmaBufHeap(kernel, device), kernel, dispose: () => kernel.close() };
  });
}
describe.skipIf(usable.length > 0)("DMA-BUF heaps (needs /dev/dma_heap)", () => {
  test.skip("are held to the conformance suite", () => {});
});

test("a heap type is the device's name in a vendor's form", () => {
  expect(dmaHeapType("system")).toBe("linux.sysmem.heap.dma_heap.HEAP_TYPE.SYSTEM");
  expect(dmaHeapType("linux,cma")).toBe("linux.sysmem.heap.dma_heap.HEAP_TYPE.LINUX_CMA");
  expect(dmaHeapType("vidbuf@80000000")).toBe("linux.sysmem.heap.dma_heap.HEAP_TYPE.VIDBUF_80000000");
});

test("heaps over a contiguous area are known by the names that kernels give them", () => {
  const names = ["reserved", "linux,cma", "default_cma_region", "cma", "system", "system-uncached", "acma", "cmasoft"];
  expect(names.filter(isContiguousByName)).toEqual(["reserved", "linux,cma", "default_cma_region", "cma"]);
});

test("a heap serves the CPU domain where the machine is coherent, and RAM everywhere", () => {
  const device = { name: "system", path: "/dev/dma_heap/system" };
  const domains = (isCoherent: boolean) =>
    new DmaBufHeap(createFailing("IO"), device, { isCoherent }).properties.coherencyDomainSupport;
  expect(domains(true)).toEqual({ cpu: true, ram: true, inaccessible: true });
  expect(domains(false)).toEqual({ cpu: false, ram: true, inaccessible: true });
  const heap = new DmaBufHeap(createFailing("IO"), device, { heapType: "x.sysmem.heap.HEAP_TYPE.Y", id: 3n });
  expect(heap.id).toEqual({ heapType: "x.sysmem.heap.HEAP_TYPE.Y", id: 3n });
  expect(heap.properties.needClear).toBe(false);
});

test("a heap whose memory need not be contiguous refuses to promise it", async () => {
  const heap = new DmaBufHeap(createFailing("IO"), { name: "system", path: "/dev/dma_heap/system" });
  await expect(heap.allocateVmo({ ...CONTIGUOUS, sizeBytes: 8_192 })).rejects.toThrow(
    "cannot allocate 8192 contiguous bytes from /dev/dma_heap/system: what it gives need not be contiguous",
  );
});

test("what the kernel refuses is the heap's error", async () => {
  const heap = new DmaBufHeap(createFailing("ACCESS_DENIED"), { name: "system", path: "/dev/dma_heap/system" });
  const pending = heap.allocateVmo({ ...REQUEST, sizeBytes: 8_192 });
  await expect(pending).rejects.toThrow("cannot allocate: as the test wishes");
  await expect(pending).rejects.toBeInstanceOf(HeapError);
});

describe("contiguous system RAM", () => {
  const others = (kernel: ReturnType<typeof createFakeKernel>, asked: string[]): Heap[] =>
    ["first", "second"].map((name) => ({
      ...new DmaBufHeap(createFailing("IO"), { name: "reserved", path: name }, { isCoherent: name === "first" }),
      description: name,
      async allocateVmo({ sizeBytes }): Promise<BufferMemory> {
        asked.push(name);
        if (sizeBytes > 1 << 22) throw new HeapError("NO_MEMORY", `${name} is full`);
        return kernel.createMemory(sizeBytes, { name });
      },
      deleteVmo: async () => {},
    }));

  test("asks huge pages first, and heaps of contiguous memory where none fits or is left", async () => {
    const kernel = createFakeKernel();
    const asked: string[] = [];
    const heap = new ContiguousSystemRamHeap(kernel, [1 << 21], others(kernel, asked));
    const make = async (sizeBytes: number) => {
      const memory = await heap.allocateVmo({ ...CONTIGUOUS, sizeBytes });
      const size = memory.sizeBytes;
      await heap.deleteVmo(1n, 0, memory);
      return size;
    };
    expect(await make(4_096)).toBe(1 << 21);
    expect(asked).toEqual([]);
    expect(await make(3 << 20)).toBe(3 << 20);
    kernel.faults.nextMemoryErrors.push("NO_MEMORY");
    expect(await make(4_096)).toBe(4_096);
    expect(asked).toEqual(["first", "first"]);
  });

  test("says what each source lacked when none has the memory", async () => {
    const kernel = createFakeKernel();
    const asked: string[] = [];
    const heap = new ContiguousSystemRamHeap(kernel, [1 << 21], others(kernel, asked));
    await expect(heap.allocateVmo({ ...CONTIGUOUS, sizeBytes: 8 << 20 })).rejects.toThrow(
      "cannot allocate 8388608 contiguous bytes: the largest huge page in reserve has 2097152 bytes; first is full; second is full",
    );
    expect(asked).toEqual(["first", "second"]);
    const without = new ContiguousSystemRamHeap(kernel, [], others(kernel, asked));
    await expect(without.allocateVmo({ ...CONTIGUOUS, sizeBytes: 8 << 20 })).rejects.toThrow(
      "no huge pages are in reserve",
    );
  });

  test("promises only the coherency domains of all its sources", () => {
    const kernel = createFakeKernel();
    const { properties, description } = new ContiguousSystemRamHeap(kernel, [1 << 21], others(kernel, []));
    expect(properties.coherencyDomainSupport).toEqual({ cpu: false, ram: true, inaccessible: true });
    expect(description).toBe("contiguous system RAM (one huge page each; first; second)");
  });

  guarded.skipIf(contiguousHeap === undefined)(
    "of the machine is contiguous, from either source (needs a heap over a CMA)",
    async () => {
      const kernel = createLinuxKernel();
      const device = usable.find(({ path }) => path === contiguousHeap) as (typeof usable)[number];
      const pages = hugePagePools()
        .filter(({ pageBytes, free }) => free > 0 && pageBytes === 1 << 21)
        .map(({ pageBytes }) => pageBytes);
      const heap = new ContiguousSystemRamHeap(kernel, pages, [new DmaBufHeap(kernel, device)]);
      for (const sizeBytes of [1 << 20, 4 << 20]) {
        const isOnePage = pages.some((pageBytes) => pageBytes >= sizeBytes);
        const before = contiguousBytesFree();
        const memory = await heap.allocateVmo({ ...CONTIGUOUS, sizeBytes });
        expect(memory.tellsChildrenApart).toBe(isOnePage);
        expect(memory.sizeBytes).toBe(isOnePage ? 1 << 21 : sizeBytes);
        // The kernel keeps pages there that it can move, and moves some meanwhile: not a byte is the same twice.
        if (!isOnePage) expect(contiguousBytesFree()).toBeLessThan(before - sizeBytes / 2);
        await heap.deleteVmo(1n, 0, memory);
      }
      kernel.close();
    },
  );
});

function createFailing(code: "IO" | "ACCESS_DENIED") {
  return {
    allocateDmaBuf: () => Promise.reject(new KernelError(code, "cannot allocate: as the test wishes")),
    claimMemory: () => ({ release: () => {} }),
  };
}
