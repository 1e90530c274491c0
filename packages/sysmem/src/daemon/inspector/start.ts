/** The inspector's socket. */
import { once } from "node:events";
import { rmSync, statSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import { connect, type Socket } from "node:net";
import { INSPECTOR_REQUEST_TIMEOUT_MS, type Logger, MAX_INSPECTOR_CONNECTIONS, silentLogger } from "#base";
import type { Server } from "#server";
import { DaemonError } from "../errors.ts";
import { Thumbnails } from "../inspect/index.ts";
import type { InspectorAddress } from "./address.ts";
import { loadPage } from "./page.ts";
import { tcpPeerUid } from "./tcp-peer.ts";

/** What to show, and where. */
export interface InspectorOptions {
  readonly server: Server;
  readonly address: InspectorAddress;
  readonly logger?: Logger | undefined;
  /** Pictures of buffers. Default: none are shown. */
  readonly thumbnails?: Thumbnails | undefined;
  /** Whether a user may look. Default: the server's own, and the superuser. */
  readonly isAllowed?: ((uid: number) => boolean) | undefined;
}

/** A running inspector. */
export interface Inspector {
  /** To be opened in a browser; for a Unix socket `unix:PATH`. */
  readonly url: string;
  /** Whether it records what happens. */
  readonly isWatched: boolean;
  /** Resolves when the first page follows. */
  readonly opened: Promise<void>;
  /** Ends all connections and removes the socket. */
  close(): Promise<void>;
}

/** Starts listening. Reads only, costs nothing until a page is open. Throws `DaemonError`. */
export async function startInspector(options: InspectorOptions): Promise<Inspector> {
  const { server, address, logger = silentLogger } = options;
  const thumbnails = options.thumbnails ?? new Thumbnails(server, () => false);
  const [{ createAdaptorServer }, { createApp }] = await Promise.all([import("@hono/node-server"), import("./app.ts")]);
  const { fetch, feed } = createApp({ server, thumbnails, page: loadPage(), logger });
  // The adaptor's own classes stay its own: a library does not replace its process' Request.
  const http = createAdaptorServer({
    fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: INSPECTOR_REQUEST_TIMEOUT_MS,
      requestTimeout: INSPECTOR_REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: INSPECTOR_REQUEST_TIMEOUT_MS / 4,
    },
  }) as HttpServer;
  http.maxConnections = MAX_INSPECTOR_CONNECTIONS;
  if (address.kind === "tcp") {
    const isAllowed = options.isAllowed ?? ((uid: number) => uid === 0 || uid === process.getuid?.());
    http.on("connection", (socket: Socket) => {
      const uid = tcpPeerUid(socket);
      if (uid !== undefined && isAllowed(uid)) return;
      logger.warn({ uid }, "somebody who may not opened the inspector's port");
      socket.destroy();
    });
  }
  try {
    await (address.kind === "tcp" ? listenTcp(http, address) : listenUnix(http, address.path));
  } catch (error) {
    const where = address.kind === "tcp" ? `port ${address.port}` : address.path;
    const why = (error as NodeJS.ErrnoException).code === "EADDRINUSE" ? "it is in use" : (error as Error).message;
    throw new DaemonError("INSPECTOR", `cannot listen on ${where} for the inspector: ${why}`, { cause: error });
  }
  return {
    url: urlOf(http, address),
    opened: feed.opened,
    get isWatched() {
      return feed.isRecording;
    },
    async close() {
      const closed = once(http, "close");
      http.close();
      http.closeAllConnections();
      feed.close();
      await closed;
    },
  };
}

/** Listens on a loopback port. */
export async function listenTcp(http: HttpServer, { host, port }: { host: string; port: number }): Promise<void> {
  const listening = once(http, "listening");
  http.listen({ host, port });
  await listening;
}

/** Only the server's own user can connect: the file's mode says so before it exists. */
export async function listenUnix(http: HttpServer, path: string): Promise<void> {
  await removeStale(path);
  const listening = once(http, "listening");
  // Node binds before `listen` returns.
  const mask = process.umask(0o177);
  try {
    http.listen(path);
  } finally {
    process.umask(mask);
  }
  await listening;
}

/** A socket nobody listens on was left by a server that was killed. */
async function removeStale(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  const probe = connect(path);
  try {
    await once(probe, "connect");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") rmSync(path, { force: true });
  } finally {
    probe.destroy();
  }
}

/** What a person opens. */
export function urlOf(http: HttpServer, address: InspectorAddress): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const bound = http.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : address.port;
  // The number: what `localhost` is, and on which of its addresses somebody else listens, is not ours to say.
  return `http://${address.host === "::1" ? "[::1]" : address.host}:${port}/`;
}
