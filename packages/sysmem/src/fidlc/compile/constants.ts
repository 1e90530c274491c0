/** Values of constants: literals, references, `|`. */
import type { ConstantNode, LiteralNode, ReferenceNode } from "../ast/ast.ts";
import type { DiagnosticKind } from "../diagnostics/diagnostic.ts";
import * as semantics from "../diagnostics/semantics.ts";
import { didYouMean } from "../diagnostics/suggest.ts";
import { CannotReferToMember, MemberNotFound } from "../diagnostics/syntax.ts";
import { utf8Length } from "../lexer/string-literal.ts";
import { textOf } from "../source/source-file.ts";
import { stringOf } from "./attributes.ts";
import type { Context, Referrer } from "./context.ts";
import { resolveConst, resolveValueLayout } from "./declarations.ts";
import type { BitsDecl, ConstantType, ConstantValue, EnumDecl, PrimitiveSubtype, PrimitiveType } from "./model.ts";
import { resolveName } from "./names.ts";
import { fits, fitsFloat, isInteger, parseNumber } from "./numbers.ts";
import { HEAD, NEXT } from "./version.ts";

/** What a constant must be. A bound is that of the string type. */
export interface Expectation {
  /** Absent: whatever it is by itself. */
  readonly type: Exclude<ConstantType, { readonly kind: "untyped" }> | undefined;
  readonly bound?: number | undefined;
  /** How to report a constant that is no value at all; depends on the place. */
  readonly unresolvable: DiagnosticKind<[text: string]>;
}

/** Evaluates a constant; nothing after reporting why it has no value. */
export function evaluate(
  context: Context,
  node: ConstantNode,
  expected: Expectation,
  from: Referrer,
): ConstantValue | undefined {
  switch (node.kind) {
    case "literal":
      return evaluateLiteral(context, node, expected);
    case "parentheses":
      return evaluate(context, node.inner, expected, from);
    case "reference":
      return evaluateReference(context, node, expected, from);
    case "or":
      return evaluateOr(context, node.operands, node, expected, from);
  }
}

function typeName(type: ConstantType): string {
  switch (type.kind) {
    case "primitive":
      return type.subtype;
    case "identifier":
      return type.decl.name;
    default:
      return type.kind;
  }
}

function evaluateLiteral(context: Context, node: LiteralNode, expected: Expectation): ConstantValue | undefined {
  const { reporter } = context;
  const { type } = expected;
  const text = textOf(node.span);
  const mismatch = (what: string): undefined => {
    if (type !== undefined)
      reporter.report(semantics.TypeCannotBeConvertedToType, node.span, text, what, typeName(type));
    return undefined;
  };
  if (node.literal === "string" || node.literal === "doc") {
    const value = stringOf(node) as string;
    if (type !== undefined && type.kind !== "string") return mismatch("a string");
    if (expected.bound !== undefined && utf8Length(value) > expected.bound) {
      reporter.report(
        semantics.TypeCannotBeConvertedToType,
        node.span,
        text,
        `${utf8Length(value)} bytes`,
        `string:${expected.bound}`,
      );
      return undefined;
    }
    return { kind: "string", value, type: { kind: "string" } };
  }
  if (node.literal === "bool") {
    if (type !== undefined && !(type.kind === "primitive" && type.subtype === "bool")) return mismatch("a bool");
    return { kind: "bool", value: node.text === "true", type: { kind: "primitive", subtype: "bool" } };
  }
  const number = parseNumber(node.text);
  if (number === undefined) {
    reporter.report(expected.unresolvable, node.span, text);
    return undefined;
  }
  if (type === undefined) return { ...number, type: { kind: "untyped" } };
  // No bits set: the one number that is of every bits type.
  const isZero = number.kind === "integer" && number.value === 0n;
  if (type.kind === "identifier" && type.decl.kind === "bits" && isZero) return { kind: "integer", value: 0n, type };
  if (type.kind !== "primitive" || type.subtype === "bool") return mismatch("a number");
  return convertNumber(context, number, type, node, text);
}

function convertNumber(
  context: Context,
  number: { readonly kind: "integer"; readonly value: bigint } | { readonly kind: "float"; readonly value: number },
  type: PrimitiveType,
  node: ConstantNode,
  text: string,
): ConstantValue | undefined {
  const { reporter } = context;
  const { subtype } = type;
  if (subtype === "float32" || subtype === "float64") {
    const value = Number(number.value);
    if (fitsFloat(value, subtype)) return { kind: "float", value, type };
    reporter.report(semantics.ConstantOverflowsType, node.span, text, subtype);
    return undefined;
  }
  if (number.kind === "float") {
    reporter.report(semantics.TypeCannotBeConvertedToType, node.span, text, "a fraction", subtype);
    return undefined;
  }
  if (fits(number.value, subtype)) return { kind: "integer", value: number.value, type };
  reporter.report(semantics.ConstantOverflowsType, node.span, text, subtype);
  return undefined;
}

