/** What a dotted name refers to. */
import type { DottedName } from "../ast/ast.ts";
import { didYouMean } from "../diagnostics/suggest.ts";
import * as syntax from "../diagnostics/syntax.ts";
import { findAttribute } from "./attributes.ts";
import type { Context, Referrer } from "./context.ts";
import { type Decl, isLayout, type Library } from "./model.ts";
import { existsAt, isDeprecated, versionName } from "./version.ts";

/** Names that every library sees unless it declares them itself. */
const BUILTIN_NAMES = [
  "bool",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "float32",
  "float64",
  "byte",
  "string",
  "bytes",
  "vector",
  "array",
  "box",
  "client_end",
  "server_end",
  "optional",
  "MAX",
  "NEXT",
  "HEAD",
] as const;
export type BuiltinName = (typeof BUILTIN_NAMES)[number];
const BUILTINS: ReadonlySet<string> = new Set(BUILTIN_NAMES);

export type Target =
  | { readonly kind: "decl"; readonly decl: Decl }
  | { readonly kind: "member"; readonly decl: Decl; readonly member: string }
  | { readonly kind: "builtin"; readonly name: BuiltinName };

/** What a name means, or nothing after reporting why it means nothing. */
export function resolveName(context: Context, name: DottedName, from: Referrer): Target | undefined {
  const target = findTarget(context, name, from);
  if (target === undefined || target.kind === "builtin") return target;
  return checkReference(context, name, target, from) ? target : undefined;
}

/** Whether a name means nothing at all, rather than something that cannot be used here. Reports nothing. */
export function meansNothing(context: Context, name: DottedName, from: Referrer): "lost" | boolean {
  const { value, isReported } = context.reporter.probe(() => findTarget(context, name, from));
  if (value !== undefined) return false;
  return isReported || "lost";
}

function findTarget(context: Context, name: DottedName, from: Referrer): Target | undefined {
  const { library } = from;
  const parts = name.parts.map((part) => part.text);
  const [first, second] = parts as [string, ...string[]];
  if (parts.length === 1) {
    const decl = lookUp(library, first);
    if (decl !== undefined) return { kind: "decl", decl };
    if (BUILTINS.has(first)) return { kind: "builtin", name: first as BuiltinName };
    reportNotFound(context, name, first, library, true);
    return undefined;
  }
  if (parts.length === 2 && first === "fidl" && second !== undefined && BUILTINS.has(second)) {
    return { kind: "builtin", name: second as BuiltinName };
  }
  // library.Declaration, by the whole prefix.
  const last = parts[parts.length - 1] as string;
  const prefix = parts.slice(0, -1).join(".");
  const whole = findLibrary(from, prefix);
  if (whole === "broken") return undefined;
  const direct = whole === undefined ? undefined : lookUp(whole, last);
  if (direct !== undefined) return { kind: "decl", decl: direct };
  if (parts.length === 2) {
    const decl = lookUp(library, first);
    if (decl !== undefined) return { kind: "member", decl, member: last };
  } else {
    const shorter = findLibrary(from, parts.slice(0, -2).join("."));
    if (shorter === "broken") return undefined;
    const declName = parts[parts.length - 2] as string;
    const decl = shorter === undefined ? undefined : lookUp(shorter, declName);
    if (decl !== undefined) return { kind: "member", decl, member: last };
    if (whole === undefined && shorter !== undefined) {
      reportNotFound(context, name, declName, shorter, false);
      return undefined;
    }
  }
  if (whole !== undefined) reportNotFound(context, name, last, whole, false);
  else if (parts.length === 2) reportNotFound(context, name, first, library, false);
  else reportUnknownLibrary(context, name, prefix, from);
  return undefined;
}

function lookUp(library: Library, name: string): Decl | undefined {
  return library.byName.get(name)?.[0];
}

