/** What the inspector answers. */
import { randomBytes } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { type Logger, MAX_INSPECTOR_SUMMARIES_PER_TURN } from "#base";
import type { SizeU } from "#gen/fuchsia_math";
import type { Server } from "#server";
import type { Thumbnails } from "../inspect/index.ts";
import { Answers } from "./answers.ts";
import { eventStream } from "./event-stream.ts";
import { Feed } from "./feed.ts";
import { refusalOf, SECURITY_HEADERS } from "./guard.ts";
import type { PageFile } from "./page.ts";

/** The application, and what of it has to be closed. */
export interface App {
  readonly fetch: Hono<{ Bindings: HttpBindings }>["fetch"];
  readonly feed: Feed;
}

interface AppOptions {
  readonly server: Server;
  readonly thumbnails: Thumbnails;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly logger: Logger;
}

/** Collections and failures are named by 64-bit numbers. */
const ID = "/:id{[0-9]{1,20}}";

/** Makes the application for one server. It answers nothing but GET, from nothing but its own page. */
export function createApp({ server, thumbnails, page, logger }: AppOptions): App {
  const answers = new Answers(server, thumbnails);
  const feed = new Feed(server, answers);
  const run = randomBytes(6).toString("hex");
  const app = new Hono<{ Bindings: HttpBindings }>();

  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
    const refusal = refusalOf({
      method: c.req.method,
      host: c.req.header("host"),
      origin: c.req.header("origin"),
      site: c.req.header("sec-fetch-site"),
    });
    if (refusal !== undefined) {
      logger.warn({ host: c.req.header("host"), origin: c.req.header("origin") }, `refused: ${refusal.text}`);
      return c.text(`${refusal.text}\n`, refusal.status);
    }
    await next();
    return undefined;
  });

  app.get("/api/snapshot", (c) => {
    c.header("Content-Type", "application/json");
    c.header("Cache-Control", "no-store");
    return c.body(snapshotBody(answers));
  });
  app.get("/api/events", (c) => {
    const follower = feed.follow();
    if (follower === undefined) return c.text("too many pages follow this server\n", 503);
    const lastEventId = c.req.header("last-event-id");
    c.header("Content-Type", "text/event-stream");
    c.header("Cache-Control", "no-store");
    return c.body(eventStream({ answers, follower, run, lastEventId }));
  });
  const json = (c: Context, answer: object | undefined): Response => {
    c.header("Cache-Control", "no-store");
    return answer === undefined ? c.json({ error: "there is none (any more)" }, 404) : c.json(answer);
  };
  app.get("/api/environment", (c) => json(c, answers.environment()));
  app.get(`/api/collections${ID}`, (c) => json(c, answers.collection(idOf(c))));
  app.get(`/api/collections${ID}/decisions`, (c) => json(c, answers.decisions(idOf(c))));
  app.get(`/api/collections${ID}/holders`, async (c) => json(c, await answers.holders(idOf(c))));
  app.get(`/api/collections${ID}/buffers/:index{[0-9]{1,9}}/thumbnail`, async (c) => {
    const sizes = { maxSize: sizeOf(c.req.query("within")), imageSize: sizeOf(c.req.query("image")) };
    const request = { collectionId: idOf(c), bufferIndex: Number(c.req.param("index")), ...sizes };
    const answer = await answers.thumbnail(request);
    if (answer === "NOT_ALLOWED") return c.json({ error: "this server's owner does not show what buffers hold" }, 403);
    if (answer === "BUSY") return c.json({ error: "too many pictures are being made" }, 503);
    return json(c, answer);
  });
  app.get(`/api/failures${ID}`, (c) => json(c, answers.failure(idOf(c))));

  for (const [path, { body, type, etag }] of page) {
    app.get(path, (c) => {
      c.header("Cache-Control", "no-cache");
      c.header("ETag", etag);
      if (c.req.header("if-none-match") === etag) return c.body(null, 304);
      c.header("Content-Type", type);
      return c.body(body);
    });
  }
  app.notFound((c) => c.text("there is nothing here\n", 404));
  app.onError((error, c) => {
    logger.error({ err: error, path: c.req.path }, "an exception while answering the inspector's page");
    return c.text("the server's log says more\n", 500);
  });
  return { fetch: app.fetch, feed };
}

/** `WIDTHxHEIGHT`; undefined when it is anything else. */
function sizeOf(text: string | undefined): SizeU | undefined {
  const [, width, height] = /^(\d{1,9})x(\d{1,9})$/.exec(text ?? "") ?? [];
  return width === undefined ? undefined : { width: Number(width), height: Number(height) };
}

function idOf(c: Context): bigint {
  return BigInt(c.req.param("id") ?? "0");
}

/** All there is, as one object, a part in each turn of the event loop. */
function snapshotBody(answers: Answers): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let after = -1n;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (after === -1n) {
          after = 0n;
          const head = JSON.stringify({ ...answers.overview(), failures: answers.failures() });
          controller.enqueue(encoder.encode(`${head.slice(0, -1)},"collections":[`));
          return;
        }
        const isFirst = after === 0n;
        await new Promise((resolve) => void setImmediate(resolve));
        const { collections, last } = answers.summaries(after, MAX_INSPECTOR_SUMMARIES_PER_TURN);
        if (collections.length === 0) {
          controller.enqueue(encoder.encode("]}\n"));
          controller.close();
          return;
        }
        after = last;
        const text = collections.map((one) => JSON.stringify(one)).join(",\n");
        controller.enqueue(encoder.encode(`${isFirst ? "" : ",\n"}${text}`));
      },
    },
    { highWaterMark: 0 },
  );
}
