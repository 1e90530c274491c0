/** Values of attributes' arguments. */
import { CanOnlyUseStringOrBool } from "../diagnostics/versioning.ts";
import { CouldNotResolveAttributeArg } from "../diagnostics/semantics.ts";
import { ATTRIBUTES } from "./attribute-schema.ts";
import { type Expectation, evaluate, primitive } from "./constants.ts";
import { type Context, type Referrer, referrer } from "./context.ts";
import type { Attribute, ConstantValue, Decl, ElementBase, Library } from "./model.ts";

/** Every element of a declaration, itself first. */
function elementsOf(decl: Decl): readonly ElementBase[] {
  switch (decl.kind) {
    case "enum":
    case "bits":
    case "struct":
    case "table":
    case "union":
    case "service":
      return [decl, ...decl.members];
    case "resource":
      return [decl, ...decl.properties];
    case "protocol":
      return [decl, ...decl.methods, ...decl.composed];
    default:
      return [decl];
  }
}

/** Gives every argument of every attribute its value. Faults are reported. */
export function resolveAttributes(context: Context, library: Library): void {
  const [file] = library.files;
  if (file !== undefined) resolveList(context, library.attributes, { library, file, element: library });
  for (const decl of library.decls) {
    for (const element of elementsOf(decl)) resolveList(context, element.attributes, referrer(decl, element));
  }
}

function resolveList(context: Context, attributes: readonly Attribute[], from: Referrer): void {
  for (const attribute of attributes) {
    const schema = ATTRIBUTES.get(attribute.name);
    for (const argument of attribute.args) {
      const type = expectedType(schema?.args[argument.name]?.type);
      // A reference on a library line was reported; it has nothing to refer to.
      if (
        from.element === (from.library as unknown) &&
        argument.node.value.kind === "reference" &&
        type?.kind !== "primitive"
      )
        continue;
      const resolve = (): ConstantValue | undefined =>
        evaluate(context, argument.node.value, { type, unresolvable: CouldNotResolveAttributeArg }, from);
      // Versions were read, and reported, when lives were computed.
      const value = type?.kind === "primitive" ? context.reporter.muted(resolve) : resolve();
      if (value === undefined) continue;
      if (type === undefined && value.kind !== "string" && value.kind !== "bool") {
        context.reporter.report(CanOnlyUseStringOrBool, argument.node.span, argument.name, attribute.name);
        continue;
      }
      argument.value = value;
    }
  }
}

function expectedType(type: "string" | "version" | undefined): Expectation["type"] {
  if (type === undefined) return undefined;
  return type === "string" ? { kind: "string" } : primitive("uint32");
}
