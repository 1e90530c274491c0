/** Sizes of types on the wire. All arithmetic saturates at 2^32 - 1, which means unbounded. */
import * as semantics from "../diagnostics/semantics.ts";
import type { Context } from "./context.ts";
import { components } from "./graph.ts";
import { layoutGroups, layoutsIn, memberTypes } from "./layout-graph.ts";
import type { LayoutDecl, OrdinalMember, PrimitiveSubtype, StructDecl, TableDecl, Type, UnionDecl } from "./model.ts";

export interface TypeShape {
  readonly inlineSize: number;
  readonly alignment: number;
  /** Levels of out-of-line objects. */
  readonly depth: number;
  readonly maxHandles: number;
  readonly maxOutOfLine: number;
  readonly hasPadding: boolean;
  readonly hasFlexibleEnvelope: boolean;
}

/** Where a struct member lies; `padding` is the gap after it. */
export interface FieldShape {
  readonly offset: number;
  readonly padding: number;
}

const UNBOUNDED_SIZE = 0xffff_ffff;
/** Bytes that a struct may take inline (fi-0111). */
const MAX_INLINE_SIZE = 65_535;

const add = (a: number, b: number): number => Math.min(a + b, UNBOUNDED_SIZE);
const multiply = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : Math.min(a * b, UNBOUNDED_SIZE));
const roundUp = (size: number, to: number): number => Math.min(Math.ceil(size / to) * to, UNBOUNDED_SIZE);

const NUMBER_SIZES: Readonly<Record<PrimitiveSubtype, number>> = {
  bool: 1,
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  uint64: 8,
  float64: 8,
};

function plain(size: number, maxHandles = 0): TypeShape {
  return {
    inlineSize: size,
    alignment: size,
    depth: 0,
    maxHandles,
    maxOutOfLine: 0,
    hasPadding: false,
    hasFlexibleEnvelope: false,
  };
}

/** Shape of a type whose layouts have theirs; those that do not yet are back references of a cycle. */
export function shapeOfType(type: Type): TypeShape {
  switch (type.kind) {
    case "primitive":
      return plain(NUMBER_SIZES[type.subtype]);
    case "internal":
      return plain(4);
    case "handle":
    case "endpoint":
      return plain(4, 1);
    case "string":
      return {
        inlineSize: 16,
        alignment: 8,
        depth: 1,
        maxHandles: 0,
        maxOutOfLine: roundUp(type.bound, 8),
        hasPadding: true,
        hasFlexibleEnvelope: false,
      };
    case "vector": {
      const element = shapeOfType(type.element);
      return {
        inlineSize: 16,
        alignment: 8,
        depth: add(element.depth, 1),
        maxHandles: multiply(type.bound, element.maxHandles),
        maxOutOfLine: roundUp(multiply(type.bound, add(element.inlineSize, element.maxOutOfLine)), 8),
        hasPadding: element.hasPadding || element.inlineSize % 8 !== 0,
        hasFlexibleEnvelope: element.hasFlexibleEnvelope,
      };
    }
    case "array": {
      const element = shapeOfType(type.element);
      return {
        ...element,
        inlineSize: multiply(type.count, element.inlineSize),
        maxHandles: multiply(type.count, element.maxHandles),
        maxOutOfLine: multiply(type.count, element.maxOutOfLine),
      };
    }
    case "box": {
      const content = shapeOfType(type.element);
      return {
        inlineSize: 8,
        alignment: 8,
        depth: add(content.depth, 1),
        maxHandles: content.maxHandles,
        maxOutOfLine: add(roundUp(content.inlineSize, 8), content.maxOutOfLine),
        hasPadding: content.hasPadding || content.inlineSize % 8 !== 0,
        hasFlexibleEnvelope: content.hasFlexibleEnvelope,
      };
    }
    case "identifier":
      return type.decl.shape ?? backReference(type.decl);
  }
}

