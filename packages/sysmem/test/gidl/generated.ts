/** Code for the vectors, made by our compiler and generator while the tests run. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compile, renderDiagnostics } from "#fidlc";
import { generate } from "#fidlgen";
import type { GeneratedModule } from "./run-case.ts";

const SOURCES = join(import.meta.dirname, "../../src");

/** Compiles the `.fidl` files of a directory as one library and gives the generated text. */
export function generateFrom(directory: string, runtime: string, handles: string): string {
  const files = readdirSync(directory).filter((name) => name.endsWith(".fidl"));
  const result = compile([files.map((name) => ({ path: name, text: readFileSync(join(directory, name), "utf8") }))]);
  if (result.ir === undefined) throw new Error(renderDiagnostics(result.diagnostics));
  const [file] = generate(result.ir, { runtime, handles, importExtension: ".ts" });
  return file?.text ?? "";
}

/** Compiles, generates and loads. `scratch` is a directory for the generated file. */
export async function loadFrom(directory: string, scratch: string): Promise<GeneratedModule> {
  const source = (layer: string): string => join(SOURCES, layer, "index.ts");
  const path = join(scratch, "generated.ts");
  writeFileSync(path, generateFrom(directory, source("fidl"), source("base")));
  return (await import(pathToFileURL(path).href)) as GeneratedModule;
}
