/** What a diagnostic is. The table of all of them is in the files beside this one. */
import type { Span } from "../source/source-file.ts";

/** Errors fail a compilation; warnings do so where that is asked for. */
export type Severity = "error" | "warning";

/** One row of the table: fidlc's number and internal name, and our wording. Numbers are never reused. */
export interface DiagnosticKind<A extends readonly unknown[]> {
  readonly code: number;
  readonly name: string;
  readonly severity: Severity;
  readonly message: (...args: A) => string;
}

/** A further place that helps to understand an error, such as the earlier definition. */
export interface RelatedPlace {
  readonly message: string;
  readonly span: Span;
}

/** One finding. Findings are values; compiling never throws because of its input. */
export interface Diagnostic {
  /** `fi-NNNN`. */
  readonly id: string;
  readonly code: number;
  readonly name: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  /** What to write instead, where that is known. */
  readonly suggestion?: string | undefined;
  readonly related: readonly RelatedPlace[];
}

/** An error of the numbered table. Numbers are those of fidlc and are never used for anything else. */
export function errorKind<A extends readonly unknown[]>(
  code: number,
  name: string,
  message: (...args: A) => string,
): DiagnosticKind<A> {
  return { code, name, severity: "error", message };
}

/** A warning of the numbered table, which becomes an error where warnings are to be errors. */
export function warningKind<A extends readonly unknown[]>(
  code: number,
  name: string,
  message: (...args: A) => string,
): DiagnosticKind<A> {
  return { code, name, severity: "warning", message };
}

/** `fi-0007` for 7. */
export function diagnosticId(code: number): string {
  return `fi-${String(code).padStart(4, "0")}`;
}
