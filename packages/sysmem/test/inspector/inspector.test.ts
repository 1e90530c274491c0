/** The inspector over real sockets, beside a server with real collections. */
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer as createSocketServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  MAX_INSPECTOR_CONNECTIONS,
  MAX_INSPECTOR_CONSTRAINTS_LENGTH,
  MAX_INSPECTOR_NODES,
  MAX_INSPECTOR_STREAMS,
  MAX_THUMBNAILS_UNDER_WAY,
  type Logger,
  silentLogger,
} from "#base";
import { explainTree } from "#negotiate";
import { ColorSpace, PixelFormat } from "#gen/fuchsia_images2";
import { Thumbnails } from "../../src/daemon/inspect/index.ts";
import { readSolveInput } from "../../src/cli/commands/solve-input.ts";
import { Answers } from "../../src/daemon/inspector/answers.ts";
import { type Inspector, startInspector } from "../../src/daemon/inspector/start.ts";
import { image } from "../inspect/constraints.ts";
import { World } from "../inspect/world.ts";
import { type Ask, ask as askAt } from "./http.ts";

const world = new World();
const TCP = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const handedOut: { close(): void }[] = [];
let folder: string;
let inspector: Inspector;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sysmem-inspector-"));
  inspector = await startInspector({ server: world.daemon.server, address: TCP });
});
afterEach(async () => {
  for (const one of handedOut.splice(0)) one.close();
  await world.clear();
});
afterAll(async () => {
  await inspector.close();
  await world.close();
  rmSync(folder, { recursive: true });
});

const ask = (path: string, options?: Ask) => askAt(inspector.url, path, options);

const json = async (path: string): Promise<Record<string, never>> =>
  JSON.parse((await ask(path)).body) as Record<string, never>;

/** Two participants with buffers. */
async function allocated() {
  const root = world.collection("frames");
  const camera = world.local("camera", await root.duplicate(), image(PixelFormat.NV12));
  const display = world.local("display", root, image(PixelFormat.NV12, { bytesPerRowDivisor: 256 }));
  const buffers = await camera.waitForBuffers();
  handedOut.push(buffers);
  return { camera, display, buffers, id: buffers.collectionId };
}

