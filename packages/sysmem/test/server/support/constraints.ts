/** Constraints, as short as tests want them. */
import type { BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";

export const PAGE = 4096;
export const CPU_READ = 1;
export const CPU_READ_WRITE: number = 1 | 4;
export const DISPLAY_LAYER = 1;

export interface RawOptions {
  readonly count?: number;
  readonly maxCount?: number;
  readonly cpu?: number;
  readonly display?: number;
  readonly maxSize?: number;
  readonly heap?: string;
  readonly shared?: number;
  readonly dedicated?: number;
  readonly ram?: boolean;
  readonly cpuDomain?: boolean;
  readonly secure?: boolean;
  readonly contiguous?: boolean;
  /** `min_physical_base_alignment`. */
  readonly alignment?: number;
}

/** Raw buffers of exactly `size` bytes (unless `maxSize` says otherwise), of which this participant camps on some. */
export function raw(size: number = PAGE, camping = 1, options: RawOptions = {}): BufferCollectionConstraints {
  const constraints: BufferCollectionConstraints = {
    usage: options.display === undefined ? { cpu: options.cpu ?? CPU_READ_WRITE } : { display: options.display },
    minBufferCountForCamping: camping,
    bufferMemoryConstraints: {
      minSizeBytes: BigInt(size),
      maxSizeBytes: BigInt(options.maxSize ?? size),
      cpuDomainSupported: options.cpuDomain ?? true,
      ramDomainSupported: options.ram ?? false,
      ...(options.secure !== undefined && {
        secureRequired: options.secure,
        cpuDomainSupported: false,
        inaccessibleDomainSupported: true,
      }),
      ...(options.contiguous !== undefined && { physicallyContiguousRequired: options.contiguous }),
      ...(options.alignment !== undefined && { minPhysicalBaseAlignment: BigInt(options.alignment) }),
      ...(options.heap !== undefined && { permittedHeaps: [{ heapType: options.heap, id: 0n }] }),
    },
  };
  if (options.count !== undefined) constraints.minBufferCount = options.count;
  if (options.maxCount !== undefined) constraints.maxBufferCount = options.maxCount;
  if (options.shared !== undefined) constraints.minBufferCountForSharedSlack = options.shared;
  if (options.dedicated !== undefined) constraints.minBufferCountForDedicatedSlack = options.dedicated;
  return constraints;
}
