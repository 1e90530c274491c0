/** Memory constraints: sizes, contiguity, domains, heaps. `fuchsia.sysmem2.BufferMemoryConstraints`. */
import type { DomainSupport, HeapInfo } from "./api.ts";
import { fromUint64 } from "./arithmetic.ts";
import { swapRemove } from "./format-list.ts";
import { fail, type Reason } from "./reasons.ts";
import type { Run } from "./run.ts";
import type { BufferMemoryConstraints, CoherencyDomain as WireDomain, Heap } from "./wire-types.ts";

/** `fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM`: the heap that everybody gets who does not ask for another. */
export const SYSTEM_RAM = "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM";

/** A heap by name. `id` 0 for singletons. */
export interface HeapName {
  readonly heapType: string;
  readonly id: bigint;
}

/** Whether two names mean the same heap. */
function isSameHeap(a: HeapName, b: HeapName): boolean {
  return a.heapType === b.heapType && a.id === b.id;
}

/** The name of a heap for people: its id only where it has one. */
export function heapText({ heapType = "", id = 0n }: Heap): string {
  return id === 0n ? heapType : `${heapType} ${id}`;
}

/** Working form: every field present. */
export interface MemoryFields {
  minSizeBytes: number;
  maxSizeBytes: number;
  /** Bound on the size without padding; only constraints made from existing settings have one. */
  maxUnpaddedBytes: number;
  contiguous: boolean;
  secure: boolean;
  cpu: boolean;
  ram: boolean;
  inaccessible: boolean;
  /** Empty: any. */
  permittedHeaps: HeapName[];
  /** 1 without `contiguous`. */
  baseAlignment: number;
}

/** What nobody has constrained yet. */
export function unconstrainedMemory(): MemoryFields {
  return {
    minSizeBytes: 0,
    maxSizeBytes: Number.POSITIVE_INFINITY,
    maxUnpaddedBytes: Number.POSITIVE_INFINITY,
    contiguous: false,
    secure: false,
    cpu: true,
    ram: true,
    inaccessible: true,
    permittedHeaps: [],
    baseAlignment: 1,
  };
}

/** One participant's memory constraints with defaults in place, checked. `cpuUsage` is its own. */
export function sanitizeMemory(run: Run, from: BufferMemoryConstraints, cpuUsage: boolean): MemoryFields | Reason {
  const contiguous = from.physicallyContiguousRequired ?? false;
  const alignment = from.minPhysicalBaseAlignment;
  if (alignment !== undefined) {
    if (!contiguous) return fail("base-alignment-without-contiguous");
    if (alignment <= 0n || (alignment & (alignment - 1n)) !== 0n) {
      return fail("base-alignment-not-power-of-two", { alignment });
    }
  }
  const permittedHeaps: HeapName[] = [];
  if (from.permittedHeaps !== undefined) {
    if (from.permittedHeaps.length === 0) return fail("empty-permitted-heaps");
    for (const { heapType, id } of from.permittedHeaps) {
      if (heapType === undefined) return fail("heap-without-type");
      permittedHeaps.push({ heapType, id: id ?? 0n });
    }
  }
  const secure = from.secureRequired ?? false;
  const memory: MemoryFields = {
    minSizeBytes: fromUint64(from.minSizeBytes ?? 0n),
    maxSizeBytes: from.maxSizeBytes === undefined ? Number.POSITIVE_INFINITY : fromUint64(from.maxSizeBytes),
    maxUnpaddedBytes: Number.POSITIVE_INFINITY,
    contiguous,
    secure,
    cpu: from.cpuDomainSupported ?? !secure,
    ram: from.ramDomainSupported ?? !(secure || cpuUsage),
    inaccessible: from.inaccessibleDomainSupported ?? !cpuUsage,
    permittedHeaps,
    baseAlignment: Number(alignment ?? 1n),
  };
  const reason = checkMemory(run, memory);
  if (reason !== undefined) return reason;
  if (cpuUsage) {
    if (!memory.cpu && !memory.ram) return fail("cpu-usage-without-domain");
    if (secure) return fail("cpu-usage-with-secure");
  }
  if (secure && (memory.cpu || memory.ram)) return fail("secure-with-cpu-domain");
  return memory;
}

/** The checks that one participant's constraints and the aggregated ones have in common. */
export function checkMemory(run: Run, memory: MemoryFields): Reason | undefined {
  const max = Math.min(memory.maxSizeBytes, memory.maxUnpaddedBytes);
  if (memory.minSizeBytes > max) return fail("min-above-max-size-bytes", { min: memory.minSizeBytes, max });
  if (!memory.secure) return undefined;
  if (!memory.inaccessible) return fail("secure-not-permitted", { inaccessible: "no" });
  if (secureHeaps(run, memory).length === 0) return fail("secure-not-permitted");
  return undefined;
}

