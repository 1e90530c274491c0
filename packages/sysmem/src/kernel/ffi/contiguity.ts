/** Proves that mapped pages follow each other in physical memory. Source: Documentation/admin-guide/mm/pagemap.rst. */
import { closeSync, openSync, readSync } from "node:fs";
import { addressOfBuffer, type Libc } from "./libc.ts";
import { SC_PAGESIZE } from "./constants.ts";

const ENTRY_BYTES = 8;
const PRESENT = 1n << 63n;
/** Bits 0 to 54. Zero for whoever may not know. */
const FRAME = (1n << 55n) - 1n;

/**
 * Undefined when the pages of `bytes` are one physical extent, else why that is not so or not known.
 * @param bytes mapped, its beginning aligned to `pageBytes`
 */
export function contiguityFault(libc: Libc, bytes: Uint8Array, pageBytes: number): string | undefined {
  const systemPageBytes = libc.sysconf(SC_PAGESIZE);
  const address = Number(addressOfBuffer(bytes));
  const entry = new DataView(new ArrayBuffer(ENTRY_BYTES));
  const pagemap = openSync("/proc/self/pagemap", "r");
  try {
    let first: bigint | undefined;
    for (let at = 0; at < bytes.length; at += pageBytes) {
      // Only what was touched is there to be looked at.
      void bytes[at];
      readSync(pagemap, entry, 0, ENTRY_BYTES, ((address + at) / systemPageBytes) * ENTRY_BYTES);
      const value = entry.getBigUint64(0, true);
      const frame = value & FRAME;
      if ((value & PRESENT) === 0n || frame === 0n)
        return "where they are is not shown (it takes CAP_SYS_ADMIN, and memory files)";
      first ??= frame;
      if (frame !== first + BigInt(at / systemPageBytes)) return "they do not follow each other";
    }
    return undefined;
  } finally {
    closeSync(pagemap);
  }
}
