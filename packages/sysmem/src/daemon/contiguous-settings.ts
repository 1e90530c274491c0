/**
 * Settings of the contiguous pool, under the names of lifecycle contract 8.5. A setting that would have no effect is a
 * mistake: it says that its reader expects something else.
 */
import {
  MAX_CONTIGUOUS_MEMORY_PERCENT,
  MAX_POOL_GUARD_PAGES,
  MAX_POOL_UNUSED_CYCLE_SECONDS,
  MAX_POOL_UNUSED_DENOMINATOR,
  POOL_PAGE_BYTES,
} from "#base";
import { DEFAULT_POOL_GUARDS, type PoolGuardOptions } from "#heaps";
import { DaemonError } from "./errors.ts";
import type { Section } from "./settings.ts";

/** System RAM to set aside for buffers that must be physically contiguous. */
export interface ContiguousPoolSettings {
  /** Bytes, or a part of the machine's memory. */
  readonly size: { readonly bytes: number } | { readonly percent: number };
  readonly guards: PoolGuardOptions;
  /** The daemon ends when memory outside of all buffers was written. */
  readonly isFatal: boolean;
}

const PREFIX = "contiguous_guard_pages";
const UNUSED = `${PREFIX}_unused`;

/** Reads them; undefined when none is set. Throws `DaemonError` CONFIG. */
export function contiguousPool(root: Section): ContiguousPoolSettings | undefined {
  const bytes = root.get("contiguous_memory_size")?.count();
  const percent = root.get("contiguous_memory_size_percent")?.within(0, MAX_CONTIGUOUS_MEMORY_PERCENT);
  const pageCount = root.get("contiguous_guard_page_count")?.within(1, MAX_POOL_GUARD_PAGES);
  const hasInternal = root.get(`${PREFIX}_internal`)?.boolean();
  const isUnused = root.get(UNUSED)?.boolean();
  const isFatal = root.get(`${PREFIX}_fatal`)?.boolean();
  const denominator = root.get(`${UNUSED}_fraction_denominator`)?.within(1, MAX_POOL_UNUSED_DENOMINATOR);
  const cycle = root.get(`${UNUSED}_cycle_seconds`)?.within(1, MAX_POOL_UNUSED_CYCLE_SECONDS);
  const unusedSettings = { [`${UNUSED}_fraction_denominator`]: denominator, [`${UNUSED}_cycle_seconds`]: cycle };
  if (isUnused !== true) refuse(root, unusedSettings, `${UNUSED} = true`);
  const guardSettings = {
    contiguous_guard_page_count: pageCount,
    [`${PREFIX}_internal`]: hasInternal,
    [UNUSED]: isUnused,
    [`${PREFIX}_fatal`]: isFatal,
  };
  // A size wins over a percentage, as in the original.
  const size = bytes !== undefined ? { bytes } : percent !== undefined ? { percent } : undefined;
  if (size === undefined) {
    refuse(root, guardSettings, "contiguous_memory_size");
    return undefined;
  }
  const guards = {
    pageCount: pageCount ?? DEFAULT_POOL_GUARDS.pageCount,
    hasInternal: hasInternal ?? DEFAULT_POOL_GUARDS.hasInternal,
    unusedFractionDenominator: isUnused === true ? (denominator ?? 1) : 0,
    unusedCycleSeconds: cycle ?? DEFAULT_POOL_GUARDS.unusedCycleSeconds,
  };
  return { size, guards, isFatal: isFatal ?? false };
}

function refuse(root: Section, settings: Readonly<Record<string, unknown>>, needed: string): void {
  const [name] = Object.entries(settings).find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) root.fail(`${name} has no effect without ${needed}`);
}

/** What to set aside, in bytes; 0 for no pool. Throws `DaemonError` CONFIG for what can be no pool on any machine. */
export function contiguousPoolBytes({ size, guards }: ContiguousPoolSettings, memoryBytes: number): number {
  const refuse = (name: string, why: string): never => {
    throw new DaemonError("CONFIG", `cannot use the configured ${name}: ${why}`);
  };
  const name = "bytes" in size ? "contiguous_memory_size" : "contiguous_memory_size_percent";
  const exact = "bytes" in size ? size.bytes : (memoryBytes / 100) * size.percent;
  if (exact === 0) return 0;
  if (!Number.isFinite(exact)) return refuse(name, "this machine does not tell how much memory it has");
  const bytes = Math.ceil(exact / POOL_PAGE_BYTES) * POOL_PAGE_BYTES;
  if (!Number.isSafeInteger(bytes)) return refuse(name, `${exact} bytes are no size of memory`);
  const guardBytes = 2 * guards.pageCount * POOL_PAGE_BYTES;
  if (bytes <= guardBytes) return refuse(name, `${bytes} bytes have no room beside ${guardBytes} bytes of guards`);
  return bytes;
}
