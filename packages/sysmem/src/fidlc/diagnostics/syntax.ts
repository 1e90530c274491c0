/** Diagnostics of the lexer, the parser and of names. Numbers and internal names are fidlc's; the wording is ours. */
import { type DiagnosticKind, errorKind, warningKind } from "./diagnostic.ts";

export const InvalidCharacter: DiagnosticKind<[character: string]> = errorKind(
  1,
  "InvalidCharacter",
  (character) => `the character '${character}' starts no token`,
);
export const UnexpectedLineBreak: DiagnosticKind<[]> = errorKind(
  2,
  "UnexpectedLineBreak",
  () => "a string must end on the line where it starts",
);
export const InvalidEscapeSequence: DiagnosticKind<[sequence: string]> = errorKind(
  3,
  "InvalidEscapeSequence",
  (sequence) => `'${sequence}' is not an escape sequence`,
);
export const InvalidHexDigit: DiagnosticKind<[character: string]> = errorKind(
  4,
  "InvalidHexDigit",
  (character) => `'${character}' is not a hexadecimal digit`,
);
export const ExpectedDeclaration: DiagnosticKind<[found: string]> = errorKind(
  6,
  "ExpectedDeclaration",
  (found) => `expected a declaration, found ${found}`,
);
export const UnexpectedToken: DiagnosticKind<[found: string, where: string]> = errorKind(
  7,
  "UnexpectedToken",
  (found, where) => `unexpected ${found} ${where}`,
);
export const UnexpectedTokenOfKind: DiagnosticKind<[found: string, expected: string]> = errorKind(
  8,
  "UnexpectedTokenOfKind",
  (found, expected) => `expected ${expected}, found ${found}`,
);
export const UnexpectedIdentifier: DiagnosticKind<[found: string, expected: string]> = errorKind(
  9,
  "UnexpectedIdentifier",
  (found, expected) => `expected ${expected}, found the name '${found}'`,
);
export const InvalidIdentifier: DiagnosticKind<[name: string]> = errorKind(
  10,
  "InvalidIdentifier",
  (name) => `'${name}' is not a valid name: it must start with a letter and must not end with '_'`,
);
export const InvalidLibraryNameComponent: DiagnosticKind<[component: string]> = errorKind(
  11,
  "InvalidLibraryNameComponent",
  (component) =>
    `'${component}' cannot be part of a library name: it must be a lower-case letter, then lower-case letters and digits`,
);
export const InvalidLayoutClass: DiagnosticKind<[found: string]> = errorKind(
  12,
  "InvalidLayoutClass",
  (found) => `'${found}' is not a kind of layout: expected bits, enum, struct, table or union`,
);
export const AttributeWithEmptyParens: DiagnosticKind<[]> = errorKind(
  14,
  "AttributeWithEmptyParens",
  () => "an attribute without arguments has no parentheses",
);
export const AttributeArgsMustAllBeNamed: DiagnosticKind<[]> = errorKind(
  15,
  "AttributeArgsMustAllBeNamed",
  () => "when an attribute has several arguments, each must be named",
);
export const MissingOrdinalBeforeMember: DiagnosticKind<[]> = errorKind(
  16,
  "MissingOrdinalBeforeMember",
  () => "a member of a table or union starts with its ordinal, as in '1: name type;'",
);
export const OrdinalOutOfBound: DiagnosticKind<[text: string]> = errorKind(
  17,
  "OrdinalOutOfBound",
  (text) => `the ordinal ${text} is not an unsigned 32-bit integer`,
);
export const OrdinalsMustStartAtOne: DiagnosticKind<[]> = errorKind(
  18,
  "OrdinalsMustStartAtOne",
  () => "ordinals start at 1",
);
export const MustHaveOneMember: DiagnosticKind<[what: string]> = errorKind(
  19,
  "MustHaveOneMember",
  (what) => `a ${what} must have at least one member`,
);
export const InvalidProtocolMember: DiagnosticKind<[found: string]> = errorKind(
  20,
  "InvalidProtocolMember",
  (found) => `expected a method, an event or a composition, found ${found}`,
);
export const AttributeInsideTypeDeclaration: DiagnosticKind<[]> = errorKind(
  23,
  "AttributeInsideTypeDeclaration",
  () => "attributes of a type declaration go before 'type'",
);
export const DocCommentOnParameters: DiagnosticKind<[]> = errorKind(
  24,
  "DocCommentOnParameters",
  () => "a doc comment cannot be on a parameter list; document the method or the payload's members",
);
export const LibraryImportsMustBeGroupedAtTopOfFile: DiagnosticKind<[]> = errorKind(
  25,
  "LibraryImportsMustBeGroupedAtTopOfFile",
  () => "imports must come before all declarations",
);
export const CommentWithinDocCommentBlock: DiagnosticKind<[]> = warningKind(
  26,
  "CommentWithinDocCommentBlock",
  () => "a plain comment interrupts this doc comment",
);
export const BlankLinesWithinDocCommentBlock: DiagnosticKind<[]> = warningKind(
  27,
  "BlankLinesWithinDocCommentBlock",
  () => "a blank line interrupts this doc comment",
);
export const TrailingDocComment: DiagnosticKind<[]> = warningKind(
  28,
  "TrailingDocComment",
  () => "this doc comment documents nothing and is dropped",
);
export const MustHaveOneProperty: DiagnosticKind<[]> = errorKind(
  29,
  "MustHaveOneProperty",
  () => "a resource definition must have at least one property",
);
export const CannotSpecifyModifier: DiagnosticKind<[modifier: string, what: string]> = errorKind(
  30,
  "CannotSpecifyModifier",
  (modifier, what) => `'${modifier}' cannot be used on a ${what}`,
);
export const CannotSpecifySubtype: DiagnosticKind<[what: string]> = errorKind(
  31,
  "CannotSpecifySubtype",
  (what) => `a ${what} has no underlying type`,
);
export const DuplicateModifier: DiagnosticKind<[modifier: string]> = errorKind(
  32,
  "DuplicateModifier",
  (modifier) => `'${modifier}' is written twice`,
);
export const ConflictingModifier: DiagnosticKind<[modifier: string, other: string]> = errorKind(
  33,
  "ConflictingModifier",
  (modifier, other) => `'${modifier}' contradicts '${other}'`,
);
export const NameCollision: DiagnosticKind<[what: string, name: string]> = errorKind(
  34,
  "NameCollision",
  (what, name) => `the ${what} '${name}' has the name of an earlier element`,
);
export const NameCollisionCanonical: DiagnosticKind<[what: string, name: string, other: string, canonical: string]> =
  errorKind(
    35,
    "NameCollisionCanonical",
    (what, name, other, canonical) =>
      `the ${what} '${name}' is too similar to '${other}': both have the canonical form '${canonical}'`,
  );
