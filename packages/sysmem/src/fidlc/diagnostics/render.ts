/** Diagnostics as text for people and as JSON for tools. */
import { lineColumnAt, lineText, type Span } from "../source/source-file.ts";
import type { Diagnostic } from "./diagnostic.ts";

/** `file:line:column: error: text [fi-NNNN]`, the source line, a caret line, then what else helps. */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const lines = [`${place(diagnostic.span)}: ${diagnostic.severity}: ${diagnostic.message} [${diagnostic.id}]`];
  lines.push(...excerpt(diagnostic.span));
  for (const related of diagnostic.related) {
    lines.push(`${place(related.span)}: note: ${related.message}`, ...excerpt(related.span));
  }
  if (diagnostic.suggestion !== undefined) lines.push(`    help: ${diagnostic.suggestion}`);
  return `${lines.join("\n")}\n`;
}

/** All of them as people read them, with the line of source that each is about. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(renderDiagnostic).join("");
}

function place(span: Span): string {
  const { line, column } = lineColumnAt(span.file, span.start);
  return `${span.file.path}:${line}:${column}`;
}

/** Longest excerpt of a line that is shown: generated texts may have lines of megabytes. */
const MAX_EXCERPT = 200;

function excerpt(span: Span): readonly string[] {
  const { line, column } = lineColumnAt(span.file, span.start);
  const text = lineText(span.file, line);
  if (text.length > MAX_EXCERPT) return [];
  // Tabs are kept, so that the caret stands under its place whatever the tab width is.
  const lead = text.slice(0, column - 1).replace(/[^\t]/g, " ");
  const width = Math.max(1, Math.min(span.end - span.start, text.length - column + 1));
  return [text, `${lead}^${"~".repeat(width - 1)}`];
}

/** One diagnostic as the `--format json` output has it: fidlc's keys, and the suggestion. */
export interface JsonDiagnostic {
  readonly category: string;
  readonly error_id: string;
  readonly name: string;
  readonly message: string;
  readonly path: string;
  readonly start_line: number;
  readonly start_char: number;
  readonly end_line: number;
  readonly end_char: number;
  readonly suggestion?: string;
}

/** All of them as tools read them: the form of fidlc's `--format=json`. */
export function jsonDiagnostics(diagnostics: readonly Diagnostic[]): readonly JsonDiagnostic[] {
  return diagnostics.map((diagnostic) => {
    const start = lineColumnAt(diagnostic.span.file, diagnostic.span.start);
    const end = lineColumnAt(diagnostic.span.file, diagnostic.span.end);
    return {
      category: `fidlc/${diagnostic.severity}`,
      error_id: diagnostic.id,
      name: diagnostic.name,
      message: diagnostic.message,
      path: diagnostic.span.file.path,
      start_line: start.line,
      // As editors expect: characters count from 0, lines from 1.
      start_char: start.column - 1,
      end_line: end.line,
      end_char: end.column - 1,
      ...(diagnostic.suggestion === undefined ? {} : { suggestion: diagnostic.suggestion }),
    };
  });
}
