import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hashSelector, renderDiagnostics, writeIr, type JsonIr } from "#fidlc";
import { describe, expect, it } from "vitest";
import { compileLibrary, LIBRARIES } from "./libraries.ts";
import { HASHED_ONLY, ORDINALS } from "./ordinals.ts";

const GOLDENS = new URL("./goldens/", import.meta.url);

/** Without places and documentation, so that goldens change only when the meaning does. */
function essence(ir: JsonIr): JsonIr {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).flatMap(([key, item]): [string, unknown][] => {
      if (key === "location") return [];
      if (key !== "maybe_attributes") return [[key, strip(item)]];
      const kept = (item as { name: string }[]).filter(({ name }) => name !== "doc");
      return kept.length === 0 ? [] : [[key, strip(kept)]];
    });
    return Object.fromEntries(entries);
  };
  return strip(ir) as JsonIr;
}

describe.each(LIBRARIES)("library %s", (name) => {
  it("compiles without a warning to the IR of its golden", () => {
    const { ir, diagnostics } = compileLibrary(name);
    expect(renderDiagnostics(diagnostics)).toBe("");
    if (ir === undefined) throw new Error("no IR without diagnostics");
    const text = writeIr(essence(ir));
    const golden = new URL(`${name}.json`, GOLDENS);
    if (process.env["UPDATE_GOLDENS"] === "1") {
      mkdirSync(GOLDENS, { recursive: true });
      writeFileSync(golden, text);
    }
    expect(existsSync(golden), "run with UPDATE_GOLDENS=1").toBe(true);
    expect(text).toBe(readFileSync(golden, "utf8"));
  });
});

describe("method ordinals", () => {
  const found = new Map<string, bigint>();
  for (const name of LIBRARIES) {
    for (const protocol of compileLibrary(name).ir?.protocol_declarations ?? []) {
      for (const method of protocol.methods) {
        if (!method.is_composed) found.set(`${protocol.name}.${method.name}`, method.ordinal);
      }
    }
  }

  it.each(ORDINALS)("%s has 0x%s", (method, ordinal) => {
    expect(found.get(method)).toBe(BigInt(`0x${ordinal}`));
  });

  it.each(HASHED_ONLY)("selector %s hashes to 0x%s", (selector, ordinal) => {
    expect(hashSelector(selector)).toBe(BigInt(`0x${ordinal}`));
  });

  it("are those of the declaring protocol where a protocol is composed", () => {
    const { ir } = compileLibrary("fuchsia.sysmem2");
    const token = ir?.protocol_declarations.find(({ name }) => name === "fuchsia.sysmem2/BufferCollectionToken");
    const sync = token?.methods.find(({ name }) => name === "Sync");
    expect(sync).toMatchObject({ ordinal: 0x11ac2555cf575b54n, is_composed: true });
  });
});

// Declarations of the public conformance cases, when their place is given.
const declarations = process.env["SYSMEM_GIDL_DECLARATIONS"];
it.skipIf(declarations === undefined)("the conformance suite's declarations compile", async () => {
  const { compile } = await import("#fidlc");
  const { diagnostics } = compile([
    [{ path: "declarations.test.fidl", text: readFileSync(declarations as string, "utf8") }],
  ]);
  expect(renderDiagnostics(diagnostics)).toBe("");
});
