/** The tarball holds what package.json promises and nothing that was left over. */
import { join, posix } from "node:path";
import { home, manifest, must } from "./common.mjs";

/** Sizes beyond which somebody has packed something by mistake. Raise them knowingly. */
const MOST_PACKED_BYTES = 4_000_000;
const MOST_UNPACKED_BYTES = 16_000_000;

const NEVER = [/\.tsbuildinfo$/, /\.test\./, /(^|\/)(node_modules|coverage|goldens|corpus)\//, /\.log$/];

/** @type {import("../run.mjs").Guard} */
export const pack = {
  name: "pack",
  run(place) {
    const [packed] = JSON.parse(
      must("npm", ["pack", "--json", "--foreground-scripts=false", "--pack-destination", place.folder], { cwd: home }),
    );
    place.tarball = join(place.folder, packed.filename);
    /** @type {string[]} */
    const files = packed.files.map((/** @type {{ path: string }} */ file) => file.path);
    const problems = [
      ...promised()
        .filter((path) => !isIn(files, path))
        .map((path) => `${path} is promised and not packed`),
      ...files
        .filter((path) => NEVER.some((pattern) => pattern.test(path)))
        .map((path) => `${path} must not be packed`),
    ];
    if (packed.size > MOST_PACKED_BYTES) problems.push(`${packed.size} bytes packed, at most ${MOST_PACKED_BYTES}`);
    if (packed.unpackedSize > MOST_UNPACKED_BYTES)
      problems.push(`${packed.unpackedSize} bytes unpacked, at most ${MOST_UNPACKED_BYTES}`);
    if (problems.length > 0) throw new Error(problems.join("\n"));
    return `${files.length} files, ${kib(packed.size)} packed, ${kib(packed.unpackedSize)} unpacked`;
  },
};

/** @param {number} bytes */
const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;

/** @returns {string[]} paths that package.json names, and what every package has */
function promised() {
  const targets = Object.values({ ...manifest.exports, ...manifest.imports }).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target).map(String),
  );
  return [...targets, ...Object.values(manifest.bin), "LICENSE", "README.md"].map((path) => posix.normalize(path));
}

/**
 * @param {readonly string[]} files
 * @param {string} path may hold one `*`
 * @returns {boolean}
 */
function isIn(files, path) {
  const [start = "", end] = path.split("*");
  return end === undefined ? files.includes(path) : files.some((file) => file.startsWith(start) && file.endsWith(end));
}
