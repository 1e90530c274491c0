/** One participant's constraints, made ready for combining. The same for every combination of group children. */
import type { Participant } from "./api.ts";
import { MAX_UINT32 } from "./arithmetic.ts";
import { normalizeEntry } from "./entry.ts";
import { checkDistinct, distinctList, flatten, type FormatList } from "./format-list.ts";
import { type MemoryFields, sanitizeMemory } from "./memory.ts";
import { fail, type Reason } from "./reasons.ts";
import { isReason, type Run } from "./run.ts";
import { hasRealUsage, NONE_USAGE, NONE_USAGE_PERMIT_ALLOCATION, type UsageField } from "./usage.ts";
import type { BufferCollectionConstraints, SizeU } from "./wire-types.ts";

/** Usage with every group present. */
export type UsageFields = { [K in UsageField]: number };

/** Constraints with defaults in place, checked on their own. Never modified: several attempts share them. */
export interface Sanitized {
  readonly usage: UsageFields;
  readonly camping: number;
  readonly dedicatedSlack: number;
  readonly sharedSlack: number;
  readonly minBufferCount: number;
  readonly maxBufferCount: number;
  readonly memory: MemoryFields;
  readonly formats: FormatList;
}

/** A participant as attempts see it. */
export interface Prepared {
  readonly name: string;
  readonly requiresSecure: boolean;
  /** Whether it says anything about how big buffers have to be. */
  readonly boundsSize: boolean;
  /** What the participant is made of, or why its constraints are no use to anybody. */
  readonly sanitized: Sanitized | Reason;
  /** Made from existing settings: not somebody who takes part. */
  readonly synthetic: boolean;
}

/** How constraints made from existing settings differ from those a client sends. */
export interface Synthetic {
  /** Bound on the size without padding, where the ordinary bound leaves room for padding. */
  readonly maxUnpaddedBytes: number;
}

/** Prepares a participant that has constraints. */
export function prepareParticipant(
  run: Run,
  participant: Participant,
  constraints: BufferCollectionConstraints,
  synthetic?: Synthetic,
): Prepared {
  const sanitized = sanitize(run, constraints);
  if (synthetic !== undefined && !isReason(sanitized)) sanitized.memory.maxUnpaddedBytes = synthetic.maxUnpaddedBytes;
  return {
    name: participant.name,
    requiresSecure: constraints.bufferMemoryConstraints?.secureRequired ?? false,
    boundsSize: hasSizeBound(constraints),
    sanitized: isReason(sanitized) ? { ...sanitized, participant: participant.name } : sanitized,
    synthetic: synthetic !== undefined,
  };
}

/** Looks at the constraints as the client gave them: defaults bound nothing. */
function hasSizeBound(constraints: BufferCollectionConstraints): boolean {
  if ((constraints.bufferMemoryConstraints?.minSizeBytes ?? 0n) > 0n) return true;
  const isArea = (size: SizeU | undefined): boolean => size !== undefined && size.width > 0 && size.height > 0;
  for (const format of constraints.imageFormatConstraints ?? []) {
    if (isArea(format.minSize) || isArea(format.requiredMaxSize) || format.requiredMaxSizeList?.some(isArea))
      return true;
  }
  return false;
}

function sanitize(run: Run, constraints: BufferCollectionConstraints): Sanitized | Reason {
  const isEmpty = isTableEmpty(constraints);
  const given = constraints.usage;
  const usage: UsageFields = {
    none: isEmpty ? NONE_USAGE : (given?.none ?? 0),
    cpu: given?.cpu ?? 0,
    vulkan: given?.vulkan ?? 0,
    display: given?.display ?? 0,
    video: given?.video ?? 0,
  };
  const realUsage = hasRealUsage(usage);
  if (usage.none === 0) {
    if (!realUsage && !run.open) return fail("no-usage-bit");
  } else {
    if (realUsage) return fail("none-with-other-usage");
    if ((usage.none & NONE_USAGE_PERMIT_ALLOCATION) !== 0 && (usage.none & NONE_USAGE) === 0) {
      return fail("permit-allocation-without-none");
    }
  }
  const minBufferCount = constraints.minBufferCount ?? 0;
  const maxBufferCount = constraints.maxBufferCount ?? MAX_UINT32;
  const counts = checkCounts(minBufferCount, maxBufferCount);
  if (counts !== undefined) return counts;
  const memory = sanitizeMemory(run, constraints.bufferMemoryConstraints ?? {}, usage.cpu !== 0);
  if (isReason(memory)) return memory;
  const entries = flatten(run, constraints.imageFormatConstraints ?? [], realUsage);
  if (isReason(entries)) return entries;
  for (const entry of entries) {
    const reason = normalizeEntry(run, entry, false);
    if (reason !== undefined) return reason;
  }
  const overlap = checkDistinct(entries);
  if (overlap !== undefined) return overlap;
  return {
    usage,
    camping: constraints.minBufferCountForCamping ?? 0,
    dedicatedSlack: constraints.minBufferCountForDedicatedSlack ?? 0,
    sharedSlack: constraints.minBufferCountForSharedSlack ?? 0,
    minBufferCount,
    maxBufferCount,
    memory,
    formats: distinctList(entries),
  };
}

/** Whether no field of a table is set. An empty list of image formats is the same as none. */
function isTableEmpty(constraints: BufferCollectionConstraints): boolean {
  return (
    constraints.usage === undefined &&
    constraints.minBufferCountForCamping === undefined &&
    constraints.minBufferCountForDedicatedSlack === undefined &&
    constraints.minBufferCountForSharedSlack === undefined &&
    constraints.minBufferCount === undefined &&
    constraints.maxBufferCount === undefined &&
    constraints.bufferMemoryConstraints === undefined &&
    (constraints.imageFormatConstraints ?? []).length === 0
  );
}

/** The rules of the bounds on the number of buffers, for one participant and for all together. */
export function checkCounts(min: number, max: number): Reason | undefined {
  if (max === 0) return fail("max-buffer-count-zero");
  return min > max ? fail("min-above-max-buffer-count", { min, max }) : undefined;
}