export const NameOverlap: DiagnosticKind<[what: string, name: string, versions: string]> = errorKind(
  36,
  "NameOverlap",
  (what, name, versions) => `the ${what} '${name}' has the name of another element that also exists ${versions}`,
);
export const NameOverlapCanonical: DiagnosticKind<
  [what: string, name: string, other: string, canonical: string, versions: string]
> = errorKind(
  37,
  "NameOverlapCanonical",
  (what, name, other, canonical, versions) =>
    `the ${what} '${name}' is too similar to '${other}', which also exists ${versions}: both have the canonical form '${canonical}'`,
);
export const DeclNameConflictsWithLibraryImport: DiagnosticKind<[name: string]> = errorKind(
  38,
  "DeclNameConflictsWithLibraryImport",
  (name) => `'${name}' is also the name of an imported library`,
);
export const DeclNameConflictsWithLibraryImportCanonical: DiagnosticKind<[name: string, library: string]> = errorKind(
  39,
  "DeclNameConflictsWithLibraryImportCanonical",
  (name, library) => `'${name}' is too similar to the imported library '${library}'`,
);
export const FilesDisagreeOnLibraryName: DiagnosticKind<[found: string, expected: string]> = errorKind(
  40,
  "FilesDisagreeOnLibraryName",
  (found, expected) => `this file is of library '${found}', but the files before it are of '${expected}'`,
);
export const MultipleLibrariesWithSameName: DiagnosticKind<[name: string]> = errorKind(
  41,
  "MultipleLibrariesWithSameName",
  (name) => `there are two libraries with the name '${name}'`,
);
export const DuplicateLibraryImport: DiagnosticKind<[name: string]> = errorKind(
  42,
  "DuplicateLibraryImport",
  (name) => `library '${name}' is imported twice`,
);
export const ConflictingLibraryImport: DiagnosticKind<[name: string]> = errorKind(
  43,
  "ConflictingLibraryImport",
  (name) => `the import of '${name}' conflicts with another import of that name`,
);
export const ConflictingLibraryImportAlias: DiagnosticKind<[name: string, alias: string]> = errorKind(
  44,
  "ConflictingLibraryImportAlias",
  (name, alias) => `'${alias}', given to library '${name}', is the name of another import`,
);
export const AttributesNotAllowedOnLibraryImport: DiagnosticKind<[]> = errorKind(
  45,
  "AttributesNotAllowedOnLibraryImport",
  () => "an import has no attributes and no doc comment",
);
export const UnknownLibrary: DiagnosticKind<[name: string]> = errorKind(
  46,
  "UnknownLibrary",
  (name) => `there is no library '${name}' among those given before this one`,
);
export const UnknownDependentLibrary: DiagnosticKind<[name: string]> = errorKind(
  51,
  "UnknownDependentLibrary",
  (name) => `'${name}' is neither a declaration nor in an imported library`,
);
export const NameNotFound: DiagnosticKind<[name: string, library: string]> = errorKind(
  52,
  "NameNotFound",
  (name, library) => `there is no '${name}' in library '${library}'`,
);
export const NameNotFoundInVersion: DiagnosticKind<[name: string, library: string, versions: string]> = errorKind(
  52,
  "NameNotFound",
  (name, library, versions) => `there is no '${name}' in library '${library}' at ${versions}`,
);
export const CannotReferToMember: DiagnosticKind<[name: string, kind: string]> = errorKind(
  53,
  "CannotReferToMember",
  (name, kind) => `'${name}' is a ${kind}; only members of enums and bits can be referred to`,
);
export const MemberNotFound: DiagnosticKind<[member: string, decl: string]> = errorKind(
  54,
  "MemberNotFound",
  (member, decl) => `'${decl}' has no member '${member}'`,
);
export const InvalidReferenceToDeprecated: DiagnosticKind<[name: string, from: string]> = errorKind(
  55,
  "InvalidReferenceToDeprecated",
  (name, from) => `'${from}' is not deprecated and cannot refer to '${name}', which is`,
);
export const InvalidReferenceToDeprecatedOtherPlatform: DiagnosticKind<[name: string, platform: string, from: string]> =
  errorKind(
    56,
    "InvalidReferenceToDeprecatedOtherPlatform",
    (name, platform, from) =>
      `'${from}' is not deprecated and cannot refer to '${name}' of platform '${platform}', which is`,
  );
