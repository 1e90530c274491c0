/** publint and attw: does package.json tell every tool and every module mode the truth? */
import { join } from "node:path";
import { must, root } from "./common.mjs";

const modules = join(root, "packages/guards/node_modules");

/** @type {import("../run.mjs").Guard} */
export const publint = {
  name: "publint",
  run({ tarball, folder }) {
    must(process.execPath, [join(modules, "publint/src/cli.js"), "run", tarball ?? "", "--strict"], { cwd: folder });
    return undefined;
  },
};

/** @type {import("../run.mjs").Guard} */
export const attw = {
  name: "attw",
  run({ tarball, folder }) {
    const args = [
      join(modules, "@arethetypeswrong/cli/dist/index.js"),
      tarball ?? "",
      "--profile",
      "esm-only",
      "--no-color",
    ];
    must(process.execPath, args, { cwd: folder });
    return undefined;
  },
};
