/** FIDL types as TypeScript types and as descriptors. */
import { ObjectType } from "#base";
import { InvalidIrError } from "./errors.ts";
import type { IrFromAlias, IrType } from "./ir.ts";
import type { Library } from "./library.ts";
import { quote } from "./text.ts";

/** `vector` and `string` without a bound carry none, or this one. */
const UNBOUNDED = 0xffff_ffff;

const PRIMITIVES: Readonly<Record<string, string>> = {
  bool: "boolean",
  int8: "number",
  uint8: "number",
  int16: "number",
  uint16: "number",
  int32: "number",
  uint32: "number",
  int64: "bigint",
  uint64: "bigint",
  float32: "number",
  float64: "number",
};

const TYPED_ARRAYS: Readonly<Record<string, string>> = {
  int8: "Int8Array",
  uint8: "Uint8Array",
  int16: "Int16Array",
  uint16: "Uint16Array",
  int32: "Int32Array",
  uint32: "Uint32Array",
  int64: "BigInt64Array",
  uint64: "BigUint64Array",
  float32: "Float32Array",
  float64: "Float64Array",
};

const HANDLE_TYPES: Readonly<Record<number, string>> = {
  [ObjectType.VMO]: "VmoHandle",
  [ObjectType.CHANNEL]: "Channel",
  [ObjectType.EVENT]: "EventHandle",
  [ObjectType.EVENTPAIR]: "EventPairHandle",
};

/** True for integers that JavaScript holds in a bigint. */
export function isBigSubtype(subtype: string): boolean {
  return subtype === "int64" || subtype === "uint64";
}

/** The TypeScript type of values of `type`. */
export function tsType(library: Library, type: IrType, alias?: IrFromAlias): string {
  if (alias !== undefined && canUseAlias(library, type, alias)) return library.reference(alias.name, false);
  const text = requiredTsType(library, type);
  return "nullable" in type && type.nullable ? `${text} | null` : text;
}

/**
 * A member that was written as an alias of a number keeps that name (`zx.Koid` says more than `bigint`). Aliases with
 * arguments, and of types that are not numbers, are resolved.
 */
function canUseAlias(library: Library, type: IrType, alias: IrFromAlias): boolean {
  return (
    type.kind_v2 === "primitive" &&
    alias.args.length === 0 &&
    !alias.nullable &&
    alias.name.includes("/") &&
    library.kindOf(alias.name) === "alias"
  );
}

function requiredTsType(library: Library, type: IrType): string {
  switch (type.kind_v2) {
    case "primitive":
      return primitive(library, type.subtype);
    case "string":
      return "string";
    case "vector":
    case "array":
      return listType(library, type.element_type);
    case "handle":
      return library.runtime(HANDLE_TYPES[type.obj_type] ?? "Handle");
    case "endpoint": {
      const end = library.runtime(type.role === "client" ? "ClientEnd" : "ServerEnd");
      return `${end}<${library.reference(type.protocol, false, "Client")}>`;
    }
    case "identifier":
      return library.reference(type.identifier, false);
    default:
      throw unsupported(library, type);
  }
}

function primitive(library: Library, subtype: string): string {
  const text = PRIMITIVES[subtype];
  if (text === undefined) throw new InvalidIrError(library.ir.name, `there is no primitive type ${subtype}`);
  return text;
}

function listType(library: Library, element: IrType): string {
  const typedArray = element.kind_v2 === "primitive" ? TYPED_ARRAYS[element.subtype] : undefined;
  if (element.kind_v2 === "primitive" && element.subtype === "uint8") return library.global("Uint8Array");
  const text = tsType(library, element);
  const list = /^[\w$.]+(<[\w$.]+>)?$/.test(text) ? `readonly ${text}[]` : `readonly (${text})[]`;
  return typedArray === undefined ? list : `${library.global(typedArray)} | ${list}`;
}

function unsupported(library: Library, type: IrType): InvalidIrError {
  return new InvalidIrError(library.ir.name, `types of kind ${type.kind_v2} are not supported here`);
}

/** The descriptor of `type`, as the text of an expression. Named types are given by functions. */
export function descriptor(library: Library, type: IrType): string {
  switch (type.kind_v2) {
    case "primitive":
      primitive(library, type.subtype);
      return `{ kind: ${quote(type.subtype)} }`;
    case "string":
      return `{ kind: "string"${bound("maxBytes", type.maybe_element_count)}${optional(type)} }`;
    case "vector": {
      const element = descriptor(library, type.element_type);
      return `{ kind: "vector", element: ${element}${bound("maxCount", type.maybe_element_count)}${optional(type)} }`;
    }
    case "array":
      return `{ kind: "array", element: ${descriptor(library, type.element_type)}, count: ${type.element_count} }`;
    case "handle": {
      const rights = `0x${type.rights.toString(16)}`;
      return `{ kind: "handle", objectType: ${type.obj_type}, rights: ${rights}${optional(type)} }`;
    }
    case "endpoint":
      return `{ kind: "endpoint", role: "${type.role}", protocol: ${quote(type.protocol)}${optional(type)} }`;
    case "identifier":
      return identifierDescriptor(library, type.identifier, type.nullable);
    default:
      throw unsupported(library, type);
  }
}

function identifierDescriptor(library: Library, name: string, isNullable: boolean): string {
  const element = `() => ${library.reference(name, true)}.descriptor`;
  if (!isNullable) return element;
  return `{ kind: ${library.kindOf(name) === "union" ? '"optional-union"' : '"box"'}, element: ${element} }`;
}

function bound(key: string, count: number | null | undefined): string {
  return count === undefined || count === null || count === UNBOUNDED ? "" : `, ${key}: ${count}`;
}

function optional(type: { readonly nullable: boolean }): string {
  return type.nullable ? ", optional: true" : "";
}
