/** Short ways to compile texts in tests. */
import {
  type CompileOptions,
  type CompileResult,
  compile,
  type JsonIr,
  renderDiagnostics,
  type SourceFile,
} from "#fidlc";

/** One file, one library's files, or several libraries' files. A file without a library line is of `library example;`. */
export type Sources = string | readonly (string | readonly string[])[];

function file(text: string, path: string): SourceFile {
  const hasLibrary = /^\s*((\/\/.*|@.*)\n\s*)*(@[^\n]* )?lib\w*ry /.test(text);
  return { path, text: hasLibrary ? text : `library example;\n${text}` };
}

export function compileText(sources: Sources, options: CompileOptions = {}): CompileResult {
  const libraries =
    typeof sources === "string" ? [[sources]] : sources.map((files) => (typeof files === "string" ? [files] : files));
  return compile(
    libraries.map((files, library) => files.map((text, index) => file(text, `lib${library}/file${index}.fidl`))),
    options,
  );
}

/** The IR of a text that must compile. */
export function irOf(sources: Sources, options: CompileOptions = {}): JsonIr {
  const result = compileText(sources, options);
  if (result.ir === undefined) throw new Error(`does not compile:\n${renderDiagnostics(result.diagnostics)}`);
  return result.ir;
}

/** Codes of all diagnostics, in order. */
export function codesOf(sources: Sources, options: CompileOptions = {}): readonly string[] {
  return compileText(sources, options).diagnostics.map(({ id }) => id);
}

/** A resource for tests that need handles. */
export const HANDLE = `
type ObjType = strict enum : uint32 { NONE = 0; VMO = 3; EVENT = 5; };
type Rights = strict bits : uint32 { READ = 4; WRITE = 8; };
resource_definition Handle : uint32 { properties { subtype ObjType; rights Rights; }; };
`;
