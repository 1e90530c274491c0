/**
 * A secure side for tests. It keeps the books that hardware would keep, answers as its contract says (interface reference
 * 2.12), and protects nothing: there is no hardware behind it.
 */
import type { Channel } from "#base";
import { DEFERRED, type Result, type Serving } from "#fidl";
import {
  Error,
  SecureMem,
  type SecureHeapAndRange,
  type SecureHeapRange,
  type SecureHeapProperties,
} from "#gen/fuchsia_sysmem2";

type Empty = Result<Record<never, never>, Error>;

export interface ReferenceOptions {
  readonly dynamicHeaps?: readonly string[];
  readonly physicalHeaps?: Readonly<Record<string, readonly (readonly [base: bigint, size: bigint])[]>>;
  readonly granuleBytes?: number;
  readonly maxRanges?: number;
  readonly isDynamic?: boolean;
  readonly canModify?: boolean;
  /** Never answers the first question. */
  readonly isSilent?: boolean;
}

export class ReferenceSecureMem {
  readonly serving: Serving;
  readonly calls: string[] = [];
  /** Ranges that are "protected", by heap type. */
  readonly ranges: Map<string, SecureHeapRange[]> = new Map();
  /** Answers the next calls of a method with an error. */
  readonly failures: Map<string, Error> = new Map();
  mostRanges = 0;
  readonly #options: ReferenceOptions;
  readonly #asked = new Set<string>();

