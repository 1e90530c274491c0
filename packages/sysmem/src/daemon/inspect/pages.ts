/** What fits into a message: texts that are cut, lists that come in pages. */
import { MAX_INSPECT_PAGE_BYTES, MAX_INSPECT_TEXT_BYTES } from "#base";
import type { TypeCodec } from "#fidl";
import { MAX_PAGE } from "#gen/sysmem_inspect";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Cuts to at most `maxBytes` of UTF-8, never within a character. What was cut ends in "...". */
export function clip(text: string, maxBytes: number = MAX_INSPECT_TEXT_BYTES): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes - 3;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return `${decoder.decode(bytes.subarray(0, end))}...`;
}

/** Part of a list. */
export interface Page<T> {
  readonly items: T[];
  /** Others follow. */
  readonly more: boolean;
}

/** As many of `items` as one answer holds. The first is taken even when it is too large for that. */
export function fill<T>(
  items: Iterable<T>,
  codec: TypeCodec<T>,
  { maxBytes = MAX_INSPECT_PAGE_BYTES, maxCount = MAX_PAGE }: { maxBytes?: number; maxCount?: number } = {},
): Page<T> {
  const page: T[] = [];
  let bytes = 0;
  for (const item of items) {
    if (page.length >= maxCount) return { items: page, more: true };
    bytes += sizeOf(item, codec);
    if (bytes > maxBytes && page.length > 0) return { items: page, more: true };
    page.push(item);
  }
  return { items: page, more: false };
}

/** Bytes that a value takes in a message. */
export function sizeOf<T>(value: T, codec: TypeCodec<T>): number {
  return codec.encode(value).bytes.length;
}
