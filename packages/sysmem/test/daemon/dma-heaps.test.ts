/** Which of the machine's DMA-BUF heaps a daemon uses, and as what. */
import { expect, test } from "vitest";
import { type Logger, MAX_HEAP_TYPE_BYTES, silentLogger, systemClock } from "#base";
import { createLinuxKernel, type DmaHeapDevice } from "#kernel";
import { DEFAULT_CONFIG, parseConfig } from "../../src/daemon/config.ts";
import { createHeaps } from "../../src/daemon/heaps.ts";

const device = (name: string, isAccessible = true): DmaHeapDevice => ({
  name,
  path: `/dev/dma_heap/${name}`,
  isAccessible,
});
const TYPE = "linux.sysmem.heap.dma_heap.HEAP_TYPE.";

/** What becomes of a machine's heaps under a configuration, and what is said of it. */
function made(settings: Parameters<typeof parseConfig>[0], dmaHeaps: readonly DmaHeapDevice[]) {
  const said: string[] = [];
  const note = (level: string) => (fields: object, text: string) => {
    said.push(`${level} ${JSON.stringify(fields)} ${text}`);
  };
  const logger: Logger = { ...silentLogger, debug: note("debug"), info: note("info"), warn: note("warn") };
  const config = { ...DEFAULT_CONFIG, ...parseConfig(settings, "test") };
  const kernel = createLinuxKernel();
  const { heaps, attachments, close } = createHeaps(
    kernel,
    config,
    { hugePages: [], dmaHeaps, memoryBytes: 1 << 30 },
    { clock: systemClock, logger, abort: () => {} },
  );
  attachments.close();
  close();
  kernel.close();
  return {
    ids: heaps
      .list()
      .map(({ id }) => `${id.heapType.replace(TYPE, "")} ${id.id}`)
      .slice(1),
    contiguous: heaps.contiguousSystemRam?.description,
    said,
  };
}

test("every heap that may be opened is used, and one over a contiguous area serves contiguous system RAM", () => {
  const { ids, contiguous, said } = made({}, [device("linux,cma"), device("secret", false), device("system")]);
  expect(ids).toEqual(["LINUX_CMA 0", "SYSTEM 0"]);
  expect(contiguous).toBe("contiguous system RAM (DMA-BUF heap /dev/dma_heap/linux,cma, physically contiguous)");
  expect(said).toEqual([
    'debug {"path":"/dev/dma_heap/secret"} a DMA-BUF heap is not used: this process may not open it',
  ]);
});

test("a machine without such heaps is not worth more than a word on contiguous memory", () => {
  const { ids, contiguous, said } = made({}, []);
  expect(ids).toEqual([]);
  expect(contiguous).toBeUndefined();
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/^info .* no huge pages are set aside, and there is no DMA-BUF heap of contiguous memory$/);
});

test("the configuration says which are used, what they are called, and which are contiguous", () => {
  const settings = {
    dma_heaps_used: ["system", "carveout"],
    dma_heaps: [{ device: "carveout", heap_type: "acme.sysmem.heap.HEAP_TYPE.VIDEO", contiguous: true }],
  };
  const { ids, contiguous, said } = made(settings, [device("carveout"), device("reserved"), device("system")]);
  expect(ids).toEqual(["acme.sysmem.heap.HEAP_TYPE.VIDEO 0", "SYSTEM 0"]);
  expect(contiguous).toContain("/dev/dma_heap/carveout");
  expect(said).toEqual([]);
  expect(made({ dma_heaps_used: [] }, [device("system")]).ids).toEqual([]);
});

test("names that come to the same heap type are told apart by id", () => {
  expect(made({}, [device("a,b"), device("a-b"), device("a_b")]).ids).toEqual(["A_B 0", "A_B 1", "A_B 2"]);
});

test("what the configuration names and the machine has not is said", () => {
  const { said } = made({ dma_heaps_used: ["sytem"], dma_heaps: [{ device: "cma" }] }, [device("system")]);
  expect(said.filter((line) => line.startsWith("warn"))).toEqual([
    'warn {"devices":["cma","sytem"]} the configuration names DMA-BUF heaps that do not exist',
  ]);
});

test("a heap type that is too long for the protocol is not used", () => {
  const fits = "x".repeat(MAX_HEAP_TYPE_BYTES - TYPE.length);
  expect(made({}, [device(fits)]).ids).toHaveLength(1);
  const { ids, said } = made({}, [device(`${fits}x`)]);
  expect(ids).toEqual([]);
  expect(said[0]).toMatch(/^warn .* the name of its type is too long$/);
});

for (const [settings, complaint] of [
  [{ dma_heaps_used: "system" }, "dma_heaps_used must be a list"],
  [{ dma_heaps: [{ heap_type: "x" }] }, "dma_heaps[0].device is missing"],
  [{ dma_heaps: [{ device: "x", contiguous: 1 }] }, "dma_heaps[0].contiguous must be true or false"],
  [{ dma_heaps: [{ device: "x", name: "y" }] }, "dma_heaps[0].name is not a setting"],
] as const) {
  test(`a mistake is named: ${complaint}`, () => {
    expect(() => parseConfig(settings, "test")).toThrow(`test: ${complaint}`);
  });
}
