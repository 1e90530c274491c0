/** The table of all diagnostics. */
import type { DiagnosticKind } from "./diagnostic.ts";
import * as semantics from "./semantics.ts";
import * as syntax from "./syntax.ts";
import * as versioning from "./versioning.ts";

export * from "./diagnostic.ts";
export { type JsonDiagnostic, jsonDiagnostics, renderDiagnostic, renderDiagnostics } from "./render.ts";

/** A row as documentation needs it. */
export interface DiagnosticRow {
  readonly code: number;
  readonly name: string;
  readonly severity: "error" | "warning";
}

const all: readonly DiagnosticKind<never>[] = [
  ...Object.values(syntax),
  ...Object.values(semantics),
  ...Object.values(versioning),
] as readonly DiagnosticKind<never>[];

/** Every diagnostic this compiler has, by number. A number has one name; it may have several wordings. */
export const DIAGNOSTIC_TABLE: readonly DiagnosticRow[] = [
  ...new Map(all.map(({ code, name, severity }) => [code, { code, name, severity }])).values(),
].sort((a, b) => a.code - b.code);
