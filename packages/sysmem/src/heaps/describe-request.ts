import { POOL_PAGE_BYTES } from "#base";
import type { AllocateVmoRequest } from "./port.ts";

/** What was asked for, in words that follow "cannot allocate". */
export function describeContiguous(request: AllocateVmoRequest, bufferCount = 1): string {
  const { sizeBytes, baseAlignmentBytes = 0 } = request;
  const times = bufferCount === 1 ? "" : `${bufferCount} times `;
  const aligned = baseAlignmentBytes > POOL_PAGE_BYTES ? ` at a multiple of ${baseAlignmentBytes}` : "";
  return `${times}${sizeBytes} contiguous bytes${aligned}`;
}
