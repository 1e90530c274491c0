/** Constraints of types: sizes, `optional`, protocols, properties of handles. */
import type { ConstantNode, TypeNode } from "../ast/ast.ts";
import * as semantics from "../diagnostics/semantics.ts";
import { didYouMean } from "../diagnostics/suggest.ts";
import { textOf } from "../source/source-file.ts";
import { evaluate, memberValue, primitive } from "./constants.ts";
import type { Context, Referrer } from "./context.ts";
import { resolveResource } from "./declarations.ts";
import type { ConstantType, ConstantValue, EndpointType, HandleType, StringType, Type, VectorType } from "./model.ts";
import { UNBOUNDED } from "./model.ts";
import { meansNothing, resolveName } from "./names.ts";

/** The type with the constraints of its use, or nothing after reporting what is wrong with them. */
export function applyConstraints(context: Context, type: Type, node: TypeNode, from: Referrer): Type | undefined {
  const items = node.constraints?.items ?? [];
  const text = node.target.kind === "name" ? node.target.name.text : node.target.layout.kind;
  const use: Use = { context, from, node, text, items };
  switch (type.kind) {
    case "string":
    case "vector":
      return constrainSized(use, type);
    case "endpoint":
      return constrainEndpoint(use, type);
    case "handle":
      return constrainHandle(use, type);
    case "identifier":
      return type.decl.kind === "union" ? constrainUnion(use, type) : unconstrained(use, type);
    default:
      return unconstrained(use, type);
  }
}

interface Use {
  readonly context: Context;
  readonly from: Referrer;
  readonly node: TypeNode;
  /** The type as written, for messages. */
  readonly text: string;
  readonly items: readonly ConstantNode[];
}

function tooMany(use: Use, limit: number): boolean {
  if (use.items.length <= limit) return false;
  const span = use.node.constraints?.span ?? use.node.span;
  use.context.reporter.report(semantics.TooManyConstraints, span, use.text, limit, use.items.length);
  return true;
}

function isBuiltin(use: Use, item: ConstantNode, name: "optional" | "MAX"): boolean {
  if (item.kind !== "reference") return false;
  const isNamed = item.name.text === name || item.name.text === `fidl.${name}`;
  if (!isNamed) return false;
  const target = use.context.reporter.muted(() => resolveName(use.context, item.name, use.from));
  return target?.kind === "builtin";
}

function unconstrained(use: Use, type: Type): Type | undefined {
  const [only] = use.items;
  if (only === undefined) return type;
  if (use.items.length > 1 || !isBuiltin(use, only, "optional")) {
    tooMany(use, 0);
    return undefined;
  }
  const { reporter } = use.context;
  if (type.kind === "box") reporter.report(semantics.BoxCannotBeOptional, only.span);
  else if (type.kind === "identifier" && type.decl.kind === "struct") {
    reporter.report(semantics.StructCannotBeOptional, only.span, use.text);
  } else reporter.report(semantics.CannotBeOptional, only.span, use.text);
  return undefined;
}

function constrainUnion(use: Use, type: Type & { readonly kind: "identifier" }): Type | undefined {
  if (tooMany(use, 1)) return undefined;
  const [only] = use.items;
  if (only === undefined) return type;
  if (!isBuiltin(use, only, "optional")) return unexpected(use, only);
  return addOptional(use, type, only);
}

function unexpected(use: Use, item: ConstantNode, candidates: readonly string[] = []): undefined {
  const { context, from } = use;
  // What could not be read was reported; what refers to it is not at fault.
  if (item.kind === "reference" && meansNothing(context, item.name, from) === "lost") return undefined;
  const suggestion = item.kind === "reference" ? didYouMean(item.name.text, candidates) : undefined;
  context.reporter.reportWith(semantics.UnexpectedConstraint, item.span, { suggestion }, textOf(item.span), use.text);
  return undefined;
}

function addOptional<T extends Type & { readonly isOptional: boolean }>(
  use: Use,
  type: T,
  item: ConstantNode,
): T | undefined {
  if (!type.isOptional) return { ...type, isOptional: true };
  use.context.reporter.report(semantics.CannotIndicateOptionalTwice, item.span, use.text);
  return undefined;
}

function constrainSized(use: Use, original: StringType | VectorType): Type | undefined {
  if (tooMany(use, 2)) return undefined;
  let type: StringType | VectorType = original;
  for (const [index, item] of use.items.entries()) {
    if (isBuiltin(use, item, "optional")) {
      const optional: StringType | VectorType | undefined = addOptional(use, type, item);
      if (optional === undefined) return undefined;
      type = optional;
      continue;
    }
    // The size comes first.
    if (index > 0) return unexpected(use, item);
    if (type.isBoundSet) {
      use.context.reporter.report(semantics.CannotBoundTwice, item.span, use.text);
      return undefined;
    }
    const bound = sizeOf(use, item);
    if (bound === undefined) return undefined;
    // `MAX` says what holds anyway, so that a later use may still set a bound.
    type = { ...type, bound, isBoundSet: bound !== UNBOUNDED };
  }
  return type;
}

