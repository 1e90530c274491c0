/** Small pieces of TypeScript text. */
import type { IrElement } from "./ir.ts";

/** Longest line the generator aims at. */
const LINE_WIDTH = 120;

/** Indents every line that is not empty by one level. */
export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

/** A string literal. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** The documentation comment of an element, with a line end after it; empty when there is nothing to say. */
export function docComment(element: IrElement, ...more: readonly string[]): string {
  const lines = [...docLines(element), ...more];
  if (element.deprecated === true) lines.push(`@deprecated${note(element)}`);
  return comment(lines);
}

/** A documentation comment of the given lines. */
export function comment(lines: readonly string[]): string {
  // A FIDL comment may contain what would end ours.
  const safe = lines.map((line) => line.replaceAll("*/", "*\\/").trimEnd());
  if (safe.length === 0) return "";
  if (safe.length === 1 && safe[0] !== "") return `/** ${safe[0]} */\n`;
  return `/**\n${safe.map((line) => (line === "" ? " *\n" : ` * ${line}\n`)).join("")} */\n`;
}

function docLines(element: IrElement): string[] {
  const text = element.maybe_attributes?.find((attribute) => attribute.name === "doc")?.arguments[0]?.value.value;
  if (text === undefined) return [];
  // The value of a doc comment has one space after `///` left on each line.
  const lines = text.split("\n").map((line) => line.replace(/^ /, ""));
  while (lines.length > 0 && lines.at(-1)?.trim() === "") lines.pop();
  while (lines.length > 0 && lines[0]?.trim() === "") lines.shift();
  return lines;
}

function note(element: IrElement): string {
  const available = element.maybe_attributes?.find((attribute) => attribute.name === "available");
  const text = available?.arguments.find((argument) => argument.name === "note")?.value.value;
  return text === undefined ? "" : ` ${text.replaceAll("\n", " ")}`;
}

/** The body of an interface: lines with their line ends, in braces. */
export function block(lines: readonly string[]): string {
  return lines.length === 0 ? "{}" : `{\n${indent(lines.join(""))}}`;
}

/** `{ a, b }` on one line where it fits at the given indentation, else one item per line. Items may span lines. */
export function braces(items: readonly string[], column: number, open = "{", close = "}"): string {
  if (items.length === 0) return `${open}${close}`;
  const pad = open === "{" ? " " : "";
  const line = `${open}${pad}${items.join(", ")}${pad}${close}`;
  if (!line.includes("\n") && column + line.length <= LINE_WIDTH) return line;
  return `${open}\n${items.map((item) => indent(`${item},\n`)).join("")}${close}`;
}
