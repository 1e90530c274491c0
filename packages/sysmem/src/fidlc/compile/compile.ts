/** The compiler: libraries in dependency order to the IR of the last one. */
import { Reporter } from "../diagnostics/reporter.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { emitIr } from "../ir/emit.ts";
import type { JsonIr } from "../ir/types.ts";
import type { SourceFile } from "../source/source-file.ts";
import { resolveAttributes } from "./attribute-values.ts";
import type { CompileOptions, Context } from "./context.ts";
import { resolveConst, resolveResource, resolveValueLayout } from "./declarations.ts";
import { checkCycles, checkResources } from "./layout-graph.ts";
import { resolveService, resolveStruct, resolveTableOrUnion } from "./layouts.ts";
import { checkUnusedImports, loadLibrary } from "./load.ts";
import { type Decl, isLayout, type LayoutDecl, type Library } from "./model.ts";
import { checkPayloads } from "./payloads.ts";
import { resolveProtocol } from "./protocols.ts";
import { computeShapes } from "./type-shape.ts";
import { resolveAlias } from "./types.ts";

export interface CompileResult {
  /** No errors; warnings may be there. */
  readonly ok: boolean;
  /** Of the last library, when all is well. */
  readonly ir?: JsonIr | undefined;
  /** By file and place. */
  readonly diagnostics: readonly Diagnostic[];
  /** Diagnostics beyond the limit, which are not in the list. */
  readonly droppedDiagnostics: number;
}

/**
 * Compiles libraries, each given as its files, in dependency order; the last is the target. Never throws because of a
 * text: everything wrong with it is in `diagnostics`.
 */
export function compile(libraries: readonly (readonly SourceFile[])[], options: CompileOptions = {}): CompileResult {
  const reporter = new Reporter();
  const context: Context = { reporter, options, libraries: new Map(), resolving: [], failed: new WeakSet() };
  let target: Library | undefined;
  for (const sources of libraries) {
    target = loadLibrary(context, sources);
    if (target !== undefined) resolveLibrary(context, target);
  }
  const ok = reporter.errorCount === 0;
  const ir = ok && target !== undefined ? emitIr(target, options) : undefined;
  return { ok, ir, diagnostics: reporter.diagnostics(), droppedDiagnostics: reporter.droppedCount };
}

function resolveLibrary(context: Context, library: Library): void {
  for (const decl of library.decls) resolveDecl(context, decl);
  resolveAttributes(context, library);
  checkUnusedImports(context, library);
  const layouts = library.decls.filter((decl): decl is LayoutDecl => isLayout(decl));
  const isFinite = checkCycles(context, layouts);
  checkResources(context, library);
  checkPayloads(context, library);
  // Without an end, sizes have no meaning.
  if (isFinite) computeShapes(context, layouts);
}

function resolveDecl(context: Context, decl: Decl): void {
  switch (decl.kind) {
    case "const":
      return resolveConst(context, decl);
    case "alias":
      resolveAlias(context, decl);
      return;
    case "enum":
    case "bits":
      return resolveValueLayout(context, decl);
    case "struct":
      return resolveStruct(context, decl);
    case "table":
    case "union":
      return resolveTableOrUnion(context, decl);
    case "resource":
      resolveResource(context, decl);
      return;
    case "service":
      return resolveService(context, decl);
    case "protocol":
      return resolveProtocol(context, decl);
  }
}
