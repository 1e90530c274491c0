/** Codec of any type, through the public API: named types as they are, others inside a struct. */
import { struct, table, type TypeCodec, type TypeDescriptor, union } from "#fidl";

const codecs = new WeakMap<TypeDescriptor, TypeCodec<unknown>>();

/** For structs, tables and unions. */
export function codecOf(type: TypeDescriptor): TypeCodec<unknown> {
  let codec = codecs.get(type);
  if (codec === undefined) {
    codec = make(type);
    codecs.set(type, codec);
  }
  return codec;
}

function make(type: TypeDescriptor): TypeCodec<unknown> {
  switch (type.kind) {
    case "struct":
      return struct(type);
    case "table":
      return table(type);
    case "union":
      return union(type);
    default:
      throw new TypeError(`${type.kind} is no top-level type`);
  }
}
