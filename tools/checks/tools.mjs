/** Checks that somebody else's tool does. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isScript, nodeTool, root } from "./common.mjs";

/** @typedef {import("./common.mjs").Check} Check */

/** @type {Check} */
export const lint = {
  name: "lint",
  what: "oxlint with types: floating promises, exhaustive switches, cycles, console, default exports",
  run({ changed }) {
    const paths = changed?.filter(isScript);
    if (paths?.length === 0) return Promise.resolve({ ok: true, output: "" });
    return nodeTool("oxlint/bin/oxlint", [
      "--type-aware",
      "--deny-warnings",
      "--report-unused-disable-directives",
      "--no-error-on-unmatched-pattern",
      "-f",
      "unix",
      ...(paths ?? []),
    ]);
  },
};

/** @type {Check} */
export const format = {
  name: "format",
  what: "biome's formatting; npm run format mends it",
  async run({ changed }) {
    if (changed?.length === 0) return { ok: true, output: "" };
    const { ok, output } = await nodeTool("@biomejs/biome/bin/biome", [
      "format",
      "--no-errors-on-unmatched",
      "--colors=off",
      "--max-diagnostics=none",
      ...(changed ?? ["."]),
    ]);
    // The names say enough; how it should look, `npm run format` shows best.
    const names = [...output.matchAll(/^(\S+) (format|parse) ━/gm)].map((match) => match[1]);
    return { ok, output: names.length > 0 ? [...new Set(names)].join("\n") : output };
  },
};

/** @type {Check} */
export const unused = {
  name: "unused",
  what: "knip: files, exports and dependencies that nothing uses",
  isWhole: true,
  run: () => nodeTool("knip/bin/knip.js", ["--no-progress", "--reporter", "compact", "--treat-config-hints-as-errors"]),
};

/** @type {Check} */
export const shape = {
  name: "package",
  what: "publint: what package.json promises is what would be published",
  isWhole: true,
  needs: "packages/sysmem/dist/client/index.js",
  concerns: (path) => path === "packages/sysmem/package.json",
  run: () => nodeTool("publint/src/cli.js", ["run", "packages/sysmem", "--strict"]),
};

/** Programs that other checks of this repository come in; each answers `--check` with status 0 or an explanation. */
const OWN_TOOLS = ["generate", "lifecycle-coverage"];

/** @type {Check[]} */
export const ownTools = OWN_TOOLS.flatMap((name) => {
  const script = [".mjs", ".ts"].map((ext) => `tools/${name}${ext}`).find((path) => existsSync(join(root, path)));
  if (script === undefined) return [];
  return {
    name,
    what: `${script} --check`,
    isWhole: true,
    concerns: (path) => path === script || /^fidl\/|\/src\/(gen|fidlc|fidlgen)\/|\/test\/.*\.test\.ts$/.test(path),
    run: () =>
      script.endsWith(".ts")
        ? nodeTool("tsx/dist/cli.mjs", ["--conditions=sysmem:source", script, "--check"])
        : nodeTool(`../${script}`, ["--check"]),
  };
});
