import { POOL_PAGE_BYTES } from "#base";
import type { AllocateVmoRequest } from "./port.ts";

/** What was asked for, in words that follow "cannot allocate". */
export function describeContiguous({ sizeBytes, baseAlignmentBytes = 0 }: AllocateVmoRequest): string {
  const aligned = baseAlignmentBytes > POOL_PAGE_BYTES ? ` at a multiple of ${baseAlignmentBytes}` : "";
  return `${sizeBytes} contiguous bytes${aligned}`;
}
