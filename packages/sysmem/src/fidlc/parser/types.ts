/** Type expressions and layouts. */
import type {
  AttributeNode,
  ConstantNode,
  LayoutKind,
  LayoutMemberNode,
  LayoutNode,
  ModifierNode,
  TypeArgumentNode,
  TypeNode,
} from "../ast/ast.ts";
import { didYouMean } from "../diagnostics/suggest.ts";
import { MultipleConstraintDefinitions } from "../diagnostics/semantics.ts";
import * as syntax from "../diagnostics/syntax.ts";
import { parseAttributes, parseConstant, parseModifiers, reportDangling } from "./attributes.ts";
import type { Cursor, Parsed } from "./cursor.ts";

const LAYOUT_KINDS: ReadonlySet<string> = new Set(["enum", "bits", "struct", "table", "union"]);

/** A kind of layout followed by its body, with an underlying type between or not. Names alone are not reserved. */
function atLayout(cursor: Cursor): boolean {
  if (!cursor.at("identifier")) return false;
  if (cursor.peek(1).kind === "{") return true;
  if (cursor.peek(1).kind !== ":" || cursor.peek(2).kind !== "identifier") return false;
  let ahead = 3;
  while (cursor.peek(ahead).kind === "." && cursor.peek(ahead + 1).kind === "identifier") ahead += 2;
  return cursor.peek(ahead).kind === "{";
}

/** A type: a name or an inline layout, with parameters and constraints. */
export function parseType(cursor: Cursor): Parsed<TypeNode> {
  return cursor.nested(() => {
    const first = cursor.peek().span;
    const attributes = parseAttributes(cursor);
    const modifiers = parseModifiers(cursor);
    let target: TypeNode["target"];
    if (atLayout(cursor)) {
      const layout = parseLayout(cursor, attributes, modifiers);
      if (layout === undefined) return undefined;
      target = { kind: "layout", layout };
    } else {
      const name = cursor.dotted("a type");
      if (name === undefined) return undefined;
      const modifier = modifiers[0];
      if (modifier !== undefined) {
        cursor.reporter.report(syntax.CannotSpecifyModifier, modifier.span, modifier.name, "reference to a type");
      }
      const attribute = attributes[0];
      if (attribute !== undefined) {
        cursor.reporter.report(
          syntax.UnexpectedToken,
          attribute.span,
          `attribute '@${attribute.name.text}'`,
          "before the name of a type",
        );
      }
      target = { kind: "name", name };
    }
    let args: TypeNode["args"];
    if (cursor.at("<")) {
      args = parseTypeArguments(cursor);
      if (args === undefined) return undefined;
    }
    let constraints: TypeNode["constraints"];
    while (cursor.at(":")) {
      const colon = cursor.take();
      const items = parseConstraints(cursor);
      if (items === undefined) return undefined;
      const span = cursor.spanFrom(colon.span);
      if (constraints !== undefined) cursor.reporter.report(MultipleConstraintDefinitions, span);
      else constraints = { items, span };
    }
    return { target, args, constraints, span: cursor.spanFrom(first) };
  });
}

/** An underlying type: a name, since what follows in braces is not its body. */
export function parseSubtype(cursor: Cursor): Parsed<TypeNode> {
  const name = cursor.dotted("a type");
  if (name === undefined) return undefined;
  return { target: { kind: "name", name }, args: undefined, constraints: undefined, span: name.span };
}

function parseTypeArguments(cursor: Cursor): TypeNode["args"] {
  const open = cursor.take();
  const items: TypeArgumentNode[] = [];
  do {
    const first = cursor.peek().span;
    if (atConstantArgument(cursor)) {
      const constant = parseConstant(cursor);
      if (constant === undefined) return undefined;
      items.push({ kind: "constant", constant, span: cursor.spanFrom(first) });
    } else {
      const type = parseType(cursor);
      if (type === undefined) return undefined;
      items.push({ kind: "type", type, span: cursor.spanFrom(first) });
    }
  } while (cursor.takeIf(",") !== undefined);
  if (cursor.expect(">") === undefined) return undefined;
  return { items, span: cursor.spanFrom(open.span) };
}

/** A lone name can be either; it is read as a type and understood later. */
function atConstantArgument(cursor: Cursor): boolean {
  const { kind } = cursor.peek();
  if (kind === "number" || kind === "string" || kind === "(") return true;
  if (kind !== "identifier") return false;
  let ahead = 1;
  while (cursor.peek(ahead).kind === "." && cursor.peek(ahead + 1).kind === "identifier") ahead += 2;
  return cursor.peek(ahead).kind === "|";
}

function parseConstraints(cursor: Cursor): Parsed<readonly ConstantNode[]> {
  if (cursor.takeIf("<") === undefined) {
    const only = parseConstant(cursor);
    return only === undefined ? undefined : [only];
  }
  const items: ConstantNode[] = [];
  do {
    const item = parseConstant(cursor);
    if (item === undefined) return undefined;
    items.push(item);
  } while (cursor.takeIf(",") !== undefined);
  return cursor.expect(">") === undefined ? undefined : items;
}

