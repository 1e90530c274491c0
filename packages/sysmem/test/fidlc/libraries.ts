/** The FIDL libraries of this repository, with what each needs. */
import { readdirSync, readFileSync } from "node:fs";
import { type CompileResult, compile, HEAD, type SourceFile } from "#fidlc";

const ROOT = new URL("../../../../fidl/", import.meta.url);

function filesOf(library: string): readonly SourceFile[] {
  const folder = new URL(`${library}/`, ROOT);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".fidl"))
    .sort()
    .map((name) => ({ path: `fidl/${library}/${name}`, text: readFileSync(new URL(name, folder), "utf8") }));
}

/** Names of all libraries: the folders. */
export const LIBRARIES: readonly string[] = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .filter((name) => filesOf(name).length > 0)
  .sort();

/** Name of the library that a folder's files declare. */
function libraryLine(files: readonly SourceFile[]): string {
  return /^library ([a-z0-9.]+);/m.exec(files.map(({ text }) => text).join("\n"))?.[1] ?? "";
}

/** The libraries that a folder's files import, theirs first, then the folder's own files. */
export function withDependencies(folder: string): readonly (readonly SourceFile[])[] {
  const order = new Map<string, readonly SourceFile[]>();
  const visit = (name: string): void => {
    if (order.has(name)) return;
    const files = filesOf(name);
    for (const { text } of files) {
      for (const [, imported] of text.matchAll(/^using ([a-z0-9.]+)/gm)) {
        if (imported !== undefined)
          visit(LIBRARIES.find((candidate) => libraryLine(filesOf(candidate)) === imported) ?? imported);
      }
    }
    order.set(name, files);
  };
  visit(folder);
  return [...order.values()];
}

export function compileLibrary(folder: string): CompileResult {
  return compile(withDependencies(folder), { available: { fuchsia: [HEAD] } });
}
