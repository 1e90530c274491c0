/** The examples do what their README says; the units name the sockets that the daemon serves. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { servedProtocols } from "#daemon";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const FOLDER = join(ROOT, "examples/ways-in");

/** Rows of the README's table: a program, and the lines that it prints. */
const rows = [
  ...readFileSync(join(FOLDER, "README.md"), "utf8").matchAll(/^\|[^|]*\| \[(\S+\.ts)\][^|]*\| (.+) \|$/gm),
];
const examples = rows.map(
  ([, program = "", prints = ""]) => [program, [...prints.matchAll(/`([^`]+)`/g)].map(([, line]) => line)] as const,
);

test("there is one for each way", () => {
  expect(examples.map(([program]) => program)).toEqual([
    "directory.ts",
    "connector.ts",
    "broker.ts",
    "inherited.ts",
    "embedded.ts",
    "worker.ts",
  ]);
});

test.each(examples)("%s", { timeout: 120_000 }, async (program, lines) => {
  const args = ["--import", "tsx", "--conditions=sysmem:source", join(FOLDER, program)];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, timeout: 100_000 });
  expect({ lines: stdout.trimEnd().split("\n"), stderr }).toEqual({ lines, stderr: "" });
});

test("the units listen for every protocol once", () => {
  const units = ["sysmem.socket", "sysmem-heaps.socket"].map((unit) =>
    readFileSync(join(FOLDER, "activation", unit), "utf8"),
  );
  const names = [...units.join("\n").matchAll(/^ListenSequentialPacket=\S+\/(\S+)$/gm)].map(([, name]) => name);
  expect(new Set(names)).toEqual(new Set(servedProtocols));
  expect(names).toHaveLength(servedProtocols.length);
});
