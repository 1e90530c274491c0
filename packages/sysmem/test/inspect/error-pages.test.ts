/** Each error code has a page with its causes and remedies, and no page is about a code that does not exist. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { Status } from "#base";
import { Error as ErrorCode } from "#gen/fuchsia_sysmem2";

const folder = new URL("../../../../docs/errors/", import.meta.url);
const sources = new URL("../../src/", import.meta.url);
const page = (name: string): string => readFileSync(new URL(`${name}.md`, folder), "utf8");

/** Files of all layers that people have written. */
const files = (readdirSync(sources, { recursive: true }) as string[])
  .filter((path) => path.endsWith(".ts") && !path.startsWith("gen/"))
  .map((path) => ({ path, text: readFileSync(new URL(path, sources), "utf8") }));

/** Codes that errors declare: literals of their `code`, or of the type of it. */
function declaredIn(text: string): string[] {
  const declarations = text.matchAll(/(?:readonly code(?::| =)|export type \w+ErrorCode =)([^;]*);/g);
  return [...declarations].flatMap(([, list = ""]) =>
    [...list.matchAll(/"([A-Z][A-Z_0-9]+)"/g)].map(([, code = ""]) => code),
  );
}

/** Those of values and messages, which share a page with a line for each. */
const wire = new Set(
  declaredIn(
    /export type WireErrorCode =[^;]*;/.exec(files.find(({ path }) => path === "fidl/errors.ts")?.text ?? "")?.[0] ??
      "",
  ),
);
const known = new Set([
  ...Object.keys((ErrorCode.descriptor as { members: object }).members).filter((name) => name !== "INVALID"),
  ...files.flatMap(({ text }) => declaredIn(text)),
]);
const pages = readdirSync(folder)
  .map((name) => name.replace(/\.md$/, ""))
  .filter((name) => name !== "README");

it("every class of errors has a code that this test sees", () => {
  const classes = files.flatMap(({ path, text }) =>
    [...text.matchAll(/^(?:export )?class (\w+) extends (?:SysmemError|FidlError)\b[^]*?^}/gm)].map(([body, name]) => ({
      path,
      name,
      body,
    })),
  );
  expect(classes.length).toBeGreaterThan(20);
  for (const { path, name, body } of classes) {
    const code = /readonly code(?:: (\w+ErrorCode);| = "|: ")/.exec(body);
    expect(code, `${path}: ${name}`).not.toBeNull();
  }
});

it("every code has a page, and every page a code", () => {
  expect(wire.size).toBeGreaterThan(30);
  const expected = [...[...known].filter((code) => !wire.has(code)), "WIRE", "STATUSES"];
  expect([...pages].sort()).toEqual(expected.sort());
});

it("every code of encoding and decoding has a line with its cause and remedy, and no line is about another", () => {
  const lines = [...page("WIRE").matchAll(/^\| `([A-Z_0-9]+)` \| .{5,} \| .{5,} \|$/gm)].map(([, code]) => code);
  expect(lines.sort()).toEqual([...wire].sort());
});

it("every status that the server tells has a line, with its number", () => {
  const told = files
    .filter(({ path }) => path.startsWith("server/"))
    .flatMap(({ text }) => [...text.matchAll(/\bStatus\.(ERR_\w+)/g)].map(([, name = ""]) => name));
  for (const name of new Set(told)) {
    expect(page("STATUSES"), name).toContain(`| \`${name}\` | ${Status[name as keyof typeof Status]} |`);
  }
});

it("every page says what it means, why it happens and what to do", () => {
  const index = page("README");
  for (const name of pages) {
    const text = page(name);
    const title = name === "STATUSES" ? "Statuses" : name;
    expect(text, name).toMatch(new RegExp(`^# ${title}\\n\\n\\*.+\\*\\n\\n.+\\n\\n`));
    expect(text, name).toMatch(/\n## Causes\n\n- .+\n[^]*## Remedies\n\n- .+\n/);
    expect(index, name).toContain(`](${name}.md)`);
  }
});
