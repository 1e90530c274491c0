import ts from "typescript";

/**
 * @param {ts.Node} node
 * @returns {number} the line it starts on, from 1
 */
export function lineOf(node) {
  const file = node.getSourceFile();
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
}

/**
 * @param {ts.Node} node
 * @param {(node: ts.Node) => void} see called for it and everything below it
 * @returns {void}
 */
export function walk(node, see) {
  see(node);
  ts.forEachChild(node, (child) => walk(child, see));
}

/**
 * Every module that a file names: imports, re-exports, `import()` and import types.
 *
 * @param {ts.SourceFile} file
 * @returns {{ specifier: string, line: number }[]}
 */
export function modulesOf(file) {
  /** @type {{ specifier: string, line: number }[]} */
  const modules = [];
  const add = (/** @type {ts.Node | undefined} */ node) => {
    if (node !== undefined && ts.isStringLiteral(node)) modules.push({ specifier: node.text, line: lineOf(node) });
  };
  walk(file, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal);
  });
  return modules;
}
