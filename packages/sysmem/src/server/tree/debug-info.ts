/** How debug names come about. Lifecycle contract 9.1. */
import type { DebugInfo } from "./properties.ts";

/** `Node.SetDebugClientInfo`: the new name remembers the old one; the id is replaced. */
export function renamed(old: DebugInfo, name: string, id: bigint, maxBytes: number): DebugInfo {
  const nested = old.name === "" ? name : `${name} (was ${old.name})`;
  return { name: truncateUtf8(nested, maxBytes), id };
}

/** Name of a token made by `AttachToken`. */
export function attachedName(parent: DebugInfo, maxBytes: number): DebugInfo {
  const name = parent.name === "" ? "from AttachToken()" : `${parent.name} then AttachToken()`;
  return { name: truncateUtf8(name, maxBytes), id: parent.id };
}

/** Cuts to at most `maxBytes` bytes of UTF-8, never within a character. */
export function truncateUtf8(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end));
}
