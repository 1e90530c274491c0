/** The heaps that a daemon has from the start, and what others attach to. */
import { type Clock, type Logger, MAX_HEAP_TYPE_BYTES } from "#base";
import {
  attachHeaps,
  ContiguousPoolHeap,
  ContiguousSystemRamHeap,
  DmaBufHeap,
  dmaHeapType,
  type Heap,
  type HeapAttachments,
  type Heaps,
  MemoryReserve,
  protectedPoolFault,
  systemRamOnly,
} from "#heaps";
import type { DmaHeapDevice, HugePagePool, Kernel, LinuxKernel } from "#kernel";
import type { DaemonConfig } from "./config.ts";
import { contiguousPoolBytes } from "./contiguous-settings.ts";
import { DaemonError } from "./errors.ts";

export interface DaemonHeaps {
  readonly heaps: Heaps;
  readonly attachments: HeapAttachments;
  /** Lets go of the memory that was set aside or is held for buffers to come, when the server has ended. */
  close(): void;
}

/** What the machine has. */
export interface HeapMachine {
  readonly hugePages: readonly HugePagePool[];
  /** Devices in `/dev/dma_heap`. */
  readonly dmaHeaps: readonly DmaHeapDevice[];
  /** All of its memory. */
  readonly memoryBytes: number;
}

/** What the heaps are made for. */
export interface HeapWorld {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the process at once, for an operator who wants that rather than go on with memory that somebody else writes. */
  readonly abort: () => void;
}

/** Throws `DaemonError` CONFIG for a pool that cannot be one. */
export function createHeaps(kernel: Kernel, config: DaemonConfig, machine: HeapMachine, world: HeapWorld): DaemonHeaps {
  const { protectedPool, v2019Heaps, memoryReserveBytes } = config;
  const { clock, logger } = world;
  const fault = protectedPool && protectedPoolFault(protectedPool);
  if (fault !== undefined) throw new DaemonError("CONFIG", `cannot use the configured protected_memory: ${fault}`);
  const reserve =
    memoryReserveBytes > 0 ? new MemoryReserve({ kernel, clock, maxBytes: memoryReserveBytes }) : undefined;
  const heaps = systemRamOnly(kernel, reserve);
  const dmaHeaps = isLinux(kernel) ? dmaBufHeaps(kernel, config, machine.dmaHeaps, logger) : [];
  for (const heap of dmaHeaps) heaps.register(heap);
  const pool = contiguousPoolOf(kernel, config, machine, world);
  const contiguous = dmaHeaps.filter(({ isContiguous }) => isContiguous);
  if (pool === undefined) useMachine(kernel, heaps, machine, contiguous, logger);
  else usePool(heaps, pool);
  const attachments = attachHeaps({ kernel, heaps, clock, logger, protectedPool, v2019Heaps });
  return {
    heaps,
    attachments,
    close() {
      pool?.close();
      reserve?.close();
    },
  };
}

function contiguousPoolOf(
  kernel: Kernel,
  { contiguousPool: settings }: DaemonConfig,
  { memoryBytes }: HeapMachine,
  { clock, logger, abort }: HeapWorld,
): ContiguousPoolHeap | undefined {
  const sizeBytes = settings === undefined ? 0 : contiguousPoolBytes(settings, memoryBytes);
  if (settings === undefined || sizeBytes === 0) return undefined;
  const { guards, isFatal } = settings;
  return new ContiguousPoolHeap({ kernel, clock, logger, sizeBytes, guards, ...(isFatal && { onCorruption: abort }) });
}

/** A configured pool is the only source: a machine that cannot have it says so instead of doing something else. */
function usePool(heaps: Heaps, pool: ContiguousPoolHeap): void {
  heaps.setContiguousSystemRam(pool);
  void pool.opened.then((fault) => {
    if (fault !== undefined) heaps.setContiguousSystemRam(undefined, fault.message);
  });
}

/** What the machine has of itself: huge pages, and heaps over a contiguous area. */
function useMachine(
  kernel: Kernel,
  heaps: Heaps,
  { hugePages }: HeapMachine,
  contiguous: readonly Heap[],
  logger: Logger,
): void {
  const pageBytes = hugePages
    .filter(({ total, overcommit }) => total > 0 || overcommit > 0)
    .map((pool) => pool.pageBytes);
  if (pageBytes.length > 0 || contiguous.length > 0) {
    heaps.setContiguousSystemRam(new ContiguousSystemRamHeap(kernel, pageBytes, contiguous));
    return;
  }
  const why = "no pool is configured, no huge pages are set aside, and there is no DMA-BUF heap of contiguous memory";
  heaps.setContiguousSystemRam(undefined, why);
  logger.info({}, `buffers that must be physically contiguous cannot be allocated: ${why}`);
}

/** The kernel's DMA-BUF heaps, as far as the configuration wants them and this process may use them. */
function dmaBufHeaps(
  kernel: LinuxKernel,
  { dmaHeaps, dmaHeapsUsed }: DaemonConfig,
  devices: readonly DmaHeapDevice[],
  logger: Logger,
): DmaBufHeap[] {
  const heaps: DmaBufHeap[] = [];
  for (const device of devices) {
    if (dmaHeapsUsed !== undefined && !dmaHeapsUsed.includes(device.name)) continue;
    if (!device.isAccessible) {
      logger.debug({ path: device.path }, "a DMA-BUF heap is not used: this process may not open it");
      continue;
    }
    const settings = dmaHeaps.get(device.name);
    const heapType = settings?.heapType ?? dmaHeapType(device.name);
    if (Buffer.byteLength(heapType) > MAX_HEAP_TYPE_BYTES) {
      logger.warn({ path: device.path, heapType }, "a DMA-BUF heap is not used: the name of its type is too long");
      continue;
    }
    // Two names may differ in what a heap type cannot have.
    const id = BigInt(heaps.filter((other) => other.id.heapType === heapType).length);
    heaps.push(new DmaBufHeap(kernel, device, { ...settings, heapType, id }));
  }
  const unknown = [...dmaHeaps.keys(), ...(dmaHeapsUsed ?? [])].filter(
    (name) => !devices.some((device) => device.name === name),
  );
  if (unknown.length > 0) logger.warn({ devices: unknown }, "the configuration names DMA-BUF heaps that do not exist");
  return heaps;
}

function isLinux(kernel: Kernel): kernel is LinuxKernel {
  return kernel.name === "linux";
}
