/** Where the inspector listens, and whom it answers: the decisions, without a socket. */
import { readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { endianness } from "node:os";
import { describe, expect, it } from "vitest";
import { parseInspectorAddress } from "../../src/daemon/inspector/address.ts";
import { refusalOf } from "../../src/daemon/inspector/guard.ts";
import { tableAddress, tcpPeerUid } from "../../src/daemon/inspector/tcp-peer.ts";

describe("an address for the inspector", () => {
  it.each([
    ["off", undefined],
    ["7070", { kind: "tcp", host: "127.0.0.1", port: 7070 }],
    ["0", { kind: "tcp", host: "127.0.0.1", port: 0 }],
    ["localhost:65535", { kind: "tcp", host: "127.0.0.1", port: 65_535 }],
    ["127.0.0.1:80", { kind: "tcp", host: "127.0.0.1", port: 80 }],
    ["[::1]:80", { kind: "tcp", host: "::1", port: 80 }],
    ["/run/sysmem/inspector.sock", { kind: "unix", path: "/run/sysmem/inspector.sock" }],
    ["./here", { kind: "unix", path: "./here" }],
  ])("%s is understood", (text, value) => {
    expect(parseInspectorAddress(text)).toEqual({ ok: true, value });
  });

  it.each([
    ["0.0.0.0:7070", /not this machine's own/],
    ["[::]:7070", /not this machine's own/],
    ["192.168.1.4:7070", /not this machine's own/],
    ["example.org:80", /not this machine's own/],
    ["65536", /no \[HOST:\]PORT/],
    ["", /no \[HOST:\]PORT/],
    ["on", /no \[HOST:\]PORT/],
    ["localhost:", /no \[HOST:\]PORT/],
    ["-1", /no \[HOST:\]PORT/],
  ])("%s is refused", (text, message) => {
    const result = parseInspectorAddress(text);
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.error).toMatch(message);
  });
});

const GOOD = { method: "GET", host: "127.0.0.1:7070", origin: undefined, site: undefined };

describe("a request", () => {
  it.each([
    GOOD,
    { ...GOOD, method: "HEAD" },
    { ...GOOD, host: "localhost" },
    { ...GOOD, host: "LOCALHOST:1" },
    { ...GOOD, host: "[::1]:7070" },
    { ...GOOD, origin: "http://127.0.0.1:7070", site: "same-origin" },
    { ...GOOD, site: "none" },
  ])("of our own page is answered: %j", (facts) => {
    expect(refusalOf(facts)).toBeUndefined();
  });

  it.each([
    [{ ...GOOD, method: "POST" }, 405],
    [{ ...GOOD, method: "OPTIONS" }, 405],
    [{ ...GOOD, host: undefined }, 403],
    [{ ...GOOD, host: "attacker.example:7070" }, 403],
    [{ ...GOOD, host: "127.0.0.1.attacker.example" }, 403],
    [{ ...GOOD, host: "localhost.attacker.example:7070" }, 403],
    [{ ...GOOD, host: "127.0.0.1:7070@attacker.example" }, 403],
    [{ ...GOOD, origin: "http://attacker.example" }, 403],
    [{ ...GOOD, origin: "null" }, 403],
    [{ ...GOOD, origin: "https://127.0.0.1:7070" }, 403],
    [{ ...GOOD, origin: "http://127.0.0.1:8080" }, 403],
    [{ ...GOOD, site: "cross-site" }, 403],
    [{ ...GOOD, site: "same-site" }, 403],
  ])("of somebody else's page is refused: %j", (facts, status) => {
    expect(refusalOf(facts)?.status).toBe(status);
  });
});

describe("the other end of a loopback connection", () => {
  it.runIf(endianness() === "LE")("has the address of the kernel's tables", () => {
    expect(tableAddress("127.0.0.1", 7070)).toBe("0100007F:1B9E");
    expect(tableAddress("::1", 80)).toBe("00000000000000000000000001000000:0050");
    expect(tableAddress("fe80::1", 80)).toBeUndefined();
    expect(tableAddress("127.0.0.256", 80)).toBeUndefined();
    expect(tableAddress(undefined, 80)).toBeUndefined();
  });

  it.runIf(endianness() === "LE")("belongs to the user of its row, and not to that of the accepted end", () => {
    const rows = [
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
      "   0: 0100007F:1B9E 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 11 1 0",
      "   1: 0100007F:C001 0100007F:1B9E 01 00000000:00000000 00:00000000 00000000  1234        0 12 1 0",
      "   2: 0100007F:C002 0100007F:1B9E 01 00000000:00000000 00:00000000 00000000    77        0 13 1 0",
    ].join("\n");
    const ends = { localAddress: "127.0.0.1", localPort: 0x1b9e, remoteAddress: "127.0.0.1", remotePort: 0xc001 };
    expect(tcpPeerUid(ends, () => rows)).toBe(1234);
    expect(tcpPeerUid({ ...ends, remotePort: 0xc003 }, () => rows)).toBeUndefined();
    expect(tcpPeerUid(ends, () => "")).toBeUndefined();
  });

  const isTableThere = readFileSync("/proc/net/tcp", "latin1").includes("local_address");
  it.runIf(isTableThere).each(["127.0.0.1", "::1"])("is known to the kernel over %s", async (host) => {
    const listener = createServer();
    listener.listen({ host, port: 0 });
    await once(listener, "listening");
    const { port } = listener.address() as { port: number };
    const accepted = once(listener, "connection");
    const client = connect({ host, port });
    const [socket] = (await accepted) as [Socket];
    expect(tcpPeerUid(socket)).toBe(process.getuid?.());
    client.destroy();
    socket.destroy();
    listener.close();
    await once(listener, "close");
  });
});
