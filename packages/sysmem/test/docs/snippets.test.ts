import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const GUIDE = join(ROOT, "docs/guide");
/** Inside the workspace, so that `import … from "sysmem"` is found as a user's program finds it. */
const FOLDER = join(ROOT, "artifacts", `snippets-${process.pid}`);

interface Snippet {
  readonly page: string;
  readonly program: string;
  readonly output: string;
}

/** Programs marked `ts run`, each followed by what it prints. */
function snippets(): Snippet[] {
  const found: Snippet[] = [];
  for (const page of readdirSync(GUIDE).filter((name) => name.endsWith(".md"))) {
    const text = readFileSync(join(GUIDE, page), "utf8");
    for (const match of text.matchAll(/^```ts run\n([^]*?)^```\n+^```text\n([^]*?)^```$/gm)) {
      found.push({ page, program: match[1] as string, output: match[2] as string });
    }
  }
  return found;
}

describe("programs in the guide", () => {
  beforeAll(() => void mkdirSync(FOLDER, { recursive: true }));
  afterAll(() => rmSync(FOLDER, { recursive: true }));

  it("are there", () => expect(snippets().length).toBeGreaterThanOrEqual(4));

  it.each(snippets().map((snippet, index) => ({ ...snippet, index })))("$page prints what it says", async (snippet) => {
    const file = join(FOLDER, `${snippet.index}.ts`);
    writeFileSync(file, snippet.program);
    const args = ["--import", "tsx", "--conditions=sysmem:source", file];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 100_000 });
    expect({ stdout, stderr }).toEqual({ stdout: snippet.output, stderr: "" });
  });
});
