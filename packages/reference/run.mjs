/**
 * What the package's API is, twice: as text that is kept in git, so that a change of it is seen in a diff, and as HTML
 * to read.
 *
 *     npm run reference [-- --update]
 *
 * Fails where the text is not what the package exports; `--update` writes it anew. Fails as well where a name is not
 * documented or a link leads nowhere.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { reportApi } from "./api-report.mjs";

const args = process.argv.slice(2);
const isUpdate = args.includes("--update");
const wrong = args.filter((arg) => arg !== "--update");
if (wrong.length > 0) {
  process.stderr.write(`unknown: ${wrong.join(", ")}. There is --update\n`);
  process.exitCode = 2;
} else {
  const isAsReported = reportApi(isUpdate);
  const typedoc = fileURLToPath(new URL("node_modules/typedoc/bin/typedoc", import.meta.url));
  const options = fileURLToPath(new URL("typedoc.json", import.meta.url));
  const { status } = spawnSync(process.execPath, [typedoc, "--options", options], { stdio: "inherit" });
  process.exitCode = isAsReported && status === 0 ? 0 : 1;
}
