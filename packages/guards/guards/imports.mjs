/** Every entry can be imported, and those that need no kernel load none. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { manifest, must, nodes } from "./common.mjs";

/** Entries that must work where koffi cannot be loaded. */
const WITHOUT_KERNEL = ["./fidl", "./fidlc", "./negotiate"];

/** @type {import("../run.mjs").Guard} */
export const imports = {
  name: "imports",
  run({ app = "" }) {
    const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json" && !entry.includes("*"));
    const generated = readdirSync(join(app, "node_modules/sysmem/dist/gen"))
      .filter((file) => file.endsWith(".js"))
      .map((file) => `./gen/${file.slice(0, -".js".length)}`);
    for (const { node, name } of nodes()) {
      for (const entry of [...entries, ...generated]) {
        const specifier = join("sysmem", entry);
        const needsKernel = !WITHOUT_KERNEL.includes(entry) && !entry.startsWith("./gen/");
        // Native code shows up among the process's shared objects, whatever way it was loaded.
        const program = `
          const names = Object.keys(await import(${JSON.stringify(specifier)}));
          if (names.length === 0) throw new Error("exports nothing");
          const native = process.report.getReport().sharedObjects.filter((path) => path.endsWith(".node"));
          if (!${needsKernel} && native.length > 0) throw new Error("loads " + native.join(", "));`;
        try {
          must(node, ["--input-type=module", "-e", program], { cwd: app });
        } catch (error) {
          throw new Error(
            `import "${specifier}" on Node ${name}: ${error instanceof Error ? error.message : String(error)}`,
            { cause: error },
          );
        }
      }
    }
    return `${entries.length + generated.length} entries`;
  },
};
