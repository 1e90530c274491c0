import { readFileSync } from "node:fs";
import { compile, format, writeIr } from "#fidlc";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { declarations, scatter } from "./generated-text.ts";
import { LIBRARIES, withDependencies } from "./libraries.ts";

function formatted(text: string): string {
  const result = format(text);
  if (!result.ok) throw new Error(`cannot format ${text}`);
  return result.text;
}

/** The IR without places: what formatting must not change. */
function meaning(text: string): string {
  const { ir, diagnostics } = compile([[{ path: "a.fidl", text }]]);
  const codes = diagnostics.map(({ id }) => id).join();
  return ir === undefined ? codes : writeIr(ir).replace(/"(line|column|length)": \d+|"expression": ".*"/g, "");
}

const comments = (text: string): readonly string[] =>
  [...text.matchAll(/\/\/.*$/gm)].map(([comment]) => comment.trimEnd());

describe("format", () => {
  it("lays out members, attributes, types, payloads and comments", () => {
    const text = readFileSync(new URL("./goldens/format-input.fidl", import.meta.url), "utf8");
    const expected = new URL("./goldens/format-output.fidl", import.meta.url);
    expect(formatted(text)).toBe(readFileSync(expected, "utf8"));
  });

  it("leaves every library of the repository its meaning", () => {
    for (const name of LIBRARIES) {
      for (const { text } of withDependencies(name).at(-1) ?? []) {
        const once = formatted(text);
        expect(formatted(once)).toBe(once);
        expect(comments(once)).toEqual(comments(text));
      }
    }
  });

  it("is idempotent, and keeps meaning and comments, for any declarations written in any way", () => {
    fc.assert(
      fc.property(scatter(declarations), (text) => {
        const once = formatted(text);
        expect(formatted(once)).toBe(once);
        expect(comments(once)).toEqual(comments(text));
        expect(meaning(once)).toBe(meaning(text));
        expect(once).not.toMatch(/[ \t]$/m);
        expect(once).not.toMatch(/\n\n\n/);
      }),
      { numRuns: 300 },
    );
  });

  it("does not touch what it cannot read", () => {
    const result = format("library example; type A = ;");
    expect(result).toMatchObject({ ok: false, diagnostics: [{ id: "fi-0008" }] });
  });

  it("keeps nothing of nothing", () => {
    expect(formatted("library a;")).toBe("library a;\n");
    expect(formatted("library a; // end")).toBe("library a; // end\n");
  });
});
