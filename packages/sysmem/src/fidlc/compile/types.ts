/** Types: names, parameters, aliases. Constraints are in the file of that name. */
import { MAX_FIDL_NESTING_DEPTH } from "#base";
import type { TypeArgumentNode, TypeNode } from "../ast/ast.ts";
import * as semantics from "../diagnostics/semantics.ts";
import { CannotReferToMember, NestingTooDeep } from "../diagnostics/syntax.ts";
import { textOf } from "../source/source-file.ts";
import { evaluate, primitive } from "./constants.ts";
import { applyConstraints } from "./constraints.ts";
import { type Context, type Referrer, referrer } from "./context.ts";
import { enter } from "./declarations.ts";
import {
  type AliasDecl,
  isLayout,
  type PrimitiveSubtype,
  type ResolvedType,
  type Type,
  type TypeUse,
  UNBOUNDED,
} from "./model.ts";
import { type BuiltinName, resolveName } from "./names.ts";

/** Resolves the type of a place, once. */
export function resolveTypeUse(context: Context, use: TypeUse, from: Referrer): ResolvedType | undefined {
  if (use.resolved !== undefined || use.node === undefined || context.failed.has(use)) return use.resolved;
  use.resolved = resolveType(context, use.node, from);
  if (use.resolved === undefined) context.failed.add(use);
  return use.resolved;
}

/** The type that a text means, with what it was written as. Nothing after a fault, which is reported. */
export function resolveType(context: Context, node: TypeNode, from: Referrer): ResolvedType | undefined {
  const base = resolveBase(context, node, from);
  if (base === undefined) return undefined;
  const type = applyConstraints(context, base.type, node, from);
  if (type === undefined) return undefined;
  if (base.depth > MAX_FIDL_NESTING_DEPTH) {
    context.reporter.report(NestingTooDeep, node.span, MAX_FIDL_NESTING_DEPTH);
    return undefined;
  }
  return { ...base, type };
}

function resolveBase(context: Context, node: TypeNode, from: Referrer): ResolvedType | undefined {
  const { reporter } = context;
  if (node.target.kind === "layout") {
    const decl = from.library.inlineLayouts.get(node.target.layout);
    if (decl === undefined || !checkParameters(context, node, 0)) return undefined;
    return { type: { kind: "identifier", decl, isOptional: false }, depth: 1 };
  }
  const { name } = node.target;
  const target = resolveName(context, name, from);
  if (target === undefined) return undefined;
  if (target.kind === "builtin") return resolveBuiltin(context, target.name, node, from);
  const { decl } = target;
  if (target.kind === "member") {
    if (decl.kind === "enum" || decl.kind === "bits") reporter.report(semantics.ExpectedType, name.span, name.text);
    else
      reporter.report(
        CannotReferToMember,
        name.span,
        decl.name,
        decl.kind === "resource" ? "resource definition" : decl.kind,
      );
    return undefined;
  }
  if (decl.kind === "alias") {
    if (!checkParameters(context, node, 0)) return undefined;
    const resolved = resolveAlias(context, decl);
    return resolved === undefined ? undefined : { type: resolved.type, alias: decl, depth: resolved.depth + 1 };
  }
  if (decl.kind === "resource") {
    if (!checkParameters(context, node, 0)) return undefined;
    return {
      type: { kind: "handle", resource: decl, properties: decl.properties.map(() => undefined), isOptional: false },
      depth: 1,
    };
  }
  if (isLayout(decl)) {
    if (!checkParameters(context, node, 0)) return undefined;
    return { type: { kind: "identifier", decl, isOptional: false }, depth: 1 };
  }
  const suggestion =
    decl.kind === "protocol" ? `write 'client_end:${name.text}' or 'server_end:${name.text}'` : undefined;
  reporter.reportWith(semantics.ExpectedType, name.span, { suggestion }, name.text);
  return undefined;
}

/** The type behind an alias, aliases of aliases included. */
export function resolveAlias(context: Context, decl: AliasDecl): ResolvedType | undefined {
  enter(context, decl, () => {
    const use = decl.type;
    resolveTypeUse(context, use, referrer(decl));
    // Without its protocol an end is no type yet, and nobody can add it: constraints of aliases are checked here.
    if (use.resolved === undefined) context.failed.add(use);
  });
  return decl.type.resolved;
}

