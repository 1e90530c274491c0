/**
 * A user's strict programs compile against the installed declarations, with library checks on: one for Node, which needs
 * Node's types, and one for a browser, which has none of them.
 */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { must, root } from "./common.mjs";

/** Node's types and what they need, as an application for Node brings them. */
const NODE_TYPES = ["@types/node", "undici-types"];

const PROGRAMS = [
  { name: "browser.ts", options: ["--lib", "es2023,esnext.disposable,dom", "--types", ""] },
  { name: "program.ts", options: ["--lib", "es2023,esnext.disposable", "--types", "node"] },
];

/** @type {import("../run.mjs").Guard} */
export const types = {
  name: "types",
  run({ app = "" }) {
    cpSync(join(root, "packages/guards/consumer"), join(app, "src"), { recursive: true });
    for (const name of NODE_TYPES) {
      cpSync(join(root, "node_modules", name), join(app, "node_modules", name), { recursive: true });
    }
    const compiler = join(root, "node_modules/@typescript/native/bin/tsc");
    const common = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext"];
    for (const { name, options } of PROGRAMS) {
      must(process.execPath, [compiler, ...common, ...options, `src/${name}`], { cwd: app });
    }
    return PROGRAMS.map(({ name }) => name).join(", ");
  },
};
