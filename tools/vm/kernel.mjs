/** Builds the kernel of run.mjs from the distribution's source package, once for each version and configuration. */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { availableParallelism, homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustRun, seconds, SetupError } from "../setup/common.mjs";
import { withSetupLock } from "../setup/lock.mjs";

const SOURCES = "/usr/src";
const CONFIG = fileURLToPath(new URL("kernel.config", import.meta.url));

/**
 * @param {(line: string) => void} say
 * @returns {Promise<string>} the kernel's image
 */
export async function buildKernel(say) {
  if (process.arch !== "x64") throw new SetupError(`the machine of tools/vm is x64 only (this is ${process.arch})`);
  const { archive, version } = newestSource();
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "sysmem-vm");
  const hash = createHash("sha256").update(readFileSync(CONFIG)).digest("hex").slice(0, 12);
  const image = join(cache, `${version}-${hash}.bzImage`);
  if (existsSync(image)) return image;
  mkdirSync(cache, { recursive: true });
  await withSetupLock(cache, say, () => {
    if (existsSync(image)) return;
    const startedAt = process.hrtime.bigint();
    say(`building Linux ${version} for the virtual machine, some minutes ...`);
    const tree = unpack(archive, join(cache, version));
    const env = { ...process.env, KCONFIG_ALLCONFIG: CONFIG };
    mustRun("configure the kernel", "make", ["allnoconfig"], { cwd: tree, env });
    refuseLostOptions(readFileSync(join(tree, ".config"), "utf8"));
    const jobs = `-j${availableParallelism()}`;
    mustRun("build the kernel", "nice", ["make", jobs, "bzImage"], { cwd: tree, maxBuffer: 64 << 20 });
    copyFileSync(join(tree, "arch/x86/boot/bzImage"), `${image}.part`);
    renameSync(`${image}.part`, image);
    say(`built ${image} (${seconds(startedAt)})`);
  });
  return image;
}

/** @returns {{ archive: string, version: string }} */
function newestSource() {
  const [newest] = readdirSync(SOURCES)
    .map((name) => /^linux-source-(?<version>(\d+)\.(\d+))\.tar\.xz$/.exec(name))
    .filter((match) => match !== null)
    .sort((a, b) => Number(b[2]) - Number(a[2]) || Number(b[3]) - Number(a[3]));
  if (newest === undefined) {
    throw new SetupError(`there is no linux-source-*.tar.xz in ${SOURCES}: apt-get install linux-source-6.12`);
  }
  return { archive: join(SOURCES, newest[0]), version: newest.groups?.["version"] ?? "" };
}

/**
 * @param {string} archive
 * @param {string} tree
 * @returns {string} the folder with the sources
 */
function unpack(archive, tree) {
  if (existsSync(tree)) return tree;
  const part = `${tree}.part`;
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part);
  mustRun("unpack the kernel", "tar", ["xf", archive, "--strip-components=1", "-C", part], { cwd: part });
  renameSync(part, tree);
  return tree;
}

/**
 * An option whose conditions are not met is left out without a word.
 *
 * @param {string} config
 */
function refuseLostOptions(config) {
  const lines = new Set(config.split("\n"));
  const lost = readFileSync(CONFIG, "utf8")
    .split("\n")
    .filter((line) => line.startsWith("CONFIG_") && !lines.has(line));
  if (lost.length > 0) throw new SetupError(`the kernel's own rules leave out ${lost.join(", ")}`);
}
