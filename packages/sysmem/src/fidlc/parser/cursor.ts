/** The parser's place in the token list, and how it reports what it did not expect. */
import { MAX_FIDL_NESTING_DEPTH } from "#base";
import type { DottedName, Ident } from "../ast/ast.ts";
import type { Reporter } from "../diagnostics/reporter.ts";
import { didYouMean } from "../diagnostics/suggest.ts";
import * as syntax from "../diagnostics/syntax.ts";
import { describeToken, type Token, type TokenKind } from "../lexer/token.ts";
import { joinSpans, type SourceFile, type Span } from "../source/source-file.ts";

/** Parsing functions return `undefined` after they have reported why; their callers recover or pass it on. */
export type Parsed<T> = T | undefined;

export class Cursor {
  readonly file: SourceFile;
  readonly reporter: Reporter;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(file: SourceFile, tokens: readonly Token[], reporter: Reporter) {
    this.file = file;
    this.reporter = reporter;
    this.#tokens = tokens;
  }

  get position(): number {
    return this.#at;
  }

  /** The token `ahead` places on; the end token beyond the end. */
  peek(ahead = 0): Token {
    return (this.#tokens[this.#at + ahead] ?? this.#tokens[this.#tokens.length - 1]) as Token;
  }

  /** The token before the current one. */
  get previous(): Token {
    return (this.#tokens[this.#at - 1] ?? this.#tokens[0]) as Token;
  }

  at(kind: TokenKind): boolean {
    return this.peek().kind === kind;
  }

  atWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "identifier" && token.text === word;
  }

  take(): Token {
    const token = this.peek();
    if (token.kind !== "end") this.#at++;
    return token;
  }

  takeIf(kind: TokenKind): Token | undefined {
    return this.at(kind) ? this.take() : undefined;
  }

  spanFrom(first: Span): Span {
    return joinSpans(first, this.previous.span);
  }

  expect(kind: TokenKind, what = `'${kind}'`): Parsed<Token> {
    const token = this.peek();
    if (token.kind === kind) return this.take();
    this.reporter.report(syntax.UnexpectedTokenOfKind, this.#placeOfMissing(token, kind), describeToken(token), what);
    return undefined;
  }

  /** A `;` or `}` that is missing at a line's end is missing there, not where the next line begins. */
  #placeOfMissing(found: Token, kind: TokenKind): Span {
    if ((kind !== ";" && kind !== "}") || this.#at === 0 || (found.breaksBefore === 0 && found.kind !== "end"))
      return found.span;
    const { end } = this.previous.span;
    return { file: this.file, start: end, end };
  }

  expectWord(word: string): Parsed<Token> {
    const token = this.peek();
    if (token.kind === "identifier" && token.text === word) return this.take();
    if (token.kind === "identifier") {
      const suggestion = didYouMean(token.text, [word]);
      this.reporter.reportWith(syntax.UnexpectedIdentifier, token.span, { suggestion }, token.text, `'${word}'`);
    } else this.reporter.report(syntax.UnexpectedTokenOfKind, token.span, describeToken(token), `'${word}'`);
    return undefined;
  }

  /** A name. One that breaks the rules for names is reported and used all the same. */
  identifier(what = "a name"): Parsed<Ident> {
    const token = this.expect("identifier", what);
    if (token === undefined) return undefined;
    if (token.text.startsWith("_") || token.text.endsWith("_")) {
      this.reporter.report(syntax.InvalidIdentifier, token.span, token.text);
    }
    return { text: token.text, span: token.span };
  }

  dotted(what = "a name"): Parsed<DottedName> {
    const first = this.identifier(what);
    if (first === undefined) return undefined;
    const parts = [first];
    while (this.takeIf(".") !== undefined) {
      const next = this.identifier("a name after '.'");
      if (next === undefined) return undefined;
      parts.push(next);
    }
    return { parts, text: parts.map((part) => part.text).join("."), span: this.spanFrom(first.span) };
  }

  /** Runs a step one level deeper; too deep is an error and not a stack overflow. */
  nested<T>(step: () => Parsed<T>): Parsed<T> {
    if (this.#depth >= MAX_FIDL_NESTING_DEPTH) {
      this.reporter.report(syntax.NestingTooDeep, this.peek().span, MAX_FIDL_NESTING_DEPTH);
      return undefined;
    }
    this.#depth++;
    const result = step();
    this.#depth--;
    return result;
  }

  /**
   * Skips to where a reader would go on: past the next `;` of this nesting, past the `}` that closes a block entered on
   * the way (and its `;`), or to the `}` that closes the enclosing block, which stays.
   */
  recover(): void {
    let depth = 0;
    while (!this.at("end")) {
      if (this.at("}")) {
        if (depth === 0) return;
        depth--;
        this.take();
        if (depth === 0 && !this.at(")") && !this.at("->")) {
          this.takeIf(";");
          return;
        }
        continue;
      }
      const token = this.take();
      if (token.kind === "{") depth++;
      else if (token.kind === ";" && depth === 0) return;
    }
  }
}
