/**
 * The packages that ours are compared with. A benchmark asks for them by name:
 *
 *     import { peer } from "../packages/bench/peers.mjs";
 *     const { Packr } = await peer("msgpackr");
 *
 * Run as a program it lists what is installed.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const manifest = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

/** Names that `peer` knows. */
export const PEERS = /** @type {readonly string[]} */ (Object.keys(manifest.dependencies));

/**
 * Loads a peer from this folder's own node_modules.
 *
 * @param {string} name one of `PEERS`, or a module of one (`protobufjs/light.js`)
 * @returns {Promise<any>} its exports, which are as different as the peers are
 */
export async function peer(name) {
  if (!PEERS.some((known) => name === known || name.startsWith(`${known}/`))) throw new RangeError(`no peer ${name}`);
  try {
    return await import(name);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") {
      throw new Error(`${name} is not installed: npm run bench:setup`, { cause: error });
    }
    throw error;
  }
}

/**
 * @param {string} name one of `PEERS`
 * @returns {string} the version that is installed, for reports
 */
export function peerVersion(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of PEERS) {
    const names = Object.keys(await peer(name));
    process.stdout.write(`${name.padEnd(20)} ${peerVersion(name).padEnd(10)} ${names.length} exports\n`);
  }
}
