/** Every block of the documentation is run, read or compiled, or says why not. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "smol-toml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandHelp } from "../../src/cli/main.ts";
import { readSolveInput } from "../../src/cli/commands/solve-input.ts";
import { parseConfig } from "../../src/daemon/config.ts";
import { type Block, blocksOf, PAGES, ROOT } from "./pages.ts";
import { environment, Session } from "./session.ts";

const TIMEOUT_MS = 240_000;

/** Inside the workspace, so that `import … from "sysmem"` is found as a user's program finds it. */
const FOLDER = join(ROOT, "artifacts", `snippets-${process.pid}`);
const run = promisify(execFile);

const all = PAGES.flatMap(blocksOf);
const named = <B extends Block>(block: B) => [`${block.page}:${block.line}`, block] as const;
const ofKind = <K extends Block["kind"]>(kind: K) =>
  all.filter((block): block is Extract<Block, { kind: K }> => block.kind === kind);

/** A page's own folder, with its files. */
function folderOf(page: string): string {
  const folder = join(FOLDER, page.replaceAll("/", "-"));
  mkdirSync(folder, { recursive: true });
  for (const block of blocksOf(page)) if (block.kind === "file") writeFileSync(join(folder, block.name), block.text);
  return folder;
}

beforeAll(() => void mkdirSync(FOLDER, { recursive: true }));
afterAll(() => rmSync(FOLDER, { recursive: true }));

it("no block is of a kind that nobody looks at", () => {
  expect(ofKind("unknown").map(({ page, line, info }) => `${page}:${line} ${info}`)).toEqual([]);
  expect(ofKind("run").length).toBeGreaterThanOrEqual(5);
});

it("every command that a page names exists, and every command is named in the readme", () => {
  const known = new Set(commandHelp().map(({ command }) => command.split(" ")[1]));
  const named = new Map<string, string>();
  for (const page of PAGES) {
    const text = readFileSync(join(ROOT, page), "utf8");
    for (const [, word = ""] of text.matchAll(/`sysmem ([a-z][a-z-]*)\b/g)) named.set(word, page);
  }
  expect([...named].filter(([word]) => !known.has(word))).toEqual([]);
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  expect([...known].filter((word) => !new RegExp(`\`(?:sysmem )?${word}\\b`).test(readme))).toEqual([]);
});

describe("programs print what the page says", () => {
  it.each(ofKind("run").map(named))(
    "%s",
    { timeout: TIMEOUT_MS },
    async (_, { page, line, language, text, prints }) => {
      const folder = folderOf(page);
      const file = join(folder, `at-line-${line}.${language === "js" ? "mjs" : language}`);
      writeFileSync(file, text);
      const { stdout, stderr } = await run(process.execPath, [file], {
        cwd: folder,
        env: environment(folder),
        timeout: 100_000,
      });
      expect({ stdout, stderr }).toEqual({ stdout: prints, stderr: "" });
    },
  );
});

describe("sessions print what the page says", () => {
  const pages = [...new Set(ofKind("console").map(({ page }) => page))];
  it.each(pages)("%s", { timeout: TIMEOUT_MS }, async (page) => {
    const session = new Session(folderOf(page));
    try {
      for (const block of ofKind("console").filter((one) => one.page === page)) {
        expect(await session.run(block.text), `${page}:${block.line}`).toBe(block.text);
      }
    } finally {
      await session.close();
    }
  });
});

describe("what the product reads is what it can read", () => {
  it.each(ofKind("toml").map(named))("%s is a configuration", (name, { text }) => {
    expect(() => parseConfig(parse(text) as never, name)).not.toThrow();
  });

  it.each(ofKind("json").map(named))("%s is for sysmem solve", (_, { text }) => {
    expect(readSolveInput(text)).toMatchObject({ ok: true });
  });
});

it("programs and files in TypeScript have no error of types", { timeout: TIMEOUT_MS }, async () => {
  const files = new Set<string>();
  for (const block of all) {
    const name =
      block.kind === "file" ? block.name : block.kind === "run" ? `at-line-${block.line}.${block.language}` : "";
    if (!name.endsWith(".ts")) continue;
    const file = join(folderOf(block.page), name);
    writeFileSync(file, block.text);
    files.add(file);
  }
  const settings = {
    extends: join(ROOT, "tsconfig.base.json"),
    compilerOptions: {
      composite: false,
      declaration: false,
      isolatedDeclarations: false,
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
      // What a page makes and hands to somebody who is not shown.
      noUnusedLocals: false,
    },
    files: [...files],
  };
  const project = join(FOLDER, "tsconfig.json");
  writeFileSync(project, JSON.stringify(settings));
  const tsc = fileURLToPath(new URL("node_modules/@typescript/native/bin/tsc", `file://${ROOT}`));
  const outcome = await run(process.execPath, [tsc, "-p", project, "--pretty", "false"]).catch(
    (error: { stdout: string }) => error,
  );
  expect(outcome.stdout).toBe("");
});
