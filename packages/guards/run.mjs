/**
 * What a user of the published package gets: `npm run guards` packs it, installs the tarball in an empty folder, and
 * looks at its shape, its types and its programs from there, on this Node and on the newest.
 *
 *     node packages/guards/run.mjs [--keep] [NAME]...
 *
 * `--keep` leaves the folder for a look. Exit status 0 when every guard passed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { imports } from "./guards/imports.mjs";
import { install } from "./guards/install.mjs";
import { pack } from "./guards/pack.mjs";
import { programs } from "./guards/programs.mjs";
import { attw, publint } from "./guards/shape.mjs";
import { types } from "./guards/types.mjs";

/**
 * What one guard hands to the next.
 *
 * @typedef {object} Place
 * @property {string} folder temporary, removed at the end
 * @property {string} [tarball]
 * @property {string} [app] a folder in which the tarball is installed
 */

/** @typedef {{ readonly name: string, run(place: Place): string | undefined }} Guard `run` answers a remark, and throws when it fails */

/** @type {readonly Guard[]} */
const GUARDS = [pack, install, publint, attw, types, imports, programs];

/** The first two make what the others look at. */
const ALWAYS = 2;

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("--"));
const place = { folder: mkdtempSync(join(tmpdir(), "sysmem-guards-")) };
const count = { passed: 0, failed: 0 };
try {
  for (const [index, guard] of GUARDS.entries()) {
    if (index >= ALWAYS && names.length > 0 && !names.includes(guard.name)) continue;
    try {
      const remark = guard.run(place);
      process.stdout.write(`ok   ${guard.name}${remark === undefined ? "" : `: ${remark}`}\n`);
      count.passed++;
    } catch (error) {
      process.stdout.write(`FAIL ${guard.name}: ${error instanceof Error ? error.message : String(error)}\n`);
      count.failed++;
      if (index < ALWAYS) break;
    }
  }
} finally {
  if (args.includes("--keep")) process.stdout.write(`kept ${place.folder}\n`);
  else rmSync(place.folder, { recursive: true, force: true });
}
process.stdout.write(`guards: ${count.passed} passed, ${count.failed} failed\n`);
process.exitCode = count.failed === 0 ? 0 : 1;
