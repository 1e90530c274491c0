import type { SingleBufferSettings } from "../types.ts";

/** Whether two collections have equal settings; with `ignoreSize` apart from `size_bytes` and `raw_vmo_size`. */
export function sameSettings(a: SingleBufferSettings, b: SingleBufferSettings, ignoreSize: boolean): boolean {
  return equal(a, b, ignoreSize ? SIZES : NOTHING);
}

const NOTHING: ReadonlySet<string> = new Set();
const SIZES: ReadonlySet<string> = new Set(["sizeBytes", "rawVmoSize"]);

/** Structural equality of decoded FIDL values. An absent member equals one that is `undefined`. */
function equal(a: unknown, b: unknown, ignored: ReadonlySet<string>): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => equal(item, b[i], ignored));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (!ignored.has(key) && !equal(left[key], right[key], ignored)) return false;
  }
  return true;
}
