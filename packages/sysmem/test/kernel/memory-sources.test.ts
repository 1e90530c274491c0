/** Every kind of memory that Linux has for buffers, held to the one suite: each where the machine has it. */
import { describe } from "vitest";
import type { BufferMemory, CarveOut, LinuxKernel } from "#kernel";
import { createLinuxKernel, dmaHeapDevices, hugePagePools } from "#kernel";
import { test } from "../support/leaks.ts";
import { describeBufferMemory, type MemorySource } from "./conformance-memory.ts";
import { hasUdmabuf } from "./dma-buf-devices.ts";

const HUGE_PAGE_BYTES = 2_097_152;

interface Source extends MemorySource<LinuxKernel> {
  readonly name: string;
  /** What the machine lacks for it; undefined when it has it. */
  readonly missing?: string | undefined;
  /** Lets go of what outlives the memory. */
  dispose?(): void;
}

function carveOut(): Source {
  let opened: { readonly kernel: LinuxKernel; readonly carveOut: CarveOut } | undefined;
  let used = 0;
  return {
    name: "a piece of a carve-out",
    missing: hasUdmabuf ? undefined : "/dev/udmabuf and a free huge page",
    hasRightsPerVmo: false,
    isProbed: true,
    async make(kernel): Promise<BufferMemory> {
      opened ??= { kernel, carveOut: await kernel.createCarveOut(HUGE_PAGE_BYTES, { name: "carve-out" }) };
      used += 1;
      return opened.carveOut.createPiece(used * 8_192, 8_192, { name: `piece ${used}` });
    },
    dispose() {
      opened?.carveOut.close();
      opened = undefined;
      used = 0;
    },
  };
}

const SOURCES: readonly Source[] = [
  {
    name: "a huge page",
    missing: hugePagePools().some(({ pageBytes, free }) => pageBytes === HUGE_PAGE_BYTES && free >= 2)
      ? undefined
      : "two free huge pages",
    hasRightsPerVmo: true,
    make: (kernel) => kernel.createMemory(4_096, { name: "huge", hugePageBytes: HUGE_PAGE_BYTES }),
  },
  ...dmaHeapDevices().map(
    ({ path, isAccessible }): Source => ({
      name: `a DMA-BUF of ${path}`,
      missing: isAccessible ? undefined : `the right to read ${path}`,
      hasRightsPerVmo: false,
      isProbed: true,
      make: (kernel) => kernel.allocateDmaBuf(path, 4_096, { name: "conformance" }),
    }),
  ),
  ...(dmaHeapDevices().length > 0
    ? []
    : [
        {
          name: "a DMA-BUF",
          missing: "a kernel with /dev/dma_heap",
          hasRightsPerVmo: false,
          make: () => Promise.reject(new Error("no DMA-BUF heap")),
        },
      ]),
  carveOut(),
];

for (const source of SOURCES) {
  const suffix = source.missing === undefined ? "" : ` (needs ${source.missing})`;
  describe.skipIf(source.missing !== undefined)(`${source.name}${suffix}`, () => {
    describeBufferMemory<LinuxKernel>((behaviour, body) => {
      test(behaviour, async () => {
        const kernel = createLinuxKernel();
        try {
          await body(kernel, "");
        } finally {
          source.dispose?.();
          kernel.close();
        }
      });
    }, source);
  });
}
