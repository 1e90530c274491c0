/** A user's program, compiled only: every public entry is named, so that a broken declaration anywhere shows. */
import * as fidl from "sysmem/fidl";
import * as fidlc from "sysmem/fidlc";
import * as sysmem2 from "sysmem/gen/fuchsia_sysmem2";
import * as negotiate from "sysmem/negotiate";
import { Sysmem } from "sysmem";

/** Keeps the imports, and with them their types, in the program. */
export const entries: readonly object[] = [fidl, fidlc, sysmem2, negotiate, Sysmem];
