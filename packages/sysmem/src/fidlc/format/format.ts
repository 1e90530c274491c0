/**
 * The formatter: the same tokens and comments, in the one layout that this file describes. Members have a line each, a
 * level is four spaces, attributes of declarations and members stand on their own lines, one blank line separates what the
 * author separated. Lines are not broken nor joined to fit a width, but breaks in the places for them stay.
 */
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { Reporter } from "../diagnostics/reporter.ts";
import { lex } from "../lexer/lexer.ts";
import type { Token } from "../lexer/token.ts";
import { parseFile } from "../parser/parser.ts";
import type { SourceFile } from "../source/source-file.ts";

/** The formatted text, or why there is none. */
export type FormatResult =
  | { readonly ok: true; readonly text: string }
  /** The text has syntax errors; there is nothing to format. */
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Formats FIDL text. Formatting the result again gives the same text. */
export function format(text: string, path = "<text>"): FormatResult {
  const file: SourceFile = { path, text };
  const reporter = new Reporter();
  parseFile(file, reporter);
  if (reporter.errorCount > 0) return { ok: false, diagnostics: reporter.diagnostics() };
  return { ok: true, text: new Printer(lex(file, new Reporter(), { comments: true })).print() };
}

const INDENT = "    ";

class Printer {
  readonly #tokens: readonly Token[];
  readonly #lines: string[] = [];
  #line = "";
  /** Open brackets, innermost last. */
  readonly #open: ("{" | "(" | "<" | "[")[] = [];
  /** Nothing of the current declaration or member is printed yet, but its attributes and comments. */
  #isAtStart = true;
  /** Where the parentheses of attribute arguments end; the attribute is complete after that token. */
  #attributeEnd = -1;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  print(): string {
    for (let at = 0; at < this.#tokens.length; at++) {
      const token = this.#tokens[at] as Token;
      if (token.kind === "end") break;
      this.#blankLineBefore(token, at);
      this.#printToken(token, at);
    }
    this.#endLine();
    return this.#lines.length === 0 ? "" : `${this.#lines.join("\n")}\n`;
  }

  #printToken(token: Token, at: number): void {
    const previous = this.#tokens[at - 1];
    const next = this.#tokens[at + 1];
    switch (token.kind) {
      case "comment":
      case "doc":
        this.#printComment(token, previous);
        return;
      case "{":
        this.#append(token, previous, at);
        this.#open.push("{");
        this.#isAtStart = true;
        if (next?.kind !== "}" && !isTrailingComment(next)) this.#endLine();
        return;
      case "}": {
        const isEmpty = previous?.kind === "{";
        if (!isEmpty) this.#endLine();
        this.#open.pop();
        this.#isAtStart = false;
        if (isEmpty) this.#line += "}";
        else this.#append(token, undefined, at);
        return;
      }
      case ";":
        this.#append(token, previous, at);
        this.#isAtStart = true;
        if (!isTrailingComment(next)) this.#endLine();
        return;
      default:
        this.#printOther(token, previous, at);
    }
  }

  #printOther(token: Token, previous: Token | undefined, at: number): void {
    const isOwnLineAttribute = token.kind === "@" && this.#isAtStart && this.#attributeEnd < 0;
    if (previous !== undefined && this.#keepsBreak(previous, token)) this.#endLine();
    this.#append(token, previous, at);
    if (isOwnLineAttribute) this.#attributeEnd = this.#endOfAttribute(at);
    if (token.kind === "(" || token.kind === "<" || token.kind === "[") this.#open.push(token.kind);
    else if (token.kind === ")" || token.kind === ">" || token.kind === "]") this.#open.pop();
    if (at < this.#attributeEnd) return;
    if (at === this.#attributeEnd) {
      this.#attributeEnd = -1;
      if (!isTrailingComment(this.#tokens[at + 1])) this.#endLine();
      return;
    }
    this.#isAtStart = false;
  }

  /** Long declarations may be broken where a reader expects it: before a type, `|` or `->`, and after `=`. */
  #keepsBreak(previous: Token, token: Token): boolean {
    if (token.breaksBefore === 0 || this.#isAtStart || this.#open[this.#open.length - 1] === "(") return false;
    if (token.kind === "|" || token.kind === "->" || previous.kind === "=") return true;
    return token.kind === "identifier" && previous.kind === "identifier";
  }

  /** Index of the last token of the attribute that begins at `@`. */
  #endOfAttribute(at: number): number {
    if (this.#tokens[at + 2]?.kind !== "(") return at + 1;
    let depth = 0;
    for (let end = at + 2; end < this.#tokens.length; end++) {
      const { kind } = this.#tokens[end] as Token;
      if (kind === "(") depth++;
      if (kind === ")" && --depth === 0) return end;
    }
    return at + 1;
  }

  #printComment(token: Token, previous: Token | undefined): void {
    const text = token.text.trimEnd();
    const isTrailing = token.kind === "comment" && previous !== undefined && token.breaksBefore === 0;
    if (isTrailing && this.#line !== "") this.#line += ` ${text}`;
    else {
      this.#endLine();
      this.#line = this.#indent() + text;
    }
    this.#endLine();
  }

  /** One blank line where there were any, but not at the edges of a block nor inside a declaration's text. */
  #blankLineBefore(token: Token, at: number): void {
    const previous = this.#tokens[at - 1];
    if (token.breaksBefore < 2 || previous === undefined || previous.kind === "{" || token.kind === "}") return;
    if (!this.#isAtStart || this.#attributeEnd >= 0 || this.#line !== "") return;
    if (this.#lines[this.#lines.length - 1] !== "") this.#lines.push("");
  }

  #indent(): string {
    const depth = this.#open.filter((kind) => kind === "{").length;
    // What continues after a comment in the middle is one level deeper.
    const isContinued = !this.#isAtStart || this.#attributeEnd >= 0 || this.#open[this.#open.length - 1] === "(";
    return INDENT.repeat(depth + (isContinued ? 1 : 0));
  }

  #append(token: Token, previous: Token | undefined, at: number): void {
    if (this.#line === "") {
      this.#line =
        (token.kind === "}" ? INDENT.repeat(this.#open.filter((kind) => kind === "{").length) : this.#indent()) +
        token.text;
      return;
    }
    if (previous !== undefined && this.#isSpaced(previous, token, at)) this.#line += " ";
    this.#line += token.text;
  }

  #isSpaced(previous: Token, token: Token, at: number): boolean {
    switch (token.kind) {
      case ")":
      case ">":
      case "]":
      case ",":
      case ";":
      case ".":
      case "<":
        return false;
      case "(":
        return previous.kind !== "identifier" && previous.kind !== "(" && previous.kind !== "<";
      case ":":
        return this.#isBeforeSubtype(at);
      case "=":
        return this.#open[this.#open.length - 1] !== "(";
      default:
    }
    switch (previous.kind) {
      case "(":
      case "<":
      case "[":
      case "@":
      case ".":
        return false;
      case ":":
        return this.#isAfterOrdinal(at - 1) || this.#isBeforeSubtype(at - 1);
      case "=":
        return this.#open[this.#open.length - 1] !== "(";
      default:
        return true;
    }
  }

  /** `enum : uint32 {`. */
  #isBeforeSubtype(colon: number): boolean {
    let at = colon + 1;
    if (this.#tokens[at]?.kind !== "identifier") return false;
    at++;
    while (this.#tokens[at]?.kind === "." && this.#tokens[at + 1]?.kind === "identifier") at += 2;
    return this.#tokens[at]?.kind === "{";
  }

  /** `1: name type;`. A number before a colon is nothing else. */
  #isAfterOrdinal(colon: number): boolean {
    return this.#tokens[colon - 1]?.kind === "number";
  }

  #endLine(): void {
    if (this.#line !== "") this.#lines.push(this.#line);
    this.#line = "";
  }
}

function isTrailingComment(token: Token | undefined): boolean {
  return token?.kind === "comment" && token.breaksBefore === 0;
}
