/** `sysmem man DIR`: manual pages, made of the commands' own help. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemWords } from "#base";
import { IncompleteError } from "../errors.ts";

/** A command's help, as a person reads it. */
export interface CommandHelp {
  /** `sysmem why-alive`. */
  readonly command: string;
  readonly help: string;
  /** In a few words, for lists of pages. Default: the first sentence of its description. */
  readonly brief?: string | undefined;
}

/** Backslashes, and lines that would be requests. */
function escapeRoff(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replace(/^([.'])/gm, "\\&$1")
    .replaceAll("-", "\\-");
}

/** One page in roff. */
export function manPage({ command, help, brief: given }: CommandHelp, all: readonly string[]): string {
  const name = command.replaceAll(" ", "-");
  const lines = help.trimEnd().split("\n");
  const usage = section(lines, "USAGE");
  const heading = lines.findIndex((line, index) => index >= usage.end && HEADING.test(line));
  const text = lines
    .slice(usage.end, heading)
    .filter((line) => line.trim() !== "")
    .join("\n");
  const brief = given ?? text.split("\n", 1)[0]?.replace(/\. .*$|\.$/, "") ?? "";
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
    escapeRoff(text),
    ...lines.slice(heading).flatMap(tables),
    ".fi",
    ".SH EXIT STATUS",
    "0 done, 1 failed, 2 wrong usage.",
    ".SH SEE ALSO",
    others.join(",\n"),
    "",
  ].join("\n");
}

const HEADING = /^[A-Z]+$/;

/** Flags, arguments and commands: tables, whose lines stay as they are. */
function tables(line: string): string[] {
  if (line === "") return [];
  return HEADING.test(line) ? [".fi", `.SH ${line}`, ".nf"] : [escapeRoff(line.replace(/^ {2}/, ""))];
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
  const { commandHelp, main } = await import("../main.ts");
  let overview = "";
  await main(["--help"], { stdout: { write: (text: string) => (overview += text) !== "" }, stderr: process.stderr });
  const briefs = new Map([...overview.matchAll(/^ {2}(\S+) {2,}(\S.*)$/gm)].map(([, name, brief]) => [name, brief]));
  const help = [
    { command: "sysmem", help: overview },
    ...commandHelp().map((one) => ({ ...one, brief: briefs.get(one.command.replace("sysmem ", "")) })),
  ];
  try {
    // One level: Node's recursive way never ends where the kernel says ENOENT to every attempt, as in /proc.
    if (!existsSync(folder)) mkdirSync(folder);
    for (const [name, text] of manPages(help)) writeFileSync(join(folder, name), text);
  } catch (error) {
    throw new IncompleteError(`cannot write manual pages into ${folder}: ${systemWords(error)}`, {
      cause: error,
    });
  }
}
