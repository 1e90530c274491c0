/**
 * Brings into the package what lies at the root of the repository and belongs to what is published: npm runs it before
 * packing. What it copies is ignored by git.
 */
import { cpSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const home = fileURLToPath(new URL("../packages/sysmem/", import.meta.url));

for (const name of ["README.md", "LICENSE", "fidl"]) {
  rmSync(`${home}${name}`, { recursive: true, force: true });
  cpSync(`${root}${name}`, `${home}${name}`, { recursive: true });
}
