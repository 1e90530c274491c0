/**
 * A named limit is worth its name when a test knows it. Numbers that nothing can go beyond (paces, delays, alignments,
 * sizes of what is made) stand beside the limits and have no two sides.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../common.mjs";

const LIMIT = /^(MAX|MIN|MOST|LEAST)_|_TIMEOUT_(MS|NS)$/;

/** @type {import("../house.mjs").Rule} */
export const testedLimits = {
  name: "tested-limits",
  all(files) {
    const declared = files
      .filter((path) => /^packages\/sysmem\/src\/[^/]+\/limits\.ts$/.test(path))
      .flatMap((path) => {
        const text = readFileSync(join(root, path), "utf8");
        return [...text.matchAll(/^export const ([A-Z][A-Z0-9_]*)\b/gm)].map((match) => ({
          path,
          name: match[1] ?? "",
        }));
      });
    const tests = files
      .filter((path) => /^packages\/sysmem\/test\/.*\.ts$/.test(path))
      .map((path) => readFileSync(join(root, path), "utf8"))
      .join("\n");
    return declared
      .filter(({ name }) => LIMIT.test(name) && !new RegExp(`\\b${name}\\b`).test(tests))
      .map(({ path, name }) => ({ path, message: `no test names ${name}: a limit has a test on each side of it` }));
  },
};