/** An imported library or the own one, by the name that the file uses for it. */
function findLibrary(from: Referrer, name: string): Library | "broken" | undefined {
  const imported = from.file.imports.get(name);
  if (imported !== undefined) {
    imported.isUsed = true;
    return imported.library;
  }
  if (from.file.brokenImports.has(name)) return "broken";
  return name === from.library.name ? from.library : undefined;
}

function reportNotFound(
  context: Context,
  name: DottedName,
  text: string,
  library: Library,
  withBuiltins: boolean,
): void {
  // What could not be read was reported; what refers to it is not at fault.
  if (library.hasLostUnnamed || library.lostNames.has(text)) return;
  if (name.parts.length > 1 && context.libraries.has(text)) {
    context.reporter.reportWith(
      syntax.NameNotFound,
      name.span,
      { suggestion: `add 'using ${text};'` },
      text,
      library.name,
    );
    return;
  }
  const names = [...library.byName.entries()].filter(([, forms]) => !isAnonymous(forms[0])).map(([key]) => key);
  const suggestion = didYouMean(text, withBuiltins ? [...names, ...BUILTIN_NAMES] : names) ?? oldSpelling(text);
  context.reporter.reportWith(syntax.NameNotFound, name.span, { suggestion }, text, library.name);
}

function isAnonymous(decl: Decl | undefined): boolean {
  return decl !== undefined && isLayout(decl) && decl.isAnonymous;
}

/** Words of other versions of the language, and of other languages. */
function oldSpelling(text: string): string | undefined {
  switch (text) {
    case "request":
      return "write 'server_end:Protocol'";
    case "handle":
      return "write 'zx.Handle', with 'using zx;'";
    case "int":
      return "write 'int32'";
    case "float":
    case "double":
      return "write 'float32' or 'float64'";
    default:
      return undefined;
  }
}

function reportUnknownLibrary(context: Context, name: DottedName, prefix: string, from: Referrer): void {
  if (from.library.lostNames.has(prefix) || from.library.hasLostUnnamed) return;
  const known = [prefix, prefix.split(".").slice(0, -1).join(".")].find((candidate) =>
    context.libraries.has(candidate),
  );
  const suggestion =
    known === undefined
      ? didYouMean(prefix, [...from.file.imports.keys(), ...from.library.byName.keys()])
      : `add 'using ${known};'`;
  context.reporter.reportWith(syntax.UnknownDependentLibrary, name.span, { suggestion }, prefix);
}

/** The target must exist in every selected version of the referrer, and not be deprecated where the referrer is not. */
function checkReference(
  context: Context,
  name: DottedName,
  target: Exclude<Target, { readonly kind: "builtin" }>,
  from: Referrer,
): boolean {
  const { reporter } = context;
  const { decl } = target;
  if (isLayout(decl) && decl.isAnonymous) {
    reporter.report(syntax.AnonymousNameReference, name.span, decl.name);
    return false;
  }
  const { availability } = from.element;
  const isSamePlatform = decl.library.platform === from.library.platform;
  if (isSamePlatform) {
    const forms = decl.library.byName.get(decl.name) ?? [decl];
    const missing = from.library.selection.filter(
      (version) => existsAt(availability, version) && !forms.some((form) => existsAt(form.availability, version)),
    );
    if (missing.length > 0) {
      const versions = missing.map(versionName).join(", ");
      reporter.report(syntax.NameNotFoundInVersion, name.span, decl.name, decl.library.name, versions);
      return false;
    }
  }
  // Before there were versions, '@deprecated' alone said so.
  const isOwnDeprecated =
    isDeprecated(availability, from.library.selection) ||
    findAttribute(from.element.attributes, "deprecated") !== undefined;
  if (!isOwnDeprecated && isDeprecated(decl.availability, decl.library.selection)) {
    if (isSamePlatform) reporter.report(syntax.InvalidReferenceToDeprecated, name.span, decl.name, from.element.name);
    else {
      const { platform } = decl.library;
      reporter.report(
        syntax.InvalidReferenceToDeprecatedOtherPlatform,
        name.span,
        decl.name,
        platform,
        from.element.name,
      );
    }
  }
  return true;
}
