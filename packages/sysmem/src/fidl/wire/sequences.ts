/** Vectors, arrays and boxes. */
import type { ArrayDescriptor, BoxDescriptor, TypeDescriptor, VectorDescriptor } from "../descriptors.ts";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { inlineSize, mayCarryHandles, resolve } from "./layout.ts";
import { PRESENT, readSequenceHeader, writeSequenceHeader } from "./text.ts";
import { describe, isAbsent, type Part, type WireType } from "./wire-type.ts";

/** Gives the codec of a type; vectors, boxes and members ask for it on first use, so that types may be recursive. */
export type Linker = (type: TypeDescriptor) => WireType;

type NumberArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

type NumberArrayConstructor = { new (count: number): NumberArray };

export const NUMBER_ARRAYS: Readonly<Partial<Record<TypeDescriptor["kind"], NumberArrayConstructor>>> = {
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

/** Lists and typed arrays, by index. */
export type Indexed = ArrayLike<unknown>;

/** What is taken for a list: arrays and typed arrays. */
export function isIndexed(value: unknown): value is Indexed {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function elements(type: TypeDescriptor, link: Linker) {
  const size = inlineSize(type);
  const Numbers = NUMBER_ARRAYS[type.kind];
  let linked: WireType | undefined;
  const element = (): WireType => {
    linked ??= link(type);
    return linked;
  };
  return {
    size,
    element,
    encode(e: Encoder, list: Indexed, start: number, depth: number): void {
      const { path } = e;
      if (type.kind === "uint8" && list instanceof Uint8Array) return e.u8.set(list, start);
      for (let i = 0; i < list.length; i++) {
        path.push(i);
        element().encode(e, list[i], start + i * size, depth);
        path.pop();
      }
    },
    decode(d: Decoder, count: number, start: number, depth: number): unknown {
      const { path } = d;
      if (type.kind === "uint8") return d.u8.slice(start, start + count);
      // The caller has checked that so many elements fit into what is left of the message.
      const list: unknown[] | NumberArray = Numbers !== undefined ? new Numbers(count) : new Array(count);
      for (let i = 0; i < count; i++) {
        path.push(i);
        (list as unknown[])[i] = element().decode(d, start + i * size, depth);
        path.pop();
      }
      return list;
    },
    close(list: unknown, rest: Part[]): void {
      if (isIndexed(list)) for (let i = 0; i < list.length; i++) rest.push([element(), list[i]]);
    },
  };
}

/** A count and a presence word, and so many elements out of line. */
export function vectorType(type: VectorDescriptor, link: Linker): WireType {
  const elementType = resolve(type.element);
  const items = elements(elementType, link);
  const maxCount = type.maxCount ?? Number.POSITIVE_INFINITY;
  const optional = type.optional === true;
  const result: WireType = {
    size: 16,
    encode(e, value, at, depth) {
      if (isAbsent(value)) {
        if (!optional) e.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at, "vector", describe(value));
        return;
      }
      if (!isIndexed(value)) return e.fail("INVALID_VALUE", at, "array or typed array", describe(value));
      if (value.length > maxCount) {
        e.fail("COUNT_EXCEEDS_LIMIT", at, `at most ${maxCount} elements`, String(value.length));
      }
      const start = e.reserve(value.length * items.size, depth + 1, at);
      writeSequenceHeader(e, at, value.length);
      items.encode(e, value, start, depth + 1);
    },
    decode(d, at, depth) {
      const count = readSequenceHeader(d, at, "VECTOR", optional);
      if (count === undefined) return null;
      if (count > maxCount) d.fail("COUNT_EXCEEDS_LIMIT", at, `at most ${maxCount} elements`, String(count));
      return items.decode(d, count, d.enter(count * items.size, depth + 1, at), depth + 1);
    },
  };
  if (mayCarryHandles(elementType)) result.close = (value, rest) => items.close(value, rest);
  return result;
}

/** So many elements, inline. */
export function arrayType(type: ArrayDescriptor, link: Linker): WireType {
  const elementType = resolve(type.element);
  const items = elements(elementType, link);
  const result: WireType = {
    size: type.count * items.size,
    encode(e, value, at, depth) {
      if (isAbsent(value)) return e.fail("NON_NULLABLE_TYPE_WITH_NULL_VALUE", at, "array", describe(value));
      if (!isIndexed(value)) return e.fail("INVALID_VALUE", at, "array or typed array", describe(value));
      if (value.length !== type.count) {
        e.fail("COUNT_EXCEEDS_LIMIT", at, `${type.count} elements`, String(value.length));
      }
      items.encode(e, value, at, depth);
    },
    decode: (d, at, depth) => items.decode(d, type.count, at, depth),
  };
  if (mayCarryHandles(elementType)) result.close = (value, rest) => items.close(value, rest);
  return result;
}

/** A struct that may be absent, out of line. */
export function boxType(type: BoxDescriptor, link: Linker): WireType {
  const elementType = resolve(type.element);
  const size = inlineSize(elementType);
  const result: WireType = {
    size: 8,
    encode(e, value, at, depth) {
      if (isAbsent(value)) return;
      e.view.setUint32(at, PRESENT, true);
      e.view.setUint32(at + 4, PRESENT, true);
      link(elementType).encode(e, value, e.reserve(size, depth + 1, at), depth + 1);
    },
    decode(d, at, depth) {
      const presence = d.view.getUint32(at, true);
      if (presence !== d.view.getUint32(at + 4, true) || (presence !== 0 && presence !== PRESENT)) {
        d.fail("INVALID_PRESENCE_INDICATOR", at, "0 or all ones");
      }
      if (presence === 0) return null;
      return link(elementType).decode(d, d.enter(size, depth + 1, at), depth + 1);
    },
  };
  if (mayCarryHandles(elementType)) result.close = (value, rest) => rest.push([link(elementType), value]);
  return result;
}