describe("the inspector's answers", () => {
  it("tell of all collections, and of one in detail", async () => {
    const { id } = await allocated();
    expect(await json("/api/snapshot")).toMatchObject({
      server: { pid: process.pid, collection_count: 1 },
      collections: [{ collection_id: String(id), name: "frames", allocation: "ALLOCATED", buffer_count: 2 }],
      failures: [],
    });
    const detail = await json(`/api/collections/${id}`);
    expect(detail).toMatchObject({
      nodes: [
        { client: expect.stringContaining("display") as string },
        { client: expect.stringContaining("camera") as string },
      ],
      buffers: [{ index: 0 }, { index: 1 }],
      settings: { image_format_constraints: { pixel_format: "NV12" } },
      is_shortened: false,
    });
    expect(Object.values(detail["constraints"] ?? {})).toHaveLength(2);
  });

  it("say who determined a setting, and who holds what", async () => {
    const { id } = await allocated();
    const { decisions } = (await json(`/api/collections/${id}/decisions`)) as unknown as {
      decisions: { setting: string; decided_by: { participant: string; field: string }[] }[];
    };
    const divisor = decisions.find(({ setting }) => setting === "image_format_constraints.bytes_per_row_divisor");
    expect(divisor?.decided_by).toMatchObject([{ field: "image_format_constraints[0].bytes_per_row_divisor" }]);
    const looks = await Promise.all([json(`/api/collections/${id}/holders`), json(`/api/collections/${id}/holders`)]);
    for (const look of looks) {
      expect(look["holders"]).toContainEqual(expect.objectContaining({ kind: "DESCRIPTOR", pid: process.pid }));
    }
  });

  it("explain a failed negotiation", async () => {
    const root = world.collection("cannot be");
    const one = world.local("one", await root.duplicate(), image(PixelFormat.NV12));
    const other = world.local("other", root, image(PixelFormat.B8G8R8A8));
    await Promise.allSettled([one.waitForBuffers(), other.waitForBuffers()]);
    const { failures } = (await json("/api/snapshot")) as unknown as {
      failures: { failure_id: string; collection_name: string }[];
    };
    const failure = failures.find(({ collection_name }) => collection_name === "cannot be");
    const answer = await json(`/api/failures/${failure?.failure_id}`);
    const explanation = {
      requirements: [{ field: "image_format_constraints" }, { field: "image_format_constraints" }],
    };
    expect(answer).toMatchObject({
      failure: { kind: "NEGOTIATION", error: "CONSTRAINTS_INTERSECTION_EMPTY" },
      explanation,
    });
    expect(answer["nodes"]).toMatchObject([{ client: "other" }, { client: "one" }]);
    expect(Object.values(answer["constraints"] ?? {})).toHaveLength(2);
    // What they had said fails again for the same reason, in anybody's hands.
    const environment = await json("/api/environment");
    const input = readSolveInput(JSON.stringify({ tree: answer["tree"], environment }));
    const again = input.ok ? explainTree(input.value.tree, input.value.environment) : undefined;
    expect(again).toMatchObject({ ok: false, explanation });
    const told = answer["explanation"] as unknown as { requirements: { participant: string }[] };
    expect(again?.explanation?.requirements.map(({ participant }) => participant)).toEqual(
      told.requirements.map(({ participant }) => participant),
    );
  });

  it("show what a buffer holds where that is allowed, and nothing of it elsewhere", async () => {
    const { id, buffers } = await allocated();
    buffers.at(0).bytes().fill(0x80);
    const path = `/api/collections/${id}/buffers/0/thumbnail`;
    expect((await ask(path)).status).toBe(403);
    expect(await json("/api/snapshot")).toMatchObject({ server: { thumbnails_allowed: false } });
    const { daemon } = world;
    const showing = await startInspector({
      ...daemon,
      thumbnails: new Thumbnails(daemon.server, () => true),
      address: TCP,
    });
    const look = async (more: string) => JSON.parse((await askAt(showing.url, more)).body) as Record<string, unknown>;
    expect(await look("/api/snapshot")).toMatchObject({ server: { thumbnails_allowed: true } });
    const answer = await look(`${path}?within=8x8`);
    expect(answer).toMatchObject({
      size: { width: 8, height: 6 },
      image: { pixel_format: "NV12", bytes_per_row: 768 },
    });
    const rgba = Buffer.from(String(answer["rgba"]), "base64");
    expect([rgba.length, ...rgba.subarray(0, 4)]).toEqual([8 * 6 * 4, 130, 130, 130, 255]);
    expect(await look(`${path}?image=9999x9999`)).toMatchObject({
      obstacle: expect.stringContaining("do not allow images of 9999 by 9999") as string,
    });
    // Nonsense is as if it had not been said.
    expect(await look(`${path}?within=8x&image=x`)).toMatchObject({ size: { width: 320, height: 240 } });
    expect((await askAt(showing.url, `/api/collections/${id}/buffers/7/thumbnail`)).status).toBe(404);
    const many = Array.from({ length: MAX_THUMBNAILS_UNDER_WAY + 4 }, () => askAt(showing.url, path));
    const statuses = new Set((await Promise.all(many)).map(({ status }) => status));
    expect([...statuses].every((status) => status === 200 || status === 503)).toBe(true);
    await showing.close();
  });

  it("give the environment that `sysmem solve` reads", async () => {
    expect(await json("/api/environment")).toMatchObject({ heaps: [{ cpu_supported: true }], format_costs: [] });
  });

  it.each([
    "/api/collections/1",
    "/api/collections/1/holders",
    "/api/failures/1",
    "/api/collections/99999999999999999999",
  ])("say that %s is not there", async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it(`show ${MAX_INSPECTOR_NODES} nodes of a collection and say that there are more`, async () => {
    const root = world.collection("many");
    const tokens = [];
    for (let left = MAX_INSPECTOR_NODES - 1; left > 0; left -= 32) {
      tokens.push(...(await root.duplicateMany(Math.min(32, left))));
    }
    await root.sync();
    const [id] = [...world.daemon.server.context.collections.keys()];
    const answers = new Answers(world.daemon.server, world.daemon.thumbnails);
    expect(answers.collection(id ?? 0n)).toMatchObject({ is_shortened: false });
    tokens.push(await root.duplicate());
    const detail = answers.collection(id ?? 0n);
    expect(detail).toMatchObject({ is_shortened: true });
    expect(detail?.["nodes"]).toHaveLength(MAX_INSPECTOR_NODES);
    for (const token of tokens) token.release();
    root.release();
  });

  it(`give no more than ${MAX_INSPECTOR_CONSTRAINTS_LENGTH} characters of constraints`, async () => {
    const size = { width: 64, height: 64 };
    const formats = Array.from({ length: 50 }, () => ({
      pixelFormat: PixelFormat.NV12,
      colorSpaces: [ColorSpace.REC709],
      requiredMaxSizeList: Array.from({ length: 60 }, () => size),
    }));
    const root = world.collection("talkers");
    const waiting = await root.duplicate();
    const answers = new Answers(world.daemon.server, world.daemon.thumbnails);
    const [id] = [...world.daemon.server.context.collections.keys()];
    const lengths: number[] = [];
    for (let count = 0; count < 64; count++) {
      const talker = world.local("talker", await root.duplicate(), {
        usage: { cpu: 1 },
        imageFormatConstraints: formats,
      });
      await talker.sync();
      const detail = answers.collection(id ?? 0n);
      lengths.push(JSON.stringify(detail?.["constraints"]).length);
      if (detail?.["is_shortened"] === true) break;
    }
    expect(lengths.at(-1)).toBe(lengths.at(-2));
    expect(lengths.at(-1)).toBeLessThan(MAX_INSPECTOR_CONSTRAINTS_LENGTH + 64 * 32);
    waiting.release();
    root.release();
  });
});

describe("the inspector's door", () => {
  it("has strict headers on every answer", async () => {
    for (const path of ["/", "/api/snapshot", "/nothing"]) {
      const { headers } = await ask(path);
      expect(headers["content-security-policy"]).toMatch(/^default-src 'none'; script-src 'self';/);
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
      expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
    }
  });

  it("is closed to other names, other pages, and everything but reading", async () => {
    expect((await ask("/api/snapshot", { headers: { Host: "attacker.example" } })).status).toBe(403);
    expect((await ask("/", { headers: { Host: "attacker.example" } })).status).toBe(403);
    expect((await ask("/api/snapshot", { headers: { Origin: "http://attacker.example" } })).status).toBe(403);
    expect((await ask("/api/events", { headers: { "Sec-Fetch-Site": "cross-site" } })).status).toBe(403);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      expect((await ask("/api/snapshot", { method })).status).toBe(405);
    }
    expect((await ask("/api/snapshot", { method: "HEAD" })).status).toBe(200);
  });

  it("gives the page's own files and no others, and knows when a browser has them already", async () => {
    const page = await ask("/");
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.body).toContain("sysmem inspector");
    const script = await ask("/inspector.js");
    expect(script.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    const etag = script.headers.etag ?? "";
    expect((await ask("/inspector.js", { headers: { "If-None-Match": etag } })).status).toBe(304);
    for (const path of ["/../../package.json", "/..%2f..%2fpackage.json", "/%2e%2e/coffee.jpg", "/index.html/x"]) {
      expect((await ask(path)).status).toBe(404);
    }
  });

  it("is closed to other users, whoever they say they are", async () => {
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (_fields, message) => void warnings.push(message) };
    const closed = await startInspector({ server: world.daemon.server, address: TCP, logger, isAllowed: () => false });
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(closed.url).port) });
    socket.write("GET /api/snapshot HTTP/1.1\r\nHost: localhost\r\n\r\n");
    socket.on("error", () => {});
    let said = "";
    socket.on("data", (data) => (said += String(data)));
    await once(socket, "close");
    expect(said).toBe("");
    expect(warnings).toEqual(["somebody who may not opened the inspector's port"]);
    await closed.close();
  });

  it(`lets ${MAX_INSPECTOR_CONNECTIONS} connections in and drops what is more`, async () => {
    const own = await startInspector({ server: world.daemon.server, address: TCP });
    const port = Number(new URL(own.url).port);
    const sockets: Socket[] = [];
    const open = async (): Promise<Socket> => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.on("error", () => {});
      sockets.push(socket);
      await once(socket, "connect");
      return socket;
    };
    const answered = async (socket: Socket): Promise<boolean> => {
      socket.write("HEAD /api/environment HTTP/1.1\r\nHost: localhost\r\n\r\n");
      // One that was dropped may have closed before anybody listened for it.
      if (socket.destroyed) return false;
      return Promise.race([once(socket, "data").then(() => true), once(socket, "close").then(() => false)]);
    };
    // All at once: one that says nothing for long is dropped for that.
    await Promise.all(Array.from({ length: MAX_INSPECTOR_CONNECTIONS }, open));
    expect(await answered(sockets.at(-1) as Socket)).toBe(true);
    expect(await answered(await open())).toBe(false);
    for (const socket of sockets) socket.destroy();
    await own.close();
  });
});

