import ts from "typescript";
import { describe, expect, test } from "vitest";
import type { Rule } from "../checks/house.mjs";
import { divergences } from "../checks/rules/divergences.mjs";
import { documentedExports } from "../checks/rules/documented-exports.mjs";
import { errors } from "../checks/rules/errors.mjs";
import { fileNames } from "../checks/rules/file-names.mjs";
import { fileSize } from "../checks/rules/file-size.mjs";
import { layering, layerTables } from "../checks/rules/layering.mjs";
import { links } from "../checks/rules/links.mjs";
import { publicEntries } from "../checks/rules/public-entries.mjs";
import { words } from "../checks/rules/words.mjs";
import { allFiles } from "../checks/common.mjs";

/** What a rule says about one file that does not exist. */
function findings(rule: Rule, path: string, text: string): string[] {
  if (rule.applies?.(path) === false) return [];
  const syntax = () => ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  return (rule.file?.({ path, text, syntax }) ?? []).map(({ line, message }) => `${line ?? "-"}: ${message}`);
}

const source = (place: string) => `packages/sysmem/src/${place}`;

describe("layering", () => {
  test("imports downwards and inside the layer pass", () => {
    const text =
      'import { assert } from "#base";\nimport type { Node } from "./tree/node.ts";\nimport { join } from "node:path";';
    expect(findings(layering, source("server/x.ts"), text)).toEqual([]);
  });

  test.each([
    ["upwards", "kernel/x.ts", 'import "#server";', "kernel may not import server: imports go downwards only"],
    [
      "upwards by import()",
      "kernel/x.ts",
      'void import("#server");',
      "kernel may not import server: imports go downwards only",
    ],
    [
      "upwards by type",
      "kernel/x.ts",
      'type X = import("#server").X;',
      "kernel may not import server: imports go downwards only",
    ],
    ["its own name", "kernel/x.ts", 'export * from "#kernel";', 'inside a layer imports are relative, not "#kernel"'],
    [
      "out of the layer",
      "kernel/ffi/x.ts",
      'import "../../fidl/y.ts";',
      '"../../fidl/y.ts" leaves the layer: import "#fidl"',
    ],
    ["without extension", "kernel/x.ts", 'import "./y";', 'relative imports name the file: "./y" needs .ts'],
    ["koffi elsewhere", "kernel/x.ts", 'import "koffi";', "koffi may be imported under kernel/ffi only"],
    ["I/O in a pure layer", "negotiate/x.ts", 'import "node:fs";', "negotiate is pure and may not import node:fs"],
  ])("refuses an import %s", (_what, place, text, message) => {
    expect(findings(layering, source(place), text)).toEqual([`1: ${message}`]);
  });

  test("refuses a package that nobody has decided on", () => {
    expect(findings(layering, source("server/x.ts"), 'import "left-pad/x.js";')).toHaveLength(1);
  });

  test("koffi under kernel/ffi passes", () => {
    expect(findings(layering, source("kernel/ffi/x.ts"), 'import koffi from "koffi";')).toEqual([]);
  });

  test("the table and the layers' references agree", () => {
    expect(layerTables.all?.(allFiles())).toEqual([]);
  });
});

describe("errors", () => {
  test("a bare error is refused in a layer and accepted in base", () => {
    const text = 'throw new TypeError("x");';
    expect(findings(errors, source("server/x.ts"), text)).toHaveLength(1);
    expect(findings(errors, source("base/x.ts"), text)).toEqual([]);
    expect(findings(errors, source("server/x.ts"), 'throw new KernelError("IO", "x"); // throw new Error()')).toEqual(
      [],
    );
  });

  test("using is refused", () => {
    expect(findings(errors, source("server/x.ts"), "{ using x = f(); }")).toHaveLength(1);
    expect(findings(errors, source("server/x.ts"), "const x = f(); let y = 1;")).toEqual([]);
  });
});

