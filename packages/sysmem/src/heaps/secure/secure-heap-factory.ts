/** From what the secure side says it has to heaps. Its answers are checked: they are addresses. Lifecycle contract 8.5. */
import { type Clock, type Logger, MIN_PROTECTED_GRANULE_BYTES, PROTECTED_POOL_ALIGNMENT_BYTES } from "#base";
import type { Result } from "#fidl";
import type {
  Error,
  Heap as WireHeap,
  SecureHeapAndRange,
  SecureHeapRange,
  SecureMemClient,
} from "#gen/fuchsia_sysmem2";
import type { Kernel } from "#kernel";
import { HeapError } from "../errors.ts";
import { ContiguousPool } from "../pool/contiguous-pool.ts";
import type { Range } from "../pool/range.ts";
import type { HeapId } from "../port.ts";
import { ProtectedRanges } from "./protected-ranges.ts";
import { SecureHeap, type SecureRegion } from "./secure-heap.ts";

/** Physical memory that the operator has set aside; nobody else may use it. */
export interface ProtectedPool {
  readonly base: number;
  readonly sizeBytes: number;
  /** Protect all of it from the first buffer on, even where the secure side could do better. Default false. */
  readonly isDynamicDisabled?: boolean | undefined;
}

export interface SecureHeapFactoryOptions {
  readonly kernel: Kernel;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly protectedPool: ProtectedPool | undefined;
  readonly onFailure: (error: unknown) => void;
}

/** Asks for the heaps and makes them. Rejects with `HeapError` for an orderly refusal or a wrong answer, else `FidlError`. */
export async function makeSecureHeaps(
  secureMem: SecureMemClient,
  options: SecureHeapFactoryOptions,
): Promise<SecureHeap[]> {
  const dynamic = required(await secureMem.getDynamicSecureHeaps(), "GetDynamicSecureHeaps");
  const physical = required(await secureMem.getPhysicalSecureHeaps(), "GetPhysicalSecureHeaps");
  const heaps: SecureHeap[] = [];
  const { protectedPool, kernel, clock, logger, onFailure } = options;
  const named = dynamic.heaps ?? [];
  const [first] = named;
  if (first !== undefined && protectedPool !== undefined) {
    const id = heapId(first.heap);
    const regions = [await dynamicRegion(secureMem, id, protectedPool, clock)];
    heaps.push(new SecureHeap({ id, description: "protected pool", kernel, clock, regions, onFailure }));
  }
  // There is one pool, so the first takes it.
  const without = named.slice(heaps.length).map(({ heap }) => heap?.heapType);
  if (without.length > 0) logger.warn({ heaps: without }, "no protected pool is configured for these secure heaps");
  for (const { heap, ranges } of physical.heaps ?? []) {
    const id = heapId(heap);
    const regions = checkedRanges(ranges ?? []).map((range, index) =>
      staticRegion(secureMem, id, index === 0 ? "tee_secure" : `tee_secure-${index}`, range, clock),
    );
    heaps.push(new SecureHeap({ id, description: "secure memory", kernel, clock, regions, onFailure }));
  }
  return heaps;
}

async function dynamicRegion(
  secureMem: SecureMemClient,
  id: HeapId,
  { base, sizeBytes, isDynamicDisabled = false }: ProtectedPool,
  clock: Clock,
): Promise<SecureRegion> {
  const at = (range: Range): SecureHeapAndRange => wireRange(id, base, range);
  const entireHeap = at({ begin: 0, end: sizeBytes });
  const answer = await secureMem.getPhysicalSecureHeapProperties({ entireHeap });
  const { properties } = required(answer, "GetPhysicalSecureHeapProperties");
  const granuleBytes = properties?.protectedRangeGranularity ?? 0;
  const maxRanges = Number(properties?.maxProtectedRangeCount ?? 0n);
  if (!Number.isInteger(Math.log2(granuleBytes)) || granuleBytes < MIN_PROTECTED_GRANULE_BYTES || maxRanges < 1) {
    throw badAnswer(`${id.heapType} has granules of ${granuleBytes} bytes and ${maxRanges} ranges`);
  }
  if (base % granuleBytes !== 0 || sizeBytes % granuleBytes !== 0) {
    throw badAnswer(`the protected pool does not keep to granules of ${granuleBytes} bytes`);
  }
  const ranges = new ProtectedRanges({
    poolBytes: sizeBytes,
    granuleBytes,
    maxRanges,
    isDynamic: !isDynamicDisabled && (properties?.dynamicProtectionRanges ?? false),
    canModify: properties?.isModProtectedRangeAvailable ?? false,
    control: {
      async addRange(range) {
        required(await secureMem.addSecureHeapPhysicalRange({ heapRange: at(range) }), "AddSecureHeapPhysicalRange");
      },
      async deleteRange(range) {
        const deleted = await secureMem.deleteSecureHeapPhysicalRange({ heapRange: at(range) });
        required(deleted, "DeleteSecureHeapPhysicalRange");
      },
      async modifyRange(from, to) {
        const rangeModification = { heap: wireHeap(id), oldRange: at(from).range, newRange: at(to).range };
        const modified = await secureMem.modifySecureHeapPhysicalRange({ rangeModification });
        required(modified, "ModifySecureHeapPhysicalRange");
      },
      async zero(part) {
        const zeroed = await secureMem.zeroSubRange({ isCoveringRangeExplicit: true, heapRange: at(part) });
        required(zeroed, "ZeroSubRange");
      },
      // The pool is set aside as a whole: its pages are nobody else's at any time.
      commit: async () => true,
      decommit: () => {},
    },
  });
  return {
    pool: new ContiguousPool({ name: "SysmemProtectedPool", sizeBytes, alignmentBytes: alignmentOf(base), clock }),
    protect: (part) => ranges.add(part),
    release: (part) => ranges.delete(part),
    improve: () => ranges.step(),
    loan: () => ({
      loanableBytes: ranges.loanableBytes,
      loanableRatio: ranges.loanableBytes / sizeBytes,
      loanableEfficiency: ranges.efficiency,
    }),
  };
}

