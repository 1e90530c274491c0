/** Tables for people, and the little arithmetic that all benchmarks need. */

/** The middle one, or the mean of the two in the middle. */
export function median(values) {
  return quantile(values, 0.5);
}

/** Value below which the share `q` of `values` lies, interpolated. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  const first = sorted[low] ?? Number.NaN;
  return first + ((sorted[low + 1] ?? first) - first) * (at - low);
}

/** Three significant digits, without an exponent. */
export function short(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "-";
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 3));
}

/** `1.00x`: how many times `base` this is. */
export function ratio(value, base) {
  return value === null || base === null ? "-" : `${short(value / base)}x`;
}

/** Lines with aligned columns: the first to the left, the others to the right. */
export function formatTable(head, rows) {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const line = (row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join("  ")
      .trimEnd();
  return `${cells.map(line).join("\n")}\n`;
}

/** A table with its heading. */
export function table(title, head, rows) {
  return { title, head, rows: rows.map((row) => row.map(String)) };
}

/** The same in Markdown, for docs/performance.md. */
export function markdown({ title, head, rows }) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [`**${title}**`, "", line(head), line(head.map(() => "---")), ...rows.map(line), ""].join("\n");
}

/**
 * Prints what a benchmark found: tables, or with `--json` one line that holds everything. Names what it could not compare
 * with, because it is not installed.
 */
export function finish({ results, tables, missing = [] }) {
  if (process.argv.includes("--json")) {
    process.stdout.write(`${JSON.stringify({ results, tables, missing })}\n`);
    return;
  }
  for (const { title, head, rows } of tables) process.stdout.write(`\n${title}\n\n${formatTable(head, rows)}`);
  if (missing.length > 0) process.stdout.write(`\nnot installed, so not compared with: ${missing.join(", ")}\n`);
}
