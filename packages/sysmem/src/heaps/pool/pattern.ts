/** What memory that belongs to nobody is filled with: byte i is (i + 1) mod 256. Source: negotiation contract 8.2. */
import { POOL_PAGE_BYTES } from "#base";

/** Of one page. A page is a multiple of 256 bytes, so the pattern goes on from page to page. */
const PATTERN: Uint8Array = Uint8Array.from({ length: POOL_PAGE_BYTES }, (_, index) => (index + 1) % 256);

/** The view under which pages are compared without a view for each. */
export type PoolBytes = Buffer;

/** The same memory, as a `Buffer`. */
export function poolBytes({ buffer, byteOffset, length }: Uint8Array): PoolBytes {
  return Buffer.from(buffer, byteOffset, length);
}

/** Fills whole pages. */
export function writePattern(bytes: PoolBytes, begin: number, end: number): void {
  for (let at = begin; at < end; at += POOL_PAGE_BYTES) bytes.set(PATTERN, at);
}

/** Whether the page that begins here is as it was filled. */
export function hasPattern(bytes: PoolBytes, begin: number): boolean {
  return bytes.compare(PATTERN, 0, POOL_PAGE_BYTES, begin, begin + POOL_PAGE_BYTES) === 0;
}

/** The first byte of a page that is not as it was filled. */
export function firstDifference(bytes: PoolBytes, begin: number): number {
  return begin + PATTERN.findIndex((byte, index) => bytes[begin + index] !== byte);
}
