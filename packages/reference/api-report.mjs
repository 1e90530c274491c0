/**
 * The exports of each entry of the package as text, in api/. Made of what is built, as users' compilers see it.
 *
 * Not of `sysmem/gen/*`: those modules are themselves in git, and made of FIDL.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const { Extractor, ExtractorConfig } = createRequire(import.meta.url)("@microsoft/api-extractor");

const root = fileURLToPath(new URL("../..", import.meta.url));
const sysmem = join(root, "packages/sysmem");
const reports = join(root, "packages/reference/api");

/** Lines of a difference that are worth their place in a log. */
const SHOWN_LINES = 60;

/** @param {string} line */
const say = (line) => void process.stdout.write(`${line}\n`);

/**
 * Compares the reports with what the package exports, or writes them.
 *
 * @param {boolean} isUpdate
 * @returns {boolean} whether they agree now
 */
export function reportApi(isUpdate) {
  const made = mkdtempSync(join(tmpdir(), "sysmem-api-"));
  try {
    return entries()
      .map((entry) => reportEntry(entry, made, isUpdate))
      .every((isAsReported) => isAsReported);
  } finally {
    rmSync(made, { recursive: true });
  }
}

/**
 * @typedef {object} Entry
 * @property {string} name as it is imported, with a dash for the slash
 * @property {string} types its declarations
 */

/** @returns {Entry[]} what can be imported under one name */
function entries() {
  const { name, exports } = JSON.parse(readFileSync(join(sysmem, "package.json"), "utf8"));
  return Object.entries(exports)
    .filter(([path, target]) => !path.includes("*") && typeof target === "object")
    .map(([path, { types }]) => ({ name: `${name}${path.slice(1)}`.replace("/", "-"), types: join(sysmem, types) }));
}

/**
 * @param {Entry} entry
 * @param {string} made a folder for what is made to be compared
 * @param {boolean} isUpdate
 * @returns {boolean}
 */
function reportEntry({ name, types }, made, isUpdate) {
  const file = `${name}.api.md`;
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: sysmem,
      mainEntryPointFilePath: types,
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          extends: join(root, "tsconfig.base.json"),
          compilerOptions: { composite: false, customConditions: [], skipLibCheck: true },
          files: [types],
        },
      },
      apiReport: { enabled: true, reportFileName: file, reportFolder: reports, reportTempFolder: made },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: "error" } },
        // What cannot be imported is no API, and is not reported; also not that a signature names it.
        extractorMessageReporting: { default: { logLevel: "none" } },
        // typedoc looks at comments.
        tsdocMessageReporting: { default: { logLevel: "none" } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(sysmem, "package.json"),
  });
  const { apiReportChanged, errorCount } = Extractor.invoke(config, {
    localBuild: isUpdate,
    messageCallback: (/** @type {{ logLevel: string, text: string, handled: boolean }} */ message) => {
      message.handled = true;
      if (message.logLevel === "error") say(message.text);
    },
  });
  if (errorCount > 0) return false;
  if (!apiReportChanged || isUpdate) {
    say(`packages/reference/api/${file}: ${apiReportChanged ? "written" : "as it is"}`);
    return true;
  }
  say(
    `packages/reference/api/${file} is not what the package exports. If it is meant so: npm run reference -- --update`,
  );
  const compared = spawnSync("git", ["diff", "--no-index", "--no-color", join(reports, file), join(made, file)]);
  for (const line of String(compared.stdout).split("\n").slice(4, SHOWN_LINES)) say(line);
  return false;
}
