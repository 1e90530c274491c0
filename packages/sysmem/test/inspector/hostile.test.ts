/** What somebody hostile may send to the inspector's port: none of it is answered, and others are served all the while. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { INSPECTOR_REQUEST_TIMEOUT_MS } from "#base";
import { type Inspector, startInspector } from "../../src/daemon/inspector/start.ts";
import { World } from "../inspect/world.ts";
import { ask, say } from "./http.ts";

const world = new World();
let inspector: Inspector;

beforeAll(async () => {
  inspector = await startInspector({
    server: world.daemon.server,
    address: { kind: "tcp", host: "127.0.0.1", port: 0 },
  });
});
afterAll(async () => {
  await inspector.close();
  await world.close();
});

const isServed = async () => (await ask(inspector.url, "/api/environment")).status === 200;

describe("a hostile request", () => {
  it.each([
    ["bytes of no protocol", "\u0000\u0001\u0002\u0003\r\n\r\n"],
    ["a TLS greeting", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003"],
    ["no Host", "GET /api/snapshot HTTP/1.1\r\nConnection: close\r\n\r\n"],
    ["HTTP/1.0 without a Host", "GET /api/snapshot HTTP/1.0\r\n\r\n"],
    ["an empty Host", "GET /api/snapshot HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"],
    ["a Host with something before our name", "GET / HTTP/1.1\r\nHost: x.localhost\r\nConnection: close\r\n\r\n"],
    ["a Host with something behind our name", "GET / HTTP/1.1\r\nHost: 127.0.0.1.nip.io\r\nConnection: close\r\n\r\n"],
    ["a Host with a name before an @", "GET / HTTP/1.1\r\nHost: localhost@evil\r\nConnection: close\r\n\r\n"],
    ["another page's name in the request line", "GET http://evil/ HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n"],
    [
      "an Origin that only begins like ours",
      "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost.evil\r\nConnection: close\r\n\r\n",
    ],
    [
      "the Origin of a page without one",
      "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: null\r\nConnection: close\r\n\r\n",
    ],
    ["a tunnel", "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    ["a method that nobody knows", "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n"],
    [
      "a body of two lengths",
      "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
    ["a header of a megabyte", `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(1 << 20)}\r\n\r\n`],
    ["an address of a megabyte", `GET /${"x".repeat(1 << 20)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ["a line feed in a header", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nb\r\n\r\n"],
  ])("with %s gets no answer", async (_, bytes) => {
    const said = await say(inspector.url, Buffer.from(bytes, "latin1"));
    expect(said).not.toMatch(/^HTTP\/1\.1 [23]/);
    expect(said).not.toContain("collections");
    expect(await isServed()).toBe(true);
  });

  it("to upgrade the connection is answered as if it had not asked", async () => {
    const said = await say(
      inspector.url,
      "GET /api/environment HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n",
    );
    expect(said).toMatch(/^HTTP\/1\.1 200 /);
  });

  it("that comes slowly and ends in time is answered", async () => {
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(inspector.url).port) });
    socket.write("GET /api/environment HTTP/1.1\r\nHost: local");
    await sleep(INSPECTOR_REQUEST_TIMEOUT_MS / 4);
    socket.write("host\r\nConnection: close\r\n\r\n");
    const [said] = (await once(socket, "data")) as [Buffer];
    expect(String(said)).toMatch(/^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it("that never ends is ended, and others are served meanwhile", async () => {
    const port = Number(new URL(inspector.url).port);
    const slow: Socket[] = [];
    const ended: Promise<unknown>[] = [];
    for (const bytes of ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "]) {
      const socket = connect({ host: "127.0.0.1", port });
      socket.on("error", () => {});
      socket.resume();
      socket.write(bytes);
      slow.push(socket);
      ended.push(once(socket, "close"));
    }
    // A byte now and then does not make a request that ends.
    const drip = setInterval(() => slow.at(-1)?.write("x"), 200);
    expect(await isServed()).toBe(true);
    await Promise.all(ended);
    clearInterval(drip);
    expect(await isServed()).toBe(true);
  });
});
