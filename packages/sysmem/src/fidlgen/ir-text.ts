import { InvalidIrError } from "./errors.ts";
import type { JsonIr } from "./ir.ts";

/** Digits that a number can hold whatever they are: 2^53 has 16. */
const EXACT_DIGITS = 15;

/**
 * Reads the text of a JSON IR file. Integers that a number cannot hold exactly (ordinals reach 2^63 - 1) become
 * bigints; `JSON.parse` alone would round them.
 * @throws InvalidIrError when the text is not JSON, or not the IR of a library.
 */
export function parseIr(text: string, file: string): JsonIr {
  const marked = markBigIntegers(text);
  let value: unknown;
  try {
    value = JSON.parse(marked, (_key, item: unknown) =>
      typeof item === "string" && item.startsWith(MARK) ? BigInt(item.slice(MARK.length)) : item,
    );
  } catch (cause) {
    throw new InvalidIrError(file, `the file is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (typeof value !== "object" || value === null || !("name" in value) || !("declaration_order" in value)) {
    throw new InvalidIrError(file, "the file is not the JSON IR of a FIDL library");
  }
  return value as JsonIr;
}

/** Starts a string that stands for an integer. No JSON IR string begins with a control character. */
const MARK = "\u0001";

/** Puts long integers outside of strings into marked strings. */
function markBigIntegers(text: string): string {
  // A string token, or a run of number characters. Strings are matched first so that digits inside them are skipped.
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    token.length > EXACT_DIGITS && /^-?\d+$/.test(token) ? `"\\u0001${token}"` : token,
  );
}