describe("the inspector's stream", () => {
  /** An open stream, as text so far. */
  async function follow(headers: Readonly<Record<string, string>> = {}) {
    const url = new URL(inspector.url);
    const sent = request({
      host: url.hostname,
      port: url.port,
      path: "/api/events",
      headers: { Host: url.host, ...headers },
      agent: false,
    });
    sent.end();
    const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => (text += part));
    response.on("error", () => {});
    const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
      for (;;) {
        const found = pattern.exec(text);
        if (found !== null) return found;
        await once(response, "data");
      }
    };
    return {
      status: response.statusCode,
      type: response.headers["content-type"],
      until,
      end: () => void sent.destroy(),
    };
  }

  it("follows a collection from its first token to the last VMO, and goes on after a lost connection", async () => {
    const stream = await follow();
    expect(stream.type).toBe("text/event-stream");
    const [, ready = ""] = await stream.until(/event: ready\nid: (\S+)\n/);
    expect(inspector.isWatched).toBe(true);
    const { camera, display, buffers, id } = await allocated();
    await stream.until(/"kind":"ALLOCATED"/);
    stream.end();
    buffers.close();
    camera.release();
    display.release();
    const again = await follow({ "Last-Event-ID": ready });
    await again.until(new RegExp(`"gone":\\["${id}"\\]`));
    const [text] = await again.until(/event: change[^]*/);
    expect(text).toContain('"kind":"COLLECTION_CREATED"');
    expect(text).toContain('"kind":"BUFFER_FREED"');
    expect(text).not.toContain("event: snapshot");
    again.end();
  });

  it(`serves ${MAX_INSPECTOR_STREAMS} pages at once, and tells each`, async () => {
    const streams = [];
    for (let at = 0; at < MAX_INSPECTOR_STREAMS; at++) streams.push(await follow());
    const more = await follow();
    expect(more.status).toBe(503);
    more.end();
    await Promise.all(streams.map((stream) => stream.until(/event: ready/)));
    const { id } = await allocated();
    await Promise.all(streams.map((stream) => stream.until(new RegExp(`"collection_id":"${id}"`))));
    for (const stream of streams) stream.end();
  });
});

