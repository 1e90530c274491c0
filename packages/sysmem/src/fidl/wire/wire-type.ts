/**
 * The reflective codec: one object per type, walking the value step by step and keeping the path. It is the reference for
 * the generated one (`generate.ts`), runs where code may not be generated, and explains every failure of either.
 */
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";

/** A part of a value that may hold handles, for `closeHandles`. */
export type Part = readonly [WireType, unknown];

export interface WireType {
  /** Inline bytes. */
  readonly size: number;
  /** Writes the inline part at `at`, which is reserved and zero, at this depth. */
  encode(e: Encoder, value: unknown, at: number, depth: number): void;
  /** Reads the inline part at `at`, which is inside the bytes, at this depth. */
  decode(d: Decoder, at: number, depth: number): unknown;
  /** Absent when no value of the type holds handles. Closes `value` itself or adds its parts to `rest`. */
  close?(value: unknown, rest: Part[]): void;
}

/** For people: what kind of JavaScript value this is. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return Array.isArray(value) ? "an array" : typeof value;
}

/** How a value says that an optional one is not there: null or undefined. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** Refuses null and undefined, then everything that is no object. */
export function requireObject(e: Encoder, value: unknown, at: number, what: string): object {
  if (isAbsent(value)) return e.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at, what, describe(value));
  if (typeof value !== "object") return e.fail("INVALID_VALUE", at, what, describe(value));
  return value;
}
