import type { CompileOptions } from "#fidlc";
import type { Sources } from "../support.ts";

/** One diagnostic: a text that is reported with nothing else, and the nearest text that is clean. */
export interface DiagnosticCase {
  readonly code: number;
  readonly fails: Sources;
  readonly passes: Sources;
  readonly options?: CompileOptions;
  /** What the message or the suggestion must say, where that matters. */
  readonly says?: RegExp;
}
