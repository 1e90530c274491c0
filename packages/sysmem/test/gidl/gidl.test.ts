/**
 * The public conformance vectors, through code generated from their declarations. `GIDL_EXTRA` names a directory of
 * further vectors, with declarations of its own or of the same types.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CodeGeneration, setCodeGeneration } from "#fidl";
import { type GidlCase, readSuites, VECTORS } from "./cases.ts";
import { generateFrom, loadFrom } from "./generated.ts";
import * as conformance from "./goldens/test_conformance.ts";
import { KNOWN_EXCEPTIONS, PROFILES_NOT_APPLICABLE } from "./known-exceptions.ts";
import { type GeneratedModule, runCase, runDamaged } from "./run-case.ts";
import { NotConstructible } from "./values.ts";

function checkCase(test: GidlCase, module: GeneratedModule): void {
  const exception = KNOWN_EXCEPTIONS[test.name];
  if (exception === undefined) {
    try {
      runCase(test, module);
    } catch (error) {
      // Only a case that says so may be impossible to write down in TypeScript.
      if (!(error instanceof NotConstructible) || test.profile !== "only-if-constructible") throw error;
    }
    return;
  }
  expect(() => runCase(test, module), `listed as an exception (${exception}), but it passes`).toThrow();
}

function isApplicable(test: GidlCase): boolean {
  return PROFILES_NOT_APPLICABLE[test.profile] === undefined;
}

/** With every codec interpreted, and with every codec compiled. */
const MODES: readonly CodeGeneration[] = ["never", "eager"];

describe.each(MODES)("with code generation %s", (mode) => {
  beforeAll(() => setCodeGeneration(mode));
  afterAll(() => setCodeGeneration("lazy"));

  describe.each(readSuites(VECTORS))("GIDL $suite", ({ cases }) => {
    it.each(cases.filter(isApplicable))("$kind $name", (test) => checkCase(test, conformance));

    it("closes every handle of a message that is cut short or damaged", () => {
      for (const test of cases) if (test.kind === "success") runDamaged(test, conformance);
    });
  });
});

describe("the vectors' generated code", () => {
  it("is what the compiler and the generator make of the declarations", () => {
    const golden = readFileSync(join(import.meta.dirname, "goldens/test_conformance.ts"), "utf8");
    expect(generateFrom(VECTORS, "#fidl", "#base")).toBe(golden);
  });
});

const extra = process.env["GIDL_EXTRA"];

if (extra === undefined) {
  it.skip("further vectors: GIDL_EXTRA names no directory of them", () => undefined);
} else {
  describe("further vectors (GIDL_EXTRA)", () => checkDirectory(extra));
}

function checkDirectory(directory: string): void {
  let scratch: string;
  let module: GeneratedModule = conformance;

  beforeAll(async () => {
    scratch = mkdtempSync(join(import.meta.dirname, "scratch-"));
    const hasOwnTypes = readdirSync(directory).some((name) => name.endsWith(".fidl"));
    if (hasOwnTypes) module = await loadFrom(directory, scratch);
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  describe.each(MODES)("with code generation %s", (mode) => {
    beforeAll(() => setCodeGeneration(mode));
    afterAll(() => setCodeGeneration("lazy"));

    const cases = readSuites(directory).flatMap((suite) => suite.cases);
    it.each(cases.filter(isApplicable))("$index $kind $name", (test) => checkCase(test, module));
  });
}
