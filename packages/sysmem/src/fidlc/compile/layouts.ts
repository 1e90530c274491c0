/** Structs, tables, unions and services: members' types and ordinals. */
import * as semantics from "../diagnostics/semantics.ts";
import { MustHaveOneMember } from "../diagnostics/syntax.ts";
import { textOf } from "../source/source-file.ts";
import { findAttribute } from "./attributes.ts";
import { evaluate } from "./constants.ts";
import { type Context, referrer } from "./context.ts";
import { constantType } from "./declarations.ts";
import type { OrdinalMember, ServiceDecl, StructDecl, TableDecl, Type, UnionDecl } from "./model.ts";
import { resolveTypeUse } from "./types.ts";
import { overlap } from "./version.ts";

/** Ordinals of tables end here; the last is for a table that continues. */
const MAX_TABLE_ORDINAL = 64;

/** Resolves types and defaults of the members. Faults are reported. */
export function resolveStruct(context: Context, decl: StructDecl): void {
  const permitsDefaults = findAttribute(decl.attributes, "allow_deprecated_struct_defaults") !== undefined;
  for (const member of decl.members) {
    const from = referrer(decl, member);
    const type = resolveTypeUse(context, member.type, from)?.type;
    const { defaultValue } = member;
    if (defaultValue === undefined) continue;
    const isPermitted =
      permitsDefaults || findAttribute(member.attributes, "allow_deprecated_struct_defaults") !== undefined;
    if (!isPermitted) {
      context.reporter.report(semantics.DeprecatedStructDefaults, defaultValue.node.span, member.name);
    }
    if (type === undefined) continue;
    const expected = constantType(type);
    if (expected === undefined) {
      const text = textOf(member.type.node?.span ?? member.nameSpan);
      context.reporter.report(semantics.InvalidStructMemberType, defaultValue.node.span, member.name, text);
      continue;
    }
    defaultValue.value = evaluate(
      context,
      defaultValue.node,
      { ...expected, unresolvable: semantics.CouldNotResolveMemberDefault },
      from,
    );
  }
}

function isOptional(type: Type): boolean {
  return type.kind === "box" || ("isOptional" in type && type.isOptional);
}

/** Resolves types of the members and checks their ordinals. Faults are reported. */
export function resolveTableOrUnion(context: Context, decl: TableDecl | UnionDecl): void {
  const { reporter } = context;
  const byOrdinal = new Map<number, OrdinalMember>();
  for (const member of decl.members) {
    const type = resolveTypeUse(context, member.type, referrer(decl, member))?.type;
    if (type !== undefined && isOptional(type)) {
      const span = member.type.node?.span ?? member.nameSpan;
      if (decl.kind === "table") reporter.report(semantics.OptionalTableMember, span, member.name);
      else reporter.report(semantics.OptionalUnionMember, span, member.name);
    }
    // 0 stands for an ordinal that was reported by the parser.
    if (member.ordinal === 0) continue;
    const other = byOrdinal.get(member.ordinal);
    if (other !== undefined && overlap(other.availability, member.availability)) {
      const details = { related: [{ message: "the other member", span: other.ordinalSpan }] };
      const kind = decl.kind === "table" ? semantics.DuplicateTableFieldOrdinal : semantics.DuplicateUnionMemberOrdinal;
      reporter.reportWith(kind, member.ordinalSpan, details, member.ordinal);
      continue;
    }
    byOrdinal.set(member.ordinal, member);
    if (decl.kind === "union") continue;
    if (member.ordinal > MAX_TABLE_ORDINAL) reporter.report(semantics.TableOrdinalTooLarge, member.ordinalSpan);
    else if (member.ordinal === MAX_TABLE_ORDINAL && type !== undefined) {
      const isTable = type.kind === "identifier" && type.decl.kind === "table";
      if (!isTable) reporter.report(semantics.MaxOrdinalNotTable, member.ordinalSpan);
    }
  }
  if (decl.kind === "union" && decl.isStrict && decl.isComplete && decl.members.length === 0) {
    reporter.report(MustHaveOneMember, decl.nameSpan, "strict union");
  }
}

/** Resolves the members, which are client ends over one transport. Faults are reported. */
export function resolveService(context: Context, decl: ServiceDecl): void {
  const { reporter } = context;
  let transport: string | undefined;
  for (const member of decl.members) {
    const type = resolveTypeUse(context, member.type, referrer(decl, member))?.type;
    if (type === undefined) continue;
    const span = member.type.node?.span ?? member.nameSpan;
    if (type.kind !== "endpoint" || type.role !== "client") {
      reporter.report(semantics.OnlyClientEndsInServices, span, member.name);
      continue;
    }
    if (type.isOptional) reporter.report(semantics.OptionalServiceMember, span, member.name);
    const own = type.protocol?.transport ?? "Channel";
    transport ??= own;
    if (own !== transport) reporter.report(semantics.MismatchedTransportInServices, span, member.name, own, transport);
  }
}
