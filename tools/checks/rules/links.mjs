/** Links between documents, and paths that documents name as files of this repository, lead somewhere. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../common.mjs";

const LINK = /\]\(([^)\s]+)\)/g;
const PATH = /`((?:packages|tools|docs|fidl|bench|examples|\.ci|\.githooks)\/[\w./-]*\w)`/g;

/** @type {import("../house.mjs").Rule} */
export const links = {
  name: "links",
  applies: (path) => path.endsWith(".md"),
  file({ path, text }) {
    return text.split("\n").flatMap((row, index) => {
      const targets = [
        ...[...row.matchAll(LINK)]
          .map((match) => match[1] ?? "")
          .filter((target) => !/^([a-z]+:|#)/.test(target))
          .map((target) => ({ target, file: join(dirname(path), target.replace(/#.*$/, "")) })),
        ...[...row.matchAll(PATH)].map((match) => ({ target: match[1] ?? "", file: match[1] ?? "" })),
      ];
      return targets
        .filter(({ file }) => !existsSync(join(root, file)))
        .map(({ target }) => ({ path, line: index + 1, message: `${target} does not exist` }));
    });
  },
};
