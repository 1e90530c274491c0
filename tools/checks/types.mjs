/** Types: every layer with its references, and everything else that is written in TypeScript or checked as such. */
import { nodeTool } from "./common.mjs";

/** @typedef {import("./common.mjs").Check} Check */

const TSC = "@typescript/native/bin/tsc";

/** @type {Check} */
export const layerTypes = {
  name: "layers",
  what: "types of every layer, and that layers import downwards only (tsc -b)",
  isWhole: true,
  concerns: (path) => /^packages\/sysmem\/(src\/|tsconfig|package\.json)|^tsconfig/.test(path),
  run: () => nodeTool(TSC, ["-b", "packages/sysmem", "--pretty", "false"]),
};

/** @type {Check} */
export const otherTypes = {
  name: "types",
  what: "types of tests, tools and satellites: every tsconfig.json outside the layers",
  isWhole: true,
  concerns: (path) => /\.(ts|tsx|mjs)$/.test(path),
  async run({ files }) {
    const projects = files.filter(
      (path) =>
        path.endsWith("tsconfig.json") &&
        !/^packages\/sysmem\/(src\/|tsconfig)/.test(path) &&
        !path.includes("/fixtures/"),
    );
    const failures = [];
    for (const project of projects) {
      const outcome = await nodeTool(TSC, ["-p", project, "--noEmit", "--pretty", "false"]);
      if (!outcome.ok) failures.push(`${project}\n${outcome.output}`);
    }
    return { ok: failures.length === 0, output: failures.join("\n") };
  },
};
