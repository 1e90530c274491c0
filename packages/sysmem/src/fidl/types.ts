/** Constructors of codecs: what generated data types are made with. */
import type { BitsType, EnumType, TypeCodec } from "./codec-types.ts";
import type {
  BitsDescriptor,
  EnumDescriptor,
  StructDescriptor,
  TableDescriptor,
  UnionDescriptor,
} from "./descriptors.ts";
import { createCodec } from "./codec.ts";
import { createBitsType, createEnumType } from "./constants.ts";

/** Codec of a struct. */
export function struct<T>(descriptor: Omit<StructDescriptor, "kind">): TypeCodec<T> {
  return createCodec<T>({ kind: "struct", ...descriptor });
}

/** Codec of a table. */
export function table<T>(descriptor: Omit<TableDescriptor, "kind">): TypeCodec<T> {
  return createCodec<T>({ kind: "table", ...descriptor });
}

/** Codec of a union. */
export function union<T>(descriptor: Omit<UnionDescriptor, "kind">): TypeCodec<T> {
  return createCodec<T>({ kind: "union", ...descriptor });
}

/**
 * Constant of an enum: its members under their FIDL names (with a trailing underscore where `RESERVED_CONSTANT_NAMES` has
 * the name), the codec, and helpers.
 */
export function enumType<T extends number | bigint, Members extends object>(
  descriptor: Omit<EnumDescriptor, "kind">,
): EnumType<T, Members> {
  return createEnumType<T, Members>({ kind: "enum", ...descriptor });
}

/** Constant of a bits type, in the same way. */
export function bitsType<T extends number | bigint, Members extends object>(
  descriptor: Omit<BitsDescriptor, "kind">,
): BitsType<T, Members> {
  return createBitsType<T, Members>({ kind: "bits", ...descriptor });
}