function sizeOf(use: Use, item: ConstantNode): number | undefined {
  if (isBuiltin(use, item, "MAX")) return UNBOUNDED;
  if (item.kind === "reference") {
    if (meansNothing(use.context, item.name, use.from) !== false) return unexpected(use, item);
    const target = resolveName(use.context, item.name, use.from);
    if (target === undefined) return undefined;
    if (target.kind !== "member" && (target.kind !== "decl" || target.decl.kind !== "const"))
      return unexpected(use, item);
  }
  const expected = { type: primitive("uint32"), unresolvable: semantics.CouldNotResolveSizeBound };
  const value = evaluate(use.context, item, expected, use.from);
  return value?.kind === "integer" ? Number(value.value) : undefined;
}

function constrainEndpoint(use: Use, original: EndpointType): Type | undefined {
  const { reporter } = use.context;
  if (tooMany(use, original.protocol === undefined ? 2 : 1)) return undefined;
  let type = original;
  for (const item of use.items) {
    if (isBuiltin(use, item, "optional")) {
      if (type.protocol === undefined) break;
      const optional = addOptional(use, type, item);
      if (optional === undefined) return undefined;
      type = optional;
      continue;
    }
    if (item.kind !== "reference") {
      // Where the protocol is known already, only `optional` can follow.
      if (type.protocol !== undefined) return unexpected(use, item);
      reporter.report(semantics.MustBeAProtocol, item.span, use.text);
      return undefined;
    }
    const target = resolveName(use.context, item.name, use.from);
    if (target === undefined) return undefined;
    if (target.kind !== "decl" || target.decl.kind !== "protocol") {
      if (type.protocol !== undefined) return unexpected(use, item);
      reporter.report(semantics.MustBeAProtocol, item.span, use.text);
      return undefined;
    }
    if (type.protocol !== undefined) {
      reporter.report(semantics.CannotConstrainTwice, item.span, use.text, "protocol");
      return undefined;
    }
    type = { ...type, protocol: target.decl };
  }
  if (type.protocol !== undefined) return type;
  reporter.report(semantics.ProtocolConstraintRequired, use.node.span, use.text);
  return undefined;
}

/** Properties in their order, then `optional`. A property may be left out; where several fit, the first does. */
function constrainHandle(use: Use, type: HandleType): Type | undefined {
  const { resource } = type;
  if (!resolveResource(use.context, resource)) return undefined;
  if (tooMany(use, resource.properties.length + 1)) return undefined;
  const properties = [...type.properties];
  let { isOptional } = type;
  let next = 0;
  for (const item of use.items) {
    if (isBuiltin(use, item, "optional")) {
      if (isOptional) {
        use.context.reporter.report(semantics.CannotIndicateOptionalTwice, item.span, use.text);
        return undefined;
      }
      isOptional = true;
      next = resource.properties.length;
      continue;
    }
    let value: ConstantValue | undefined;
    for (; next < resource.properties.length && value === undefined; next++) {
      value = propertyValue(use, item, next, resource);
    }
    if (value === undefined) return unexpected(use, item, memberNames(resource));
    if (properties[next - 1] !== undefined) {
      const name = resource.properties[next - 1]?.name ?? "";
      use.context.reporter.report(semantics.CannotConstrainTwice, item.span, use.text, `property '${name}'`);
      return undefined;
    }
    properties[next - 1] = value;
  }
  return { ...type, properties, isOptional };
}

function memberNames(resource: HandleType["resource"]): readonly string[] {
  return resource.properties.flatMap((property) => {
    const type = propertyType(property.type.resolved?.type);
    return type?.kind === "identifier" ? type.decl.members.map(({ name }) => name) : [];
  });
}

/** A constraint as the value of one property, or nothing when it is none. Bare member names of its enum or bits count. */
function propertyValue(
  use: Use,
  item: ConstantNode,
  index: number,
  resource: HandleType["resource"],
): ConstantValue | undefined {
  const { context } = use;
  const type = propertyType(resource.properties[index]?.type.resolved?.type);
  if (type === undefined) return undefined;
  return context.reporter.muted(() => {
    if (type.kind === "identifier" && item.kind === "reference" && item.name.parts.length === 1) {
      const { decl } = type;
      const isMember = decl.members.some((member) => member.name === item.name.text);
      if (isMember) return memberValue(context, decl, item.name.text, item);
    }
    return evaluate(context, item, { type, unresolvable: semantics.CannotResolveConstantValue }, use.from);
  });
}

function propertyType(type: Type | undefined): Exclude<ConstantType, { readonly kind: "untyped" }> | undefined {
  if (type?.kind === "primitive") return type;
  if (type?.kind === "identifier" && (type.decl.kind === "enum" || type.decl.kind === "bits")) {
    return { kind: "identifier", decl: type.decl };
  }
  return undefined;
}
