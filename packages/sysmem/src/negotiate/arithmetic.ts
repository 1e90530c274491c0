/**
 * Whole-number arithmetic on doubles. Everything that can be part of a result is far below 2^53 and exact; what grows
 * past it only has to stay larger than every bound it is compared with.
 */

/** Largest uint32: "no upper bound" in most image fields. */
export const MAX_UINT32 = 0xffff_ffff;

/** Largest uint64: "no upper bound" in the 64-bit fields. */
export const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** Smallest multiple of `multiple` that is at least `value`; 0 stays 0. */
export function roundUp(value: number, multiple: number): number {
  const rest = value % multiple;
  return rest === 0 ? value : value - rest + multiple;
}

/** Largest multiple of `multiple` that is at most `value`. */
export function roundDown(value: number, multiple: number): number {
  return value - (value % multiple);
}

/** Whether a uint32 is a power of two. */
export function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

/** Least common multiple of two non-zero uint32, undefined when it is no uint32. */
export function leastCommonMultiple(a: number, b: number): number | undefined {
  let x = a;
  let y = b;
  while (y !== 0) {
    const rest = x % y;
    x = y;
    y = rest;
  }
  const result = (a / x) * b;
  return result > MAX_UINT32 ? undefined : result;
}

/**
 * A uint64 as a number: exact below 2^53, and rounded above, where it only has to stay larger than every limit on
 * bytes.
 */
export function fromUint64(value: bigint): number {
  return Number(value);
}
