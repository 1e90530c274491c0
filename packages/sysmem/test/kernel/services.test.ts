/** Service sockets as files. Source: transport contract, section 3. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect } from "vitest";
import { type Channel, LISTEN_BACKLOG, MAX_ACCEPTS_PER_TURN } from "#base";
import { createLinuxKernel, KernelError, type LinuxKernel } from "#kernel";
import { loadLibc } from "../../src/kernel/ffi/libc.ts";
import { test as guarded } from "../support/leaks.ts";
import { collect, eventually } from "./collect.ts";

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_STREAM = 1;

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sysmem-kernel-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const test = (behaviour: string, body: (kernel: LinuxKernel) => Promise<void> | void) =>
  guarded(behaviour, async () => {
    const kernel = createLinuxKernel();
    try {
      await body(kernel);
    } finally {
      kernel.close();
    }
  });

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof KernelError) return error.code;
    throw error;
  }
  return "no error";
}

/** A socket bound to a path, by a server that then may or may not listen. */
function bindRaw(path: string, type = SOCK_SEQPACKET): number {
  const libc = loadLibc();
  const fd = libc.socket(AF_UNIX, type, 0);
  const address = Buffer.from(`\u0001\0${path}\0`);
  expect(libc.bind(fd, address, address.length)).toBe(0);
  return fd;
}

describe("a service's file", () => {
  test("has the mode and group asked for, whatever the umask", (kernel) => {
    const umask = process.umask(0o077);
    try {
      const path = join(folder, "modes");
      const open = kernel.listen(path, {}, () => {});
      expect(statSync(path).mode & 0o777).toBe(0o666);
      open.close();
      const gid = process.getgid?.() ?? 0;
      const closed = kernel.listen(path, { mode: 0o620, gid }, () => {});
      expect(statSync(path).mode & 0o777).toBe(0o620);
      expect(statSync(path).gid).toBe(gid);
      closed.close();
    } finally {
      process.umask(umask);
    }
  });

  test("of a dead server is replaced", (kernel) => {
    const path = join(folder, "stale");
    closeSync(bindRaw(path));
    expect(codeOf(() => kernel.connect(path))).toBe("UNAVAILABLE");
    const listener = kernel.listen(path, {}, (channel) => channel.close());
    kernel.connect(path).close();
    listener.close();
  });

  test("of a live server of another kind is left alone", async (kernel) => {
    const path = join(folder, "stream");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(path, resolve));
    expect(codeOf(() => kernel.listen(path, {}, () => {}))).toBe("ALREADY_EXISTS");
    expect(codeOf(() => kernel.connect(path))).toBe("WRONG_TYPE");
    expect(existsSync(path)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
  });

  test("that is no socket is left alone", (kernel) => {
    const path = join(folder, "file");
    writeFileSync(path, "precious");
    expect(codeOf(() => kernel.listen(path, {}, () => {}))).toBe("ALREADY_EXISTS");
    expect(codeOf(() => kernel.connect(path))).toBe("UNAVAILABLE");
    mkdirSync(join(folder, "folder"));
    expect(codeOf(() => kernel.listen(join(folder, "folder"), {}, () => {}))).toBe("ALREADY_EXISTS");
    symlinkSync(path, join(folder, "link"));
    expect(codeOf(() => kernel.listen(join(folder, "link"), {}, () => {}))).toBe("ALREADY_EXISTS");
    expect(statSync(path).size).toBe(8);
  });

  test("that another server put in its place stays when the first stops", (kernel) => {
    const path = join(folder, "service");
    const first = kernel.listen(path, {}, () => {});
    rmSync(path);
    const second = kernel.listen(path, {}, (channel) => channel.close());
    first.close();
    expect(existsSync(path)).toBe(true);
    kernel.connect(path).close();
    second.close();
    expect(existsSync(path)).toBe(false);
  });

  test("can have a path longer than a socket address", (kernel) => {
    const deep = join(folder, "x".repeat(100), "y".repeat(100));
    mkdirSync(deep, { recursive: true });
    const path = join(deep, "fuchsia.sysmem2.Allocator");
    const listener = kernel.listen(path, {}, (channel) => channel.close());
    kernel.connect(path).close();
    expect(codeOf(() => kernel.listen(path, {}, () => {}))).toBe("ALREADY_EXISTS");
    listener.close();
    expect(existsSync(path)).toBe(false);
    closeSync(bindRawIn(deep));
    kernel.listen(join(deep, "stale"), {}, () => {}).close();
    expect(codeOf(() => kernel.connect(join(deep, "z".repeat(120))))).toBe("INVALID_ARGS");
  });

  test("at the limit of a socket address needs no detour", (kernel) => {
    for (const length of [106, 107, 108]) {
      const path = join(folder, "n".repeat(length - folder.length - 1));
      expect(Buffer.byteLength(path)).toBe(length);
      const listener = kernel.listen(path, {}, (channel) => channel.close());
      kernel.connect(path).close();
      listener.close();
    }
  });

  test("needs a folder to be in, and a name", (kernel) => {
    expect(codeOf(() => kernel.listen(join(folder, "none", "service"), {}, () => {}))).toBe("NOT_FOUND");
    expect(codeOf(() => kernel.connect(join(folder, "none", "service")))).toBe("NOT_FOUND");
    for (const path of ["", "a\0b"]) expect(codeOf(() => kernel.connect(path))).toBe("INVALID_ARGS");
  });
});

