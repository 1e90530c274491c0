/** FIDL text to tokens. Every fault is reported and skipped: the parser always gets a list that ends with `end`. */
import * as syntax from "../diagnostics/syntax.ts";
import type { Reporter } from "../diagnostics/reporter.ts";
import type { SourceFile, Span } from "../source/source-file.ts";
import { checkStringLiteral } from "./string-literal.ts";
import type { Token, TokenKind } from "./token.ts";

const PUNCTUATION = new Set<string>("()[]{}<>@.,;:=&|");

const isDigit = (c: string | undefined): boolean => c !== undefined && c >= "0" && c <= "9";
const isLetter = (c: string | undefined): boolean =>
  c !== undefined && ((c >= "a" && c <= "z") || (c >= "A" && c <= "Z"));
const isNamePart = (c: string | undefined): boolean => isLetter(c) || isDigit(c) || c === "_";

export interface LexOptions {
  /** Keep plain comments as tokens, for the formatter. */
  readonly comments?: boolean | undefined;
}

/** All tokens of a file. */
export function lex(file: SourceFile, reporter: Reporter, options: LexOptions = {}): readonly Token[] {
  const { text } = file;
  const tokens: Token[] = [];
  let at = text.startsWith("\uFEFF") ? 1 : 0;
  let breaks = 0;
  let isAfterComment = false;

  const spanFrom = (start: number): Span => ({ file, start, end: at });
  const push = (kind: TokenKind, start: number): void => {
    tokens.push({ kind, text: text.slice(start, at), span: spanFrom(start), breaksBefore: breaks, isAfterComment });
    breaks = 0;
    isAfterComment = false;
  };

  while (at < text.length) {
    const start = at;
    const c = text[at] as string;
    if (c === "\n") {
      breaks++;
      at++;
    } else if (c === " " || c === "\t" || c === "\r") {
      at++;
    } else if (text.startsWith("//", at)) {
      at = endOfLine(text, at);
      // Exactly three slashes begin a doc comment.
      const isDoc = text[start + 2] === "/" && text[start + 3] !== "/";
      if (isDoc) push("doc", start);
      else if (options.comments === true) push("comment", start);
      else isAfterComment = true;
    } else if (isLetter(c) || c === "_") {
      while (isNamePart(text[at])) at++;
      push("identifier", start);
    } else if (isDigit(c) || (c === "-" && isDigit(text[at + 1]))) {
      at = endOfNumber(text, at + 1);
      push("number", start);
    } else if (c === '"') {
      at = endOfString(text, at);
      const isClosed = at - start >= 2 && text[at - 1] === '"';
      if (!isClosed) reporter.report(syntax.UnexpectedLineBreak, spanFrom(start));
      else checkStringLiteral(file, start, at, reporter);
      push("string", start);
    } else if (text.startsWith("->", at)) {
      at += 2;
      push("->", start);
    } else if (PUNCTUATION.has(c)) {
      at++;
      push(c as TokenKind, start);
    } else {
      const character = String.fromCodePoint(text.codePointAt(at) as number);
      at += character.length;
      reporter.report(syntax.InvalidCharacter, spanFrom(start), character);
    }
  }
  push("end", text.length);
  return tokens;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  const stop = end < 0 ? text.length : end;
  return text[stop - 1] === "\r" ? stop - 1 : stop;
}

/** Takes everything that could belong to a number, so that a malformed one is one fault and not several tokens. */
function endOfNumber(text: string, from: number): number {
  let at = from;
  const isHex = text[at] === "x" || text[at] === "X";
  for (;;) {
    const c = text[at];
    const isExponentSign =
      (c === "-" || c === "+") && !isHex && (text[at - 1] === "e" || text[at - 1] === "E") && isDigit(text[at + 1]);
    if (!isNamePart(c) && !(c === "." && isDigit(text[at + 1])) && !isExponentSign) return at;
    at++;
  }
}

/** After the closing quote, or at the end of the line when there is none. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const c = text[at];
    if (c === '"') return at + 1;
    if (c === "\n") return at;
    if (c === "\\" && text[at + 1] !== "\n") at++;
  }
  return text.length;
}
