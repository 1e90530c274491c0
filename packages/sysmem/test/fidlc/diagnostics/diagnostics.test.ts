import { readFileSync } from "node:fs";
import { DIAGNOSTIC_TABLE, diagnosticId, lineColumnAt, renderDiagnostic } from "#fidlc";
import { describe, expect, it } from "vitest";
import { compileText } from "../support.ts";
import { PROTOCOL_CASES } from "./protocol-cases.ts";
import { SYNTAX_CASES } from "./syntax-cases.ts";
import { TYPE_CASES } from "./type-cases.ts";
import { VERSION_CASES } from "./version-cases.ts";

const CASES = [...SYNTAX_CASES, ...TYPE_CASES, ...PROTOCOL_CASES, ...VERSION_CASES];

// fidl.md 3.13: a text that triggers each diagnostic, and the nearest that does not.
describe.each(CASES.map((one) => ({ id: diagnosticId(one.code), one })))("$id", ({ id, one }) => {
  it("is reported once, alone, with a place and a caret", () => {
    const { ok, ir, diagnostics } = compileText(one.fails, one.options);
    expect(diagnostics.map((found) => `${found.id} ${found.name}`)).toEqual([
      `${id} ${DIAGNOSTIC_TABLE.find(({ code }) => code === one.code)?.name}`,
    ]);
    const [found] = diagnostics;
    if (found === undefined) return;
    expect(ok).toBe(found.severity === "warning");
    expect(ir === undefined).toBe(found.severity === "error");
    const { line, column } = lineColumnAt(found.span.file, found.span.start);
    const text = renderDiagnostic(found);
    expect(text.split("\n")[0]).toBe(
      `${found.span.file.path}:${line}:${column}: ${found.severity}: ${found.message} [${id}]`,
    );
    if (one.says !== undefined) expect(text).toMatch(one.says);
  });

  it("is not reported for the nearest valid text", () => {
    const { ok, diagnostics } = compileText(one.passes, one.options);
    expect(diagnostics.map(renderDiagnostic)).toEqual([]);
    expect(ok).toBe(true);
  });
});

describe("the table of diagnostics", () => {
  it("has a case for every row", () => {
    const tested = new Set(CASES.map(({ code }) => code));
    const missing = DIAGNOSTIC_TABLE.filter(({ code }) => !tested.has(code));
    expect(missing).toEqual([]);
  });

  it("has one name per number", () => {
    expect(new Set(DIAGNOSTIC_TABLE.map(({ name }) => name)).size).toBe(DIAGNOSTIC_TABLE.length);
  });

  it("is the same as in docs/fidl-errors.md, with a paragraph each", () => {
    const doc = readFileSync(new URL("../../../../../docs/fidl-errors.md", import.meta.url), "utf8");
    const sections = [...doc.matchAll(/^### (fi-\d{4}) (\w+)( \(warning\))?\n\n(.+)$/gm)];
    const documented = sections.map(([, id, name, warning]) => `${id} ${name}${warning ?? ""}`);
    const expected = DIAGNOSTIC_TABLE.map(
      ({ code, name, severity }) => `${diagnosticId(code)} ${name}${severity === "warning" ? " (warning)" : ""}`,
    );
    expect(documented).toEqual(expected);
    for (const [, id, , , paragraph] of sections) expect(paragraph?.length, id).toBeGreaterThan(40);
  });
});
