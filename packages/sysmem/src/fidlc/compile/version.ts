/** Versions of platforms, and the life of an element. */

/** A number: HEAD and NEXT have numbers too, so that versions are ordered as numbers. */
export type Version = number;

/** What the next numbered level will have. */
export const NEXT: Version = 0xffd0_0000;
/** The newest sources. */
export const HEAD: Version = 0xffe0_0000;
const MAX_NUMBERED_VERSION: Version = 0x7fff_ffff;
/** Later than every version: the end of what is never removed. */
export const NEVER: Version = Number.POSITIVE_INFINITY;

/** A version as written in text or on a command line; nothing when it is none. */
export function parseVersion(text: string): Version | undefined {
  if (text === "HEAD") return HEAD;
  if (text === "NEXT") return NEXT;
  if (!/^[0-9]{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  if (value === HEAD || value === NEXT) return value;
  return value >= 1 && value <= MAX_NUMBERED_VERSION ? value : undefined;
}

/** As it is written in FIDL. */
export function versionName(version: Version): string {
  if (version === HEAD) return "HEAD";
  if (version === NEXT) return "NEXT";
  return String(version);
}

/** How an element's life ends. `inherited`: with its parent's. */
export type Ending = "none" | "removed" | "replaced" | "inherited";

/** From `added` up to, not with, `removed`. */
export interface Availability {
  readonly added: Version;
  /** `NEVER` when it is not deprecated. */
  readonly deprecated: Version;
  /** Also where `replaced` was written. */
  readonly removed: Version;
  readonly ending: Ending;
  /** The new name after `removed`. */
  readonly renamed?: string | undefined;
}

/** Elements of libraries without `@available`, and the built-ins. */
export const ALWAYS: Availability = { added: 0, deprecated: NEVER, removed: NEVER, ending: "none" };

/** True from `added` on, until `removed`. */
export function existsAt(availability: Availability, version: Version): boolean {
  return availability.added <= version && version < availability.removed;
}

/** True when there is a version in which both exist. */
export function overlap(a: Availability, b: Availability): boolean {
  return a.added < b.removed && b.added < a.removed;
}

/** `from 3 to 5`, for messages about two lives that overlap. */
export function describeOverlap(a: Availability, b: Availability): string {
  const from = Math.max(a.added, b.added);
  const to = Math.min(a.removed, b.removed);
  return to === NEVER ? `from ${versionName(from)} on` : `from ${versionName(from)} until ${versionName(to)}`;
}

/** Versions that a compilation is for, ascending. One, or several that are compiled together. */
export type Selection = readonly Version[];

/** Whether an element exists in any selected version. */
export function isSelected(availability: Availability, selection: Selection): boolean {
  return selection.some((version) => existsAt(availability, version));
}

/** Deprecated in the newest selected version where it exists. */
export function isDeprecated(availability: Availability, selection: Selection): boolean {
  const last = selection.filter((version) => existsAt(availability, version)).at(-1);
  return last !== undefined && availability.deprecated <= last;
}
