/**
 * Brings a fresh clone to the point where its programs and tests run, and costs next to nothing on one that is there
 * already. It runs before `npm start` and `npm test`, so it may use nothing but Node itself, never asks a question,
 * and needs no network once everything is installed.
 *
 *     node tools/bootstrap.mjs [--no-build] [--satellite packages/NAME]...
 *
 * `--satellite` installs a package that is no workspace member (it has a lock file of its own) instead of the
 * workspace: tools too heavy for everybody, such as the benchmark's peers.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSteps } from "./setup/build.mjs";
import { SetupError, seconds } from "./setup/common.mjs";
import { install, isInstalled } from "./setup/install.mjs";
import { withSetupLock } from "./setup/lock.mjs";
import { checkMachine } from "./setup/machine.mjs";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

/**
 * @param {readonly string[]} args
 * @returns {{ build: boolean, folders: string[] }} `folders`: what to install, relative to the root
 */
function parseArgs(args) {
  const wanted = { build: true, folders: /** @type {string[]} */ ([]) };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--no-build") wanted.build = false;
    else if (args[i] === "--satellite") {
      const folder = args[++i];
      if (folder === undefined || !existsSync(join(root, folder, "package-lock.json"))) {
        throw new SetupError(`--satellite wants a folder with a package-lock.json, got ${folder ?? "nothing"}`);
      }
      wanted.folders.push(folder);
    } else throw new SetupError(`unknown option ${args[i]}; known are --no-build and --satellite FOLDER`);
  }
  if (wanted.folders.length === 0) wanted.folders.push(".");
  else wanted.build = false;
  return wanted;
}

/** @param {string} line */
const say = (line) => void process.stdout.write(`${line}\n`);

async function main() {
  const wanted = parseArgs(process.argv.slice(2));
  checkMachine(root);
  const isDone = () =>
    wanted.folders.every((folder) => isInstalled(join(root, folder))) &&
    (!wanted.build || buildSteps(root).every((step) => step.isCurrent()));
  if (isDone()) return;
  await withSetupLock(root, say, () => {
    // Another set-up may have done the work while this one waited.
    for (const folder of wanted.folders) {
      if (!isInstalled(join(root, folder))) install(join(root, folder), folder === "." ? "" : ` for ${folder}`, say);
    }
    if (!wanted.build) return;
    for (const step of buildSteps(root)) {
      if (step.isCurrent()) continue;
      const startedAt = process.hrtime.bigint();
      step.run();
      say(`built ${step.name} (${seconds(startedAt)})`);
    }
  });
}

main().catch((error) => {
  process.stderr.write(`${error instanceof SetupError ? error.message : error.stack}\n`);
  process.exitCode = 1;
});
