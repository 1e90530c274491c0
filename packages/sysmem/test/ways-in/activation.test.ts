/** What may be in the environment of a process that systemd starts with sockets. */
import { expect, test } from "vitest";
import { activatedSockets, MAX_ACTIVATED_SOCKETS } from "#daemon";

const PROTOCOLS = ["fuchsia.sysmem2.Allocator", "fuchsia.sysmem.Allocator"];

function activation(env: NodeJS.ProcessEnv, pid = process.pid) {
  return activatedSockets(PROTOCOLS, env, pid);
}

test("a process that was not activated has no sockets", () => {
  expect(activation({})).toBeUndefined();
  expect(activation({ LISTEN_PID: String(process.pid) })).toBeUndefined();
});

test("sockets that are meant for another process are left alone, and the variables go", () => {
  const env = { LISTEN_PID: "1", LISTEN_FDS: "2", LISTEN_FDNAMES: "a:b", OTHER: "stays" };
  expect(activation(env)).toBeUndefined();
  expect(env).toEqual({ OTHER: "stays" });
});

test.for(["0", "-1", "", "one", "1e9", "99999999999", String(MAX_ACTIVATED_SOCKETS + 1)])(
  "a count of %j cannot be",
  (LISTEN_FDS) => {
    expect(() => activation({ LISTEN_PID: String(process.pid), LISTEN_FDS })).toThrow(/LISTEN_FDS is/);
  },
);

test("as many sockets as may be are looked at one by one", () => {
  const env = { LISTEN_PID: String(process.pid), LISTEN_FDS: String(MAX_ACTIVATED_SOCKETS) };
  // Whatever descriptor 3 is in this process, it is no socket for a protocol.
  expect(() => activation(env)).toThrow(/cannot take passed socket 3/);
});
