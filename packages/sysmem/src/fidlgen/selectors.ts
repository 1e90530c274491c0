/** Which string a method's ordinal was hashed from: the IR has the ordinal alone. */
import { createHash } from "node:crypto";
import type { IrMethod, IrProtocol } from "./ir.ts";
import type { Library } from "./library.ts";

/** The ordinal of a selector (FIDL reference, method ordinals): 63 bits of its SHA-256. */
function ordinalOf(selector: string): bigint {
  return createHash("sha256").update(selector, "utf8").digest().readBigUInt64LE(0) & 0x7fff_ffff_ffff_ffffn;
}

/**
 * The selector of a method: that of the protocol which declares it, found by trying `protocol` and everything it composes.
 * Where none fits (a foreign protocol composes another one that this IR does not show), the protocol's own name stands in.
 */
export function selectorOf(library: Library, protocol: IrProtocol, method: IrMethod): string {
  const attribute = method.maybe_attributes?.find((item) => item.name === "selector")?.arguments[0]?.value.value;
  if (attribute?.includes("/")) return attribute;
  const name = attribute ?? method.name;
  const ordinal = BigInt(method.ordinal);
  const candidates = composedClosure(library, protocol.name).map((declaring) => `${declaring}.${name}`);
  return candidates.find((selector) => ordinalOf(selector) === ordinal) ?? `${protocol.name}.${name}`;
}

/** The protocol and all that it composes, as far as the IR shows. */
function composedClosure(library: Library, name: string, seen: Set<string> = new Set()): string[] {
  if (seen.has(name)) return [];
  seen.add(name);
  const own = library.ir.protocol_declarations.find((item) => item.name === name);
  return [name, ...(own?.composed_protocols ?? []).flatMap((item) => composedClosure(library, item.name, seen))];
}
