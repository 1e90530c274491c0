/** The IR of a library that compiled without errors. */
import type { CompileOptions } from "../compile/context.ts";
import { components } from "../compile/graph.ts";
import { layoutsIn, memberTypes } from "../compile/layout-graph.ts";
import {
  type Decl,
  isLayout,
  type Library,
  type ProtocolDecl,
  type ResolvedType,
  type StructDecl,
  type Type,
} from "../compile/model.ts";
import { versionName } from "../compile/version.ts";
import {
  emitBits,
  emitConst,
  emitAlias,
  emitEnum,
  emitProtocol,
  emitResource,
  emitService,
  emitStruct,
  emitTable,
  emitUnion,
} from "./declarations.ts";
import { irAttributes, irShape } from "./parts.ts";
import type { IrDependency, IrDependencyDeclaration, IrKind, JsonIr } from "./types.ts";

const KIND_ORDER: readonly IrKind[] = [
  "bits",
  "const",
  "enum",
  "experimental_resource",
  "protocol",
  "service",
  "struct",
  "table",
  "union",
  "alias",
];

function irKind(decl: Decl): IrKind {
  return decl.kind === "resource" ? "experimental_resource" : decl.kind;
}

/** Order of code units, so that the output does not depend on the locale. */
function byFqn(a: Decl, b: Decl): number {
  return a.fqn < b.fqn ? -1 : a.fqn > b.fqn ? 1 : 0;
}

export function emitIr(library: Library, options: CompileOptions): JsonIr {
  const decls = [...library.decls].sort(byFqn);
  const emit = <K extends Decl["kind"], T>(kind: K, one: (decl: Decl & { readonly kind: K }) => T): readonly T[] =>
    decls.filter((decl): decl is Decl & { readonly kind: K } => decl.kind === kind).map(one);
  const byKind = [...decls].sort((a, b) => KIND_ORDER.indexOf(irKind(a)) - KIND_ORDER.indexOf(irKind(b)));
  const externals = externalStructs(library);
  return {
    name: library.name,
    platform: library.platform,
    available: { [library.platform]: library.selection.map(versionName) },
    ...irAttributes(library.attributes),
    experiments: [...(options.experiments ?? [])].sort(),
    library_dependencies: dependencies(library, externals),
    bits_declarations: emit("bits", emitBits),
    const_declarations: emit("const", emitConst),
    enum_declarations: emit("enum", emitEnum),
    experimental_resource_declarations: emit("resource", emitResource),
    protocol_declarations: emit("protocol", emitProtocol),
    service_declarations: emit("service", emitService),
    struct_declarations: emit("struct", emitStruct),
    external_struct_declarations: externals.map(emitStruct),
    table_declarations: emit("table", emitTable),
    union_declarations: emit("union", emitUnion),
    alias_declarations: emit("alias", emitAlias),
    new_type_declarations: [],
    declaration_order: declarationOrder(library, decls),
    declarations: Object.fromEntries(byKind.map((decl) => [decl.fqn, irKind(decl)])),
  };
}

/** Payload structs that belong to other libraries: composed methods bring them. */
function externalStructs(library: Library): readonly StructDecl[] {
  const found = new Set<StructDecl>();
  const addType = (type: Type | undefined): void => {
    if (type?.kind === "identifier" && type.decl.kind === "struct" && type.decl.library !== library)
      found.add(type.decl);
  };
  for (const decl of library.decls) {
    if (decl.kind !== "protocol") continue;
    for (const { method } of decl.allMethods) {
      for (const use of [method.request?.type, method.response?.type, method.success]) addType(use?.resolved?.type);
    }
  }
  return [...found].sort(byFqn);
}

/** Libraries that are imported, and those of composed methods, with all their declarations. */
function dependencies(library: Library, externals: readonly StructDecl[]): readonly IrDependency[] {
  const libraries = new Set(library.dependencies);
  for (const decl of library.decls) {
    if (decl.kind !== "protocol") continue;
    for (const { owner } of decl.allMethods) {
      libraries.add(owner.library);
      for (const next of owner.library.dependencies) libraries.add(next);
    }
  }
  for (const decl of externals) libraries.add(decl.library);
  libraries.delete(library);
  return [...libraries]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, decls }) => ({
      name,
      declarations: Object.fromEntries([...decls].sort(byFqn).map((decl) => [decl.fqn, dependencyDeclaration(decl)])),
    }));
}

function dependencyDeclaration(decl: Decl): IrDependencyDeclaration {
  if (!isLayout(decl)) return { kind: irKind(decl) };
  const shape = decl.shape === undefined ? {} : { type_shape_v2: irShape(decl.shape) };
  const isData = decl.kind === "struct" || decl.kind === "table" || decl.kind === "union";
  return { kind: irKind(decl), ...(isData ? { resource: decl.isResource } : {}), ...shape };
}

/** Own declarations, each after those it needs; where there is a choice, in the order of names. */
function declarationOrder(library: Library, decls: readonly Decl[]): readonly string[] {
  const own = new Set(library.decls);
  const edges = (decl: Decl): readonly Decl[] => [...needs(decl)].filter((next) => own.has(next)).sort(byFqn);
  return components(decls, edges).flatMap((group) => group.map(({ fqn }) => fqn));
}

function* needs(decl: Decl): Generator<Decl> {
  switch (decl.kind) {
    case "const":
    case "alias":
      yield* needsOfType(decl.type.resolved);
      if (decl.kind === "const") yield* targetOf(decl);
      return;
    case "struct":
    case "table":
    case "union":
      for (const type of memberTypes(decl)) {
        const next = layoutsIn(type, true);
        if (next !== undefined) yield next;
      }
      for (const member of decl.members) yield* aliasesAndHandles(member.type.resolved);
      return;
    case "resource":
      for (const property of decl.properties) yield* needsOfType(property.type.resolved);
      return;
    case "service":
      for (const member of decl.members) {
        const type = member.type.resolved?.type;
        if (type?.kind === "endpoint" && type.protocol !== undefined) yield type.protocol;
      }
      return;
    case "protocol":
      yield* needsOfProtocol(decl);
      return;
    default:
  }
}

function* targetOf(decl: Decl & { readonly kind: "const" }): Generator<Decl> {
  // `library/Name` or `library/Name.MEMBER`; library names have dots of their own.
  const [library, rest] = decl.value.value?.target?.split("/") ?? [];
  const target = library === decl.library.name ? decl.library.byName.get(rest?.split(".")[0] ?? "")?.[0] : undefined;
  if (target !== undefined) yield target;
}

function* needsOfType(resolved: ResolvedType | undefined): Generator<Decl> {
  if (resolved === undefined) return;
  const layout = layoutsIn(resolved.type, false);
  if (layout !== undefined) yield layout;
  yield* aliasesAndHandles(resolved);
}

function* aliasesAndHandles(resolved: ResolvedType | undefined): Generator<Decl> {
  if (resolved?.alias !== undefined) yield resolved.alias;
  let type = resolved?.type;
  while (type?.kind === "vector" || type?.kind === "array" || type?.kind === "box") type = type.element;
  if (type?.kind === "handle") yield type.resource;
}

function* needsOfProtocol(decl: ProtocolDecl): Generator<Decl> {
  for (const compose of decl.composed) if (compose.protocol !== undefined) yield compose.protocol;
  for (const method of decl.methods) {
    if (method.result !== undefined) yield method.result;
    for (const use of [method.request?.type, method.response?.type, method.error?.type, method.success]) {
      yield* needsOfType(use?.resolved);
    }
  }
}
