/** Usage bits: what they mean for the handles a participant receives. */
import type { BufferUsage } from "./wire-types.ts";

/** The five groups of `BufferUsage`. */
export const USAGE_FIELDS = ["none", "cpu", "vulkan", "display", "video"] as const;
/** The name of a group of usage bits. */
export type UsageField = (typeof USAGE_FIELDS)[number];

/** Bit names of each group, as `fuchsia.sysmem2` declares them, without their common prefix. */
export const USAGE_BITS: Readonly<Record<UsageField, Readonly<Record<string, number>>>> = {
  none: { NONE_USAGE: 1, NONE_USAGE_PERMIT_ALLOCATION: 2 },
  cpu: { READ: 1, READ_OFTEN: 2, WRITE: 4, WRITE_OFTEN: 8 },
  vulkan: {
    IMAGE_TRANSFER_SRC: 0x1,
    IMAGE_TRANSFER_DST: 0x2,
    IMAGE_SAMPLED: 0x4,
    IMAGE_STORAGE: 0x8,
    IMAGE_COLOR_ATTACHMENT: 0x10,
    IMAGE_STENCIL_ATTACHMENT: 0x20,
    IMAGE_TRANSIENT_ATTACHMENT: 0x40,
    IMAGE_INPUT_ATTACHMENT: 0x80,
    BUFFER_TRANSFER_SRC: 0x1_0000,
    BUFFER_TRANSFER_DST: 0x2_0000,
    BUFFER_UNIFORM_TEXEL: 0x4_0000,
    BUFFER_STORAGE_TEXEL: 0x8_0000,
    BUFFER_UNIFORM: 0x10_0000,
    BUFFER_STORAGE: 0x20_0000,
    BUFFER_INDEX: 0x40_0000,
    BUFFER_VERTEX: 0x80_0000,
    BUFFER_INDIRECT: 0x100_0000,
  },
  display: { LAYER: 1, CURSOR: 2 },
  video: { HW_DECODER: 1, HW_ENCODER: 2, CAPTURE: 8, DECRYPTOR_OUTPUT: 16, HW_DECODER_INTERNAL: 32 },
};

/** `usage.none` = NONE_USAGE: takes part, receives nothing. */
export const NONE_USAGE = 1;
/** `usage.none` bit 2: takes part in the decision for somebody, and its VMOs may be the only ones. */
export const NONE_USAGE_PERMIT_ALLOCATION = 2;

/** CPU WRITE and WRITE_OFTEN. */
const CPU_WRITES = 0xc;
/** Image TRANSFER_DST and STORAGE, buffer TRANSFER_DST and STORAGE. */
const VULKAN_WRITES = 0x22_000a;
/** HW_DECODER, HW_ENCODER, DECRYPTOR_OUTPUT, HW_DECODER_INTERNAL. */
const VIDEO_WRITES = 0x33;

/** Whether a participant writes, so that its VMOs keep the write right. */
export function hasWriteUsage(usage: BufferUsage | undefined): boolean {
  if (usage === undefined) return false;
  return (
    ((usage.cpu ?? 0) & CPU_WRITES) !== 0 ||
    ((usage.vulkan ?? 0) & VULKAN_WRITES) !== 0 ||
    ((usage.video ?? 0) & VIDEO_WRITES) !== 0
  );
}

/** Whether a participant receives VMOs at all: it uses the memory, or NONE_USAGE_PERMIT_ALLOCATION stands in for use. */
export function getsVmo(usage: BufferUsage | undefined): boolean {
  if (usage === undefined) return false;
  return hasRealUsage(usage) || ((usage.none ?? 0) & NONE_USAGE_PERMIT_ALLOCATION) !== 0;
}

/** Whether any cpu, vulkan, display or video bit is set. */
export function hasRealUsage(usage: BufferUsage): boolean {
  return ((usage.cpu ?? 0) | (usage.vulkan ?? 0) | (usage.display ?? 0) | (usage.video ?? 0)) !== 0;
}

/** Usage bits for people: `cpu READ|WRITE, display LAYER`. */
export function describeUsage(usage: BufferUsage | undefined): string {
  const parts: string[] = [];
  for (const field of USAGE_FIELDS) {
    let rest = usage?.[field] ?? 0;
    if (rest === 0) continue;
    const names: string[] = [];
    for (const [name, bit] of Object.entries(USAGE_BITS[field])) {
      if ((rest & bit) === 0) continue;
      names.push(name);
      rest = (rest & ~bit) >>> 0;
    }
    if (rest !== 0) names.push(`0x${rest.toString(16)}`);
    parts.push(field === "none" ? names.join("|") : `${field} ${names.join("|")}`);
  }
  return parts.length === 0 ? "no usage" : parts.join(", ");
}
