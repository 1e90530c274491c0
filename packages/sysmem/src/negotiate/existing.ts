/** Settings turned back into constraints, and the questions that are asked with them. */
import type { ExistingAllocation, NegotiationRules, Participant } from "./api.ts";
import { fromUint64 } from "./arithmetic.ts";
import { CoherencyDomain } from "./memory.ts";
import { type Prepared, prepareParticipant, type Synthetic } from "./participant.ts";
import type { Run } from "./run.ts";
import type { BufferCollectionConstraints, ImageFormatConstraints, SingleBufferSettings } from "./wire-types.ts";

/**
 * Constraints that only these settings satisfy. `bufferCount` pins the number of buffers; without it any number will
 * do. As in the original `max_size_bytes` is the size without padding.
 */
export function settingsToConstraints(
  settings: SingleBufferSettings,
  bufferCount?: number,
): BufferCollectionConstraints {
  const memory = settings.bufferSettings ?? {};
  const constraints: BufferCollectionConstraints = {
    usage: { none: 1 },
    bufferMemoryConstraints: {
      minSizeBytes: memory.sizeBytes,
      maxSizeBytes: memory.sizeBytes,
      cpuDomainSupported: memory.coherencyDomain === CoherencyDomain.CPU,
      ramDomainSupported: memory.coherencyDomain === CoherencyDomain.RAM,
      inaccessibleDomainSupported: memory.coherencyDomain === CoherencyDomain.INACCESSIBLE,
    },
  };
  const target = constraints.bufferMemoryConstraints ?? {};
  if (memory.isPhysicallyContiguous === true) target.physicallyContiguousRequired = true;
  if (memory.isSecure === true) target.secureRequired = true;
  if (memory.heap !== undefined) target.permittedHeaps = [{ ...memory.heap }];
  if (bufferCount !== undefined) {
    constraints.minBufferCount = bufferCount;
    constraints.maxBufferCount = bufferCount;
  }
  if (settings.imageFormatConstraints !== undefined) {
    constraints.imageFormatConstraints = [settings.imageFormatConstraints];
  }
  return constraints;
}

/** Constraints that stand for existing settings, with what no constraints can say. `name` is for explanations. */
export function existingSubject(
  rules: NegotiationRules,
  name: string,
  settings: SingleBufferSettings,
  bufferCount?: number,
): { name: string; constraints: BufferCollectionConstraints; synthetic?: Synthetic; exists: true } {
  const constraints = settingsToConstraints(settings, bufferCount);
  const memory = constraints.bufferMemoryConstraints;
  const rawVmoSize = settings.bufferSettings?.rawVmoSize;
  if (!rules.lateAttachmentWithPadding || rawVmoSize === undefined || memory?.maxSizeBytes === undefined) {
    return { name, constraints, exists: true };
  }
  // max_size_bytes bounds the size with its padding, which the VMOs have room for; the size itself stays pinned.
  const maxUnpaddedBytes = fromUint64(memory.maxSizeBytes);
  if (rawVmoSize > memory.maxSizeBytes) memory.maxSizeBytes = rawVmoSize;
  return { name, constraints, synthetic: { maxUnpaddedBytes }, exists: true };
}

/** The participant that stands for existing settings. */
export function prepareExisting(
  run: Run,
  name: string,
  settings: SingleBufferSettings,
  bufferCount?: number,
): Prepared {
  const subject = existingSubject(run.rules, name, settings, bufferCount);
  return prepareParticipant(run, subject, subject.constraints, subject.synthetic);
}

/** Name of the participant that stands for buffers that are there already. */
export const EXISTING_NAME = "existing buffers";

/** Name of the participant that stands for the buffer of somebody's `must_match_vmo`. */
export function mustMatchName(participant: Participant): string {
  return `must_match_vmo of ${participant.name}`;
}

/** A field of the settings that would change. */
export interface SettingsDifference {
  /** Path in snake_case, `image_format_constraints.min_bytes_per_row`. */
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Differences between two allocations in what participants see, first to last. */
export function compareAllocations(before: ExistingAllocation, after: ExistingAllocation): SettingsDifference[] {
  const differences: SettingsDifference[] = [];
  compare("buffer_count", before.bufferCount, after.bufferCount, differences);
  compare("", before.settings, after.settings, differences);
  return differences;
}

/** Lists that are compared as wholes, because their items have no identity. */
const WHOLE = new Set<keyof ImageFormatConstraints | "heap">(["colorSpaces", "requiredMaxSizeList", "heap"]);

function compare(path: string, before: unknown, after: unknown, into: SettingsDifference[]): void {
  if (isTable(before) && isTable(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const name = path === "" ? snakeCase(key) : `${path}.${snakeCase(key)}`;
      if ((WHOLE as ReadonlySet<string>).has(key)) {
        if (flat(before[key]) !== flat(after[key])) into.push({ field: name, before: before[key], after: after[key] });
      } else compare(name, before[key], after[key], into);
    }
    return;
  }
  if (before !== after) into.push({ field: path, before, after });
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Text that is equal for equal plain values, un-set members left out. */
export function flat(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === "bigint" ? `${member}` : member)) ?? "un-set";
}

/** `minBytesPerRow` as FIDL spells it. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
