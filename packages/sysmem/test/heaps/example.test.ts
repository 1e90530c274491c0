/** examples/heap does what its README shows. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const folder = new URL("../../../../examples/heap/", import.meta.url);

/** Buffers are released in the order in which their ends are noticed. */
const sorted = (lines: string) => lines.trim().split("\n").sort();

test("the heap example passes two buffers from the heap to a participant and back", { timeout: 60_000 }, async () => {
  const program = fileURLToPath(new URL("main.ts", folder));
  const args = ["--import", "tsx", "--conditions=sysmem:source", program];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const readme = readFileSync(new URL("README.md", folder), "utf8");
  const shown = readme.split("\n").filter((line) => /^ {4}(heap|participant): /.test(line));
  expect(sorted(stdout)).toEqual(sorted(shown.map((line) => line.trim()).join("\n")));
});
