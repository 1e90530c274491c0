/** Addresses of sockets in the file system. */
import { basename, dirname } from "node:path";
import { KernelError } from "../errors.ts";
import { AF_UNIX, O_CLOEXEC, O_DIRECTORY, O_PATH } from "./constants.ts";
import { kernelError } from "./errno.ts";
import type { Libc } from "./libc.ts";

/** Bytes of `sun_path`, less the NUL. */
const MAX_SUN_PATH_BYTES = 107;

/**
 * Calls `use` with the `sockaddr_un` for a path. A path too long for it is reached through a descriptor of its
 * directory, which is open during the call only.
 */
export function withSocketAddress<T>(libc: Libc, path: string, use: (address: Uint8Array, length: number) => T): T {
  const bytes = Buffer.from(path);
  if (bytes.length === 0 || bytes.includes(0)) {
    throw new KernelError("INVALID_ARGS", `cannot use ${JSON.stringify(path)} as a socket's path`);
  }
  if (bytes.length <= MAX_SUN_PATH_BYTES) return use(...compose(bytes));
  const directory = libc.open(dirname(path), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) throw kernelError(`reach ${path}`, libc.errno());
  try {
    const short = Buffer.from(`/proc/self/fd/${directory}/${basename(path)}`);
    if (short.length > MAX_SUN_PATH_BYTES) {
      throw new KernelError("INVALID_ARGS", `cannot use ${path} as a socket's path: its file name is too long`);
    }
    return use(...compose(short));
  } finally {
    libc.close(directory);
  }
}

function compose(path: Buffer): [Uint8Array, number] {
  const address = new Uint8Array(2 + path.length + 1);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(path, 2);
  return [address, address.length];
}
