/** Numbers: literals, and the ranges of the primitive types. */
import type { PrimitiveSubtype } from "./model.ts";

export const INTEGER_RANGES: ReadonlyMap<string, readonly [bigint, bigint]> = new Map([
  ["int8", [-(2n ** 7n), 2n ** 7n - 1n]],
  ["int16", [-(2n ** 15n), 2n ** 15n - 1n]],
  ["int32", [-(2n ** 31n), 2n ** 31n - 1n]],
  ["int64", [-(2n ** 63n), 2n ** 63n - 1n]],
  ["uint8", [0n, 2n ** 8n - 1n]],
  ["uint16", [0n, 2n ** 16n - 1n]],
  ["uint32", [0n, 2n ** 32n - 1n]],
  ["uint64", [0n, 2n ** 64n - 1n]],
]);

const MAX_FLOAT32 = 3.4028234663852886e38;
/** More digits than any number of 64 bits has, in any base with leading zeros to spare. */
const MAX_DIGITS = 128;

/** True for types of whole numbers. */
export function isInteger(subtype: PrimitiveSubtype): boolean {
  return INTEGER_RANGES.has(subtype);
}

/** True when the type is one of integers and holds the value. */
export function fits(value: bigint, subtype: PrimitiveSubtype): boolean {
  const range = INTEGER_RANGES.get(subtype);
  return range !== undefined && value >= range[0] && value <= range[1];
}

/** True when the type holds the value, rounded if need be. */
export function fitsFloat(value: number, subtype: "float32" | "float64"): boolean {
  return Number.isFinite(value) && (subtype === "float64" || Math.abs(value) <= MAX_FLOAT32);
}

export type NumericLiteral =
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number };

/** Value of a literal; nothing when it is malformed, as `0x`, `12ab` or `1_000`. */
export function parseNumber(text: string): NumericLiteral | undefined {
  if (text.length > MAX_DIGITS) return undefined;
  const isNegative = text.startsWith("-");
  const digits = isNegative ? text.slice(1) : text;
  let value: bigint | undefined;
  if (/^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[bB][01]+)$/.test(digits)) value = BigInt(digits);
  // A leading zero means base 8, as in C.
  else if (/^0[0-7]+$/.test(digits)) value = BigInt(`0o${digits}`);
  if (value !== undefined) return { kind: "integer", value: isNegative ? -value : value };
  if (!/^[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(digits)) return undefined;
  return { kind: "float", value: Number(text) };
}