  /** Takes ownership of `channel`. */
  constructor(channel: Channel, options: ReferenceOptions) {
    this.#options = options;
    const { granuleBytes = 65_536, maxRanges = 6, isDynamic = true, canModify = true } = options;
    const properties = (heapType: string): SecureHeapProperties => ({
      heap: { heapType, id: 0n },
      dynamicProtectionRanges: isDynamic,
      protectedRangeGranularity: granuleBytes,
      maxProtectedRangeCount: BigInt(maxRanges),
      isModProtectedRangeAvailable: canModify,
    });
    this.serving = SecureMem.serve(channel, {
      getDynamicSecureHeaps: () =>
        (options.isSilent === true ? DEFERRED : this.#once("GetDynamicSecureHeaps")) ?? {
          ok: true,
          value: { heaps: (options.dynamicHeaps ?? []).map((heapType) => ({ heap: { heapType, id: 0n } })) },
        },
      getPhysicalSecureHeaps: () =>
        this.#once("GetPhysicalSecureHeaps") ?? {
          ok: true,
          value: {
            heaps: Object.entries(options.physicalHeaps ?? {}).map(([heapType, ranges]) => ({
              heap: { heapType, id: 0n },
              ranges: ranges.map(([physicalAddress, sizeBytes]) => ({ physicalAddress, sizeBytes })),
            })),
          },
        },
      getPhysicalSecureHeapProperties: ({ entireHeap }) =>
        this.#failure("GetPhysicalSecureHeapProperties") ?? {
          ok: true,
          value: { properties: properties(entireHeap?.heap?.heapType ?? "") },
        },
      addSecureHeapPhysicalRange: ({ heapRange }) => this.#add(heapRange),
      deleteSecureHeapPhysicalRange: ({ heapRange }) => this.#delete(heapRange),
      modifySecureHeapPhysicalRange: ({ rangeModification: change }) => {
        const heap = change?.heap;
        const [from, to] = [change?.oldRange, change?.newRange];
        if (heap === undefined || from === undefined || to === undefined) return err(Error.PROTOCOL_DEVIATION);
        const isOneEnd = from.physicalAddress === to.physicalAddress || endOf(from) === endOf(to);
        if (!isOneEnd || !canModify) return err(Error.PROTOCOL_DEVIATION);
        this.calls.push("modify");
        const failure = this.#failure("ModifySecureHeapPhysicalRange");
        if (failure !== undefined) return failure;
        return this.#replace({ heap, range: from }, { heap, range: to });
      },
      zeroSubRange: ({ isCoveringRangeExplicit, heapRange }) => {
        this.calls.push("zero");
        const { heap, range } = heapRange ?? {};
        const failure = this.#failure("ZeroSubRange");
        if (failure !== undefined) return failure;
        const own = this.ranges.get(heap?.heapType ?? "") ?? [];
        const fixed = (options.physicalHeaps?.[heap?.heapType ?? ""] ?? []).map(([physicalAddress, sizeBytes]) => ({
          physicalAddress,
          sizeBytes,
        }));
        const covering = (isCoveringRangeExplicit ? own : fixed).filter(
          (each) => range !== undefined && startOf(each) <= startOf(range) && endOf(range) <= endOf(each),
        );
        return covering.length === 1 ? { ok: true, value: {} } : err(Error.PROTOCOL_DEVIATION);
      },
    });
  }

  /** Bytes that are "protected" now. */
  get protectedBytes(): bigint {
    return [...this.ranges.values()].flat().reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0n), 0n);
  }

  #add(added: SecureHeapAndRange | undefined): Empty {
    this.calls.push("add");
    const failure = this.#failure("AddSecureHeapPhysicalRange");
    if (failure !== undefined) return failure;
    return this.#replace(undefined, added);
  }

  #delete(deleted: SecureHeapAndRange | undefined): Empty {
    this.calls.push("delete");
    return this.#failure("DeleteSecureHeapPhysicalRange") ?? this.#replace(deleted, undefined);
  }

  #replace(old: SecureHeapAndRange | undefined, by: SecureHeapAndRange | undefined): Empty {
    const { granuleBytes = 65_536, maxRanges = 6, isDynamic = true, dynamicHeaps = [] } = this.#options;
    const heapType = (old ?? by)?.heap?.heapType ?? "";
    if (!dynamicHeaps.includes(heapType)) return err(Error.PROTOCOL_DEVIATION);
    const ranges = [...(this.ranges.get(heapType) ?? [])];
    if (!isDynamic && (old !== undefined || ranges.length > 0)) return err(Error.PROTOCOL_DEVIATION);
    if (old !== undefined) {
      const at = ranges.findIndex((range) => old.range !== undefined && isSame(range, old.range));
      if (at < 0) return err(Error.NOT_FOUND);
      ranges.splice(at, 1);
    }
    if (by?.range !== undefined) {
      const { range } = by;
      const isAligned = startOf(range) % BigInt(granuleBytes) === 0n && endOf(range) % BigInt(granuleBytes) === 0n;
      if (!isAligned || ranges.some((other) => isSame(other, range))) return err(Error.PROTOCOL_DEVIATION);
      ranges.push(range);
    }
    if (ranges.length > maxRanges) return err(Error.PROTOCOL_DEVIATION);
    this.mostRanges = Math.max(this.mostRanges, ranges.length);
    this.ranges.set(heapType, ranges);
    return { ok: true, value: {} };
  }

  #once(method: string): { ok: false; error: Error } | undefined {
    if (this.#asked.has(method)) return err(Error.PROTOCOL_DEVIATION);
    this.#asked.add(method);
    return this.#failure(method);
  }

  #failure(method: string): { ok: false; error: Error } | undefined {
    const error = this.failures.get(method);
    return error === undefined ? undefined : err(error);
  }
}

function err(error: Error): { ok: false; error: Error } {
  return { ok: false, error };
}
function startOf({ physicalAddress }: SecureHeapRange): bigint {
  return physicalAddress ?? 0n;
}
function endOf({ physicalAddress, sizeBytes }: SecureHeapRange): bigint {
  return (physicalAddress ?? 0n) + (sizeBytes ?? 0n);
}
function isSame(a: SecureHeapRange, b: SecureHeapRange): boolean {
  return startOf(a) === startOf(b) && endOf(a) === endOf(b);
}
