/**
 * One attempt: from prepared participants to settings, or to the reason why there are none. The steps follow the
 * written rules of negotiation in their order; every failure past secure memory is the same error to a client.
 */
import { type Allocation, NegotiationError, type Outcome } from "./api.ts";
import { MAX_UINT32 } from "./arithmetic.ts";
import { ColorSpace, colorSpaceRank } from "./formats.ts";
import { copyEntry, type Entry, isColorSpaceOpen, normalizeEntry } from "./entry.ts";
import { combineLists, type CommonFormats, finishRequiredMaxSizes, swapRemove } from "./format-list.ts";
import { checkMemory, combineMemory, type MemoryFields, unconstrainedMemory } from "./memory.ts";
import { checkCounts, type Prepared, type UsageFields } from "./participant.ts";
import { fail, type Reason } from "./reasons.ts";
import { isReason, type Run } from "./run.ts";
import { settle } from "./settle.ts";
import type { ColorSpace as WireColorSpace } from "./wire-types.ts";
import { hasRealUsage, NONE_USAGE, NONE_USAGE_PERMIT_ALLOCATION } from "./usage.ts";

/** Everything combined so far. Owned by one attempt. */
export interface Accumulated {
  usage: UsageFields;
  camping: number;
  dedicatedSlack: number;
  sharedSlack: number;
  minBufferCount: number;
  maxBufferCount: number;
  memory: MemoryFields;
  formats: CommonFormats;
}

/** What is combined when nobody has said anything. */
export function nothingYet(): Accumulated {
  return {
    usage: { none: NONE_USAGE, cpu: 0, vulkan: 0, display: 0, video: 0 },
    camping: 0,
    dedicatedSlack: 0,
    sharedSlack: 0,
    minBufferCount: 0,
    maxBufferCount: MAX_UINT32,
    memory: { ...unconstrainedMemory(), minSizeBytes: 1 },
    formats: { entries: [], isDistinct: true },
  };
}

/** A copy that another combination of group children can go on with. */
export function copyAccumulated(from: Accumulated): Accumulated {
  return {
    ...from,
    usage: { ...from.usage },
    memory: { ...from.memory, permittedHeaps: from.memory.permittedHeaps.slice() },
    formats: { entries: from.formats.entries.map(copyEntry), isDistinct: from.formats.isDistinct },
  };
}

/** Whether secure memory keeps an attempt from being made now. */
export function checkSecureMemory(run: Run, participants: readonly Prepared[]): Outcome | undefined {
  if (run.secureMemory === "ready" || run.secureMemory === "not-expected") return undefined;
  if (!participants.some((participant) => participant.requiresSecure)) return undefined;
  if (run.secureMemory === "lost") {
    return { ok: false, error: NegotiationError.UNSPECIFIED, reason: fail("secure-memory-lost") };
  }
  return { ok: false, error: NegotiationError.PENDING, reason: fail("secure-memory-not-ready") };
}

/** The error of every conflict. */
export function noIntersection(reason: Reason): Outcome & { readonly ok: false } {
  return { ok: false, error: NegotiationError.CONSTRAINTS_INTERSECTION_EMPTY, reason };
}

/** Whether anybody takes part and anybody says how big buffers have to be. */
export function checkSizeBound(run: Run, participants: readonly Prepared[]): Reason | undefined {
  if (run.open) return undefined;
  if (participants.length === 0) return fail("no-participants");
  return participants.some((participant) => participant.boundsSize) ? undefined : fail("no-size-bound");
}

/** Combines one more participant into what all so far have in common. */
export function accumulate(run: Run, into: Accumulated, participant: Prepared): Reason | undefined {
  const from = participant.sanitized;
  if (isReason(from)) return from;
  into.usage.none |= from.usage.none;
  into.usage.cpu |= from.usage.cpu;
  into.usage.vulkan |= from.usage.vulkan;
  into.usage.display |= from.usage.display;
  into.usage.video |= from.usage.video;
  into.camping += from.camping;
  into.dedicatedSlack += from.dedicatedSlack;
  into.sharedSlack = Math.max(into.sharedSlack, from.sharedSlack);
  into.minBufferCount = Math.max(into.minBufferCount, from.minBufferCount);
  into.maxBufferCount = Math.min(into.maxBufferCount, from.maxBufferCount);
  const reason = combineMemory(into.memory, from.memory);
  if (reason !== undefined) return reason;
  if (from.formats.entries.length === 0) return undefined;
  if (into.formats.entries.length === 0) {
    into.formats.entries = from.formats.entries.map(copyEntry);
    return undefined;
  }
  return combineLists(run, into.formats, from.formats, participant.synthetic);
}

/** Checks what came out of all participants, and leaves only specific formats with one color space each. */
export function finishAggregation(run: Run, all: Accumulated): Reason | undefined {
  const entries = all.formats.entries;
  for (const entry of entries) {
    const reason = finishRequiredMaxSizes(entry);
    if (reason !== undefined) return reason;
  }
  if (!run.open && !hasRealUsage(all.usage) && (all.usage.none & NONE_USAGE_PERMIT_ALLOCATION) === 0) {
    return fail("only-none-usage");
  }
  const reason = checkCounts(all.minBufferCount, all.maxBufferCount) ?? checkMemory(run, all.memory);
  if (reason !== undefined) return reason;
  for (const entry of entries) {
    const found = normalizeEntry(run, entry, true);
    if (found !== undefined) return found;
  }
  return entries.length === 0 ? undefined : keepSpecific(run, entries);
}

function keepSpecific(run: Run, entries: Entry[]): Reason | undefined {
  removeWhere(entries, (entry) => entry.isPartlyOpen);
  if (entries.length === 0) return run.open ? undefined : fail("no-specific-format");
  // Even where an open color space does no harm, formats with a real one come first: the choice has to be the same.
  if (!run.open || entries.some((entry) => !isColorSpaceOpen(entry.colorSpaces))) {
    removeWhere(entries, (entry) => isColorSpaceOpen(entry.colorSpaces));
  }
  if (entries.length === 0) return fail("no-specific-color-space");
  for (const entry of entries) {
    let best: WireColorSpace = entry.colorSpaces[0] ?? ColorSpace.INVALID;
    for (const colorSpace of entry.colorSpaces)
      if (colorSpaceRank(colorSpace) < colorSpaceRank(best)) best = colorSpace;
    entry.colorSpaces = [best];
  }
  return undefined;
}

function removeWhere(entries: Entry[], isGone: (entry: Entry) => boolean): void {
  for (let at = 0; at < entries.length; ) {
    const entry = entries[at];
    if (entry !== undefined && isGone(entry)) swapRemove(entries, at);
    else at++;
  }
}

/** A whole attempt over a list of participants, secure memory aside. */
export function attempt(run: Run, participants: readonly Prepared[]): Allocation | Reason {
  return checkSizeBound(run, participants) ?? finishAttempt(run, nothingYet(), participants);
}

/** Goes on from what is combined already, and decides. `all` is used up. */
export function finishAttempt(run: Run, all: Accumulated, rest: readonly Prepared[]): Allocation | Reason {
  for (const participant of rest) {
    const reason = accumulate(run, all, participant);
    if (reason !== undefined) return reason;
  }
  return finishAggregation(run, all) ?? settle(run, all);
}
