/** Files are named in kebab-case, after the main thing in them. */
import { basename } from "node:path";
import { isGenerated } from "../common.mjs";

/** @type {import("../house.mjs").Rule} */
export const fileNames = {
  name: "file-names",
  applies: (path) => /\.(ts|tsx|mjs|js|css)$/.test(path) && !isGenerated(path),
  file({ path }) {
    if (/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)+$/.test(basename(path))) return [];
    return [{ path, message: "file names are kebab-case" }];
  },
};
