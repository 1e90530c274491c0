/** The FIDL compiler: text to JSON IR, diagnostics, and the formatter. Nothing here opens files. */
export { compile, type CompileResult } from "./compile/compile.ts";
export type { CompileOptions } from "./compile/context.ts";
export { hashSelector } from "./compile/ordinals.ts";
export { HEAD, NEXT, parseVersion, type Selection, type Version, versionName } from "./compile/version.ts";
export * from "./diagnostics/index.ts";
export { format, type FormatResult } from "./format/format.ts";
export { writeIr } from "./ir/json.ts";
export type * from "./ir/types.ts";
export { canonicalName, lowerSnake, upperCamel, wordsOf } from "./names/case.ts";
export { type LineColumn, lineColumnAt, type SourceFile, type Span, textOf } from "./source/source-file.ts";
