/** The heaps that a daemon has from the start, and what others attach to. */
import { type Clock, type Logger } from "#base";
import {
  attachHeaps,
  ContiguousSystemRamHeap,
  type HeapAttachments,
  type Heaps,
  MemoryReserve,
  protectedPoolFault,
  systemRamOnly,
} from "#heaps";
import { type HugePagePool, type Kernel } from "#kernel";
import type { DaemonConfig } from "./config.ts";
import { DaemonError } from "./errors.ts";

export interface DaemonHeaps {
  readonly heaps: Heaps;
  readonly attachments: HeapAttachments;
  /** Gives back what is held for buffers to come. For when no server uses the heaps any more. */
  close(): void;
}

/** Throws `DaemonError` CONFIG for a protected pool that cannot be one. */
export function createHeaps(
  kernel: Kernel,
  config: DaemonConfig,
  hugePages: readonly HugePagePool[],
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): DaemonHeaps {
  const { protectedPool, v2019Heaps, memoryReserveBytes } = config;
  const fault = protectedPool && protectedPoolFault(protectedPool);
  if (fault !== undefined) throw new DaemonError("CONFIG", `cannot use the configured protected_memory: ${fault}`);
  const reserve =
    memoryReserveBytes > 0 ? new MemoryReserve({ kernel, clock, maxBytes: memoryReserveBytes }) : undefined;
  const heaps = systemRamOnly(kernel, reserve);
  const pageBytes = hugePages
    .filter(({ total, overcommit }) => total > 0 || overcommit > 0)
    .map((pool) => pool.pageBytes);
  if (pageBytes.length > 0) heaps.setContiguousSystemRam(new ContiguousSystemRamHeap(kernel, pageBytes));
  else logger.info({}, "no huge pages are set aside: buffers that must be physically contiguous cannot be allocated");
  const attachments = attachHeaps({ kernel, heaps, clock, logger, protectedPool, v2019Heaps });
  return { heaps, attachments, close: () => reserve?.close() };
}
