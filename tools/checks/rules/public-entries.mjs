/** What the package exports is a decision: its entries list names, so that nothing becomes public by accident. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { root } from "../common.mjs";
import { lineOf } from "./syntax.mjs";

/** @type {import("../house.mjs").Rule} */
export const publicEntries = {
  name: "public-entries",
  applies: (path) => entries().has(path),
  file(file) {
    return file
      .syntax()
      .statements.filter((statement) => ts.isExportDeclaration(statement) && statement.exportClause === undefined)
      .map((statement) => ({
        path: file.path,
        line: lineOf(statement),
        message: "a public entry lists names, no `export *`",
      }));
  },
};

/** @type {Set<string> | undefined} */
let known;

/** @returns {Set<string>} the sources behind package.json's `exports` */
function entries() {
  if (known === undefined) {
    const { exports } = JSON.parse(readFileSync(join(root, "packages/sysmem/package.json"), "utf8"));
    const sources = Object.values(exports).flatMap((target) => target["sysmem:source"] ?? []);
    known = new Set(sources.map((source) => join("packages/sysmem", source)));
  }
  return known;
}
