/** Collects the diagnostics of one compilation. */
import { MAX_FIDL_DIAGNOSTICS } from "#base";
import type { Span } from "../source/source-file.ts";
import { type Diagnostic, type DiagnosticKind, diagnosticId, type RelatedPlace } from "./diagnostic.ts";

export interface ReportDetails {
  readonly suggestion?: string | undefined;
  readonly related?: readonly RelatedPlace[] | undefined;
}

export class Reporter {
  readonly #diagnostics: Diagnostic[] = [];
  readonly #seen = new Set<string>();
  #errors = 0;
  #dropped = 0;
  #muted = 0;
  #suppressed = 0;

  /** Errors so far; rises with every report, so callers can tell whether a step was clean. */
  get errorCount(): number {
    return this.#errors;
  }

  /** Diagnostics beyond `MAX_FIDL_DIAGNOSTICS`, which were counted only. */
  get droppedCount(): number {
    return this.#dropped;
  }

  report<A extends readonly unknown[]>(kind: DiagnosticKind<A>, span: Span, ...args: A): void {
    this.reportWith(kind, span, {}, ...args);
  }

  reportWith<A extends readonly unknown[]>(
    kind: DiagnosticKind<A>,
    span: Span,
    details: ReportDetails,
    ...args: A
  ): void {
    if (this.#muted > 0) {
      this.#suppressed++;
      return;
    }
    // The same text may be compiled twice, for two places that use it; its faults are told once.
    const key = `${kind.code} ${span.file.path} ${span.start} ${span.end}`;
    if (this.#seen.has(key)) return;
    if (kind.severity === "error") this.#errors++;
    if (this.#diagnostics.length >= MAX_FIDL_DIAGNOSTICS) {
      this.#dropped++;
      return;
    }
    this.#seen.add(key);
    this.#diagnostics.push({
      id: diagnosticId(kind.code),
      code: kind.code,
      name: kind.name,
      severity: kind.severity,
      message: kind.message(...args),
      span,
      suggestion: details.suggestion,
      related: details.related ?? [],
    });
  }

  /** Runs a step whose findings do not count, for "would this resolve?" questions. */
  muted<T>(step: () => T): T {
    this.#muted++;
    try {
      return step();
    } finally {
      this.#muted--;
    }
  }

  /** Like `muted`, and tells whether the step would have reported anything. */
  probe<T>(step: () => T): { readonly value: T; readonly isReported: boolean } {
    const before = this.#suppressed;
    const value = this.muted(step);
    return { value, isReported: this.#suppressed > before };
  }

  /** Undoes `muted` for a step that is not part of the question: what it finds must not get lost. */
  unmuted<T>(step: () => T): T {
    const muted = this.#muted;
    this.#muted = 0;
    try {
      return step();
    } finally {
      this.#muted = muted;
    }
  }

  /** All findings, in the order of files first seen, then of places. */
  diagnostics(): readonly Diagnostic[] {
    const order = new Map<string, number>();
    for (const found of this.#diagnostics) {
      if (!order.has(found.span.file.path)) order.set(found.span.file.path, order.size);
    }
    const rank = (found: Diagnostic): number => order.get(found.span.file.path) ?? 0;
    return [...this.#diagnostics].sort((a, b) => rank(a) - rank(b) || a.span.start - b.span.start || a.code - b.code);
  }
}
