/** Enums and bits as constants: members, codec, helpers. */
import {
  type BitsHelpers,
  type BitsType,
  type EnumHelpers,
  type EnumType,
  RESERVED_CONSTANT_NAMES,
} from "./codec-types.ts";
import { createCodec } from "./codec.ts";
import type { BitsDescriptor, EnumDescriptor } from "./descriptors.ts";
import { EncodeError, type WireErrorCode } from "./errors.ts";
import { bitsMask, INTEGER_RANGES } from "./wire/scalars.ts";

type Members = Readonly<Record<string, number | bigint>>;

function constantMembers(members: Members): Members {
  const named: Record<string, number | bigint> = {};
  for (const [name, value] of Object.entries(members)) {
    named[RESERVED_CONSTANT_NAMES.includes(name) ? `${name}_` : name] = value;
  }
  return named;
}

/**
 * The value that generated code exports for an enum: members by name, codec, and the questions one asks about values.
 * `from` throws `EncodeError` for values that the enum cannot have.
 */
export function createEnumType<T extends number | bigint, M extends object>(
  descriptor: EnumDescriptor,
): EnumType<T, M> {
  const names = new Map<number | bigint, string>();
  for (const [name, value] of Object.entries(descriptor.members)) if (!names.has(value)) names.set(value, name);
  const [least, greatest] = INTEGER_RANGES[descriptor.subtype];
  const refuse = (code: WireErrorCode, value: unknown): never => {
    throw new EncodeError({
      code,
      path: descriptor.name,
      offset: 0,
      expected: descriptor.subtype,
      actual: String(value),
    });
  };
  const helpers: EnumHelpers<T> = {
    ...createCodec<T>(descriptor),
    descriptor,
    isKnown: (value) => names.has(value),
    nameOf: (value) => names.get(value),
    from(value) {
      if (typeof value !== typeof least) return refuse("INVALID_VALUE", value);
      if (!(value >= least && value <= greatest) || (typeof value === "number" && !Number.isInteger(value))) {
        return refuse("VALUE_OUT_OF_RANGE", value);
      }
      if (descriptor.isStrict && !names.has(value)) return refuse("STRICT_ENUM_UNKNOWN_VALUE", value);
      return value as T;
    },
  };
  return Object.freeze({ ...constantMembers(descriptor.members), ...helpers }) as EnumType<T, M>;
}

/** Operations that give unsigned results for number and bigint alike. */
const numbers = {
  or: (a: number, b: number): number => (a | b) >>> 0,
  and: (a: number, b: number): number => (a & b) >>> 0,
  without: (a: number, b: number): number => (a & ~b) >>> 0,
};
const bigints = {
  or: (a: bigint, b: bigint): bigint => a | b,
  and: (a: bigint, b: bigint): bigint => a & b,
  without: (a: bigint, b: bigint): bigint => a & ~b,
};

/**
 * The value that generated code exports for bits: members by name, codec, and set operations, which give unsigned
 * numbers or, for 64 bits, bigints.
 */
export function createBitsType<T extends number | bigint, M extends object>(
  descriptor: BitsDescriptor,
): BitsType<T, M> {
  const isWide = descriptor.subtype === "uint64";
  const { or, and, without } = (isWide ? bigints : numbers) as unknown as Record<
    "or" | "and" | "without",
    (a: T, b: T) => T
  >;
  const zero = (isWide ? 0n : 0) as T;
  const mask = bitsMask(descriptor) as T;
  const has = (value: T, flags: T): boolean => and(value, flags) === or(flags, zero);
  const helpers: BitsHelpers<T> = {
    ...createCodec<T>(descriptor),
    descriptor,
    mask,
    unknownBits: (value) => without(value, mask),
    namesOf(value) {
      const members = Object.entries(descriptor.members);
      return members.filter(([, bits]) => bits !== zero && has(value, bits as T)).map(([name]) => name);
    },
    complement: (value) => without(mask, value),
    of: (...values) => values.reduce(or, zero),
    has,
  };
  return Object.freeze({ ...constantMembers(descriptor.members), ...helpers }) as BitsType<T, M>;
}
