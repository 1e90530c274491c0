/** Parts that all declarations of the IR are made of: places, constants, attributes, types, shapes. */
import type { ConstantNode, TypeNode } from "../ast/ast.ts";
import { shapeOfType, type TypeShape } from "../compile/type-shape.ts";
import type {
  Attribute,
  ConstantValue,
  DeclBase,
  ElementBase,
  HandleType,
  Library,
  ResolvedType,
  Type,
  TypeUse,
} from "../compile/model.ts";
import { UNBOUNDED } from "../compile/model.ts";
import { isDeprecated } from "../compile/version.ts";
import { lineColumnAt, type Span, textOf } from "../source/source-file.ts";
import type {
  IrAttribute,
  IrConstant,
  IrElement,
  IrFromAlias,
  IrLocation,
  IrType,
  IrTypeConstructor,
  IrTypeShape,
} from "./types.ts";

const SAME_RIGHTS = 0x8000_0000;

function irLocation(span: Span): IrLocation {
  const { line, column } = lineColumnAt(span.file, span.start);
  return { filename: span.file.path, line, column, length: span.end - span.start };
}

/** Name, place, attributes; declarations are named with their library, members are not. */
export function irElement(element: ElementBase | DeclBase, library: Library): IrElement {
  return {
    name: "fqn" in element ? element.fqn : element.name,
    location: irLocation(element.nameSpan),
    deprecated: isDeprecated(element.availability, library.selection),
    ...irAttributes(element.attributes),
  };
}

/** Attributes with their arguments; no member at all where there are none. */
export function irAttributes(attributes: readonly Attribute[]): { readonly maybe_attributes?: readonly IrAttribute[] } {
  if (attributes.length === 0) return {};
  return {
    maybe_attributes: attributes.map((attribute) => ({
      name: attribute.name,
      arguments: attribute.args.flatMap(({ name, node, value }) => {
        if (value === undefined) return [];
        return [
          { name, type: attributeType(value), value: irConstant(node.value, value), location: irLocation(node.span) },
        ];
      }),
      location: irLocation(attribute.node.span),
    })),
  };
}

function attributeType(value: ConstantValue): string {
  return value.type.kind === "primitive" ? value.type.subtype : "string";
}

function valueText(value: ConstantValue): string {
  return String(value.value);
}

/** A constant: what it is worth, and how it was written. */
export function irConstant(node: ConstantNode, value: ConstantValue): IrConstant {
  const expression = textOf(node.span);
  const text = valueText(value);
  switch (node.kind) {
    case "literal": {
      const kind = node.literal === "doc" ? "string" : node.literal;
      return { kind: "literal", value: text, expression, literal: { kind, value: text, expression } };
    }
    case "reference":
      return {
        kind: "identifier",
        value: text,
        expression,
        ...(value.target === undefined ? {} : { identifier: value.target }),
      };
    case "parentheses":
      return { ...irConstant(node.inner, value), expression };
    case "or":
      return { kind: "binary_operator", value: text, expression };
  }
}

/** The shape of a type in wire format v2. */
export function irShape(shape: TypeShape): IrTypeShape {
  return {
    inline_size: shape.inlineSize,
    alignment: shape.alignment,
    depth: shape.depth,
    max_handles: shape.maxHandles,
    max_out_of_line: shape.maxOutOfLine,
    has_padding: shape.hasPadding,
    has_flexible_envelope: shape.hasFlexibleEnvelope,
  };
}

/** A type with its shape. */
export function irType(type: Type): IrType {
  const shape = { type_shape_v2: irShape(shapeOfType(type)) };
  switch (type.kind) {
    case "primitive":
      return { kind_v2: "primitive", subtype: type.subtype, ...shape };
    case "internal":
      return { kind_v2: "internal", subtype: type.subtype, ...shape };
    case "string":
      return { kind_v2: "string", ...elementCount(type.bound), nullable: type.isOptional, ...shape };
    case "vector":
      return {
        kind_v2: "vector",
        element_type: irType(type.element),
        ...elementCount(type.bound),
        nullable: type.isOptional,
        ...shape,
      };
    case "array":
      return { kind_v2: "array", element_type: irType(type.element), element_count: type.count, ...shape };
    case "box":
      return { kind_v2: "identifier", identifier: type.element.decl.fqn, nullable: true, ...shape };
    case "identifier":
      return { kind_v2: "identifier", identifier: type.decl.fqn, nullable: type.isOptional, ...shape };
    case "endpoint":
      return {
        kind_v2: "endpoint",
        role: type.role,
        protocol: type.protocol?.fqn ?? "",
        protocol_transport: type.protocol?.transport ?? "Channel",
        nullable: type.isOptional,
        ...shape,
      };
    case "handle":
      return {
        kind_v2: "handle",
        ...handleParts(type),
        nullable: type.isOptional,
        resource_identifier: type.resource.fqn,
        ...shape,
      };
  }
}

