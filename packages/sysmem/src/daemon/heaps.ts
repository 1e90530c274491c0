/** The heaps that a daemon has from the start, and what others attach to. */
import { type Clock, type Logger } from "#base";
import {
  attachHeaps,
  ContiguousPoolHeap,
  ContiguousSystemRamHeap,
  type HeapAttachments,
  type Heaps,
  MemoryReserve,
  protectedPoolFault,
  systemRamOnly,
} from "#heaps";
import { type HugePagePool, type Kernel } from "#kernel";
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
  const pool = contiguousPoolOf(kernel, config, machine, world);
  if (pool === undefined) useHugePages(kernel, heaps, machine, logger);
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

function useHugePages(kernel: Kernel, heaps: Heaps, { hugePages }: HeapMachine, logger: Logger): void {
  const pageBytes = hugePages
    .filter(({ total, overcommit }) => total > 0 || overcommit > 0)
    .map((pool) => pool.pageBytes);
  if (pageBytes.length > 0) {
    heaps.setContiguousSystemRam(new ContiguousSystemRamHeap(kernel, pageBytes));
    return;
  }
  heaps.setContiguousSystemRam(undefined, "no pool is configured and no huge pages are set aside");
  logger.info({}, "no huge pages are set aside: buffers that must be physically contiguous cannot be allocated");
}
