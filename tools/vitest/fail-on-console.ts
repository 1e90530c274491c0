/**
 * A test that prints hides something: library code logs through the logger it is given, and a test says what it
 * means with an assertion. Tests of code that may print replace the method themselves (`vi.spyOn(console, "log")`).
 */
import { afterEach, beforeEach } from "vitest";

const METHODS = ["debug", "error", "info", "log", "trace", "warn"] as const;
const printed: string[] = [];

for (const method of METHODS) {
  console[method] = (...values: unknown[]): void => {
    printed.push(`console.${method}(${values.map(String).join(", ")})`);
  };
}

beforeEach(() => {
  printed.length = 0;
});

afterEach(() => {
  if (printed.length > 0) throw new Error(`the test printed:\n${printed.join("\n")}`);
});