function evaluateReference(
  context: Context,
  node: ReferenceNode,
  expected: Expectation,
  from: Referrer,
): ConstantValue | undefined {
  const { reporter } = context;
  const target = resolveName(context, node.name, from);
  if (target === undefined) return undefined;
  const text = node.name.text;
  if (target.kind === "builtin") {
    if (target.name !== "HEAD" && target.name !== "NEXT") {
      reporter.report(semantics.ExpectedValueButGotType, node.span, text);
      return undefined;
    }
    const value = BigInt(target.name === "HEAD" ? HEAD : NEXT);
    return convert(
      context,
      { kind: "integer", value, type: { kind: "untyped" }, target: `fidl/${target.name}` },
      expected,
      node,
    );
  }
  const { decl } = target;
  if (target.kind === "member") {
    if (decl.kind !== "enum" && decl.kind !== "bits") {
      reporter.report(
        CannotReferToMember,
        node.span,
        decl.name,
        decl.kind === "resource" ? "resource definition" : decl.kind,
      );
      return undefined;
    }
    const value = memberValue(context, decl, target.member, node);
    return value === undefined ? undefined : convert(context, value, expected, node);
  }
  if (decl.kind !== "const") {
    reporter.report(semantics.ExpectedValueButGotType, node.span, text);
    return undefined;
  }
  resolveConst(context, decl);
  const { value } = decl.value;
  return value === undefined ? undefined : convert(context, { ...value, target: decl.fqn }, expected, node);
}

/** Value of `Decl.MEMBER`, with the enum or bits as its type. */
export function memberValue(
  context: Context,
  decl: EnumDecl | BitsDecl,
  name: string,
  node: ConstantNode,
): ConstantValue | undefined {
  resolveValueLayout(context, decl);
  const member = decl.members.find((candidate) => candidate.name === name);
  if (member === undefined) {
    if (!decl.isComplete) return undefined;
    const suggestion = didYouMean(
      name,
      decl.members.map((candidate) => candidate.name),
    );
    context.reporter.reportWith(MemberNotFound, node.span, { suggestion }, name, decl.name);
    return undefined;
  }
  const value = member.value.value;
  return value === undefined
    ? undefined
    : { ...value, type: { kind: "identifier", decl }, target: `${decl.fqn}.${name}` };
}

/** A named value where a type is expected. */
function convert(
  context: Context,
  value: ConstantValue,
  expected: Expectation,
  node: ConstantNode,
): ConstantValue | undefined {
  const { reporter } = context;
  const { type } = expected;
  if (type === undefined) return value;
  const text = textOf(node.span);
  const mismatch = (): undefined => {
    reporter.report(semantics.MismatchedNameTypeAssignment, node.span, typeName(type), text, typeName(value.type));
    return undefined;
  };
  if (type.kind === "identifier") {
    const isSame = value.type.kind === "identifier" && type.decl === value.type.decl;
    return isSame ? value : mismatch();
  }
  if (type.kind === "string") {
    if (value.kind !== "string") return mismatch();
    if (expected.bound === undefined || utf8Length(value.value) <= expected.bound) return value;
    const found = `${utf8Length(value.value)} bytes`;
    reporter.report(semantics.TypeCannotBeConvertedToType, node.span, text, found, `string:${expected.bound}`);
    return undefined;
  }
  if (type.subtype === "bool") return value.kind === "bool" ? value : mismatch();
  if (value.kind !== "integer" && value.kind !== "float") return mismatch();
  const converted = convertNumber(context, value, type, node, text);
  if (converted === undefined) return undefined;
  return value.target === undefined ? converted : { ...converted, target: value.target };
}

function evaluateOr(
  context: Context,
  operands: readonly ConstantNode[],
  node: ConstantNode,
  expected: Expectation,
  from: Referrer,
): ConstantValue | undefined {
  const { type } = expected;
  const isPossible =
    type === undefined ||
    (type.kind === "primitive" && isInteger(type.subtype)) ||
    (type.kind === "identifier" && type.decl.kind === "bits");
  if (!isPossible) {
    context.reporter.report(semantics.OrOperatorOnNonPrimitiveValue, node.span, typeName(type));
    return undefined;
  }
  let result = 0n;
  let found: ConstantType = type ?? { kind: "untyped" };
  for (const operand of operands) {
    const value = evaluate(context, operand, expected, from);
    if (value === undefined) return undefined;
    if (value.kind !== "integer") {
      context.reporter.report(semantics.OrOperatorOnNonPrimitiveValue, operand.span, typeName(value.type));
      return undefined;
    }
    result |= value.value;
    if (found.kind === "untyped") found = value.type;
  }
  return { kind: "integer", value: result, type: found };
}

/** A built-in type by its name. */
export function primitive(subtype: PrimitiveSubtype): PrimitiveType {
  return { kind: "primitive", subtype };
}