describe("the inspector on a Unix socket", () => {
  const at = (name: string) => join(folder, name);
  const start = (path: string) => startInspector({ server: world.daemon.server, address: { kind: "unix", path } });

  it("is for the server's own user, and is removed at the end", async () => {
    const path = at("own.sock");
    const own = await start(path);
    expect(own.url).toBe(`unix:${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await ask("/api/snapshot", { socketPath: path, headers: { Host: "localhost" } })).status).toBe(200);
    await own.close();
    expect(existsSync(path)).toBe(false);
  });

  it("takes the place of one that was left by a killed server, and not of one that is served", async () => {
    const path = at("left.sock");
    const first = await start(path);
    await expect(start(path)).rejects.toMatchObject({ code: "INSPECTOR", message: /it is in use/ });
    await first.close();
    // What a killed process leaves: a file that nobody listens on.
    const listener = createSocketServer();
    listener.listen(`${path}.tmp`);
    await once(listener, "listening");
    const { linkSync } = await import("node:fs");
    linkSync(`${path}.tmp`, path);
    listener.close();
    await once(listener, "close");
    expect(existsSync(path)).toBe(true);
    const second = await start(path);
    await second.close();
  });

  it("does not touch a file that is no socket", async () => {
    await expect(start(join(folder, "nowhere", "x.sock"))).rejects.toMatchObject({ code: "INSPECTOR" });
    await expect(start(`${folder}/`)).rejects.toMatchObject({ code: "INSPECTOR" });
  });
});