/** A layout inside its own cycle: nothing bounds it, and it adds no padding of its own. */
function backReference(decl: LayoutDecl): TypeShape {
  return {
    // Only references by box, vector or optional union can go back; the size behind them is unbounded anyway.
    inlineSize: decl.kind === "struct" ? 0 : 16,
    alignment: decl.kind === "struct" ? 1 : 8,
    depth: UNBOUNDED_SIZE,
    maxHandles: decl.isResource ? UNBOUNDED_SIZE : 0,
    maxOutOfLine: UNBOUNDED_SIZE,
    hasPadding: false,
    hasFlexibleEnvelope: false,
  };
}

/** Gives every layout its shape. Only for libraries without endless cycles. */
export function computeShapes(context: Context, layouts: readonly LayoutDecl[]): void {
  for (const group of layoutGroups(layouts)) {
    const isCycle = group.length > 1 || (group[0] !== undefined && leadsToItself(group[0]));
    for (const decl of isCycle ? inlineFirst(group) : group) {
      if (decl.shape === undefined) decl.shape = shapeOfLayout(context, decl);
    }
    if (isCycle) closeCycle(group);
  }
}

function leadsToItself(decl: LayoutDecl): boolean {
  return memberTypes(decl).some(function refersBack(type): boolean {
    if (type.kind === "identifier") return type.decl === decl;
    return (type.kind === "array" || type.kind === "vector" || type.kind === "box") && refersBack(type.element);
  });
}

/** The members of a cycle so that what lies inline in another comes before it. */
function inlineFirst(group: readonly LayoutDecl[]): readonly LayoutDecl[] {
  const members = new Set(group);
  const inline = (decl: LayoutDecl): readonly LayoutDecl[] =>
    memberTypes(decl).flatMap((type) => {
      const next = layoutsIn(type, true);
      return next !== undefined && members.has(next) ? [next] : [];
    });
  return components(group, inline).flat();
}

/** In a cycle everything leads to everything: what one member has, all have, and none is bounded. */
function closeCycle(group: readonly LayoutDecl[]): void {
  const isAny = (key: "hasPadding" | "hasFlexibleEnvelope"): boolean =>
    group.some((decl) => decl.shape?.[key] === true);
  const hasPadding = isAny("hasPadding");
  const hasFlexibleEnvelope = isAny("hasFlexibleEnvelope");
  for (const decl of group) {
    if (decl.shape === undefined) continue;
    decl.shape = {
      ...decl.shape,
      depth: UNBOUNDED_SIZE,
      maxOutOfLine: UNBOUNDED_SIZE,
      maxHandles: decl.isResource ? UNBOUNDED_SIZE : 0,
      hasPadding,
      hasFlexibleEnvelope,
    };
  }
}

function shapeOfLayout(context: Context, decl: LayoutDecl): TypeShape {
  switch (decl.kind) {
    case "enum":
    case "bits":
      return plain(NUMBER_SIZES[decl.subtype ?? "uint32"]);
    case "struct":
      return shapeOfStruct(context, decl);
    case "table":
      return shapeOfTable(decl);
    case "union":
      return shapeOfUnion(decl);
  }
}

/** Offsets and gaps of a struct's members. */
export function fieldShapes(decl: StructDecl): readonly FieldShape[] {
  const fields: { offset: number; end: number }[] = [];
  let at = 0;
  let alignment = 1;
  for (const type of memberTypes(decl)) {
    const shape = shapeOfType(type);
    alignment = Math.max(alignment, shape.alignment);
    const offset = roundUp(at, shape.alignment);
    at = add(offset, shape.inlineSize);
    fields.push({ offset, end: at });
  }
  const size = roundUp(at, alignment);
  return fields.map(({ offset, end }, index) => ({ offset, padding: (fields[index + 1]?.offset ?? size) - end }));
}

