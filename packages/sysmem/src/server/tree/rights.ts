/** Rights attenuation down the tree, and what a participant's usage leaves of them. Lifecycle contract 4.3 and 7.1. */
import { Rights } from "#base";

/** What a handed-out VMO can have at most: never EXECUTE, never SIGNAL. */
export const VMO_RIGHTS: number =
  Rights.TRANSFER |
  Rights.DUPLICATE |
  Rights.WAIT |
  Rights.INSPECT |
  Rights.READ |
  Rights.WRITE |
  Rights.MAP |
  Rights.GET_PROPERTY |
  Rights.SET_PROPERTY;

/** Mask of a tree's root: everything. */
export const ALL_RIGHTS = 0xffff_ffff;

/** The child's mask: `SAME_RIGHTS` alone keeps the parent's, any other value can only remove. Unsigned. */
export function attenuate(parentMask: number, requested: number): number {
  if (requested === Rights.SAME_RIGHTS) return parentMask;
  return (parentMask & requested) >>> 0;
}

/** Usage bits under which a participant writes. */
const CPU_WRITE = 4 | 8;
// Image TRANSFER_DST and STORAGE; buffer TRANSFER_DST and STORAGE_BUFFER.
const VULKAN_WRITE = 0x2 | 0x8 | 0x0002_0000 | 0x0020_0000;
const VIDEO_WRITE = 1 | 2 | 16 | 32;

/** The parts of `fuchsia.sysmem2/BufferUsage` that matter here. */
export interface UsageBits {
  readonly none?: number | undefined;
  readonly cpu?: number | undefined;
  readonly vulkan?: number | undefined;
  readonly display?: number | undefined;
  readonly video?: number | undefined;
}

/** True when the usage has a bit that writes. Display has none. */
function usageWrites(usage: UsageBits): boolean {
  return (
    ((usage.cpu ?? 0) & CPU_WRITE) !== 0 ||
    ((usage.vulkan ?? 0) & VULKAN_WRITE) !== 0 ||
    ((usage.video ?? 0) & VIDEO_WRITE) !== 0
  );
}

/** `NONE_USAGE_PERMIT_ALLOCATION`: no usage of its own, and yet VMOs are wanted. */
const NONE_PERMIT_ALLOCATION = 2;

/** True when the participant means to touch the buffers at all: without it no VMOs are delivered. */
export function usageNeedsVmos(usage: UsageBits): boolean {
  return (
    ((usage.none ?? 0) & NONE_PERMIT_ALLOCATION) !== 0 ||
    (usage.cpu ?? 0) !== 0 ||
    (usage.vulkan ?? 0) !== 0 ||
    (usage.display ?? 0) !== 0 ||
    (usage.video ?? 0) !== 0
  );
}

/** Rights of the VMOs for a participant. 0 = no handle is given. */
export function deliveredRights(nodeMask: number, usage: UsageBits): number {
  const fromUsage = usageWrites(usage) ? VMO_RIGHTS : VMO_RIGHTS & ~Rights.WRITE;
  return (fromUsage & nodeMask) >>> 0;
}
