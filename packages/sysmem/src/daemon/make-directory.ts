import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a directory and those above it; false when it is there already. By hand: Node 20's recursive way never ends where
 * the kernel says ENOENT to every attempt, as in /proc. Throws what `mkdirSync` throws.
 * @param path absolute
 */
export function makeDirectory(path: string, mode = 0o777): boolean {
  if (existsSync(path)) return false;
  makeDirectory(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Somebody else, who starts at the same moment, was first.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  return true;
}
