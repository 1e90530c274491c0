import type { Span } from "../source/source-file.ts";

/** Punctuation stands for itself. `comment` tokens are for the formatter; the parser never sees them. */
export type TokenKind =
  | "identifier"
  | "number"
  | "string"
  | "doc"
  | "comment"
  | "end"
  | "("
  | ")"
  | "["
  | "]"
  | "{"
  | "}"
  | "<"
  | ">"
  | "@"
  | "."
  | ","
  | ";"
  | ":"
  | "="
  | "&"
  | "|"
  | "->";

/** One token with its place in the text. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly span: Span;
  /** Line breaks between the token before and this one. */
  readonly breaksBefore: number;
  /** A plain comment stands between the token before and this one. */
  readonly isAfterComment: boolean;
}

/** How messages name a token. */
export function describeToken(token: Token): string {
  switch (token.kind) {
    case "end":
      return "the end of the file";
    case "identifier":
      return `'${token.text}'`;
    case "number":
      return `the number ${token.text}`;
    case "string":
      return "a string";
    case "doc":
      return "a doc comment";
    default:
      return `'${token.text}'`;
  }
}