/** Combines one participant's memory constraints into those of all so far. */
export function combineMemory(into: MemoryFields, other: MemoryFields): Reason | undefined {
  into.minSizeBytes = Math.max(into.minSizeBytes, other.minSizeBytes, 1);
  into.maxSizeBytes = Math.min(into.maxSizeBytes, other.maxSizeBytes);
  into.maxUnpaddedBytes = Math.min(into.maxUnpaddedBytes, other.maxUnpaddedBytes);
  into.contiguous ||= other.contiguous;
  into.secure ||= other.secure;
  into.cpu &&= other.cpu;
  into.ram &&= other.ram;
  into.inaccessible &&= other.inaccessible;
  into.baseAlignment = Math.max(into.baseAlignment, other.baseAlignment);
  if (other.permittedHeaps.length === 0) return undefined;
  if (into.permittedHeaps.length === 0) {
    into.permittedHeaps = other.permittedHeaps.slice();
    return undefined;
  }
  const heaps = into.permittedHeaps;
  for (let at = 0; at < heaps.length; ) {
    const heap = heaps[at];
    if (heap !== undefined && other.permittedHeaps.some((theirs) => isSameHeap(theirs, heap))) at++;
    else swapRemove(heaps, at);
  }
  return heaps.length === 0 ? fail("no-common-heap") : undefined;
}

function isPermitted(memory: MemoryFields, heap: HeapName): boolean {
  return memory.permittedHeaps.length === 0 || memory.permittedHeaps.some((permitted) => isSameHeap(permitted, heap));
}

/** Registered secure heaps that are permitted, the preferred one first. */
function secureHeaps(run: Run, memory: MemoryFields): HeapInfo[] {
  return run.heaps.filter((heap) => heap.secure && isPermitted(memory, heap)).sort(compareHeaps);
}

/** Byte-wise order of the heap types as UTF-8, which is the order of their code points; then by id. */
function compareHeaps(a: HeapName, b: HeapName): number {
  const left = codePoints(a.heapType);
  const right = codePoints(b.heapType);
  const at = left.findIndex((code, at) => code !== right[at]);
  if (at >= 0) return (left[at] ?? 0) - (right[at] ?? -1);
  return left.length - right.length || (a.id < b.id ? -1 : 1);
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

/** Which allocator, and the domains it serves. */
export interface HeapChoice {
  readonly heap: HeapName;
  readonly domains: DomainSupport;
}

/** Chooses the heap: a secure one, SYSTEM_RAM, or the first usable of the permitted ones. */
export function chooseHeap(run: Run, memory: MemoryFields): HeapChoice | Reason {
  if (memory.secure) {
    const heap = secureHeaps(run, memory)[0];
    return heap === undefined ? fail("secure-not-permitted") : choice(heap);
  }
  const systemRam = { heapType: SYSTEM_RAM, id: 0n };
  if (isPermitted(memory, systemRam)) {
    const registered = run.heaps.find((heap) => isSameHeap(heap, systemRam));
    const domains = memory.contiguous ? run.contiguousSystemRam : registered?.domains;
    if (registered === undefined || domains === undefined) {
      const { whyNoContiguousSystemRam: why } = run;
      const contiguous = memory.contiguous ? `, physically contiguous${why === undefined ? "" : ` (${why})`}` : "";
      return fail("no-allocator", { heap: SYSTEM_RAM, contiguous });
    }
    return { heap: systemRam, domains };
  }
  const refused: string[] = [];
  for (const name of memory.permittedHeaps) {
    const heap = run.heaps.find((candidate) => isSameHeap(candidate, name));
    refused.push(
      `${heapText(name)} ${heap === undefined ? "is not registered" : `serves ${domainNames(heap.domains)}`}`,
    );
    if (heap === undefined) continue;
    const { cpu, ram, inaccessible } = heap.domains;
    if ((cpu && memory.cpu) || (ram && memory.ram) || (inaccessible && memory.inaccessible)) return choice(heap);
  }
  return fail("no-usable-heap", { heaps: refused.join(", "), allowed: domainNames(memory) });
}

function choice(heap: HeapInfo): HeapChoice {
  return { heap: { heapType: heap.heapType, id: heap.id }, domains: heap.domains };
}

/** `fuchsia.sysmem2.CoherencyDomain`. */
export const CoherencyDomain = { CPU: 0, RAM: 1, INACCESSIBLE: 2 } as const;

/** Chooses the coherency domain. Who displays gets RAM where all allow it, whatever the heap says of itself. */
export function chooseDomain(memory: MemoryFields, domains: DomainSupport, displayUsage: boolean): WireDomain | Reason {
  if (displayUsage && memory.ram) return CoherencyDomain.RAM;
  if (domains.cpu && memory.cpu) return CoherencyDomain.CPU;
  if (domains.ram && memory.ram) return CoherencyDomain.RAM;
  if (domains.inaccessible && memory.inaccessible) return CoherencyDomain.INACCESSIBLE;
  return fail("no-coherency-domain", { allowed: domainNames(memory), served: domainNames(domains) });
}

/** `CPU, RAM`, or `none`. */
function domainNames(domains: DomainSupport): string {
  const names = [domains.cpu ? "CPU" : "", domains.ram ? "RAM" : "", domains.inaccessible ? "INACCESSIBLE" : ""];
  return names.filter((name) => name !== "").join(", ") || "none";
}