function elementCount(bound: number): { readonly maybe_element_count?: number } {
  return bound === UNBOUNDED ? {} : { maybe_element_count: bound };
}

/** Object type, its spelling, and rights, from the properties of those names. */
function handleParts(type: HandleType): {
  readonly obj_type: number;
  readonly subtype: string;
  readonly rights: number;
} {
  const property = (name: string): ConstantValue | undefined =>
    type.properties[type.resource.properties.findIndex((candidate) => candidate.name === name)];
  const subtype = property("subtype");
  const rights = property("rights");
  const member = subtype?.target?.split(".").at(-1);
  let spelling = "handle";
  if (subtype !== undefined && subtype.value !== 0n && member !== undefined) {
    spelling = member === "LOG" ? "debuglog" : member.toLowerCase().replaceAll("_", "");
  }
  return {
    obj_type: subtype === undefined ? 0 : Number(subtype.value),
    subtype: spelling,
    rights: rights === undefined ? SAME_RIGHTS : Number(rights.value),
  };
}

/** For members, constants and aliases: the type, and the alias it was written as. */
export function irTypeUse(use: TypeUse): {
  readonly type: IrType;
  readonly experimental_maybe_from_alias?: IrFromAlias;
} {
  const resolved = use.resolved as ResolvedType;
  const type = irType(resolved.type);
  if (resolved.alias === undefined) return { type };
  const written = irConstraints(use.node as TypeNode, resolved.type);
  return { type, experimental_maybe_from_alias: { name: resolved.alias.fqn, args: [], ...written } };
}

/** A type as it was written, but for aliases, whose types stand for them. Sizes are told by their values. */
export function irTypeConstructor(node: TypeNode, resolved: ResolvedType): IrTypeConstructor {
  const { type } = resolved;
  const inner = innerType(type);
  const first = node.args?.items[0];
  const args =
    inner === undefined || first?.kind !== "type"
      ? []
      : [irTypeConstructor(first.type, { type: inner, depth: resolved.depth - 1 })];
  return { name: constructorName(type), args, ...irConstraints(node, type) };
}

/** The constraints of this use alone, not those that an alias brings. */
function irConstraints(node: TypeNode, type: Type): { readonly nullable: boolean; readonly maybe_size?: IrConstant } {
  const items = node.constraints?.items ?? [];
  const isOptional = "isOptional" in type && type.isOptional;
  const isWord = (item: ConstantNode | undefined): boolean =>
    isOptional && item?.kind === "reference" && /^(fidl\.)?optional$/.test(item.name.text);
  const isBox = type.kind === "box" && node.args !== undefined;
  const nullable = isBox || isWord(items[items.length - 1]);
  const [bound] = items;
  const isSized = (type.kind === "string" || type.kind === "vector") && type.bound !== UNBOUNDED;
  if (!isSized || bound === undefined || isWord(bound)) return { nullable };
  return { nullable, maybe_size: irConstant(bound, sizeValue(type.bound, bound)) };
}

function innerType(type: Type): Type | undefined {
  return type.kind === "vector" || type.kind === "array" || type.kind === "box" ? type.element : undefined;
}

function sizeValue(size: number, node: ConstantNode): ConstantValue {
  const value = { kind: "integer", value: BigInt(size), type: { kind: "primitive", subtype: "uint32" } } as const;
  return node.kind === "reference" ? { ...value, target: node.name.text } : value;
}

function constructorName(type: Type): string {
  switch (type.kind) {
    case "primitive":
    case "internal":
      return type.subtype;
    case "identifier":
      return type.decl.fqn;
    case "handle":
      return type.resource.fqn;
    case "endpoint":
      return type.role === "client" ? "client_end" : "server_end";
    default:
      return type.kind;
  }
}
