/** Inline sizes, alignments and gaps of types: wire format v2, "inline sizes and alignments". */
import { assert, MAX_STRUCT_BYTES, unreachable } from "#base";
import type { StructDescriptor, StructMember, TypeDescriptor, TypeRef } from "../descriptors.ts";

/** The descriptor behind a reference. */
export function resolve(ref: TypeRef): TypeDescriptor {
  return typeof ref === "function" ? ref() : ref;
}

/** Rounds up to the alignment of out-of-line objects. */
export function align8(size: number): number {
  return (size + 7) & ~7;
}

/** Bytes that a value of the type takes in its referrer. */
export function inlineSize(type: TypeDescriptor): number {
  switch (type.kind) {
    case "bool":
    case "int8":
    case "uint8":
      return 1;
    case "int16":
    case "uint16":
      return 2;
    case "int32":
    case "uint32":
    case "float32":
    case "handle":
    case "endpoint":
      return 4;
    case "int64":
    case "uint64":
    case "float64":
    case "box":
      return 8;
    case "string":
    case "vector":
    case "table":
    case "union":
    case "optional-union":
      return 16;
    case "enum":
    case "bits":
      return inlineSize({ kind: type.subtype });
    case "array":
      return type.count * inlineSize(resolve(type.element));
    case "struct":
      return structLayout(type).size;
    default:
      return unreachable(type);
  }
}

/** Alignment of a value of the type. */
export function alignment(type: TypeDescriptor): number {
  switch (type.kind) {
    case "array":
      return alignment(resolve(type.element));
    case "struct":
      return structLayout(type).alignment;
    default:
      return Math.min(inlineSize(type), 8);
  }
}

export interface StructField {
  readonly member: StructMember;
  readonly type: TypeDescriptor;
  readonly offset: number;
}

/** Bytes of a struct that belong to no member and must be zero. */
export interface Gap {
  readonly start: number;
  readonly end: number;
}

export interface StructLayout {
  readonly size: number;
  readonly alignment: number;
  readonly fields: readonly StructField[];
  readonly gaps: readonly Gap[];
}

const structLayouts: WeakMap<StructDescriptor, StructLayout> = new WeakMap();

/** Computed once per descriptor. An empty struct is one zero byte, which is no gap. */
export function structLayout(type: StructDescriptor): StructLayout {
  let layout = structLayouts.get(type);
  if (layout === undefined) {
    layout = computeStructLayout(type);
    structLayouts.set(type, layout);
  }
  return layout;
}

function computeStructLayout(type: StructDescriptor): StructLayout {
  if (type.members.length === 0) return { size: 1, alignment: 1, fields: [], gaps: [] };
  const fields: StructField[] = [];
  const gaps: Gap[] = [];
  let end = 0;
  let widest = 1;
  const advance = (unit: number): void => {
    const aligned = Math.ceil(end / unit) * unit;
    if (aligned > end) gaps.push({ start: end, end: aligned });
    end = aligned;
  };
  for (const member of type.members) {
    const memberType = resolve(member.type);
    const unit = alignment(memberType);
    advance(unit);
    fields.push({ member, type: memberType, offset: end });
    end += inlineSize(memberType);
    widest = Math.max(widest, unit);
  }
  advance(widest);
  assert(end <= MAX_STRUCT_BYTES, `struct ${type.name} is larger than ${MAX_STRUCT_BYTES} bytes`);
  return { size: end, alignment: widest, fields, gaps };
}

/** Envelopes hold content of up to 4 bytes themselves. */
export function isInlined(type: TypeDescriptor): boolean {
  return inlineSize(type) <= 4;
}

/** True when values of the type may contain handles. */
export function mayCarryHandles(type: TypeDescriptor): boolean {
  switch (type.kind) {
    case "handle":
    case "endpoint":
      return true;
    case "struct":
    case "table":
    case "union":
      return type.isResource;
    case "vector":
    case "array":
    case "box":
    case "optional-union":
      return mayCarryHandles(resolve(type.element));
    default:
      return false;
  }
}

/** True for types whose values can hold members that their declaration does not know, at any depth. */
export function mayHoldUnknownData(type: TypeDescriptor, open: Set<TypeDescriptor> = new Set()): boolean {
  if (open.has(type)) return false;
  open.add(type);
  const any = (members: readonly StructMember[]): boolean =>
    members.some((member) => mayHoldUnknownData(resolve(member.type), open));
  switch (type.kind) {
    case "table":
      return true;
    case "union":
      return !type.isStrict || any(type.members);
    case "struct":
      return any(type.members);
    case "vector":
    case "array":
    case "box":
    case "optional-union":
      return mayHoldUnknownData(resolve(type.element), open);
    default:
      return false;
  }
}
