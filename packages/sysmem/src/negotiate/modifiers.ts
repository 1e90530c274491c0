/** Facts about pixel format modifiers: how the pixels of a format are arranged in memory. */
import type { PixelFormatFacts } from "./formats.ts";

/** `fuchsia.images2.PixelFormatModifier`, the members that have names. */
export const PixelFormatModifier = {
  LINEAR: 0n,
  INTEL_I915_X_TILED: 0x0100_0000_0000_0001n,
  INTEL_I915_Y_TILED: 0x0100_0000_0000_0002n,
  INTEL_I915_YF_TILED: 0x0100_0000_0000_0003n,
  INTEL_I915_Y_TILED_CCS: 0x0100_0000_0100_0002n,
  INTEL_I915_YF_TILED_CCS: 0x0100_0000_0100_0003n,
  ARM_AFBC_16X16: 0x0800_0000_0000_0001n,
  ARM_AFBC_32X8: 0x0800_0000_0000_0002n,
  ARM_LINEAR_TE: 0x0800_0000_0000_1000n,
  ARM_AFBC_16X16_TE: 0x0800_0000_0000_1001n,
  ARM_AFBC_32X8_TE: 0x0800_0000_0000_1002n,
  ARM_AFBC_16X16_YUV_TILED_HEADER: 0x0800_0000_0000_2011n,
  ARM_AFBC_16X16_SPLIT_BLOCK_SPARSE_YUV: 0x0800_0000_0000_0071n,
  ARM_AFBC_16X16_SPLIT_BLOCK_SPARSE_YUV_TE: 0x0800_0000_0000_1071n,
  ARM_AFBC_16X16_SPLIT_BLOCK_SPARSE_YUV_TILED_HEADER: 0x0800_0000_0000_2071n,
  ARM_AFBC_16X16_SPLIT_BLOCK_SPARSE_YUV_TE_TILED_HEADER: 0x0800_0000_0000_3071n,
  GOOGLE_GOLDFISH_OPTIMAL: 0x6700_0000_0000_0001n,
  DO_NOT_CARE: 0x00ff_ffff_ffff_fffen,
  INVALID: 0x00ff_ffff_ffff_ffffn,
} as const;

/** What decides the arithmetic. */
export type ModifierFamily = "linear" | "intel" | "afbc" | "arm-linear-te" | "goldfish";

/** One modifier that can be allocated with some pixel format. Members of other families are 0. */
export interface ModifierFacts {
  readonly value: bigint;
  readonly family: ModifierFamily;
  /** Position in the table: a small integer that stands for the 64-bit value in keys. */
  readonly id: number;
  /** Has an ARM transaction elimination plane behind the image. */
  readonly te: boolean;
  /** Has an Intel colour control surface behind the image. */
  readonly ccs: boolean;
  /** Usable with `secure_required`. */
  readonly protectedOk: boolean;
  /** Intel: one tile of 4096 bytes. */
  readonly tileRows: number;
  readonly tileRowBytes: number;
  /** AFBC: pixels of one block, what width and height are rounded to, and what the header is rounded to. */
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly alignWidth: number;
  readonly alignHeight: number;
  readonly headerAlignment: number;
}

/** Bytes of one Intel tile, whatever its shape. */
export const INTEL_TILE_BYTES = 4096;

const AFBC_FLAGS = { YUV: 0x10n, SPLIT_BLOCK: 0x20n, SPARSE: 0x40n, BCH: 0x800n, TE: 0x1000n, TILED_HEADER: 0x2000n };

const MODIFIERS: ReadonlyMap<bigint, ModifierFacts> = buildTable();

function buildTable(): Map<bigint, ModifierFacts> {
  const table = new Map<bigint, ModifierFacts>();
  const add = (value: bigint, family: ModifierFamily, more: Partial<ModifierFacts> = {}): void => {
    table.set(value, {
      value,
      family,
      id: table.size,
      te: false,
      ccs: false,
      protectedOk: true,
      tileRows: 0,
      tileRowBytes: 0,
      blockWidth: 0,
      blockHeight: 0,
      alignWidth: 0,
      alignHeight: 0,
      headerAlignment: 0,
      ...more,
    });
  };
  add(PixelFormatModifier.LINEAR, "linear");
  add(PixelFormatModifier.INTEL_I915_X_TILED, "intel", { tileRows: 8, tileRowBytes: 512 });
  const yTile = { tileRows: 32, tileRowBytes: 128 };
  add(PixelFormatModifier.INTEL_I915_Y_TILED, "intel", yTile);
  add(PixelFormatModifier.INTEL_I915_YF_TILED, "intel", yTile);
  add(PixelFormatModifier.INTEL_I915_Y_TILED_CCS, "intel", { ...yTile, ccs: true });
  add(PixelFormatModifier.INTEL_I915_YF_TILED_CCS, "intel", { ...yTile, ccs: true });
  const flags = Object.values(AFBC_FLAGS);
  for (let subset = 0; subset < 1 << flags.length; subset++) {
    const bits = flags.reduce((sum, flag, at) => ((subset >> at) & 1 ? sum | flag : sum), 0n);
    const te = (bits & AFBC_FLAGS.TE) !== 0n;
    const tiled = (bits & AFBC_FLAGS.TILED_HEADER) !== 0n;
    const common = { te, protectedOk: !te, headerAlignment: tiled ? 4096 : 1024 };
    add(PixelFormatModifier.ARM_AFBC_16X16 | bits, "afbc", {
      ...common,
      blockWidth: 16,
      blockHeight: 16,
      alignWidth: tiled ? 128 : 16,
      alignHeight: tiled ? 128 : 16,
    });
    add(PixelFormatModifier.ARM_AFBC_32X8 | bits, "afbc", {
      ...common,
      blockWidth: 32,
      blockHeight: 8,
      alignWidth: tiled ? 256 : 32,
      alignHeight: tiled ? 64 : 8,
    });
  }
  add(PixelFormatModifier.ARM_LINEAR_TE, "arm-linear-te", { te: true, protectedOk: false });
  add(PixelFormatModifier.GOOGLE_GOLDFISH_OPTIMAL, "goldfish");
  return table;
}

/** Facts of a modifier that some pixel format supports; undefined for the special values and unknown ones. */
export function modifierFacts(modifier: bigint): ModifierFacts | undefined {
  return MODIFIERS.get(modifier);
}

/** Every modifier that some pixel format supports, unnamed AFBC combinations included. */
export function allModifiers(): ModifierFacts[] {
  return [...MODIFIERS.values()];
}

/** Whether images of this format can be arranged in this way. Undefined arguments are unknown or special values. */
export function isPairSupported(format: PixelFormatFacts | undefined, modifier: ModifierFacts | undefined): boolean {
  if (format === undefined || modifier === undefined) return false;
  if (modifier.family === "intel") return format.intelTiling;
  if (modifier.family === "afbc") return format.afbc;
  return true;
}

/** The name of a modifier for people, its number in hexadecimal when it has none. */
export function modifierName(modifier: bigint): string {
  for (const [name, value] of Object.entries(PixelFormatModifier)) if (value === modifier) return name;
  return `0x${modifier.toString(16).padStart(16, "0")}`;
}
