/** What layouts lead to: cycles without an end, and types that hold handles. */
import * as semantics from "../diagnostics/semantics.ts";
import type { Context } from "./context.ts";
import { components, cycleThrough } from "./graph.ts";
import { type Decl, isLayout, type LayoutDecl, type Library, type Type } from "./model.ts";

/** Types of the members of a layout, in order, as far as they were resolved. */
export function memberTypes(decl: LayoutDecl): readonly Type[] {
  if (decl.kind === "enum" || decl.kind === "bits") return [];
  const types: Type[] = [];
  for (const member of decl.members) {
    const type = member.type.resolved?.type;
    if (type !== undefined) types.push(type);
  }
  return types;
}

/** Layouts inside a type. `required`: only those without which no value can be written. */
export function layoutsIn(type: Type, required: boolean): LayoutDecl | undefined {
  let at = type;
  for (;;) {
    switch (at.kind) {
      case "array":
        at = at.element;
        break;
      case "vector":
        if (required && at.isOptional) return undefined;
        at = at.element;
        break;
      case "box":
        if (required) return undefined;
        at = at.element;
        break;
      case "identifier":
        return required && at.isOptional ? undefined : at.decl;
      default:
        return undefined;
    }
  }
}

function* edges(decl: LayoutDecl, required: boolean): Generator<LayoutDecl> {
  for (const type of memberTypes(decl)) {
    const next = layoutsIn(type, required);
    if (next !== undefined) yield next;
  }
}

/** All layouts of a library, and what they lead to, each group after those it leads to. */
export function layoutGroups(layouts: readonly LayoutDecl[]): readonly (readonly LayoutDecl[])[] {
  return components(layouts, (decl) => edges(decl, false));
}

/** Reports cycles that no encoding can end. True when there is none. */
export function checkCycles(context: Context, layouts: readonly LayoutDecl[]): boolean {
  const required = (decl: LayoutDecl): Iterable<LayoutDecl> => edges(decl, true);
  let isClean = true;
  for (const component of components(layouts, required)) {
    const [first] = component as [LayoutDecl, ...LayoutDecl[]];
    if (component.length === 1 && ![...required(first)].includes(first)) continue;
    isClean = false;
    const path = cycleThrough(first, new Set(component), required);
    const suggestion = "break the cycle with 'box<...>' or ':optional'";
    context.reporter.reportWith(
      semantics.IncludeCycle,
      first.nameSpan,
      { suggestion },
      path.map(({ name }) => name).join(" -> "),
    );
  }
  return isClean;
}

/** True for types whose values may hold handles. */
export function isResourceType(type: Type): boolean {
  switch (type.kind) {
    case "handle":
    case "endpoint":
      return true;
    case "array":
    case "vector":
    case "box":
      return isResourceType(type.element);
    case "identifier":
      return type.decl.isResource;
    default:
      return false;
  }
}

/** Layouts that hold handles must say so; result unions take it from their payload. */
export function checkResources(context: Context, library: Library): void {
  const layouts = library.decls.filter((decl: Decl): decl is LayoutDecl => isLayout(decl));
  for (const decl of layouts) {
    if (decl.kind !== "union" || !decl.isResult) continue;
    decl.isResource = memberTypes(decl).some(isResourceType);
  }
  for (const decl of layouts) {
    if (decl.isResource || decl.kind === "enum" || decl.kind === "bits") continue;
    for (const member of decl.members) {
      const type = member.type.resolved?.type;
      if (type === undefined || !isResourceType(type)) continue;
      const suggestion = `write 'resource ${decl.kind}'`;
      const related = [{ message: "the member", span: member.nameSpan }];
      context.reporter.reportWith(
        semantics.TypeMustBeResource,
        decl.nameSpan,
        { suggestion, related },
        decl.name,
        member.name,
        decl.kind,
      );
      break;
    }
  }
}
