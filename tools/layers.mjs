/**
 * The layers of packages/sysmem and what each may import: the same facts as in ARCHITECTURE.md and in the layers'
 * tsconfig references. The house rules compare all three, so that the order cannot loosen unnoticed.
 */

/**
 * A layer's folder name to the layers it may import.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const LAYERS = {
  base: [],
  kernel: ["base"],
  fidl: ["base"],
  fidlc: ["base"],
  fidlgen: ["base", "fidlc"],
  gen: ["base", "fidl"],
  negotiate: ["base", "fidl", "gen"],
  images: ["base", "gen", "negotiate"],
  heaps: ["base", "kernel", "fidl", "gen"],
  server: ["base", "kernel", "fidl", "gen", "negotiate", "heaps"],
  client: ["base", "kernel", "fidl", "gen", "negotiate", "heaps", "server"],
  daemon: ["base", "kernel", "fidl", "gen", "negotiate", "images", "heaps", "server"],
  cli: [
    "base",
    "kernel",
    "fidl",
    "fidlc",
    "fidlgen",
    "gen",
    "negotiate",
    "images",
    "heaps",
    "server",
    "client",
    "daemon",
  ],
};

/**
 * Packages that sources may import, by the folder they may be imported in. Library layers have koffi (and tslib,
 * which the compiler adds); what a daemon or a command needs is loaded by it alone.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const PACKAGES = {
  "kernel/ffi": ["koffi"],
  daemon: ["pino", "prom-client", "smol-toml", "lossless-json", "hono", "@hono/node-server"],
  cli: ["@stricli/core", "pino", "lossless-json", "fast-png", "jpeg-js", "string-width"],
};

/** Layers that compute and do nothing else: no file, clock, process or socket, so that they also run in a browser. */
export const PURE_LAYERS = ["base", "negotiate", "images", "fidl"];

/**
 * The part of PACKAGES' keys and LAYERS' keys that a source file lies in.
 *
 * @param {string} path from the root, `packages/sysmem/src/kernel/ffi/libc.ts`
 * @returns {{ layer: string, inLayer: string } | undefined} undefined outside of the layers
 */
export function placeOf(path) {
  const match = /^packages\/sysmem\/src\/([^/]+)\/(.+)$/.exec(path);
  return match === null ? undefined : { layer: match[1] ?? "", inLayer: match[2] ?? "" };
}
