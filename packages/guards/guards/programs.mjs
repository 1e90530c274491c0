/** The commands start, explain themselves, and do the main job, from a folder that is not the repository. */
import { join } from "node:path";
import { manifest, must, nodes } from "./common.mjs";

/** @type {import("../run.mjs").Guard} */
export const programs = {
  name: "programs",
  run({ app = "" }) {
    const ran = [];
    for (const { node, name } of nodes()) {
      const program = (/** @type {string} */ command) => join(app, "node_modules/sysmem", manifest.bin[command]);
      let help = "";
      for (const command of Object.keys(manifest.bin)) {
        const text = must(node, [program(command), "--help"], { cwd: app });
        if (!text.includes(command))
          throw new Error(`${command} --help on Node ${name} does not name the command:\n${text}`);
        if (command === "sysmem") help = text;
      }
      if (/^\s+demo\b/m.test(help) || /\bsysmem demo\b/.test(help)) {
        must(node, [program("sysmem"), "demo", "--headless", "--frames", "30"], { cwd: app });
        ran.push(`demo on ${name}`);
      }
    }
    return ran.length > 0 ? ran.join(", ") : undefined;
  },
};
