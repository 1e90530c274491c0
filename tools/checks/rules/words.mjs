/** Text that must not get into the repository: paths of somebody's machine, and promises without an issue. */
import { homedir } from "node:os";
import { dirname } from "node:path";
import { root } from "../common.mjs";

/** Where this checkout and its user live, as far as that tells one machine from another. */
const MACHINE_PATHS = [dirname(root), homedir()]
  .filter((path) => path.length > 1 && path !== "/tmp")
  .map((path) => `${path}/`);

const PATTERNS = [
  { pattern: /\/home\/[a-z][\w-]*\//, message: "names a path of somebody's machine" },
  {
    pattern: /(\/\/|\*|#|<!--)\s*(TODO|FIXME|XXX|HACK)\b(?! \(#\d+\))/,
    message: "a promise without an issue: TODO (#12), or do it",
  },
];

/** @type {import("../house.mjs").Rule} */
export const words = {
  name: "words",
  applies: (path) =>
    /\.(ts|tsx|mjs|js|json|jsonc|md|fidl|sh|toml|yml|html|css)$/.test(path) &&
    !/package-lock\.json$|checks\/rules\/words\.mjs$/.test(path),
  file({ path, text }) {
    return text.split("\n").flatMap((row, index) => {
      const messages = PATTERNS.filter(({ pattern }) => pattern.test(row)).map(({ message }) => message);
      if (MACHINE_PATHS.some((machinePath) => row.includes(machinePath))) messages.push("names a path of this machine");
      return messages.map((message) => ({ path, line: index + 1, message }));
    });
  },
};