function parseLayout(
  cursor: Cursor,
  attributes: readonly AttributeNode[],
  modifiers: readonly ModifierNode[],
): Parsed<LayoutNode> {
  const word = cursor.take();
  let kind = word.text as LayoutKind;
  if (!LAYOUT_KINDS.has(word.text)) {
    const suggestion = didYouMean(word.text, LAYOUT_KINDS);
    cursor.reporter.reportWith(syntax.InvalidLayoutClass, word.span, { suggestion }, word.text);
    // Read on as the likeliest kind, so that the braces match.
    kind = cursor.peek(1).kind === "number" ? "table" : "struct";
  }
  let subtype: TypeNode | undefined;
  if (cursor.takeIf(":") !== undefined) {
    subtype = parseSubtype(cursor);
    if (subtype === undefined) return undefined;
    if (kind !== "enum" && kind !== "bits") {
      cursor.reporter.report(syntax.CannotSpecifySubtype, subtype.span, kind);
      subtype = undefined;
    }
  }
  const block = parseBlock(cursor, (memberAttributes) => parseLayoutMember(cursor, kind, memberAttributes));
  if (block === undefined) return undefined;
  const first = attributes[0]?.span ?? modifiers[0]?.span ?? word.span;
  return {
    kind,
    kindSpan: word.span,
    attributes,
    modifiers,
    subtype,
    ...block,
    span: cursor.spanFrom(first),
  };
}

export interface Block<T> {
  readonly members: readonly T[];
  /** Nothing in it was faulty. */
  readonly isComplete: boolean;
}

/** `{ member; member; }`. A faulty member is reported, skipped and left out. */
export function parseBlock<T>(
  cursor: Cursor,
  member: (attributes: readonly AttributeNode[]) => Parsed<T>,
): Parsed<Block<T>> {
  if (cursor.expect("{") === undefined) return undefined;
  const errorsBefore = cursor.reporter.errorCount;
  const members: T[] = [];
  while (!cursor.at("}") && !cursor.at("end")) {
    const before = cursor.position;
    const attributes = parseAttributes(cursor);
    if (cursor.at("}") || cursor.at("end")) {
      reportDangling(cursor, attributes);
      break;
    }
    const parsed = member(attributes);
    if (parsed !== undefined) members.push(parsed);
    if (parsed === undefined) cursor.recover();
    else if (cursor.expect(";") === undefined && cursor.peek().breaksBefore === 0) cursor.recover();
    if (cursor.position === before) cursor.take();
  }
  if (cursor.expect("}") === undefined) return undefined;
  return { members, isComplete: cursor.reporter.errorCount === errorsBefore };
}

function parseLayoutMember(
  cursor: Cursor,
  kind: LayoutKind,
  attributes: readonly AttributeNode[],
): Parsed<LayoutMemberNode> {
  const first = attributes[0]?.span ?? cursor.peek().span;
  const hasOrdinals = kind === "table" || kind === "union";
  const ordinal = hasOrdinals ? parseOrdinal(cursor) : undefined;
  const name = cursor.identifier("a member's name");
  if (name === undefined) return undefined;
  if (hasOrdinals && name.text === "reserved" && cursor.at(";")) {
    cursor.reporter.report(syntax.ReservedNotAllowed, name.span);
    return undefined;
  }
  if (kind === "enum" || kind === "bits") {
    if (cursor.expect("=") === undefined) return undefined;
    const value = parseConstant(cursor);
    if (value === undefined) return undefined;
    return { attributes, ordinal: undefined, name, type: undefined, value, span: cursor.spanFrom(first) };
  }
  const type = parseType(cursor);
  if (type === undefined) return undefined;
  let value: ConstantNode | undefined;
  if (kind === "struct" && cursor.takeIf("=") !== undefined) {
    value = parseConstant(cursor);
    if (value === undefined) return undefined;
  }
  return { attributes, ordinal, name, type, value, span: cursor.spanFrom(first) };
}

/** The ordinal, checked for its range; 0 stands for one that is missing or wrong, which was reported. */
function parseOrdinal(cursor: Cursor): NonNullable<LayoutMemberNode["ordinal"]> {
  if (!cursor.at("number")) {
    const { span } = cursor.peek();
    cursor.reporter.report(syntax.MissingOrdinalBeforeMember, span);
    return { value: 0, span };
  }
  const token = cursor.take();
  let value = 0;
  const wide = /^(0|[1-9][0-9]*|0[xX][0-9a-fA-F]+|0[bB][01]+)$/.test(token.text) ? BigInt(token.text) : undefined;
  if (wide === undefined || wide > 0xffffffffn)
    cursor.reporter.report(syntax.OrdinalOutOfBound, token.span, token.text);
  else if (wide === 0n) cursor.reporter.report(syntax.OrdinalsMustStartAtOne, token.span);
  else value = Number(wide);
  cursor.expect(":");
  return { value, span: token.span };
}
