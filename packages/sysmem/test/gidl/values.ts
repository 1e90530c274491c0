/** Values in the notation of the vectors to values of generated types, by descriptors. */
import {
  ClientEnd,
  type EndpointDescriptor,
  ServerEnd,
  type StructMember,
  type TypeCodec,
  type TypeDescriptor,
  type TypeRef,
  type UnionDescriptor,
} from "#fidl";
import type { FakeHandle } from "./fake-handle.ts";

/** The case cannot be expressed as a value of our types; the message says why. */
export class NotConstructible extends Error {}

/** What a value is built with. */
export interface ValueContext {
  /** Handles of the case by id. */
  readonly handles: ReadonlyMap<number, FakeHandle>;
  /** Codec of a type by its name in the test library. */
  codec(name: string): TypeCodec<unknown>;
}

interface TypedObject {
  readonly $type: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

type TypedArrayConstructor = { new (items: readonly number[]): ArrayBufferView };

const TYPED_ARRAYS: Readonly<Record<string, unknown>> = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
};

function resolve(ref: TypeRef): TypeDescriptor {
  return typeof ref === "function" ? ref() : ref;
}

export function toValue(ref: TypeRef, gidl: unknown, context: ValueContext): unknown {
  const type = resolve(ref);
  if (gidl === null || gidl === undefined) return null;
  if (typeof gidl === "object" && "$decode" in gidl) return decoded(gidl.$decode as DecodeRecipe, context);
  switch (type.kind) {
    case "bool":
      return gidl;
    case "string":
      return text(gidl);
    case "vector":
    case "array": {
      const element = resolve(type.element);
      const items = (gidl as readonly unknown[]).map((item) => toValue(element, item, context));
      const TypedArray = TYPED_ARRAYS[element.kind] as TypedArrayConstructor | undefined;
      return TypedArray === undefined ? items : new TypedArray(items as number[]);
    }
    case "handle":
      return handle(gidl, context);
    case "endpoint":
      return endpoint(type, handle(gidl, context));
    case "box":
    case "optional-union":
      return toValue(type.element, gidl, context);
    case "struct":
    case "table":
      return layout(type.members, gidl as TypedObject, type.kind === "table", context);
    case "union":
      return union(type, gidl as TypedObject, context);
    case "enum":
    case "bits":
      return number(type.subtype, gidl);
    default:
      return number(type.kind, gidl);
  }
}

interface DecodeRecipe {
  readonly type: string;
  readonly bytes: string;
  readonly handles: readonly number[];
}

function decoded(recipe: DecodeRecipe, context: ValueContext): unknown {
  const handles = recipe.handles.map((id) => context.handles.get(id) as FakeHandle);
  return context.codec(recipe.type).decode(hexBytes(recipe.bytes), handles);
}

function text(gidl: unknown): string {
  if (typeof gidl === "string") return gidl;
  const bytes = hexBytes((gidl as { readonly $string_bytes: string }).$string_bytes);
  // Encoded surrogates have a counterpart in JavaScript strings; other ill-formed UTF-8 has none.
  const surrogate = bytes.length === 3 && bytes[0] === 0xed && (bytes[1] as number) >= 0xa0;
  if (!surrogate) throw new NotConstructible("a JavaScript string cannot hold ill-formed UTF-8");
  return String.fromCharCode(0xd000 | (((bytes[1] as number) & 0x3f) << 6) | ((bytes[2] as number) & 0x3f));
}

function number(kind: string, gidl: unknown): number | bigint {
  const isBig = kind === "int64" || kind === "uint64";
  if (typeof gidl === "number") return isBig ? BigInt(gidl) : gidl;
  const wrapped = gidl as { readonly $int?: string; readonly $float?: string; readonly $float_bits?: string };
  if (wrapped.$int !== undefined) return isBig ? BigInt(wrapped.$int) : Number(wrapped.$int);
  if (wrapped.$float !== undefined) return Number(wrapped.$float);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(wrapped.$float_bits as string) << (kind === "float32" ? 32n : 0n));
  return kind === "float32" ? view.getFloat32(0) : view.getFloat64(0);
}

function handle(gidl: unknown, context: ValueContext): FakeHandle {
  return context.handles.get((gidl as { readonly $handle: number }).$handle) as FakeHandle;
}

function endpoint(type: EndpointDescriptor, fake: FakeHandle): ClientEnd<unknown> | ServerEnd<unknown> {
  const channel = fake.asChannel();
  return type.role === "client" ? new ClientEnd(channel) : new ServerEnd(channel);
}

function layout(
  members: readonly StructMember[],
  gidl: TypedObject,
  isTable: boolean,
  context: ValueContext,
): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(gidl.fields)) {
    // Unknown members are dropped. The vectors do not say of a decoded value which there were.
    if (/^[0-9]+$/.test(name)) continue;
    const member = members.find((item) => item.fidlName === name);
    if (member === undefined) throw new NotConstructible(`there is no member ${name}`);
    if (isTable && field === null) continue;
    value[member.name] = toValue(member.type, field, context);
  }
  return value;
}

function union(type: UnionDescriptor, gidl: TypedObject, context: ValueContext): unknown {
  const [entry] = Object.entries(gidl.fields);
  if (entry === undefined) return {};
  const [name, field] = entry;
  if (/^[0-9]+$/.test(name)) return { kind: "$unknown", ordinal: BigInt(name) };
  const member = type.members.find((item) => item.fidlName === name);
  if (member === undefined) throw new NotConstructible(`there is no variant ${name}`);
  return { kind: member.name, value: toValue(member.type, field, context) };
}

export function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}
