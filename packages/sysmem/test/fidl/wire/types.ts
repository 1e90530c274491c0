/** Types for the tests of the wire format, written by hand. */
import { type IntegerKind, ObjectType, Rights, type TypeDescriptor, type TypeRef } from "#fidl";

export const primitive = (kind: IntegerKind | "bool" | "float32" | "float64"): TypeDescriptor => ({ kind });
export const u8 = primitive("uint8");
export const u16 = primitive("uint16");
export const u32 = primitive("uint32");
export const u64 = primitive("uint64");
export const i64 = primitive("int64");
export const bool = primitive("bool");

export const text = (maxBytes?: number, optional?: boolean): TypeDescriptor => ({
  kind: "string",
  ...(maxBytes === undefined ? {} : { maxBytes }),
  ...(optional === undefined ? {} : { optional }),
});

export const vector = (element: TypeRef, maxCount?: number, optional?: boolean): TypeDescriptor => ({
  kind: "vector",
  element,
  ...(maxCount === undefined ? {} : { maxCount }),
  ...(optional === undefined ? {} : { optional }),
});

export const array = (element: TypeRef, count: number): TypeDescriptor => ({ kind: "array", element, count });
export const box = (element: TypeRef): TypeDescriptor => ({ kind: "box", element });
export const optionalUnion = (element: TypeRef): TypeDescriptor => ({ kind: "optional-union", element });

export const event = (optional = false): TypeDescriptor => ({
  kind: "handle",
  objectType: ObjectType.EVENT,
  rights: Rights.SAME_RIGHTS,
  optional,
});

export const client = (optional = false): TypeDescriptor => ({
  kind: "endpoint",
  role: "client",
  protocol: "test/P",
  optional,
});
export const server = (optional = false): TypeDescriptor => ({
  kind: "endpoint",
  role: "server",
  protocol: "test/P",
  optional,
});

type Members = Record<string, TypeRef>;

export function struct(members: Members, isResource = false): TypeDescriptor & { kind: "struct" } {
  const list = Object.entries(members).map(([name, type]) => ({ name, fidlName: name, type }));
  return { kind: "struct", name: "test/Struct", isResource, members: list };
}

/** Members by ordinal: `{ 1: ["a", u8], 3: ["b", u64] }`. */
type OrdinalMembers = Record<number, readonly [string, TypeRef]>;

function ordinalMembers(members: OrdinalMembers) {
  return Object.entries(members).map(([ordinal, [name, type]]) => {
    return { name, fidlName: name, ordinal: Number(ordinal), type };
  });
}

export function table(members: OrdinalMembers, isResource = false): TypeDescriptor & { kind: "table" } {
  return { kind: "table", name: "test/Table", isResource, members: ordinalMembers(members) };
}

export function union(
  members: OrdinalMembers,
  options: { isStrict?: boolean; isResource?: boolean } = {},
): TypeDescriptor & { kind: "union" } {
  const { isStrict = false, isResource = false } = options;
  return { kind: "union", name: "test/Union", isStrict, isResource, members: ordinalMembers(members) };
}

export function enumeration(isStrict: boolean, subtype: IntegerKind, ...values: (number | bigint)[]): TypeDescriptor {
  const members = Object.fromEntries(values.map((value, i) => [`V${i}`, value]));
  return { kind: "enum", name: "test/Enum", isStrict, subtype, members };
}

export function bits(
  isStrict: boolean,
  subtype: "uint8" | "uint16" | "uint32" | "uint64",
  ...values: (number | bigint)[]
): TypeDescriptor {
  const members = Object.fromEntries(values.map((value, i) => [`B${i}`, value]));
  return { kind: "bits", name: "test/Bits", isStrict, subtype, members };
}
