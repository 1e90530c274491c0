/** Where we differ from the original is held by a test: each row of docs/divergences.md names one that exists. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../common.mjs";

const TESTS = "packages/sysmem/test/";

/** `folder/file.test.ts`, and after a colon how its test's title starts, or the number at its start. */
const REFERENCE = /`([\w./-]+\.test\.ts)`(?:: ([^|;]+))?/g;

/** @type {import("../house.mjs").Rule} */
export const divergences = {
  name: "divergences",
  applies: (path) => path === "docs/divergences.md",
  file({ path, text }) {
    return text.split("\n").flatMap((row, index) => {
      const cells = row.split("|").map((cell) => cell.trim());
      if (cells.length < 3 || !/^N?\d+$/.test(cells[1] ?? "")) return [];
      const references = [...row.matchAll(REFERENCE)];
      const messages =
        references.length === 0
          ? ["names no test"]
          : references.flatMap((match) => problemWith(match[1] ?? "", match[2]?.trim()) ?? []);
      return messages.map((message) => ({ path, line: index + 1, message: `row ${cells[1]} ${message}` }));
    });
  },
};

/**
 * @param {string} file below the tests
 * @param {string | undefined} title
 * @returns {string | undefined}
 */
function problemWith(file, title) {
  if (!existsSync(join(root, TESTS, file))) return `names ${TESTS}${file}, which does not exist`;
  if (title === undefined) return undefined;
  const text = readFileSync(join(root, TESTS, file), "utf8");
  return text.includes(title) ? undefined : `names "${title}", which ${file} has no test of`;
}
