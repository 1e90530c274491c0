/**
 * Socket activation as systemd does it (sd_listen_fds): listening sockets that whoever started this process has made, from
 * descriptor 3 on. `LISTEN_PID` says for which process, `LISTEN_FDS` how many, `LISTEN_FDNAMES` what they are called.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";
import { DaemonError } from "./errors.ts";

/** First descriptor that is passed (SD_LISTEN_FDS_START). */
const FIRST_DESCRIPTOR = 3;

/** Sockets passed to one process: far above the number of protocols there are. */
export const MAX_ACTIVATED_SOCKETS = 64;

/** A listening socket that was passed. Whoever adopts the descriptor owns it. */
export interface ActivatedSocket {
  readonly descriptor: number;
  /** Where it listens; undefined when the kernel does not tell (it was made in another network namespace). */
  readonly path: string | undefined;
}

/**
 * The sockets passed to this process, by the protocol that each is for; undefined when it was not activated. A protocol is
 * told by the socket's name (`FileDescriptorName=`) or else by its file's name. The variables are removed, so that
 * children do not take the sockets for theirs. Throws `DaemonError`.
 */
export function activatedSockets(
  protocols: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  pid: number = process.pid,
): ReadonlyMap<string, ActivatedSocket> | undefined {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES } = env;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete env[name];
  // Meant for a process further up that has forgotten to remove them.
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(pid)) return undefined;
  const count = /^\d{1,9}$/.test(LISTEN_FDS) ? Number(LISTEN_FDS) : 0;
  if (count === 0 || count > MAX_ACTIVATED_SOCKETS) {
    throw new DaemonError(
      "ACTIVATION",
      `cannot take passed sockets: LISTEN_FDS is "${LISTEN_FDS}", not a number from 1 to ${MAX_ACTIVATED_SOCKETS}`,
    );
  }
  const names = LISTEN_FDNAMES?.split(":") ?? [];
  const sockets = new Map<string, ActivatedSocket>();
  for (let index = 0; index < count; index++) {
    const descriptor = FIRST_DESCRIPTOR + index;
    const path = socketPath(descriptor);
    const candidates = [names[index], path && basename(path)];
    const protocol = candidates.find((name) => name !== undefined && protocols.includes(name));
    if (protocol === undefined) {
      const said = `name "${names[index] ?? ""}", path "${path ?? ""}"`;
      const known = protocols.join(", ");
      throw new DaemonError(
        "ACTIVATION",
        `cannot take passed socket ${descriptor}: it is called after no protocol (${said}; known: ${known})`,
      );
    }
    if (sockets.has(protocol)) {
      throw new DaemonError("ACTIVATION", `cannot take passed socket ${descriptor}: a second one for ${protocol}`);
    }
    sockets.set(protocol, { descriptor, path });
  }
  return sockets;
}

/** The file that a socket is bound to, as the kernel lists it. */
function socketPath(descriptor: number): string | undefined {
  let inode: string | undefined;
  try {
    inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1];
  } catch (error) {
    throw new DaemonError("ACTIVATION", `cannot take passed socket ${descriptor}: it is not open`, { cause: error });
  }
  if (inode === undefined) {
    throw new DaemonError("ACTIVATION", `cannot take passed socket ${descriptor}: it is no socket`);
  }
  // Columns: address, reference count, protocol, flags, type, state, inode, path.
  for (const line of readFileSync("/proc/net/unix", "utf8").split("\n")) {
    const columns = /^\S+ +\S+ +\S+ +\S+ +\S+ +\S+ +(\d+) (\/.*)$/.exec(line);
    if (columns?.[1] === inode) return columns[2];
  }
  return undefined;
}
