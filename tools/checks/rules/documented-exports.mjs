/**
 * Every export of the package's sources says what it means. Functions and classes do so themselves; constants and
 * types may leave it to a comment at the head of their file, where a table or a model is explained as a whole, and so
 * may the one function or class that a file is about.
 */
import ts from "typescript";
import { isGenerated } from "../common.mjs";
import { lineOf } from "./syntax.mjs";

/** @type {import("../house.mjs").Rule} */
export const documentedExports = {
  name: "documented-exports",
  applies: (path) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path) && !isGenerated(path),
  file(file) {
    const syntax = file.syntax();
    const code = syntax.statements.filter((statement) => exportedName(statement) !== undefined && isCode(statement));
    const isOnly = new Set(code.map(exportedName)).size === 1;
    /** @type {import("../house.mjs").Finding[]} */
    const findings = [];
    const hasHead = /^(#!.*\n)?\/\*\*(?:(?!\*\/)[^])*\*\/\n(\n|import |export (\*|\{|type \{))/.test(file.text);
    let previous = { isDocumented: false, end: -1, name: "" };
    for (const statement of syntax.statements) {
      const name = exportedName(statement);
      if (name !== undefined) {
        // Declarations that stand together without an empty line share the comment above the first; so do overloads.
        const isJoined = !/\n\s*\n/.test(file.text.slice(previous.end, statement.getStart(syntax)));
        const isDocumented =
          hasComment(statement) ||
          (previous.isDocumented && (isJoined || previous.name === name)) ||
          (hasHead && (!isCode(statement) || isOnly));
        if (!isDocumented)
          findings.push({ path: file.path, line: lineOf(statement), message: `${name} is exported without a comment` });
        previous = { isDocumented, end: statement.end, name };
      } else {
        previous = { isDocumented: false, end: statement.end, name: "" };
      }
    }
    return findings;
  },
};

/**
 * @param {ts.Statement} statement
 * @returns {string | undefined} undefined when it declares nothing that is exported
 */
function exportedName(statement) {
  if (!ts.canHaveModifiers(statement)) return undefined;
  if (!ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) return undefined;
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText()).join(", ");
  }
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement) ||
    ts.isModuleDeclaration(statement);
  return isNamed ? statement.name?.getText() : undefined;
}

/** @param {ts.Statement} statement */
const isCode = (statement) => ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement);

/**
 * @param {ts.Statement} statement
 * @returns {boolean}
 */
function hasComment(statement) {
  const text = statement.getSourceFile().text;
  const last = ts.getLeadingCommentRanges(text, statement.getFullStart())?.at(-1);
  // An empty line makes it the file's comment, or nobody's.
  return (
    last !== undefined &&
    text.startsWith("/**", last.pos) &&
    !/\n\s*\n/.test(text.slice(last.end, statement.getStart()))
  );
}
