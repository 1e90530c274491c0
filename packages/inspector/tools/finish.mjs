/** After the build: the licences of what the page is made of, beside it. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("..", import.meta.url));
const out = fileURLToPath(new URL("../../sysmem/assets/inspector/", import.meta.url));

/** What is bundled. `tools/check-build.mjs` fails when a dependency is missing here. */
const BUNDLED = [
  ["preact", "LICENSE"],
  ["@preact/signals", "LICENSE"],
  ["@preact/signals-core", "LICENSE"],
  ["d3-hierarchy", "LICENSE"],
  ["uplot", "LICENSE"],
];

const parts = BUNDLED.map(([name, file]) => {
  const { version } = JSON.parse(readFileSync(`${home}node_modules/${name}/package.json`, "utf8"));
  const text = readFileSync(`${home}node_modules/${name}/${file}`, "utf8").replaceAll("\r\n", "\n").trim();
  return `${name} ${version}\n\n${text}\n`;
});
writeFileSync(`${out}licenses.txt`, `The inspector's page contains:\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`);
