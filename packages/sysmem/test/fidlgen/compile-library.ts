/** FIDL text to IR for tests. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compile, HEAD, renderDiagnostics } from "#fidlc";
import type { JsonIr } from "#fidlgen";

type Sources = readonly { readonly path: string; readonly text: string }[];

/** Platforms are taken as their newest sources. */
const AVAILABLE = { fuchsia: [HEAD], sysmem: [HEAD], test: [HEAD] };

/** The IR of the last library. Throws with the diagnostics when the text does not compile. */
function compileSources(...libraries: readonly Sources[]): JsonIr {
  const result = compile(libraries, { available: AVAILABLE });
  if (result.ir === undefined) throw new Error(renderDiagnostics(result.diagnostics));
  return result.ir;
}

/** As `compileSources`, with one file for each library. */
export function compileText(...texts: readonly string[]): JsonIr {
  return compileSources(...texts.map((text, index) => [{ path: `${index}.fidl`, text }]));
}

function readSources(folder: string): Sources {
  const names = readdirSync(folder).filter((name) => name.endsWith(".fidl"));
  return names.sort().map((name) => ({ path: name, text: readFileSync(join(folder, name), "utf8") }));
}

/** Every library below a folder that has one folder for each, compiled with what it uses. */
export function compileFolder(folder: string): JsonIr[] {
  const libraries = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => readSources(join(folder, entry.name)))
    .filter((sources) => sources.length > 0)
    .map((sources) => {
      const text = sources.map((file) => file.text).join("\n");
      const uses = [...text.matchAll(/^using ([\w.]+)/gm)].map((match) => match[1] as string);
      return { name: /^library ([\w.]+);/m.exec(text)?.[1] ?? "", uses: new Set(uses), sources };
    });
  const needs = (name: string, seen = new Set<string>()): string[] => {
    if (seen.has(name)) return [];
    seen.add(name);
    const uses = libraries.find((library) => library.name === name)?.uses ?? [];
    return [...[...uses].sort().flatMap((used) => needs(used, seen)), name];
  };
  return libraries.map(({ name }) =>
    compileSources(...needs(name).map((used) => libraries.find((library) => library.name === used)?.sources ?? [])),
  );
}
