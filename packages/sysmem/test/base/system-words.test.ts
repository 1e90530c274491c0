/** What the system said, without what the sentence around it says already. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { systemWords } from "#base";

/** What Node throws. */
function errorOf(step: () => unknown): unknown {
  try {
    step();
  } catch (error) {
    return error;
  }
  return undefined;
}

test("is the middle of what Node says about a file", () => {
  expect(systemWords(errorOf(() => readFileSync("/no/such, file")))).toBe("no such file or directory");
  expect(systemWords(errorOf(() => readFileSync("/")))).toBe("illegal operation on a directory");
});

test("is all that any other error says", () => {
  expect(systemWords(new TypeError("EMPTY: this, too"))).toBe("EMPTY: this, too");
  expect(systemWords("no error")).toBe("no error");
});
