/** A program for a browser, compiled only: what needs no kernel needs none of Node's types either. */
import * as fidl from "sysmem/fidl";
import * as fidlc from "sysmem/fidlc";
import * as sysmem2 from "sysmem/gen/fuchsia_sysmem2";
import * as negotiate from "sysmem/negotiate";

/** Keeps the imports, and with them their types, in the program. */
export const entries: readonly object[] = [fidl, fidlc, sysmem2, negotiate];
