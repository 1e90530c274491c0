import { describe, expect, it } from "vitest";
import { type GidlCase, readSuites, VECTORS } from "./cases.ts";
import { KNOWN_EXCEPTIONS, PROFILES_NOT_APPLICABLE } from "./known-exceptions.ts";
import * as conformance from "./goldens/test_conformance.ts";
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

describe.each(readSuites(VECTORS))("GIDL $suite", ({ cases }) => {
  const applicable = cases.filter((test) => PROFILES_NOT_APPLICABLE[test.profile] === undefined);
  it.each(applicable)("$kind $name", (test) => checkCase(test, conformance));

  it("closes every handle of a message that is cut short or damaged", () => {
    for (const test of cases) if (test.kind === "success") runDamaged(test, conformance);
  });
});
