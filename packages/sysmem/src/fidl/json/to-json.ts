/** FIDL values to JSON. */
import type { Handle } from "#base";
import { assert, unreachable } from "#base";
import type {
  BitsDescriptor,
  EndpointDescriptor,
  EnumDescriptor,
  HandleDescriptor,
  TypeDescriptor,
  UnionDescriptor,
} from "../descriptors.ts";
import { resolve } from "../wire/layout.ts";
import { bitsMask } from "../wire/scalars.ts";
import { describeHandle } from "./describe-handle.ts";
import { descriptorOf, type JsonType } from "./fault.ts";

/** What JSON can hold. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** How values that JSON has no words for are written. */
export interface ToJsonOptions {
  /** What stands for a handle. Default: `"<vmo>"`, `"<client end of fuchsia.sysmem2/BufferCollectionToken>"`, and so on. */
  readonly handle?: (handle: Handle, declared: HandleDescriptor | EndpointDescriptor) => JsonValue;
}

/**
 * Converts a value for people, files and logs, in the form that `fromJson` reads: FIDL names, 64-bit integers as decimal
 * strings, enum members by name, bits by the names of their members (as a number when some are not declared), absent
 * table members left out. Handles are only described; the value keeps them.
 */
export function toJson<T>(type: JsonType<T>, value: T, options: ToJsonOptions = {}): JsonValue {
  return convert(descriptorOf(type), value, options);
}

function convert(type: TypeDescriptor, value: unknown, options: ToJsonOptions): JsonValue {
  if (value === null || value === undefined) return null;
  switch (type.kind) {
    case "bool":
      return value as boolean;
    case "string":
      return value as string;
    case "float32":
    case "float64":
      return Number.isFinite(value) ? (value as number) : (value as number).toString();
    case "vector":
    case "array": {
      const element = resolve(type.element);
      return Array.from(value as ArrayLike<unknown>, (item) => convert(element, item, options));
    }
    case "handle":
    case "endpoint":
      return (options.handle ?? describeHandle)(value as Handle, type);
    case "box":
    case "optional-union":
      return convert(resolve(type.element), value, options);
    case "struct":
    case "table": {
      const fields: [string, JsonValue][] = [];
      for (const member of type.members) {
        const field = (value as Readonly<Record<string, unknown>>)[member.name];
        if (field === undefined && type.kind === "table") continue;
        fields.push([member.fidlName, convert(resolve(member.type), field, options)]);
      }
      return Object.fromEntries(fields);
    }
    case "union":
      return union(
        type,
        value as { readonly kind: string; readonly value?: unknown; readonly ordinal?: bigint },
        options,
      );
    case "enum":
      return enumeration(type, value as number | bigint);
    case "bits":
      return bits(type, value as number | bigint);
    case "int64":
    case "uint64":
      return plain(value as bigint);
    case "int8":
    case "uint8":
    case "int16":
    case "uint16":
    case "int32":
    case "uint32":
      return value as number;
    default:
      return unreachable(type);
  }
}

function union(
  type: UnionDescriptor,
  value: { readonly kind: string; readonly value?: unknown; readonly ordinal?: bigint },
  options: ToJsonOptions,
): JsonValue {
  if (value.kind === "$unknown") return { $unknown: String(value.ordinal) };
  const member = type.members.find((item) => item.name === value.kind);
  assert(member !== undefined, `${type.name} has no variant ${value.kind}`);
  return { [member.fidlName]: convert(resolve(member.type), value.value, options) };
}

function plain(value: number | bigint): JsonValue {
  return typeof value === "bigint" ? String(value) : value;
}

function enumeration(type: EnumDescriptor, value: number | bigint): JsonValue {
  const member = Object.entries(type.members).find(([, known]) => known === value);
  return member === undefined ? plain(value) : member[0];
}

function bits(type: BitsDescriptor, value: number | bigint): JsonValue {
  const all = BigInt(value);
  if ((all & ~BigInt(bitsMask(type))) !== 0n) return plain(value);
  return Object.entries(type.members)
    .filter(([, bit]) => (all & BigInt(bit)) !== 0n)
    .map(([name]) => name);
}
