/** The three kinds of error are never mixed, and `using` is left to newer Nodes. */
import ts from "typescript";
import { placeOf } from "../../layers.mjs";
import { lineOf, walk } from "./syntax.mjs";

const BARE = new Set(["Error", "TypeError", "RangeError", "AggregateError", "EvalError", "SyntaxError"]);

/** @type {import("../house.mjs").Rule} */
export const errors = {
  name: "errors",
  applies: (path) => placeOf(path) !== undefined && placeOf(path)?.layer !== "gen" && path.endsWith(".ts"),
  file(file) {
    /** @type {import("../house.mjs").Finding[]} */
    const findings = [];
    const isBase = placeOf(file.path)?.layer === "base";
    walk(file.syntax(), (node) => {
      if (!isBase && ts.isThrowStatement(node) && ts.isNewExpression(node.expression)) {
        const name = node.expression.expression.getText();
        if (BARE.has(name)) {
          findings.push({
            path: file.path,
            line: lineOf(node),
            message: `throws a bare ${name}: a value for what a peer did, the layer's error for what the world did, assert for us`,
          });
        }
      }
      if (
        ts.isVariableDeclarationList(node) &&
        (node.flags & ts.NodeFlags.Using) !== 0 &&
        (node.flags & ts.NodeFlags.Const) === 0
      ) {
        findings.push({
          path: file.path,
          line: lineOf(node),
          message: "`using` in sources: Node 20 lacks what it is lowered to",
        });
      }
    });
    return findings;
  },
};
