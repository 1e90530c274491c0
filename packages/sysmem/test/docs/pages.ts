/** The fenced blocks of the documentation's pages, and what each is to be done with. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../../../../", import.meta.url));

/**
 * What a fence's words say:
 * - `ts run`, `js run`: a program; the `text` block after it is what it prints.
 * - `ts file=NAME`, and alike for other languages: a file for the programs and sessions of this page.
 * - `console`: a session in a shell, one for the page. Lines with `$ ` are typed, the others are what is printed.
 * - `toml`, `json`: a configuration, constraints for `sysmem solve`: read by what reads them in the product.
 * - `not-run: why`: none of these.
 */
export type Block = { readonly page: string; readonly line: number; readonly text: string } & (
  | { readonly kind: "run"; readonly language: string; readonly prints: string }
  | { readonly kind: "file"; readonly name: string }
  | { readonly kind: "console" }
  | { readonly kind: "toml" | "json" }
  | { readonly kind: "not-run"; readonly why: string }
  | { readonly kind: "unknown"; readonly info: string }
);

/** Pages whose every block is looked at. */
export const PAGES: readonly string[] = [
  "README.md",
  "docs/fidl-errors.md",
  "docs/dev/one-allocation.md",
  ...["docs/guide", "docs/errors"].flatMap((folder) =>
    readdirSync(join(ROOT, folder)).map((name) => relative(ROOT, join(ROOT, folder, name))),
  ),
].filter((page) => page.endsWith(".md"));

/** The blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  const text = readFileSync(join(ROOT, page), "utf8");
  for (const match of text.matchAll(/^```([^\n]*)\n([^]*?)^```$/gm)) {
    const [, info = "", body = ""] = match;
    const place = { page, line: text.slice(0, match.index).split("\n").length, text: body };
    const before = blocks.at(-1);
    // What a program prints follows it.
    if (info === "text" && before?.kind === "run" && before.prints === "") {
      blocks.splice(-1, 1, { ...before, prints: body });
    } else blocks.push({ ...place, ...kindOf(info) });
  }
  return blocks;
}

type Kind<B> = B extends Block ? Omit<B, "page" | "line" | "text"> : never;

function kindOf(info: string): Kind<Block> {
  const [language = "", ...words] = info.split(" ");
  const why = /not-run: (.+)$/.exec(info)?.[1];
  if (why !== undefined) return { kind: "not-run", why };
  const name = /^file=(\S+)$/.exec(words[0] ?? "")?.[1];
  if (name !== undefined) return { kind: "file", name };
  if (words[0] === "run") return { kind: "run", language, prints: "" };
  if (language === "console" || language === "toml" || language === "json") return { kind: language };
  return { kind: "unknown", info };
}
