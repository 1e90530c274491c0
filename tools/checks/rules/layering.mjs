/** Imports go downwards only, and foreign code stays in its corner. The compiler refuses the first; this says why. */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { LAYERS, PACKAGES, PURE_LAYERS, placeOf } from "../../layers.mjs";
import { root } from "../common.mjs";
import { modulesOf } from "./syntax.mjs";

/** @type {import("../house.mjs").Rule} */
export const layering = {
  name: "layering",
  applies: (path) => placeOf(path) !== undefined && path.endsWith(".ts"),
  file(file) {
    const { path } = file;
    const place = placeOf(path);
    if (place === undefined) return [];
    return modulesOf(file.syntax()).flatMap(({ specifier, line }) => {
      const problem = problemWith(specifier, place);
      return problem === undefined ? [] : [{ path, line, message: problem }];
    });
  },
};

/**
 * @param {string} specifier
 * @param {{ layer: string, inLayer: string }} place
 * @returns {string | undefined} why a file there may not import it
 */
function problemWith(specifier, { layer, inLayer }) {
  const allowed = LAYERS[layer];
  if (allowed === undefined) return `${layer}/ is no layer: name it in tools/layers.mjs and ARCHITECTURE.md`;
  if (specifier.startsWith("#")) {
    const target = /^#([^/]+)/.exec(specifier)?.[1] ?? "";
    if (target === layer) return `inside a layer imports are relative, not "${specifier}"`;
    if (!allowed.includes(target)) return `${layer} may not import ${target}: imports go downwards only`;
    return undefined;
  }
  if (specifier.startsWith(".")) {
    const inside = join("/", layer, inLayer, "..", specifier);
    if (!inside.startsWith(`/${layer}/`)) return `"${specifier}" leaves the layer: import "#${inside.split("/")[1]}"`;
    return specifier.endsWith(".ts") ? undefined : `relative imports name the file: "${specifier}" needs .ts`;
  }
  if (isBuiltin(specifier)) {
    if (!PURE_LAYERS.includes(layer)) return undefined;
    return `${layer} is pure and may not import ${specifier}`;
  }
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  const corners = Object.keys(PACKAGES).filter((corner) => PACKAGES[corner]?.includes(name));
  if (corners.some((corner) => `${layer}/${inLayer}`.startsWith(`${corner}/`))) return undefined;
  return corners.length === 0
    ? `${name} is not among the packages in tools/layers.mjs; a new dependency needs a record in docs/adr`
    : `${name} may be imported under ${corners.join(" and ")} only`;
}

/** @type {import("../house.mjs").Rule} */
export const layerTables = {
  name: "layer-tables",
  all(files) {
    const findings = [];
    for (const [layer, allowed] of Object.entries(LAYERS)) {
      const path = `packages/sysmem/src/${layer}/tsconfig.json`;
      if (!files.includes(path)) {
        findings.push({ path, message: "missing: every layer is a TypeScript project of its own" });
        continue;
      }
      /** @type {{ references?: { path: string }[] }} */
      const config = JSON.parse(readFileSync(join(root, path), "utf8"));
      const referenced = (config.references ?? []).map((reference) => reference.path.replace("../", ""));
      if (referenced.toSorted().join() !== allowed.toSorted().join()) {
        findings.push({
          path,
          message: `references ${referenced.join(", ")}; tools/layers.mjs allows ${allowed.join(", ")}`,
        });
      }
    }
    return findings;
  },
};