export const AnonymousNameReference: DiagnosticKind<[name: string]> = errorKind(
  58,
  "AnonymousNameReference",
  (name) => `'${name}' is the name given to an unnamed layout and cannot be referred to`,
);
export const UnusedImport: DiagnosticKind<[name: string]> = errorKind(
  178,
  "UnusedImport",
  (name) => `library '${name}' is imported but not used in this file`,
);
export const ReferenceInLibraryAttribute: DiagnosticKind<[]> = errorKind(
  181,
  "ReferenceInLibraryAttribute",
  () => "attributes of a library can only have literals as arguments",
);
export const UnexpectedControlCharacter: DiagnosticKind<[code: string]> = errorKind(
  184,
  "UnexpectedControlCharacter",
  (code) => `control character U+${code} in a string: write it as an escape sequence`,
);
export const UnicodeEscapeMissingBraces: DiagnosticKind<[]> = errorKind(
  185,
  "UnicodeEscapeMissingBraces",
  () => "a Unicode escape has braces, as in '\\u{1f600}'",
);
export const UnicodeEscapeUnterminated: DiagnosticKind<[]> = errorKind(
  186,
  "UnicodeEscapeUnterminated",
  () => "this Unicode escape lacks its closing brace",
);
export const UnicodeEscapeEmpty: DiagnosticKind<[]> = errorKind(
  187,
  "UnicodeEscapeEmpty",
  () => "a Unicode escape needs at least one hexadecimal digit",
);
export const UnicodeEscapeTooLong: DiagnosticKind<[]> = errorKind(
  188,
  "UnicodeEscapeTooLong",
  () => "a Unicode escape has at most six hexadecimal digits",
);
export const UnicodeEscapeTooLarge: DiagnosticKind<[digits: string]> = errorKind(
  189,
  "UnicodeEscapeTooLarge",
  (digits) => `U+${digits} is beyond the last code point, U+10FFFF`,
);
export const ReservedNotAllowed: DiagnosticKind<[]> = errorKind(
  209,
  "ReservedNotAllowed",
  () => "'reserved' members are no longer part of the language: leave a gap in the ordinals",
);
export const NestingTooDeep: DiagnosticKind<[limit: number]> = errorKind(
  9001,
  "NestingTooDeep",
  (limit) => `more than ${limit} levels of layouts, type arguments or parentheses`,
);
export const ReferenceChainTooLong: DiagnosticKind<[limit: number]> = errorKind(
  9002,
  "ReferenceChainTooLong",
  (limit) => `more than ${limit} declarations in a row that each need the next`,
);
export const SourceTooLong: DiagnosticKind<[limit: number]> = errorKind(
  9003,
  "SourceTooLong",
  (limit) => `this file is longer than ${limit} characters`,
);