/** A range that the secure side protects by itself. */
function staticRegion(secureMem: SecureMemClient, id: HeapId, name: string, span: Range, clock: Clock): SecureRegion {
  const sizeBytes = span.end - span.begin;
  return {
    pool: new ContiguousPool({ name, sizeBytes, alignmentBytes: alignmentOf(span.begin), clock }),
    async protect(part) {
      const heapRange = wireRange(id, span.begin, part);
      required(await secureMem.zeroSubRange({ isCoveringRangeExplicit: false, heapRange }), "ZeroSubRange");
      return true;
    },
    release: async () => {},
    improve: async () => false,
  };
}

/** What offsets from this base may promise of physical addresses. */
function alignmentOf(base: number): number {
  return base % PROTECTED_POOL_ALIGNMENT_BYTES === 0 ? PROTECTED_POOL_ALIGNMENT_BYTES : MIN_PROTECTED_GRANULE_BYTES;
}

function checkedRanges(ranges: readonly SecureHeapRange[]): Range[] {
  let end = 0;
  return ranges.map(({ physicalAddress, sizeBytes }) => {
    const begin = Number(physicalAddress ?? -1n);
    const size = Number(sizeBytes ?? 0n);
    const isWhole = begin % MIN_PROTECTED_GRANULE_BYTES === 0 && size % MIN_PROTECTED_GRANULE_BYTES === 0;
    if (!isWhole || begin < end || size <= 0 || !Number.isSafeInteger(begin + size)) {
      throw badAnswer(`a range of ${size} bytes at ${begin} is no range, or not in order`);
    }
    end = begin + size;
    return { begin, end };
  });
}

function heapId(heap: WireHeap | undefined): HeapId {
  if (heap?.heapType === undefined) throw badAnswer("a heap has no type");
  return { heapType: heap.heapType, id: heap.id ?? 0n };
}

function wireHeap({ heapType, id }: HeapId): WireHeap {
  return { heapType, id };
}

function wireRange(id: HeapId, base: number, { begin, end }: Range): SecureHeapAndRange {
  return {
    heap: wireHeap(id),
    range: { physicalAddress: BigInt(base + begin), sizeBytes: BigInt(end - begin) },
  };
}

/** The answer of a call, or the error that it is. */
function required<T>(answer: Result<T, Error>, method: string): T {
  if (answer.ok) return answer.value;
  throw new HeapError("NOT_READY", `cannot use secure memory: ${method} answered error ${answer.error}`);
}

function badAnswer(what: string): HeapError {
  return new HeapError("BAD_ANSWER", `cannot use secure memory: ${what}`);
}

/** What a configured pool must look like; undefined when it does, else what is wrong with it. */
export function protectedPoolFault({ base, sizeBytes }: ProtectedPool): string | undefined {
  if (!Number.isSafeInteger(base + sizeBytes) || sizeBytes <= 0) return "it is no range of addresses";
  if (base % PROTECTED_POOL_ALIGNMENT_BYTES !== 0)
    return `its base is not a multiple of ${PROTECTED_POOL_ALIGNMENT_BYTES}`;
  return undefined;
}
