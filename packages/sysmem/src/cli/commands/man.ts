/** `sysmem man DIR`: manual pages, made of the commands' own help. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IncompleteError } from "../errors.ts";

/** A command's help, as a person reads it. */
export interface CommandHelp {
  /** `sysmem why-alive`. */
  readonly command: string;
  readonly help: string;
}

/** Backslashes, and lines that would be requests. */
function escapeRoff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replace(/^([.'])/gm, "\\&$1")
    .replaceAll("-", "\\-");
}

/** One page in roff. */
export function manPage({ command, help }: CommandHelp, all: readonly string[]): string {
  const name = command.replaceAll(" ", "-");
  const lines = help.trimEnd().split("\n");
  const usage = section(lines, "USAGE");
  const text = lines.slice(usage.end).find((line) => line.trim() !== "") ?? "";
  // Its first sentence, as what a list of pages shows.
  const brief = text.replace(/\. .*$|\.$/, "");
  const rest = lines.slice(usage.end).join("\n").trim();
  const others = all.filter((one) => one !== command).map((one) => `.BR ${escapeRoff(one.replaceAll(" ", "-"))} (1)`);
  return [
    `.TH ${name.toUpperCase()} 1 "" "sysmem" "sysmem"`,
    ".SH NAME",
    `${escapeRoff(name)} \\- ${escapeRoff(brief.trim())}`,
    ".SH SYNOPSIS",
    ".nf",
    escapeRoff(usage.lines.map((line) => line.trim()).join("\n")),
    ".fi",
    ".SH DESCRIPTION",
    ".nf",
    escapeRoff(rest),
    ".fi",
    ".SH EXIT STATUS",
    "0 done, 1 failed, 2 wrong usage.",
    ".SH SEE ALSO",
    others.join(",\n"),
    "",
  ].join("\n");
}

/** The indented lines below a heading, and where they end. */
function section(lines: readonly string[], heading: string): { readonly lines: string[]; readonly end: number } {
  const start = lines.indexOf(heading) + 1;
  let end = start;
  while (end < lines.length && lines[end]?.startsWith(" ")) end++;
  return { lines: lines.slice(start, end), end };
}

/** The pages by file name. */
export function manPages(help: readonly CommandHelp[]): ReadonlyMap<string, string> {
  const names = help.map(({ command }) => command);
  return new Map(help.map((one) => [`${one.command.replaceAll(" ", "-")}.1`, manPage(one, names)]));
}

/** Writes a page for each command into a folder, which is made when it is not there; the folder above it is. */
export async function runMan(_flags: unknown, folder: string): Promise<void> {
  const { commandHelp } = await import("../main.ts");
  try {
    // One level: Node's recursive way never ends where the kernel says ENOENT to every attempt, as in /proc.
    if (!existsSync(folder)) mkdirSync(folder);
    for (const [name, text] of manPages(commandHelp())) writeFileSync(join(folder, name), text);
  } catch (error) {
    throw new IncompleteError(`cannot write manual pages into ${folder}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
