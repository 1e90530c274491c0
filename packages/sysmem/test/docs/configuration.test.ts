/** The page about the configuration names every setting, and no other. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/daemon/config.ts";
import { RELOADED } from "../../src/daemon/reload.ts";

const PAGE = readFileSync(new URL("../../../../docs/guide/configuration.md", import.meta.url), "utf8");
/** Rows of its tables: key, kind, default, at once, meaning. */
const ROWS = [...PAGE.matchAll(/^\| `(\w+)` \|(?:[^|]*\|){2}([^|]*)\|/gm)].map(([, key = "", atOnce = ""]) => ({
  key,
  isReloaded: atOnce.trim() !== "",
}));

/** What the daemon answers to a key that is none: all that it knows. */
function knownKeys(): string[] {
  try {
    parseConfig({ no_such_setting: true }, "test");
  } catch (error) {
    return /known here: (.*)\)/.exec(String(error))?.[1]?.split(", ") ?? [];
  }
  return [];
}

test("every setting has a row, and every row is a setting", () => {
  expect(ROWS.map(({ key }) => key).sort()).toEqual(knownKeys().sort());
  expect(ROWS.length).toBeGreaterThan(10);
});

test("what changes at once is marked, and nothing else", () => {
  const camel = (key: string) => key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  const marked = new Set(ROWS.filter(({ isReloaded }) => isReloaded).map(({ key }) => camel(key)));
  // Cost files become costs when they are read.
  marked.delete("formatCostFiles");
  expect(marked).toEqual(RELOADED);
});
