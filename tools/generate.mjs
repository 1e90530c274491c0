/**
 * Regenerates what is generated from FIDL and kept in git: packages/sysmem/src/gen from fidl/, and the golden output
 * of the tests' own libraries.
 *
 *     node tools/generate.mjs [--check]
 *
 * `--check` writes nothing and fails where a file is not what would be written. Exit status 0, 1 (differences, or FIDL
 * that does not compile), 2 (wrong usage).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const CONDITION = "--conditions=sysmem:source";

/** Platforms are taken as their newest sources, so that every element that still exists is there. */
const PLATFORMS = ["fuchsia", "sysmem", "test"];

/**
 * What is generated where. `sources` has a folder for each library, or (`isFlat`) is the only library itself.
 *
 * @type {readonly { readonly sources: string, readonly output: string, readonly isFlat?: boolean }[]}
 */
const TARGETS = [
  { sources: "fidl", output: "packages/sysmem/src/gen" },
  { sources: "packages/sysmem/test/gidl/vectors", output: "packages/sysmem/test/gidl/goldens", isFlat: true },
  { sources: "packages/sysmem/test/fidlgen/libraries", output: "packages/sysmem/test/fidlgen/goldens" },
];

const args = process.argv.slice(2);
if (args.some((arg) => arg !== "--check")) {
  process.stderr.write("usage: node tools/generate.mjs [--check]\n");
  process.exitCode = 2;
} else if (process.execArgv.includes(CONDITION)) {
  process.exitCode = await main(args.includes("--check"));
} else {
  // The compiler is run from its sources: what it generates may be needed before it can be built.
  const command = [CONDITION, "--import", import.meta.resolve("tsx"), fileURLToPath(import.meta.url), ...args];
  process.exitCode = spawnSync(process.execPath, command, { stdio: "inherit" }).status ?? 1;
}

/**
 * @param {boolean} isCheck
 * @returns {Promise<number>} exit status
 */
async function main(isCheck) {
  const fidlc = await import("../packages/sysmem/src/fidlc/index.ts");
  const { generate } = await import("../packages/sysmem/src/fidlgen/index.ts");
  const available = Object.fromEntries(PLATFORMS.map((platform) => [platform, [fidlc.HEAD]]));
  /** @type {string[]} */
  const problems = [];
  for (const target of TARGETS) {
    const libraries = readLibraries(target);
    /** @type {Map<string, string>} */
    const expected = new Map();
    for (const library of libraries) {
      const sources = [...dependencies(library, libraries), library].map((item) => item.files);
      const result = fidlc.compile(sources, { available });
      if (result.ir === undefined) {
        problems.push(fidlc.renderDiagnostics(result.diagnostics));
        continue;
      }
      const files = generate(result.ir, { runtime: "#fidl", handles: "#base", importExtension: ".ts" });
      for (const file of files) expected.set(join(target.output, file.path), file.text);
    }
    if (problems.length === 0) problems.push(...compareOrWrite(target.output, expected, isCheck));
  }
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

/**
 * @typedef {object} Library
 * @property {string} name
 * @property {readonly string[]} uses names of the libraries that its files import
 * @property {readonly { readonly path: string, readonly text: string }[]} files
 */

/**
 * @param {(typeof TARGETS)[number]} target
 * @returns {Library[]}
 */
function readLibraries({ sources, isFlat }) {
  const folders = isFlat ? [sources] : subfolders(sources).map((name) => `${sources}/${name}`);
  return folders.map((folder) => {
    const names = readdirSync(join(root, folder)).filter((name) => name.endsWith(".fidl"));
    const files = names.sort().map((name) => {
      return { path: `${folder}/${name}`, text: readFileSync(join(root, folder, name), "utf8") };
    });
    const text = files.map((file) => file.text).join("\n");
    const uses = [...text.matchAll(/^using ([\w.]+)/gm)].map((match) => match[1] ?? "");
    return { name: /^library ([\w.]+);/m.exec(text)?.[1] ?? folder, uses: [...new Set(uses)].sort(), files };
  });
}

/** @param {string} folder */
function subfolders(folder) {
  if (!existsSync(join(root, folder))) return [];
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/**
 * All that a library needs, each after what it needs itself. What is not there, the compiler reports.
 *
 * @param {Library} library
 * @param {readonly Library[]} libraries
 * @param {Set<Library>} seen
 * @returns {Library[]}
 */
function dependencies(library, libraries, seen = new Set([library])) {
  return library.uses.flatMap((name) => {
    const used = libraries.find((item) => item.name === name);
    if (used === undefined || seen.has(used)) return [];
    seen.add(used);
    return [...dependencies(used, libraries, seen), used];
  });
}

/**
 * Makes a folder hold exactly these files, or says how it differs.
 *
 * @param {string} folder
 * @param {ReadonlyMap<string, string>} expected text by path
 * @param {boolean} isCheck
 * @returns {string[]} differences; none after writing
 */
function compareOrWrite(folder, expected, isCheck) {
  const present = existsSync(join(root, folder))
    ? readdirSync(join(root, folder))
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name))
    : [];
  const differences = [];
  for (const [path, text] of expected) {
    if (present.includes(path) && readFileSync(join(root, path), "utf8") === text) continue;
    differences.push(`${path} is not what the generator writes`);
    if (isCheck) continue;
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  for (const path of present.filter((path) => !expected.has(path))) {
    differences.push(`${path} belongs to no library`);
    if (!isCheck) rmSync(join(root, path));
  }
  return isCheck ? differences.map((line) => `${line}: run node tools/generate.mjs`) : [];
}
