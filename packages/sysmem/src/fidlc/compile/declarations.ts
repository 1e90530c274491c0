/** Resolves declarations on demand: constants, enums, bits and resources, which others need the values of. */
import { MAX_FIDL_REFERENCE_CHAIN } from "#base";
import type { TypeNode } from "../ast/ast.ts";
import * as semantics from "../diagnostics/semantics.ts";
import { MustHaveOneMember, MustHaveOneProperty, ReferenceChainTooLong } from "../diagnostics/syntax.ts";
import { textOf } from "../source/source-file.ts";
import { findAttribute } from "./attributes.ts";
import { type Expectation, evaluate, primitive } from "./constants.ts";
import { type Context, referrer } from "./context.ts";
import type {
  BitsDecl,
  ConstDecl,
  Decl,
  EnumDecl,
  PrimitiveSubtype,
  ResourceDecl,
  Type,
  ValueMember,
} from "./model.ts";
import { INTEGER_RANGES, isInteger } from "./numbers.ts";
import { resolveType, resolveTypeUse } from "./types.ts";
import { overlap } from "./version.ts";

/**
 * Runs the step that resolves a declaration, once. A declaration met again while it is being resolved is part of a cycle.
 * False when it cannot be resolved for that reason, or because the chain is too long.
 */
export function enter(context: Context, decl: Decl, step: () => void): boolean {
  if (decl.state === "done") return true;
  const { reporter, resolving } = context;
  if (decl.state === "resolving") {
    const cycle = [...resolving.slice(resolving.indexOf(decl)), decl].map(({ name }) => name).join(" -> ");
    reporter.unmuted(() => reporter.report(semantics.IncludeCycle, decl.nameSpan, cycle));
    return false;
  }
  if (resolving.length >= MAX_FIDL_REFERENCE_CHAIN) {
    reporter.unmuted(() => reporter.report(ReferenceChainTooLong, decl.nameSpan, MAX_FIDL_REFERENCE_CHAIN));
    return false;
  }
  decl.state = "resolving";
  resolving.push(decl);
  reporter.unmuted(step);
  resolving.pop();
  decl.state = "done";
  return true;
}

/** Resolves type and value of a constant. Faults, values that refer to themselves among them, are reported. */
export function resolveConst(context: Context, decl: ConstDecl): void {
  enter(context, decl, () => {
    const from = referrer(decl);
    const resolved = resolveTypeUse(context, decl.type, from);
    if (resolved === undefined) return;
    const expected = constantType(resolved.type);
    if (expected === undefined) {
      const span = decl.type.node?.span ?? decl.nameSpan;
      context.reporter.report(semantics.InvalidConstantType, span, textOf(span));
      return;
    }
    decl.value.value = evaluate(
      context,
      decl.value.node,
      { ...expected, unresolvable: semantics.CannotResolveConstantValue },
      from,
    );
  });
}

/** What a constant of a type must be; nothing when the type has no constants. */
export function constantType(type: Type): Pick<Expectation, "type" | "bound"> | undefined {
  if (type.kind === "primitive") return { type };
  if (type.kind === "string") return type.isOptional ? undefined : { type: { kind: "string" }, bound: type.bound };
  if (type.kind !== "identifier") return undefined;
  const { decl } = type;
  return decl.kind === "enum" || decl.kind === "bits" ? { type: { kind: "identifier", decl } } : undefined;
}

/** Underlying type and members' values of an enum or bits. */
export function resolveValueLayout(context: Context, decl: EnumDecl | BitsDecl): void {
  enter(context, decl, () => {
    const subtype = resolveSubtype(context, decl);
    if (subtype === undefined) return;
    decl.subtype = subtype;
    const expected: Expectation = { type: primitive(subtype), unresolvable: semantics.CouldNotResolveMember };
    const byValue = new Map<bigint, ValueMember>();
    for (const member of decl.members) {
      const found = evaluate(context, member.value.node, expected, referrer(decl, member));
      if (found?.kind !== "integer") continue;
      member.value.value = found;
      const { value } = found;
      const other = byValue.get(value);
      if (other !== undefined && overlap(other.availability, member.availability)) {
        const related = [{ message: "the other member", span: other.nameSpan }];
        context.reporter.reportWith(
          semantics.DuplicateMemberValue,
          member.value.node.span,
          { related },
          member.name,
          String(value),
          other.name,
        );
        continue;
      }
      byValue.set(value, member);
      if (decl.kind === "bits") {
        if (value <= 0n || (value & (value - 1n)) !== 0n) {
          context.reporter.report(
            semantics.BitsMemberMustBePowerOfTwo,
            member.value.node.span,
            member.name,
            String(value),
          );
        } else decl.mask |= value;
      }
    }
    if (decl.isStrict && decl.isComplete && decl.members.length === 0) {
      context.reporter.report(MustHaveOneMember, decl.nameSpan, `strict ${decl.kind}`);
    }
    if (decl.kind === "enum") resolveUnknownValue(context, decl, subtype, byValue);
  });
}

