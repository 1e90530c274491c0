/** Deprecation as it is told to users: once, where it was declared. */
import type { IrElement, JsonIr } from "./ir.ts";

type Parent = IrElement & { readonly members?: readonly IrElement[]; readonly methods?: readonly IrElement[] };

/** True when the library as a whole is deprecated. */
export function isLibraryDeprecated(ir: JsonIr): boolean {
  const available = ir.maybe_attributes?.find((attribute) => attribute.name === "available");
  return available?.arguments.some((argument) => argument.name === "deprecated") ?? false;
}

/**
 * In the IR every element inside a deprecated one is deprecated, too. Said of every member, that hides what matters:
 * takes the mark away from whatever has it only from its library or declaration.
 */
export function withoutInheritedDeprecation(ir: JsonIr): JsonIr {
  const isWhole = isLibraryDeprecated(ir);
  const clear = <T extends Parent>(declaration: T): T => {
    const isInherited = isWhole || declaration.deprecated === true;
    const plain = <E extends IrElement>(element: E): E => (isInherited ? { ...element, deprecated: false } : element);
    const parts: { members?: readonly IrElement[]; methods?: readonly IrElement[] } = {};
    if (declaration.members !== undefined) parts.members = declaration.members.map(plain);
    if (declaration.methods !== undefined) parts.methods = declaration.methods.map(plain);
    return { ...declaration, ...(isWhole ? { deprecated: false } : {}), ...parts };
  };
  return {
    ...ir,
    bits_declarations: ir.bits_declarations.map(clear),
    const_declarations: ir.const_declarations.map(clear),
    enum_declarations: ir.enum_declarations.map(clear),
    protocol_declarations: ir.protocol_declarations.map(clear),
    service_declarations: ir.service_declarations.map(clear),
    struct_declarations: ir.struct_declarations.map(clear),
    table_declarations: ir.table_declarations.map(clear),
    union_declarations: ir.union_declarations.map(clear),
    alias_declarations: ir.alias_declarations.map(clear),
  };
}
