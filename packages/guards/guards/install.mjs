/** The tarball installs in an empty folder without any install script, and brings little. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { must } from "./common.mjs";

/** Packages that come with ours on one machine. Raise it knowingly. */
const MOST_PACKAGES = 40;

/** @type {import("../run.mjs").Guard} */
export const install = {
  name: "install",
  run(place) {
    place.app = join(place.folder, "app");
    mkdirSync(place.app);
    const app = { name: "app", private: true, type: "module", allowScripts: { koffi: false } };
    writeFileSync(join(place.app, "package.json"), JSON.stringify(app));
    must("npm", ["install", "--strict-allow-scripts", "--no-audit", "--no-fund", place.tarball ?? ""], {
      cwd: place.app,
    });
    const record = JSON.parse(readFileSync(join(place.app, "node_modules/.package-lock.json"), "utf8"));
    const packages = Object.keys(record.packages).length;
    if (packages > MOST_PACKAGES) throw new Error(`${packages} packages are installed, at most ${MOST_PACKAGES}`);
    return `${packages} packages`;
  },
};
