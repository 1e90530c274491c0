/** A user's strict program compiles against the installed declarations, with library checks on. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { must, root } from "./common.mjs";

/** @type {import("../run.mjs").Guard} */
export const types = {
  name: "types",
  run({ app = "" }) {
    cpSync(join(root, "packages/guards/consumer"), join(app, "src"), { recursive: true });
    const compiler = join(root, "node_modules/@typescript/native/bin/tsc");
    const options = [
      "--strict",
      "--noEmit",
      "--target",
      "es2022",
      "--module",
      "nodenext",
      "--lib",
      "es2023,esnext.disposable",
    ];
    must(process.execPath, [compiler, ...options, "src/program.ts"], { cwd: app });
    return undefined;
  },
};
