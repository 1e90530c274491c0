/** Values as FIDL-like text: `{ name = "camera", id = 7 }`. */

/** A value made printable: a word, or a list of parts in brackets. */
export type Shown = string | ShownList;

/** A value of parts: a table, a struct, a list. */
export interface ShownList {
  readonly open: "{" | "[";
  /** Parts with the names of members; list elements have none. */
  readonly parts: { readonly name?: string; readonly value: Shown }[];
}

/** Lays a value out on one line where `width` permits, else over several, two spaces deeper for each level. */
export function formatShown(value: Shown, width: number, indent: string = ""): string {
  const line = oneLine(value);
  if (typeof value === "string" || value.parts.length === 0 || line.length + indent.length <= width) return line;
  const inner = `${indent}  `;
  const parts = value.parts.map((part) => {
    const name = part.name === undefined ? "" : `${part.name} = `;
    return `${inner}${name}${formatShown(part.value, width - name.length, inner)}`;
  });
  return `${value.open}\n${parts.join(",\n")}\n${indent}${value.open === "{" ? "}" : "]"}`;
}

function oneLine(value: Shown): string {
  if (typeof value === "string") return value;
  const close = value.open === "{" ? "}" : "]";
  if (value.parts.length === 0) return `${value.open}${close}`;
  const parts = value.parts.map((part) => `${part.name === undefined ? "" : `${part.name} = `}${oneLine(part.value)}`);
  return value.open === "{" ? `{ ${parts.join(", ")} }` : `[${parts.join(", ")}]`;
}
