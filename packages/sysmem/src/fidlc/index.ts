/** The FIDL compiler: text to JSON IR, diagnostics, and the formatter. Nothing here opens files. */
export { compile, type CompileResult } from "./compile/compile.ts";
export type { CompileOptions } from "./compile/context.ts";
export { hashSelector } from "./compile/ordinals.ts";
export { HEAD, NEXT, parseVersion, type Selection, type Version, versionName } from "./compile/version.ts";
export {
  type Diagnostic,
  DIAGNOSTIC_TABLE,
  diagnosticId,
  type DiagnosticKind,
  type DiagnosticRow,
  errorKind,
  type JsonDiagnostic,
  jsonDiagnostics,
  type RelatedPlace,
  renderDiagnostic,
  renderDiagnostics,
  type Severity,
  warningKind,
} from "./diagnostics/index.ts";
export { format, type FormatResult } from "./format/format.ts";
export { writeIr } from "./ir/json.ts";
export type {
  IrAlias,
  IrArrayType,
  IrAttribute,
  IrAttributeArgument,
  IrBits,
  IrComposition,
  IrConst,
  IrConstant,
  IrDependency,
  IrDependencyDeclaration,
  IrElement,
  IrEndpointType,
  IrEnum,
  IrFieldShape,
  IrFromAlias,
  IrHandleType,
  IrIdentifierType,
  IrInternalType,
  IrKind,
  IrLiteral,
  IrLocation,
  IrMethod,
  IrOrdinalMember,
  IrPrimitiveType,
  IrProtocol,
  IrResource,
  IrService,
  IrStringType,
  IrStruct,
  IrStructMember,
  IrTable,
  IrType,
  IrTypeConstructor,
  IrTypedMember,
  IrTypeShape,
  IrUnion,
  IrValueMember,
  IrVectorType,
  JsonIr,
} from "./ir/types.ts";
export { canonicalName, lowerSnake, upperCamel, wordsOf } from "./names/case.ts";
export { type LineColumn, lineColumnAt, type SourceFile, type Span, textOf } from "./source/source-file.ts";
