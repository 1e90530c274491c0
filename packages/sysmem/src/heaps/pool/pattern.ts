/** What memory that belongs to nobody is filled with: byte i is (i + 1) mod 256. Source: negotiation contract 8.2. */
import { POOL_PAGE_BYTES } from "#base";

/** Of one page. A page is a multiple of 256 bytes, so the pattern goes on from page to page. */
const PATTERN: Buffer = Buffer.from(Array.from({ length: POOL_PAGE_BYTES }, (_, index) => (index + 1) % 256));

/** Fills whole pages. */
export function writePattern(bytes: Uint8Array, begin: number, end: number): void {
  for (let at = begin; at < end; at += POOL_PAGE_BYTES) bytes.set(PATTERN, at);
}

/** Whether the page that begins here is as it was filled. */
export function hasPattern(bytes: Uint8Array, begin: number): boolean {
  return PATTERN.compare(bytes, begin, begin + POOL_PAGE_BYTES) === 0;
}

/** The first byte of a page that is not as it was filled. */
export function firstDifference(bytes: Uint8Array, begin: number): number {
  return begin + PATTERN.findIndex((byte, index) => bytes[begin + index] !== byte);
}