function shapeOfStruct(context: Context, decl: StructDecl): TypeShape {
  if (decl.members.length === 0) return plain(1);
  let at = 0;
  let alignment = 1;
  let depth = 0;
  let maxHandles = 0;
  let maxOutOfLine = 0;
  let hasPadding = false;
  let hasFlexibleEnvelope = false;
  for (const type of memberTypes(decl)) {
    const shape = shapeOfType(type);
    const offset = roundUp(at, shape.alignment);
    hasPadding ||= offset !== at || shape.hasPadding;
    hasFlexibleEnvelope ||= shape.hasFlexibleEnvelope;
    at = add(offset, shape.inlineSize);
    alignment = Math.max(alignment, shape.alignment);
    depth = Math.max(depth, shape.depth);
    maxHandles = add(maxHandles, shape.maxHandles);
    maxOutOfLine = add(maxOutOfLine, shape.maxOutOfLine);
  }
  const inlineSize = roundUp(at, alignment);
  hasPadding ||= inlineSize !== at;
  if (inlineSize >= UNBOUNDED_SIZE)
    context.reporter.report(semantics.TypeShapeIntegerOverflow, decl.nameSpan, decl.name);
  else if (inlineSize > MAX_INLINE_SIZE) {
    context.reporter.report(
      semantics.InlineSizeExceedsLimit,
      decl.nameSpan,
      decl.name,
      String(inlineSize),
      MAX_INLINE_SIZE,
    );
  }
  return { inlineSize, alignment, depth, maxHandles, maxOutOfLine, hasPadding, hasFlexibleEnvelope };
}

/** What a value adds out-of-line when it sits in an envelope. */
function envelopeSize(shape: TypeShape): number {
  return shape.inlineSize <= 4 ? shape.maxOutOfLine : add(roundUp(shape.inlineSize, 8), shape.maxOutOfLine);
}

function hasEnvelopePadding(shape: TypeShape): boolean {
  return shape.hasPadding || shape.inlineSize % (shape.inlineSize <= 4 ? 4 : 8) !== 0;
}

function membersWithShapes(
  decl: TableDecl | UnionDecl,
): readonly { readonly member: OrdinalMember; readonly shape: TypeShape }[] {
  return decl.members.flatMap((member) => {
    const type = member.type.resolved?.type;
    return type === undefined ? [] : [{ member, shape: shapeOfType(type) }];
  });
}

function shapeOfTable(decl: TableDecl): TypeShape {
  let depth = 1;
  let highest = 0;
  let maxHandles = 0;
  let contents = 0;
  let hasPadding = false;
  for (const { member, shape } of membersWithShapes(decl)) {
    depth = Math.max(depth, add(shape.depth, 2));
    highest = Math.max(highest, member.ordinal);
    maxHandles = add(maxHandles, shape.maxHandles);
    contents = add(contents, envelopeSize(shape));
    hasPadding ||= hasEnvelopePadding(shape);
  }
  const maxOutOfLine = add(multiply(highest, 8), contents);
  return { inlineSize: 16, alignment: 8, depth, maxHandles, maxOutOfLine, hasPadding, hasFlexibleEnvelope: true };
}

function shapeOfUnion(decl: UnionDecl): TypeShape {
  let depth = 0;
  let maxHandles = 0;
  let maxOutOfLine = 0;
  let hasPadding = false;
  let hasFlexibleEnvelope = !decl.isStrict;
  for (const { member, shape } of membersWithShapes(decl)) {
    const type = member.type.resolved?.type;
    if (type?.kind !== "internal") depth = Math.max(depth, add(shape.depth, 1));
    maxHandles = Math.max(maxHandles, shape.maxHandles);
    maxOutOfLine = Math.max(maxOutOfLine, envelopeSize(shape));
    hasPadding ||= hasEnvelopePadding(shape);
    hasFlexibleEnvelope ||= shape.hasFlexibleEnvelope;
  }
  return { inlineSize: 16, alignment: 8, depth, maxHandles, maxOutOfLine, hasPadding, hasFlexibleEnvelope };
}
