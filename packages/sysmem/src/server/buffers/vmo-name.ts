import { truncateUtf8 } from "../tree/debug-info.ts";

/** `ZX_MAX_NAME_LEN` without the terminator. */
const MAX_NAME_BYTES = 31;

/** Name of a buffer's memory file: the collection's name and the index, cut so that the index stays readable. */
export function vmoName(collectionName: string | undefined, index: number): string {
  if (collectionName === undefined || collectionName === "") return "Sysmem-core";
  const suffix = `:${index}`;
  return truncateUtf8(collectionName, MAX_NAME_BYTES - suffix.length) + suffix;
}
