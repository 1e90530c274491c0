/** The house rules: what CONTRIBUTING.md asks for and no ready tool looks at. Each rule is one file in rules/. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { isGenerated, isScript, root } from "./common.mjs";
import { divergences } from "./rules/divergences.mjs";
import { documentedExports } from "./rules/documented-exports.mjs";
import { errors } from "./rules/errors.mjs";
import { fileNames } from "./rules/file-names.mjs";
import { layering, layerTables } from "./rules/layering.mjs";
import { licences } from "./rules/licences.mjs";
import { links } from "./rules/links.mjs";
import { testedLimits } from "./rules/limits.mjs";
import { publicEntries } from "./rules/public-entries.mjs";
import { fileSize } from "./rules/file-size.mjs";
import { words } from "./rules/words.mjs";

/**
 * A file as rules see it. `syntax` is there for scripts only and is made on first use.
 *
 * @typedef {object} SourceFile
 * @property {string} path from the root
 * @property {string} text
 * @property {() => import("typescript").SourceFile} syntax
 */

/**
 * @typedef {object} Finding
 * @property {string} path
 * @property {number} [line] from 1
 * @property {string} message
 */

/**
 * A rule about one file at a time (`file`) or about the checkout as a whole (`all`).
 *
 * @typedef {object} Rule
 * @property {string} name
 * @property {(path: string) => boolean} [applies] which files; default: hand-written scripts
 * @property {(file: SourceFile) => Finding[]} [file]
 * @property {(files: readonly string[]) => Finding[]} [all]
 */

/** @type {readonly Rule[]} */
const RULES = [
  divergences,
  documentedExports,
  errors,
  fileNames,
  fileSize,
  layering,
  layerTables,
  licences,
  links,
  publicEntries,
  testedLimits,
  words,
];

/** @type {import("./common.mjs").Check} */
export const house = {
  name: "house",
  what: `house rules: ${RULES.map((rule) => rule.name).join(", ")}`,
  run({ files, changed }) {
    const findings = [];
    for (const path of changed ?? files) {
      const file = sourceFile(path);
      for (const rule of RULES) {
        const applies = rule.applies ?? ((path) => isScript(path) && !isGenerated(path));
        if (rule.file !== undefined && applies(path)) findings.push(...named(rule, rule.file(file)));
      }
    }
    for (const rule of RULES) if (rule.all !== undefined) findings.push(...named(rule, rule.all(files)));
    return Promise.resolve({ ok: findings.length === 0, output: findings.sort().join("\n") });
  },
};

/**
 * @param {Rule} rule
 * @param {readonly Finding[]} findings
 * @returns {string[]} a line each
 */
function named(rule, findings) {
  return findings.map(
    ({ path, line, message }) => `${path}${line === undefined ? "" : `:${line}`}: ${message} [${rule.name}]`,
  );
}

/**
 * @param {string} path
 * @returns {SourceFile}
 */
function sourceFile(path) {
  /** @type {string | undefined} */
  let text;
  /** @type {import("typescript").SourceFile | undefined} */
  let syntax;
  return {
    path,
    get text() {
      text ??= readFileSync(join(root, path), "utf8");
      return text;
    },
    syntax() {
      syntax ??= ts.createSourceFile(path, this.text, ts.ScriptTarget.Latest, true);
      return syntax;
    },
  };
}
