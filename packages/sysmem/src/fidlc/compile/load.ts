/** Files of one library to its model: parse, merge, import, consume, check names, prune to the selected versions. */
import type { AttributeNode, FileNode, UsingNode } from "../ast/ast.ts";
import { Reporter } from "../diagnostics/reporter.ts";
import { didYouMean } from "../diagnostics/suggest.ts";
import * as syntax from "../diagnostics/syntax.ts";
import { canonicalName } from "../names/case.ts";
import { lex } from "../lexer/lexer.ts";
import { parseFile } from "../parser/parser.ts";
import type { SourceFile } from "../source/source-file.ts";
import { consumeAttributes } from "./attributes.ts";
import { libraryAvailability, UNVERSIONED } from "./availability.ts";
import { Consumer } from "./consume.ts";
import type { Context } from "./context.ts";
import type { Decl, FileScope, Import, Library } from "./model.ts";
import { checkReplacements } from "./replacement.ts";
import { checkMemberNames, NameScope } from "./scopes.ts";
import { ALWAYS } from "./version.ts";
import { prune } from "./prune.ts";

/** Reads the files of one library. Nothing when there is no file with a library line. */
export function loadLibrary(context: Context, sources: readonly SourceFile[]): Library | undefined {
  const { reporter } = context;
  const files = sources.map((source) => parseFile(source, reporter));
  const first = files.find((file) => file.library !== undefined);
  if (first?.library === undefined) return undefined;
  const { text: name, span } = first.library;
  const members = files.filter((file) => {
    if (file.library === undefined || file.library.text === name) return true;
    reporter.report(syntax.FilesDisagreeOnLibraryName, file.library.span, file.library.text, name);
    return false;
  });
  if (context.libraries.has(name)) {
    reporter.report(syntax.MultipleLibrariesWithSameName, span, name);
    return undefined;
  }
  const library: Library = {
    name,
    span,
    platform: UNVERSIONED,
    attributes: [],
    availability: ALWAYS,
    selection: [],
    files: [],
    decls: [],
    byName: new Map(),
    inlineLayouts: new Map(),
    lostNames: new Set(),
    hasLostUnnamed: members.length < files.length || members.some((file) => file.library === undefined),
    dependencies: new Set(),
  };
  context.libraries.set(name, library);
  library.attributes = consumeAttributes(context, libraryAttributes(context, members), "library");
  Object.assign(library, libraryAvailability(context, name, span, library.attributes));
  consumeFiles(context, library, members);
  return library;
}

/** Attributes of all files; doc comments are joined, anything else given twice is a duplicate. */
function libraryAttributes(context: Context, files: readonly FileNode[]): readonly AttributeNode[] {
  const attributes = files.flatMap((file) => file.attributes);
  for (const attribute of attributes) {
    for (const argument of attribute.args) {
      const isVersion = attribute.name.text === "available" && argument.value.kind === "reference";
      if (argument.value.kind !== "literal" && !isVersion) {
        context.reporter.report(syntax.ReferenceInLibraryAttribute, argument.value.span);
      }
    }
  }
  const docs = attributes.filter((attribute) => attribute.isDocComment);
  const [doc] = docs;
  if (doc === undefined || docs.length === 1) return attributes;
  const text = docs.map((part) => (part.args[0]?.value as { readonly text: string } | undefined)?.text).join("");
  const value = { kind: "literal", literal: "doc", text, span: doc.span } as const;
  const joined: AttributeNode = { ...doc, args: [{ name: undefined, value, span: doc.span }] };
  return [joined, ...attributes.filter((attribute) => !attribute.isDocComment)];
}

function consumeFiles(context: Context, library: Library, files: readonly FileNode[]): void {
  const decls: Decl[] = [];
  for (const file of files) {
    const scope: FileScope = { imports: new Map(), brokenImports: new Set(), isComplete: file.isComplete };
    library.files.push(scope);
    for (const using of file.imports) addImport(context, library, scope, using);
    for (const name of file.lostNames) library.lostNames.add(name);
    library.hasLostUnnamed ||= file.hasLostUnnamed;
    const consumer = new Consumer(context, library, scope, decls);
    for (const declaration of file.declarations) consumer.consume(declaration);
  }
  const names = new NameScope(context);
  const kept = decls.filter((decl) => names.add(decl.name, nameSpanOf(decl), decl.availability, describeKind(decl)));
  for (const decl of kept) {
    checkMemberNames(context, decl);
    checkImportNames(context, decl);
  }
  checkReplacements(context, library, kept);
  prune(library, kept);
}