function checkParameters(context: Context, node: TypeNode, expected: number): boolean {
  const found = node.args?.items.length ?? 0;
  if (found === expected) return true;
  const name = textOf(node.target.kind === "name" ? node.target.name.span : node.target.layout.kindSpan);
  context.reporter.report(semantics.WrongNumberOfLayoutParameters, node.args?.span ?? node.span, name, expected, found);
  return false;
}

function resolveBuiltin(context: Context, name: BuiltinName, node: TypeNode, from: Referrer): ResolvedType | undefined {
  const { reporter } = context;
  const parameters = { vector: 1, box: 1, array: 2 }[name as "vector" | "box" | "array"] ?? 0;
  if (!checkParameters(context, node, parameters)) return undefined;
  const [first, second] = node.args?.items ?? [];
  switch (name) {
    case "string":
      return { type: { kind: "string", bound: UNBOUNDED, isBoundSet: false, isOptional: false }, depth: 1 };
    case "bytes":
      return {
        type: { kind: "vector", element: primitive("uint8"), bound: UNBOUNDED, isBoundSet: false, isOptional: false },
        depth: 2,
      };
    case "byte":
      return { type: primitive("uint8"), depth: 1 };
    case "vector": {
      const element = resolveTypeArgument(context, first as TypeArgumentNode, from);
      if (element === undefined) return undefined;
      const type: Type = {
        kind: "vector",
        element: element.type,
        bound: UNBOUNDED,
        isBoundSet: false,
        isOptional: false,
      };
      return { type, depth: element.depth + 1 };
    }
    case "array": {
      const element = resolveTypeArgument(context, first as TypeArgumentNode, from);
      const count = resolveCount(context, second as TypeArgumentNode, from);
      if (element === undefined || count === undefined) return undefined;
      if (count === 0) {
        reporter.report(semantics.MustHaveNonZeroSize, (second as TypeArgumentNode).span, "array");
        return undefined;
      }
      return { type: { kind: "array", element: element.type, count }, depth: element.depth + 1 };
    }
    case "box": {
      const element = resolveTypeArgument(context, first as TypeArgumentNode, from);
      if (element === undefined) return undefined;
      const boxed = element.type;
      if (boxed.kind === "identifier" && boxed.decl.kind === "struct") {
        return { type: { kind: "box", element: boxed }, depth: element.depth + 1 };
      }
      const text = textOf((first as TypeArgumentNode).span);
      const canBeOptional =
        boxed.kind === "string" ||
        boxed.kind === "vector" ||
        boxed.kind === "handle" ||
        boxed.kind === "endpoint" ||
        (boxed.kind === "identifier" && boxed.decl.kind === "union");
      if (canBeOptional) reporter.report(semantics.CannotBeBoxedShouldBeOptional, node.span, text);
      else reporter.report(semantics.CannotBeBoxedNorOptional, node.span, text);
      return undefined;
    }
    case "client_end":
    case "server_end":
      return {
        type: {
          kind: "endpoint",
          role: name === "client_end" ? "client" : "server",
          protocol: undefined,
          isOptional: false,
        },
        depth: 1,
      };
    case "optional":
    case "MAX":
    case "NEXT":
    case "HEAD":
      reporter.report(semantics.ExpectedType, node.span, name);
      return undefined;
    default:
      return { type: primitive(name satisfies PrimitiveSubtype), depth: 1 };
  }
}

function resolveTypeArgument(context: Context, node: TypeArgumentNode, from: Referrer): ResolvedType | undefined {
  if (node.kind === "type") return resolveType(context, node.type, from);
  context.reporter.report(semantics.ExpectedType, node.span, textOf(node.span));
  return undefined;
}

/** The length of an array. A lone name was read as a type, but means a constant here. */
function resolveCount(context: Context, node: TypeArgumentNode, from: Referrer): number | undefined {
  const expected = { type: primitive("uint32"), unresolvable: semantics.CouldNotResolveSizeBound };
  let constant = node.kind === "constant" ? node.constant : undefined;
  if (node.kind === "type") {
    const { target, args, constraints } = node.type;
    if (target.kind === "name" && args === undefined && constraints === undefined) {
      constant = { kind: "reference", name: target.name, span: node.span };
    }
  }
  if (constant === undefined) {
    context.reporter.report(semantics.CouldNotResolveSizeBound, node.span, textOf(node.span));
    return undefined;
  }
  const value = evaluate(context, constant, expected, from);
  return value?.kind === "integer" ? Number(value.value) : undefined;
}
