/** Aligned columns for terminals. */
import stringWidth from "string-width";

export interface TableOptions {
  /** Column headings; absent = none. */
  readonly head?: readonly string[];
  /** Columns whose cells are numbers: aligned to the right. */
  readonly right?: readonly number[];
  /** Put before every line. */
  readonly indent?: string;
}

/** Columns that a text takes in a terminal: escape sequences none, wide characters two, what combines with others none. */
const width = (text: string): number => stringWidth(text);

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The beginning of a line, as much as `columns` hold; what was cut ends in `ending`. Colours stay, and take no room. */
export function clipColumns(line: string, columns: number, ending = ""): string {
  if (width(line) <= columns) return line;
  let left = columns - width(ending);
  let text = "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences that styleText writes.
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith("\u001b")) {
      text += part;
      continue;
    }
    for (const { segment } of graphemes.segment(part)) {
      left -= width(segment);
      if (left < 0) break;
      text += segment;
    }
  }
  return text + ending;
}

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
