/** Attributes, doc comments, modifiers and constants. */
import type {
  ArgumentNode,
  AttributeNode,
  ConstantNode,
  DottedName,
  Ident,
  ModifierName,
  ModifierNode,
} from "../ast/ast.ts";
import * as syntax from "../diagnostics/syntax.ts";
import { describeToken } from "../lexer/token.ts";
import { joinSpans } from "../source/source-file.ts";
import type { Cursor, Parsed } from "./cursor.ts";

/** Doc comments and attributes before something. Faulty ones are reported and left out. */
export function parseAttributes(cursor: Cursor): readonly AttributeNode[] {
  const attributes: AttributeNode[] = [];
  for (;;) {
    if (cursor.at("doc")) attributes.push(parseDocComment(cursor));
    else if (cursor.at("@")) {
      const attribute = parseAttribute(cursor);
      if (attribute !== undefined) attributes.push(attribute);
    } else return attributes;
  }
}

/** After attributes at the end of a block: a doc comment there documents nothing. */
export function reportDangling(cursor: Cursor, attributes: readonly AttributeNode[]): void {
  for (const attribute of attributes) {
    if (attribute.isDocComment) cursor.reporter.report(syntax.TrailingDocComment, attribute.span);
    else
      cursor.reporter.report(
        syntax.UnexpectedToken,
        cursor.peek().span,
        describeToken(cursor.peek()),
        "after an attribute",
      );
  }
}

/** Adjacent doc comment lines are one attribute. */
function parseDocComment(cursor: Cursor): AttributeNode {
  const first = cursor.take();
  let text = `${first.text.slice(3)}\n`;
  while (cursor.at("doc")) {
    const next = cursor.take();
    if (next.isAfterComment) cursor.reporter.report(syntax.CommentWithinDocCommentBlock, next.span);
    else if (next.breaksBefore > 1) cursor.reporter.report(syntax.BlankLinesWithinDocCommentBlock, next.span);
    text += `${next.text.slice(3)}\n`;
  }
  const span = cursor.spanFrom(first.span);
  const value: ConstantNode = { kind: "literal", literal: "doc", text, span };
  return { name: { text: "doc", span }, args: [{ name: undefined, value, span }], isDocComment: true, span };
}

function parseAttribute(cursor: Cursor): Parsed<AttributeNode> {
  const at = cursor.take();
  const name = cursor.identifier("an attribute's name");
  if (name === undefined) return undefined;
  let args: readonly ArgumentNode[] = [];
  if (cursor.at("(")) {
    const open = cursor.take();
    if (cursor.at(")")) {
      cursor.take();
      cursor.reporter.report(syntax.AttributeWithEmptyParens, cursor.spanFrom(open.span));
    } else {
      const list = parseArgumentList(cursor);
      if (list === undefined) return undefined;
      const unnamed = list.find((argument) => argument.name === undefined);
      if (list.length > 1 && unnamed !== undefined) {
        cursor.reporter.report(syntax.AttributeArgsMustAllBeNamed, unnamed.span);
        return undefined;
      }
      args = list;
    }
  }
  return { name, args, isDocComment: false, span: cursor.spanFrom(at.span) };
}

/** Arguments up to and with the closing parenthesis; on a fault, skips to it where it is near. */
function parseArgumentList(cursor: Cursor): Parsed<readonly ArgumentNode[]> {
  const args: ArgumentNode[] = [];
  do {
    const argument = parseArgument(cursor);
    if (argument === undefined) {
      while (!cursor.at(")") && !cursor.at(";") && !cursor.at("{") && !cursor.at("}") && !cursor.at("end"))
        cursor.take();
      cursor.takeIf(")");
      return undefined;
    }
    args.push(argument);
  } while (cursor.takeIf(",") !== undefined);
  return cursor.expect(")") === undefined ? undefined : args;
}

function parseArgument(cursor: Cursor): Parsed<ArgumentNode> {
  let name: Ident | undefined;
  const first = cursor.peek().span;
  if (cursor.at("identifier") && cursor.peek(1).kind === "=") {
    name = cursor.identifier();
    cursor.take();
  }
  const value = parseConstant(cursor);
  return value === undefined ? undefined : { name, value, span: cursor.spanFrom(first) };
}

/** `a | b | (c)`. */
export function parseConstant(cursor: Cursor): Parsed<ConstantNode> {
  return cursor.nested(() => {
    const first = parseTerm(cursor);
    if (first === undefined || !cursor.at("|")) return first;
    const operands = [first];
    while (cursor.takeIf("|") !== undefined) {
      const next = parseTerm(cursor);
      if (next === undefined) return undefined;
      operands.push(next);
    }
    return { kind: "or", operands, span: cursor.spanFrom(first.span) };
  });
}

function parseTerm(cursor: Cursor): Parsed<ConstantNode> {
  const token = cursor.peek();
  switch (token.kind) {
    case "string":
      cursor.take();
      return { kind: "literal", literal: "string", text: token.text, span: token.span };
    case "number":
      cursor.take();
      return { kind: "literal", literal: "numeric", text: token.text, span: token.span };
    case "identifier": {
      const name = cursor.dotted();
      if (name === undefined) return undefined;
      return constantOfName(name);
    }
    case "(": {
      cursor.take();
      const inner = parseConstant(cursor);
      if (inner === undefined || cursor.expect(")") === undefined) return undefined;
      return { kind: "parentheses", inner, span: cursor.spanFrom(token.span) };
    }
    default:
      cursor.reporter.report(syntax.UnexpectedToken, token.span, describeToken(token), "where a value is expected");
      return undefined;
  }
}

/** `true` and `false` are values wherever a value is expected. */
function constantOfName(name: DottedName): ConstantNode {
  if (name.text === "true" || name.text === "false") {
    return { kind: "literal", literal: "bool", text: name.text, span: name.span };
  }
  return { kind: "reference", name, span: name.span };
}

const MODIFIERS: ReadonlySet<string> = new Set(["strict", "flexible", "resource", "open", "ajar", "closed"]);

/** No word is reserved: a modifier is one only when something follows that it can modify. */
function atModifier(cursor: Cursor): boolean {
  const token = cursor.peek();
  if (token.kind !== "identifier" || !MODIFIERS.has(token.text)) return false;
  const next = cursor.peek(1);
  if (next.kind === "identifier" || next.kind === "->") return true;
  return next.kind === "(" && cursor.peek(2).kind === "identifier" && cursor.peek(3).kind === "=";
}

/**
 * `strict`, `flexible`, `resource` and the like, in any order, with their arguments. Whether they fit, is checked
 * where they stand.
 */
export function parseModifiers(cursor: Cursor): readonly ModifierNode[] {
  const modifiers: ModifierNode[] = [];
  while (atModifier(cursor)) {
    const token = cursor.take();
    let args: readonly ArgumentNode[] = [];
    if (cursor.takeIf("(") !== undefined) args = parseArgumentList(cursor) ?? [];
    modifiers.push({ name: token.text as ModifierName, args, span: joinSpans(token.span, cursor.previous.span) });
  }
  return modifiers;
}
