import { compile, format, lineColumnAt, renderDiagnostics, type SourceFile } from "#fidlc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { declarations, scatter } from "./generated-text.ts";
import { HANDLE } from "./support.ts";

/** Compiles and formats texts, and checks everything that must hold for any text whatever. */
function check(...texts: readonly string[]): void {
  const files: SourceFile[] = texts.map((text, at) => ({ path: `file${at}.fidl`, text }));
  const { ok, ir, diagnostics } = compile([files], { available: { example: [1, 0xffe00000] } });
  expect(ok).toBe(diagnostics.every(({ severity }) => severity === "warning"));
  if (!ok) expect(ir).toBeUndefined();
  for (const { span, message } of diagnostics) {
    const { length } = span.file.text;
    expect(files).toContain(span.file);
    expect(span.start).toBeGreaterThanOrEqual(0);
    expect(span.end).toBeGreaterThanOrEqual(span.start);
    expect(span.end).toBeLessThanOrEqual(length);
    const { line, column } = lineColumnAt(span.file, span.start);
    expect(line).toBeGreaterThan(0);
    expect(column).toBeGreaterThan(0);
    expect(message).not.toMatch(/undefined|\[object/);
  }
  renderDiagnostics(diagnostics);
  const result = format(texts[0] ?? "");
  if (result.ok) expect(format(result.text)).toEqual(result);
}

const VALID = `@available(added=1)
library example;
${HANDLE}
const N uint32 = 3 | (4);
/// Doc
type S = resource struct { a vector<Handle:<VMO, optional>>:N; b box<T>; };
type T = table { 1: a strict union { 1: x bool; }; 64: rest table {}; };
@discoverable(name="example.P")
open protocol P { compose Q; flexible M(S) -> (T) error enum { A = 1; }; -> E(struct { s string:<5, optional>; }); };
ajar protocol Q { @selector("Z") strict(removed=2) flexible(added=2) N(); };
service V { p client_end:P; };
@available(added=2, deprecated=3, removed=4, note="gone") alias L = string:MAX;
`;
const PIECES = [...'(){}<>[]@.,;:=&|-"\\/ \n', "->", "///", "//", "1:", "0x", "=", ...VALID.split(/\s+/)];

describe("any text", () => {
  it("of arbitrary characters ends in diagnostics", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => check(text)),
      { numRuns: 500 },
    );
  });

  it("of FIDL's own words in any order ends in diagnostics", () => {
    const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 80 }).map((pieces) => pieces.join(" "));
    fc.assert(
      fc.property(soup, fc.boolean(), (text, hasLine) => check((hasLine ? "library example;\n" : "") + text)),
      { numRuns: 1_500 },
    );
  });

  it("that was valid before some pieces were cut, doubled or replaced ends in diagnostics", () => {
    const edit = fc.record({ at: fc.nat(VALID.length), cut: fc.nat(30), insert: fc.constantFrom("", ...PIECES) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let text = VALID;
        for (const { at, cut, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + cut);
        check(text);
      }),
      { numRuns: 600 },
    );
  });

  it("that is valid compiles, however it is written", () => {
    fc.assert(
      fc.property(scatter(declarations), (text) => check(text)),
      { numRuns: 100 },
    );
  });

  it("cut at any place ends in diagnostics", () => {
    for (let at = 0; at < VALID.length; at += 3) check(VALID.slice(0, at));
  });

  it("of several files ends in diagnostics", () => {
    fc.assert(
      fc.property(fc.nat(VALID.length), (at) => check(VALID.slice(0, at), `library example;\n${VALID.slice(at)}`)),
      { numRuns: 100 },
    );
  });
});

describe("hostile text", () => {
  it.each([
    ["many brackets", "library a; type A = struct { a ".concat("vector<".repeat(50_000))],
    ["many layouts", "library a; type A = ".concat("struct { a ".repeat(20_000))],
    ["many parentheses", "library a; const A uint32 = ".concat("(".repeat(50_000))],
    ["many operands", `library a; const A uint32 = ${"1 | ".repeat(50_000)}1;`],
    ["many attributes", `library a; ${"@x ".repeat(20_000)}type A = struct {};`],
    ["many components", `library ${"a.".repeat(20_000)}a;`],
    ["many declarations of one name", `library a; ${"type A = struct {};".repeat(5_000)}`],
    [
      "aliases of aliases",
      `library a; alias A0 = bool; ${Array.from({ length: 5_000 }, (_, at) => `alias A${at + 1} = vector<A${at}>;`).join("")}`,
    ],
    [
      "compositions",
      `library a; protocol P0 {}; ${Array.from({ length: 2_000 }, (_, at) => `protocol P${at + 1} { compose P${at}; };`)
        .reverse()
        .join("")}`,
    ],
    ["many closing braces", `library a; ${"}".repeat(50_000)}`],
    ["a long line", `library a; const A string = "${"x".repeat(200_000)}`],
    [
      "a cycle of many",
      `library a; ${Array.from({ length: 3_000 }, (_, at) => `type S${at} = struct { n S${(at + 1) % 3_000}; };`).join("")}`,
    ],
  ])("of %s terminates", (_what, text) => {
    check(text);
  });
});