function resolveSubtype(context: Context, decl: EnumDecl | BitsDecl): PrimitiveSubtype | undefined {
  const node = decl.subtypeNode;
  if (node === undefined) return "uint32";
  const type = resolveType(context, node, referrer(decl))?.type;
  if (type === undefined) return undefined;
  const isPossible =
    type.kind === "primitive" && isInteger(type.subtype) && (decl.kind === "enum" || type.subtype.startsWith("u"));
  if (isPossible) return type.subtype;
  const kind =
    decl.kind === "enum"
      ? semantics.EnumTypeMustBeIntegralPrimitive
      : semantics.BitsTypeMustBeUnsignedIntegralPrimitive;
  context.reporter.report(kind, node.span, textOf(node.span));
  return undefined;
}

/** A flexible enum keeps one value for bindings that must show "something unknown". */
function resolveUnknownValue(
  context: Context,
  decl: EnumDecl,
  subtype: PrimitiveSubtype,
  byValue: ReadonlyMap<bigint, ValueMember>,
): void {
  let marked: ValueMember | undefined;
  for (const member of decl.members) {
    const attribute = findAttribute(member.attributes, "unknown");
    if (attribute === undefined) continue;
    if (decl.isStrict) context.reporter.report(semantics.UnknownAttributeOnStrictEnumMember, attribute.node.span);
    else if (marked !== undefined)
      context.reporter.report(semantics.UnknownAttributeOnMultipleEnumMembers, attribute.node.span);
    else marked = member;
  }
  if (decl.isStrict) return;
  const largest = INTEGER_RANGES.get(subtype)?.[1] ?? 0n;
  if (marked !== undefined) {
    const value = marked.value.value;
    decl.unknownValue = value?.kind === "integer" ? value.value : largest;
    return;
  }
  decl.unknownValue = largest;
  const holder = byValue.get(largest);
  if (holder !== undefined) {
    context.reporter.report(semantics.FlexibleEnumMemberWithMaxValue, holder.value.node.span, String(largest));
  }
}

/** Underlying type and properties. False when handles of it cannot be constrained. */
export function resolveResource(context: Context, decl: ResourceDecl): boolean {
  const { reporter } = context;
  const isEntered = enter(context, decl, () => {
    const from = referrer(decl);
    const subtype = resolveType(context, decl.subtypeNode, from)?.type;
    if (subtype?.kind === "primitive" && subtype.subtype === "uint32") decl.subtype = "uint32";
    else if (subtype !== undefined)
      reporter.report(semantics.ResourceMustBeUint32Derived, decl.subtypeNode.span, decl.name);
    if (decl.properties.length === 0) {
      if (decl.isComplete) reporter.report(MustHaveOneProperty, decl.nameSpan);
      return;
    }
    for (const property of decl.properties) {
      const type = resolveTypeUse(context, property.type, referrer(decl, property))?.type;
      if (type !== undefined) checkProperty(context, decl, property.name, type, property.type.node);
    }
    if (decl.isComplete && !decl.properties.some((property) => property.name === "subtype")) {
      reporter.report(semantics.ResourceMissingSubtypeProperty, decl.nameSpan, decl.name);
    }
  });
  return isEntered && decl.isComplete && decl.properties.every((property) => property.type.resolved !== undefined);
}

function checkProperty(
  context: Context,
  decl: ResourceDecl,
  name: string,
  type: Type,
  node: TypeNode | undefined,
): void {
  const span = node?.span ?? decl.nameSpan;
  if (type.kind === "identifier" && (type.decl.kind === "enum" || type.decl.kind === "bits"))
    resolveValueLayout(context, type.decl);
  if (name === "subtype" && !(type.kind === "identifier" && type.decl.kind === "enum")) {
    context.reporter.report(semantics.ResourceSubtypePropertyMustReferToEnum, span, decl.name);
  }
  if (name === "rights") {
    const isBits = type.kind === "identifier" && type.decl.kind === "bits" && type.decl.subtype === "uint32";
    const isNumber = type.kind === "primitive" && type.subtype === "uint32";
    if (!isBits && !isNumber) context.reporter.report(semantics.ResourceRightsPropertyMustReferToBits, span, decl.name);
  }
}
