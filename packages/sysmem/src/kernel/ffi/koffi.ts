/**
 * The one place where koffi is loaded: on first use, so that importing `#kernel` for its types costs nothing.
 * No other file names the package.
 */
import { createRequire } from "node:module";
import type koffiModule from "koffi";

/** koffi's functions. */
export type Koffi = typeof koffiModule;

/** An address in this process: koffi speaks of pointers as bigint. */
export type Address = bigint;

let loaded: Koffi | undefined;

/** koffi, loaded on the first call (about 12 ms). */
export function loadKoffi(): Koffi {
  loaded ??= createRequire(import.meta.url)("koffi") as Koffi;
  return loaded;
}
