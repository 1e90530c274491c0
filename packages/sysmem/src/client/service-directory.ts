/** Where services are found: `$SYSMEM_SVC`, else `$XDG_RUNTIME_DIR/sysmem/svc`, else `/run/sysmem/svc`. */
import { join } from "node:path";

/** The service directory for the given environment. An empty variable counts as unset. */
export function serviceDirectory(env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (env["SYSMEM_SVC"]) return env["SYSMEM_SVC"];
  if (env["XDG_RUNTIME_DIR"]) return join(env["XDG_RUNTIME_DIR"], "sysmem", "svc");
  return "/run/sysmem/svc";
}
