/** Aligned columns for terminals. */
import { stripVTControlCharacters } from "node:util";

export interface TableOptions {
  /** Column headings; absent = none. */
  readonly head?: readonly string[];
  /** Columns whose cells are numbers: aligned to the right. */
  readonly right?: readonly number[];
  /** Put before every line. */
  readonly indent?: string;
}

/** Width of a cell as a terminal shows it: escape sequences take no room. */
const width = (text: string): number => [...stripVTControlCharacters(text)].length;

/** Lays out rows of cells in aligned columns, two spaces apart. A cell may hold several lines. */
export function formatTable(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const all = options.head === undefined ? rows : [options.head, ...rows];
  const columns = Math.max(0, ...all.map((row) => row.length));
  const split = all.map((row) => Array.from({ length: columns }, (_, column) => (row[column] ?? "").split("\n")));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...split.map((row) => Math.max(...(row[column] ?? [""]).map(width)))),
  );
  const lines: string[] = [];
  for (const row of split) {
    const height = Math.max(...row.map((cell) => cell.length));
    for (let line = 0; line < height; line++) {
      const cells = row.map((cell, column) => {
        const text = cell[line] ?? "";
        const room = " ".repeat((widths[column] as number) - width(text));
        return options.right?.includes(column) ? room + text : text + room;
      });
      lines.push(((options.indent ?? "") + cells.join("  ")).trimEnd());
    }
  }
  return lines.join("\n");
}
