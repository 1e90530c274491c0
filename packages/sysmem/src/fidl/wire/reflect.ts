/** Makes reflective codecs: one per descriptor, on first use. */
import { unreachable } from "#base";
import type { TypeDescriptor } from "../descriptors.ts";
import { structType, tableType, unionType } from "./aggregates.ts";
import { endpointType, handleType } from "./handle-types.ts";
import { resolve } from "./layout.ts";
import { bitsWireType, enumWireType, primitiveType } from "./scalars.ts";
import { arrayType, boxType, vectorType } from "./sequences.ts";
import { stringType } from "./text.ts";
import type { Part, WireType } from "./wire-type.ts";

const wireTypes: WeakMap<TypeDescriptor, WireType> = new WeakMap();

/** The reflective codec of a type. Types it refers to are linked when a value first needs them. */
export function reflect(type: TypeDescriptor): WireType {
  let wireType = wireTypes.get(type);
  if (wireType === undefined) {
    wireType = create(type);
    wireTypes.set(type, wireType);
  }
  return wireType;
}

function create(type: TypeDescriptor): WireType {
  switch (type.kind) {
    case "string":
      return stringType(type);
    case "vector":
      return vectorType(type, reflect);
    case "array":
      return arrayType(type, reflect);
    case "box":
      return boxType(type, reflect);
    case "handle":
      return handleType(type);
    case "endpoint":
      return endpointType(type);
    case "struct":
      return structType(type, reflect);
    case "table":
      return tableType(type, reflect);
    case "union":
      return unionType(type, false, reflect);
    case "optional-union": {
      const union = resolve(type.element);
      return union.kind === "union" ? unionType(union, true, reflect) : unreachable(union as never);
    }
    case "enum":
      return enumWireType(type);
    case "bits":
      return bitsWireType(type);
    default:
      return primitiveType(type);
  }
}

/** Closes every handle in a value of this type, whatever shape the value has: missing members, cycles, throwing getters. */
export function closeHandlesOf(type: TypeDescriptor, value: unknown): void {
  const rest: Part[] = [[reflect(type), value]];
  // The same object may have to be looked at as several types: a box and its struct, or every variant of a union whose
  // `kind` is wrong. Each combination is walked once, which ends cycles.
  const seen = new Map<unknown, Set<WireType>>();
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    const [partType, partValue] = part;
    if (partType.close === undefined || typeof partValue !== "object" || partValue === null) continue;
    let types = seen.get(partValue);
    if (types === undefined) {
      types = new Set();
      seen.set(partValue, types);
    }
    if (types.has(partType)) continue;
    types.add(partType);
    partType.close(partValue, rest);
  }
}
