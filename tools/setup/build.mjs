/** What is built from sources, and whether it has to be built again. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { mustRun } from "./common.mjs";

/** @typedef {{ readonly name: string, isCurrent(): boolean, run(): void }} BuildStep */

/**
 * The steps that this checkout has, in order.
 *
 * @param {string} root
 * @returns {BuildStep[]}
 */
export function buildSteps(root) {
  return [sysmemStep(root)];
}

/**
 * @param {string} root
 * @returns {BuildStep}
 */
function sysmemStep(root) {
  const home = join(root, "packages/sysmem");
  return stampedStep(root, {
    name: "packages/sysmem",
    inputs: [
      "packages/sysmem/src",
      "packages/sysmem/package.json",
      "packages/sysmem/tsconfig.json",
      "tsconfig.base.json",
      "package-lock.json",
    ],
    outputs: layersOf(home).map((layer) => `packages/sysmem/dist/${layer}/.tsbuildinfo`),
    build(isForced) {
      mustRun(
        "build packages/sysmem",
        process.execPath,
        [
          join(root, "node_modules/@typescript/native/bin/tsc"),
          "-b",
          "packages/sysmem",
          ...(isForced ? ["--force"] : []),
        ],
        { cwd: root },
      );
      for (const layer of layersOf(home)) removeOrphans(join(home, "src", layer), join(home, "dist", layer));
    },
  });
}

/**
 * A step whose inputs are recorded after it succeeded.
 *
 * @param {string} root
 * @param {{ name: string, inputs: string[], outputs: string[], build(isForced: boolean): void }} options
 *   `isForced`: an output is missing, so that a builder's own record of what is done cannot be trusted
 * @returns {BuildStep}
 */
function stampedStep(root, { name, inputs, outputs, build }) {
  const stamp = join(root, ".stamp", name.replaceAll("/", "-"));
  const hasOutputs = () => outputs.every((path) => existsSync(join(root, path)));
  const hasStamp = () => existsSync(stamp);
  return {
    name,
    isCurrent: () => hasOutputs() && hasStamp() && readFileSync(stamp, "utf8") === fingerprint(root, inputs),
    run() {
      // Taken before building: a source saved meanwhile must count as changed the next time.
      const before = fingerprint(root, inputs);
      build(hasStamp() && !hasOutputs());
      mkdirSync(join(root, ".stamp"), { recursive: true });
      writeFileSync(stamp, before);
    },
  };
}

/**
 * Names, sizes and times of all files: cheap, and wrong only in the harmless direction.
 *
 * @param {string} root
 * @param {readonly string[]} paths files and folders; absent ones are left out
 * @returns {string}
 */
function fingerprint(root, paths) {
  const hash = createHash("sha256");
  for (const path of paths) {
    for (const file of filesUnder(join(root, path))) {
      const { size, mtimeMs } = statSync(file);
      hash.update(`${relative(root, file)} ${size} ${mtimeMs}\n`);
    }
  }
  return `${hash.digest("hex")}\n`;
}

/**
 * @param {string} path
 * @returns {string[]} all files at or below, sorted
 */
function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

/**
 * @param {string} home
 * @returns {string[]} layers that have sources
 */
function layersOf(home) {
  return readdirSync(join(home, "src")).filter((layer) =>
    filesUnder(join(home, "src", layer)).some((file) => file.endsWith(".ts")),
  );
}

/**
 * The compiler leaves what it once made of a file that is gone; published, it would still be importable.
 *
 * @param {string} sources
 * @param {string} outputs
 * @returns {void}
 */
function removeOrphans(sources, outputs) {
  for (const file of filesUnder(outputs)) {
    const source = relative(outputs, file).replace(/\.(js|js\.map|d\.ts|d\.ts\.map)$/, ".ts");
    if (source.endsWith(".ts") && !existsSync(join(sources, source))) rmSync(file);
  }
}
