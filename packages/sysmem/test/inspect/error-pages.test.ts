/** Each error code has a page with its causes and remedies, and no page is about a code that does not exist. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Error as ErrorCode } from "#gen/fuchsia_sysmem2";

const folder = new URL("../../../../docs/errors/", import.meta.url);
const source = (path: string) => readFileSync(new URL(`../../src/${path}`, import.meta.url), "utf8");

/** Codes that a layer's errors.ts declares: what stands in capitals in quotes, since types cannot be asked. */
const declared = (path: string): string[] =>
  [...source(path).matchAll(/"([A-Z][A-Z_]{2,})"/g)].map(([, code]) => code ?? "");

const known = new Set([
  ...Object.keys((ErrorCode.descriptor as { members: object }).members).filter((name) => name !== "INVALID"),
  ...declared("client/errors.ts"),
  ...declared("daemon/errors.ts"),
]);
const pages = readdirSync(folder).filter((name) => name !== "README.md");

it("every code has a page, and every page a code", () => {
  expect(pages.map((name) => name.replace(/\.md$/, "")).sort()).toEqual([...known].sort());
});

it("every page says what it means, why it happens and what to do", () => {
  const index = readFileSync(new URL("README.md", folder), "utf8");
  for (const name of pages) {
    const text = readFileSync(new URL(name, folder), "utf8");
    expect(text, name).toMatch(/^# [A-Z_]+\n\n\*.+\*\n\n.+\n\n## Causes\n\n- .+\n[^]*## Remedies\n\n- .+\n/);
    expect(index, name).toContain(`](${name})`);
  }
});
