/** Values of any FIDL type, from its descriptor. */
import fc from "fast-check";
import { ClientEnd, type OrdinalMember, ServerEnd, type StructMember, type TypeDescriptor, type TypeRef } from "#fidl";
import { FakeHandle } from "../gidl/fake-handle.ts";

/** Levels of tables, unions and vectors: enough to nest, few enough to fit into a message. */
const MAX_LEVELS = 4;
const MAX_ELEMENTS = 3;

const ANY_OBJECT_TYPE = 5;
const CHANNEL = 4;
const ALL_RIGHTS = 0x7fff_ffff;

let nextHandleId = 0;

function newHandle(objectType: number): FakeHandle {
  return new FakeHandle(nextHandleId++, objectType as FakeHandle["objectType"], ALL_RIGHTS);
}

function resolve(ref: TypeRef): TypeDescriptor {
  return typeof ref === "function" ? ref() : ref;
}

const INTEGERS: Readonly<Record<string, fc.Arbitrary<number | bigint>>> = {
  int8: fc.integer({ min: -0x80, max: 0x7f }),
  uint8: fc.integer({ min: 0, max: 0xff }),
  int16: fc.integer({ min: -0x8000, max: 0x7fff }),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  int32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  uint32: fc.integer({ min: 0, max: 0xffff_ffff }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
};

const TYPED_ARRAYS: Readonly<Record<string, { from(items: readonly never[]): object }>> = {
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

/** Arbitrary values as the decoder would give them: absent optionals are null, lists of numbers are typed arrays. */
export function valueOf(ref: TypeRef, levels: number = MAX_LEVELS): fc.Arbitrary<unknown> {
  const type = resolve(ref);
  switch (type.kind) {
    case "bool":
      return fc.boolean();
    case "float32":
      return fc.float();
    case "float64":
      return fc.double();
    case "string":
      return maybe(type.optional, text(type.maxBytes));
    case "vector": {
      const most = levels > 0 ? Math.min(type.maxCount ?? MAX_ELEMENTS, MAX_ELEMENTS) : 0;
      return maybe(type.optional, list(resolve(type.element), 0, most, levels - 1));
    }
    case "array":
      return list(resolve(type.element), type.count, type.count, levels);
    case "handle":
      return maybe(
        type.optional,
        fc.constant(0).map(() => newHandle(type.objectType === 0 ? ANY_OBJECT_TYPE : type.objectType)),
      );
    case "endpoint":
      return maybe(
        type.optional,
        fc.constant(0).map(() => {
          const channel = newHandle(CHANNEL).asChannel();
          return type.role === "client" ? new ClientEnd(channel) : new ServerEnd(channel);
        }),
      );
    case "box":
    case "optional-union":
      return levels > 0 ? maybe(true, valueOf(type.element, levels - 1)) : fc.constant(null);
    case "struct":
      return fc.record(members(type.members, levels));
    case "table":
      return levels > 0 ? fc.record(members(type.members, levels - 1), { requiredKeys: [] }) : fc.constant({});
    case "union":
      return variant(type.members, levels);
    case "enum": {
      const known = fc.constantFrom(...Object.values(type.members));
      return type.isStrict ? known : fc.oneof(known, INTEGERS[type.subtype] as fc.Arbitrary<number | bigint>);
    }
    case "bits": {
      const bits = Object.values(type.members);
      const known = fc.subarray(bits).map((chosen) => {
        const all = chosen.reduce<bigint>((sum, bit) => sum | BigInt(bit), 0n);
        return type.subtype === "uint64" ? all : Number(all);
      });
      return type.isStrict ? known : fc.oneof(known, INTEGERS[type.subtype] as fc.Arbitrary<number | bigint>);
    }
    default:
      return INTEGERS[type.kind] as fc.Arbitrary<number | bigint>;
  }
}

function maybe(isOptional: boolean | undefined, arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return isOptional === true ? fc.oneof(fc.constant(null), arbitrary) : arbitrary;
}

/** Well-formed text within the bound, of characters of one to four bytes. */
function text(maxBytes: number | undefined): fc.Arbitrary<string> {
  const most = Math.min(maxBytes ?? 24, 24);
  return fc.string({ unit: "binary", maxLength: Math.floor(most / 4) });
}

function list(element: TypeDescriptor, least: number, most: number, levels: number): fc.Arbitrary<unknown> {
  const items = fc.array(valueOf(element, levels), { minLength: least, maxLength: most });
  const TypedArray = TYPED_ARRAYS[element.kind];
  return TypedArray === undefined ? items : items.map((numbers) => TypedArray.from(numbers as never[]));
}

function members(all: readonly StructMember[], levels: number): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(all.map((member) => [member.name, valueOf(member.type, levels)]));
}

function variant(all: readonly OrdinalMember[], levels: number): fc.Arbitrary<unknown> {
  // At the last level only variants that end.
  const ending = all.filter((member) => !["union", "struct", "table"].includes(resolve(member.type).kind));
  const possible = levels > 0 || ending.length === 0 ? all : ending;
  return fc.oneof(
    ...possible.map((member) => valueOf(member.type, levels - 1).map((value) => ({ kind: member.name, value }))),
  );
}
