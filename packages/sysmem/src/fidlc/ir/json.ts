/** JSON text with exact integers. `JSON.stringify` refuses bigints, and numbers end at 2^53. */
import type { JsonIr } from "./types.ts";

type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** The IR as text: indented by two spaces, bigints as numbers, a line end at the end. */
export function writeIr(ir: JsonIr): string {
  return `${writeJson(ir as unknown as Json, "")}\n`;
}

/** Nesting is that of the value, which `compile` bounds (MAX_FIDL_NESTING_DEPTH). */
function writeJson(value: Json, indent: string): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return `[\n${value.map((item: Json) => `${inner}${writeJson(item, inner)}`).join(",\n")}\n${indent}]`;
  }
  const lines: string[] = [];
  for (const [key, item] of Object.entries(value as { readonly [key: string]: Json | undefined })) {
    if (item !== undefined) lines.push(`${inner}${JSON.stringify(key)}: ${writeJson(item, inner)}`);
  }
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`;
}
