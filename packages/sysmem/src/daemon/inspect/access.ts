/** Who may look into the server. */
import type { PeerCredentials } from "#kernel";
import { groupsOf } from "./processes.ts";

/**
 * Whether a process may inspect: the server's own user, the superuser, and members of `group`, if one is configured. The
 * socket's mode says the same; it does not hold for a connection that somebody passed on.
 */
export function mayInspect({ uid, gid, pid }: PeerCredentials, group: number | undefined): boolean {
  if (uid === process.geteuid?.() || uid === 0) return true;
  return group !== undefined && (gid === group || groupsOf(pid).includes(group));
}