describe("documented exports", () => {
  const says = (text: string) => findings(documentedExports, source("server/x.ts"), text);

  test("functions and classes explain themselves", () => {
    expect(says("export function f(): void {}")).toEqual(["1: f is exported without a comment"]);
    expect(says("/** Head. */\n\nexport class C {}\n\nexport class D {}")).toHaveLength(2);
    expect(says("/** Does f. */\nexport function f(): void {}\nfunction hidden(): void {}")).toEqual([]);
  });

  test("overloads and joined declarations share a comment", () => {
    expect(says("/** F. */\nexport function f(): void;\nexport function f(x?: 1): void {}")).toEqual([]);
    expect(says("/** Bounds. */\nexport const A = 1;\nexport const B = 2;")).toEqual([]);
    expect(says("/** Bounds. */\nexport const A = 1;\n\nexport const B = 2;")).toEqual([
      "4: B is exported without a comment",
    ]);
  });

  test("types and constants may be explained at the head of the file", () => {
    expect(says("/** The model. */\n\nexport interface A {}\n\nexport type B = 1;")).toEqual([]);
    expect(says("/** The model. */\nimport type { X } from './y.ts';\n\nexport interface A {}")).toEqual([]);
  });
});

test("the head of a file may explain the one function or class that it is about", () => {
  const text = "/** What a client is. */\nimport type { X } from './y.ts';\n\nexport class Client {}";
  expect(findings(documentedExports, source("fidl/client.ts"), text)).toEqual([]);
});

test("file names are kebab-case", () => {
  expect(findings(fileNames, source("server/logical-buffer.test-d.ts"), "")).toEqual([]);
  expect(findings(fileNames, source("server/LogicalBuffer.ts"), "")).toHaveLength(1);
  expect(findings(fileNames, source("server/logical_buffer.ts"), "")).toHaveLength(1);
  expect(findings(fileNames, source("gen/fuchsia_sysmem2.ts"), "")).toEqual([]);
});

test("a file has at most 600 lines, a table may have more", () => {
  expect(findings(fileSize, source("server/x.ts"), "x\n".repeat(600))).toEqual([]);
  expect(findings(fileSize, source("server/x.ts"), "x\n".repeat(601))).toEqual(["-: 601 lines, at most 600"]);
  expect(findings(fileSize, source("fidlc/diagnostics-table.ts"), "x\n".repeat(601))).toEqual([]);
});

test("links and named paths must exist", () => {
  const text = "[a](../tools/check.mjs) [b](gone.md#x) [c](https://example.org/x) `tools/gone.mjs` `tools/check.mjs`";
  expect(findings(links, "docs/x.md", text)).toEqual([
    "1: gone.md#x does not exist",
    "1: tools/gone.mjs does not exist",
  ]);
});

test("a public entry lists names", () => {
  const entry = source("client/index.ts");
  expect(findings(publicEntries, entry, 'export * from "./x.ts";')).toHaveLength(1);
  expect(findings(publicEntries, entry, 'export { X } from "./x.ts";')).toEqual([]);
  expect(findings(publicEntries, source("kernel/index.ts"), 'export * from "./x.ts";')).toEqual([]);
});

test("machine paths and promises without an issue are refused", () => {
  const home = ["", "home", "somebody", "x"].join("/");
  expect(findings(words, "docs/x.md", `see ${home}`)).toEqual(["1: names a path of somebody's machine"]);
  expect(findings(words, source("server/x.ts"), ["// TO", "DO later"].join(""))).toHaveLength(1);
  expect(findings(words, source("server/x.ts"), ["// TO", "DO (#12) later, see /proc/self/fd"].join(""))).toEqual([]);
});

describe("divergences", () => {
  const row = (cell: string) => findings(divergences, "docs/divergences.md", `| 1 | §4 | theirs | ours | ${cell} |`);

  test("name a test that exists, by its title or the start of it", () => {
    expect(row("`fidl/wire/layout.test.ts`: are structs above their size")).toEqual([]);
    expect(row("`fidl/wire/layout.test.ts`; `fidl/wire/depth.test.ts`: counts boxes")).toEqual([]);
  });

  test.each([
    ["nothing", "1: row 1 names no test"],
    ["`fidl/absent.test.ts`", "1: row 1 names packages/sysmem/test/fidl/absent.test.ts, which does not exist"],
    [
      "`fidl/wire/depth.test.ts`: counts stars",
      '1: row 1 names "counts stars", which fidl/wire/depth.test.ts has no test of',
    ],
  ])("that name %s are refused", (cell, message) => {
    expect(row(cell)).toEqual([message]);
  });
});
