import { truncateUtf8 } from "../tree/debug-info.ts";

/** `ZX_MAX_NAME_LEN` without the terminator. */
const MAX_NAME_BYTES = 31;

/**
 * Name of a buffer's memory file: the collection's name and the index, cut so that the index stays readable. A kernel's name
 * ends at the first NUL, and so does what is taken of the collection's.
 */
export function vmoName(name: string | undefined, index: number): string {
  const collectionName = name?.split("\0", 1)[0];
  if (collectionName === undefined || collectionName === "") return "Sysmem-core";
  const suffix = `:${index}`;
  return truncateUtf8(collectionName, MAX_NAME_BYTES - suffix.length) + suffix;
}
