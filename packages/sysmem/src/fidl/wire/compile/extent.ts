/** How deep values of a type can go, as far as the type alone tells. */
import type { TypeDescriptor } from "../../descriptors.ts";
import { isInlined, resolve } from "../layout.ts";

/** Types that get a function of their own in generated code; all others are expanded where they occur. */
export function isNamedAggregate(type: TypeDescriptor): boolean {
  return type.kind === "struct" || type.kind === "table" || type.kind === "union" || type.kind === "optional-union";
}

const extents: WeakMap<TypeDescriptor, number> = new WeakMap();

/**
 * Levels of out-of-line objects below a value of the type, unknown envelopes included; infinite for types that can contain
 * themselves.
 */
export function extentOf(type: TypeDescriptor): number {
  return measure(type, new Set());
}

/**
 * Levels below a value of the type that its own generated function walks: up to, and not including, those that functions of
 * recursive types walk (these check for themselves).
 */
export function localExtentOf(type: TypeDescriptor): number {
  // Its function is that of the union itself, which is not called.
  if (type.kind === "optional-union") return localExtentOf(resolve(type.element));
  return below(type, (part) => {
    const whole = extentOf(part);
    if (Number.isFinite(whole)) return whole;
    return isNamedAggregate(part) ? 0 : localExtentOf(part);
  });
}

function measure(type: TypeDescriptor, open: Set<TypeDescriptor>): number {
  const known = extents.get(type);
  if (known !== undefined) return known;
  if (open.has(type)) return Number.POSITIVE_INFINITY;
  open.add(type);
  const extent = below(type, (part) => measure(part, open));
  open.delete(type);
  // A finite result depends on nothing that is still open; an infinite one found inside a cycle is true as well.
  extents.set(type, extent);
  return extent;
}

function below(type: TypeDescriptor, measurePart: (part: TypeDescriptor) => number): number {
  // The skipped content of an unknown envelope counts as one level.
  const envelope = (part: TypeDescriptor): number => (isInlined(part) ? 0 : 1 + measurePart(part));
  switch (type.kind) {
    case "string":
      return 1;
    case "vector":
    case "box":
      return 1 + measurePart(resolve(type.element));
    case "array":
    case "optional-union":
      return measurePart(resolve(type.element));
    case "struct":
      return Math.max(0, ...type.members.map((member) => measurePart(resolve(member.type))));
    case "table":
      return 1 + Math.max(1, ...type.members.map((member) => envelope(resolve(member.type))));
    case "union":
      return Math.max(1, ...type.members.map((member) => envelope(resolve(member.type))));
    default:
      return 0;
  }
}