/** Binds with a short path into a folder whose own path is long. */
function bindRawIn(directory: string): number {
  const before = process.cwd();
  process.chdir(directory);
  try {
    return bindRaw("stale");
  } finally {
    process.chdir(before);
  }
}

describe("a listener", () => {
  test("accepts many connections, over several turns", async (kernel) => {
    const path = join(folder, "many");
    const count = 3 * MAX_ACCEPTS_PER_TURN + 1;
    let accepted = 0;
    const listener = kernel.listen(path, {}, (channel, peer) => {
      expect(peer).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() });
      accepted += 1;
      channel.close();
    });
    const clients = Array.from({ length: count }, () => kernel.connect(path));
    await eventually(() => accepted === count);
    for (const client of clients) client.close();
    listener.close();
  });

  test("can be closed while it accepts", async (kernel) => {
    const path = join(folder, "closing");
    let accepted = 0;
    const listener = kernel.listen(path, {}, (channel) => {
      accepted += 1;
      channel.close();
      listener.close();
    });
    const clients = [kernel.connect(path), kernel.connect(path)].map((client) => collect(client));
    for (const client of clients) expect(await client.closed()).toEqual({ kind: "peer-closed" });
    expect(accepted).toBe(1);
  });

  test("with a full backlog is UNAVAILABLE rather than waited for", (kernel) => {
    const path = join(folder, "full");
    const server = bindRaw(path);
    expect(loadLibc().listen(server, 0)).toBe(0);
    const first = kernel.connect(path);
    expect(codeOf(() => kernel.connect(path))).toBe("UNAVAILABLE");
    first.close();
    closeSync(server);
  });

  test("keeps as many connections as its backlog holds, while the loop is busy", async (kernel) => {
    const path = join(folder, "backlog");
    const somaxconn = Number(readFileSync("/proc/sys/net/core/somaxconn", "latin1"));
    let accepted = 0;
    const listener = kernel.listen(path, {}, (channel) => {
      accepted += 1;
      channel.close();
    });
    const clients: Channel[] = [];
    const code = codeOf(() => {
      for (;;) clients.push(kernel.connect(path));
    });
    // Not a turn of the loop has passed. The system lets one more wait than the backlog says.
    expect(accepted).toBe(0);
    // Where descriptors run out first, there is nothing to see.
    if (code !== "NO_RESOURCES") {
      expect(code).toBe("UNAVAILABLE");
      expect(clients).toHaveLength(Math.min(LISTEN_BACKLOG, somaxconn) + 1);
    }
    for (const client of clients) client.close();
    await eventually(() => accepted === clients.length);
    listener.close();
  });

  test("can be somebody else's socket, whose file stays", async (kernel) => {
    const path = join(folder, "activated");
    const socket = bindRaw(path);
    expect(codeOf(() => kernel.adoptListener(socket, path, () => {}))).toBe("WRONG_TYPE");
    expect(loadLibc().listen(socket, 4)).toBe(0);
    let accepted = 0;
    const listener = kernel.adoptListener(socket, path, (channel) => {
      accepted += 1;
      channel.close();
    });
    // More in the backlog than there are: accepting must not wait for the next.
    const client = collect(kernel.connect(path));
    await client.closed();
    expect(accepted).toBe(1);
    listener.close();
    expect(existsSync(path)).toBe(true);
    const stream = bindRaw(join(folder, "stream"), SOCK_STREAM);
    loadLibc().listen(stream, 4);
    expect(codeOf(() => kernel.adoptListener(stream, path, () => {}))).toBe("WRONG_TYPE");
    closeSync(stream);
  });
});