/** Made-up declarations have no text; their collision is told at the library line. */
function nameSpanOf(decl: Decl): Decl["nameSpan"] {
  return decl.nameSpan.file.text === "" ? decl.library.span : decl.nameSpan;
}

function describeKind(decl: Decl): string {
  return decl.kind === "resource" ? "resource definition" : decl.kind;
}

function addImport(context: Context, library: Library, scope: FileScope, using: UsingNode): void {
  const { reporter } = context;
  const { text: name, span } = using.library;
  const target = context.libraries.get(name);
  const visible = using.alias?.text ?? name;
  if (target === undefined || target === library) {
    const suggestion = didYouMean(name, context.libraries.keys());
    reporter.reportWith(syntax.UnknownLibrary, span, { suggestion }, name);
    scope.brokenImports.add(visible);
    return;
  }
  const imported: Import = { library: target, span: using.span, name: visible, isUsed: false };
  const earlier = [...scope.imports.values()].find((other) => other.library === target);
  if (earlier !== undefined) {
    reporter.reportWith(
      syntax.DuplicateLibraryImport,
      span,
      { related: [{ message: "the other import", span: earlier.span }] },
      name,
    );
    return;
  }
  const rival = scope.imports.get(visible);
  if (rival !== undefined) {
    const related = [{ message: "the other import", span: rival.span }];
    if (using.alias === undefined) reporter.reportWith(syntax.ConflictingLibraryImport, span, { related }, name);
    else reporter.reportWith(syntax.ConflictingLibraryImportAlias, using.alias.span, { related }, name, visible);
    scope.brokenImports.add(visible);
    return;
  }
  scope.imports.set(visible, imported);
  library.dependencies.add(target);
}

/** A declaration of this library cannot have the name by which an import of its file is reached. */
function checkImportNames(context: Context, decl: Decl): void {
  for (const name of decl.file.imports.keys()) {
    if (name === decl.name)
      context.reporter.report(syntax.DeclNameConflictsWithLibraryImport, nameSpanOf(decl), decl.name);
    else if (canonicalName(name) === canonicalName(decl.name)) {
      context.reporter.report(syntax.DeclNameConflictsWithLibraryImportCanonical, nameSpanOf(decl), decl.name, name);
    }
  }
}

/**
 * After everything is resolved: imports that no reference of their file went through. What the selected versions leave out
 * was not resolved, and still needs its imports: a name that begins with that of the import is enough.
 */
export function checkUnusedImports(context: Context, library: Library): void {
  for (const file of library.files) {
    // What used it may be what could not be read.
    if (!file.isComplete) continue;
    const unused = [...file.imports.values()].filter((imported) => !imported.isUsed);
    const [first] = unused;
    if (first === undefined) continue;
    const prefixes = writtenPrefixes(first.span.file, [...file.imports.values()]);
    for (const imported of unused) {
      if (!prefixes.has(imported.name))
        context.reporter.report(syntax.UnusedImport, imported.span, imported.library.name);
    }
  }
}

/** All beginnings of the dotted names of a file, except those of its imports. */
function writtenPrefixes(source: SourceFile, imports: readonly Import[]): ReadonlySet<string> {
  const prefixes = new Set<string>();
  const tokens = lex(source, new Reporter());
  // They stand together.
  const start = Math.min(...imports.map(({ span }) => span.start));
  const end = Math.max(...imports.map(({ span }) => span.end));
  let name = "";
  for (const [at, { kind, text, span }] of tokens.entries()) {
    const isInImport = span.start >= start && span.start < end;
    if (kind === "identifier" && !isInImport && tokens[at + 1]?.kind === ".") {
      name = name === "" ? text : `${name}.${text}`;
      prefixes.add(name);
    } else if (kind !== "." || isInImport) name = "";
  }
  return prefixes;
}
