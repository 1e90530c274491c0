/** Everything here is under one licence, and everything that is shipped with it may be. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../common.mjs";

const OURS = "Apache-2.0";

/** Permissive licences: users of the package take on nothing they have not agreed to. */
const ACCEPTED = new Set(["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT OR Apache-2.0"]);

/** @type {import("../house.mjs").Rule} */
export const licences = {
  name: "licences",
  all(files) {
    const findings = [];
    if (!files.includes("LICENSE")) findings.push({ path: "LICENSE", message: "missing" });
    for (const path of files.filter((file) => /(^|\/)package\.json$/.test(file) && !file.includes("/fixtures/"))) {
      const { license } = JSON.parse(readFileSync(join(root, path), "utf8"));
      if (license !== OURS) findings.push({ path, message: `licence ${license ?? "absent"}, want ${OURS}` });
    }
    /** @type {Record<string, { license?: string, dev?: boolean, devOptional?: boolean, link?: boolean }>} */
    const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
    for (const [path, entry] of Object.entries(locked)) {
      const isShipped = path.startsWith("node_modules/") && !entry.dev && !entry.devOptional && !entry.link;
      if (isShipped && !ACCEPTED.has(entry.license ?? "")) {
        findings.push({
          path: "package-lock.json",
          message: `${path} is shipped under ${entry.license ?? "no known licence"}`,
        });
      }
    }
    return findings;
  },
};
