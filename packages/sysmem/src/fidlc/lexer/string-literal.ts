/** Escapes of string literals: checked once by the lexer, decoded where the value is needed. */
import * as syntax from "../diagnostics/syntax.ts";
import type { Reporter } from "../diagnostics/reporter.ts";
import type { SourceFile } from "../source/source-file.ts";

const SIMPLE: Readonly<Record<string, string>> = { "\\": "\\", '"': '"', n: "\n", r: "\r", t: "\t" };
const MAX_CODE_POINT = 0x10ffff;
const MAX_ESCAPE_DIGITS = 6;

/** Reports what is wrong inside the quotes at `start` and `end - 1`. */
export function checkStringLiteral(file: SourceFile, start: number, end: number, reporter: Reporter): void {
  const { text } = file;
  const stop = end - 1;
  let at = start + 1;
  while (at < stop) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x7f) {
      const hex = code.toString(16).toUpperCase().padStart(4, "0");
      reporter.report(syntax.UnexpectedControlCharacter, { file, start: at, end: at + 1 }, hex);
      at++;
    } else if (text[at] !== "\\") {
      at++;
    } else if (text[at + 1] === "u") {
      at = checkUnicodeEscape(file, at, stop, reporter);
    } else {
      if (SIMPLE[text[at + 1] as string] === undefined) {
        reporter.report(syntax.InvalidEscapeSequence, { file, start: at, end: at + 2 }, text.slice(at, at + 2));
      }
      at += 2;
    }
  }
}

function checkUnicodeEscape(file: SourceFile, at: number, stop: number, reporter: Reporter): number {
  const { text } = file;
  if (text[at + 2] !== "{") {
    reporter.report(syntax.UnicodeEscapeMissingBraces, { file, start: at, end: at + 2 });
    return at + 2;
  }
  const close = text.indexOf("}", at);
  if (close < 0 || close >= stop) {
    reporter.report(syntax.UnicodeEscapeUnterminated, { file, start: at, end: stop });
    return stop;
  }
  const digits = text.slice(at + 3, close);
  const span = { file, start: at, end: close + 1 };
  const bad = digits.search(/[^0-9a-fA-F]/);
  if (digits === "") reporter.report(syntax.UnicodeEscapeEmpty, span);
  else if (bad >= 0) {
    reporter.report(syntax.InvalidHexDigit, { file, start: at + 3 + bad, end: at + 4 + bad }, digits[bad] as string);
  } else if (digits.length > MAX_ESCAPE_DIGITS) reporter.report(syntax.UnicodeEscapeTooLong, span);
  else if (Number.parseInt(digits, 16) > MAX_CODE_POINT) reporter.report(syntax.UnicodeEscapeTooLarge, span, digits);
  return close + 1;
}

/** Value of a literal with its quotes. Faulty escapes, already reported, stand for themselves. */
export function decodeStringLiteral(literal: string): string {
  const inner = literal.endsWith('"') && literal.length >= 2 ? literal.slice(1, -1) : literal.slice(1);
  return inner.replace(
    /\\(?:u\{([0-9a-fA-F]{1,6})\}|([\\"nrt]))/g,
    (whole, hex: string | undefined, simple: string | undefined) => {
      if (simple !== undefined) return SIMPLE[simple] as string;
      const code = Number.parseInt(hex as string, 16);
      return code <= MAX_CODE_POINT ? String.fromCodePoint(code) : whole;
    },
  );
}

/** Length in UTF-8, as string bounds count it. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}
