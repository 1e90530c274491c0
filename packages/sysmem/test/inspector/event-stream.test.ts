/** What a page is told, in which order, and what a page that is slow or comes back costs. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  INSPECTOR_HEARTBEAT_MS,
  INSPECTOR_LINGER_MS,
  INSPECTOR_PACE_MS,
  MAX_INSPECTOR_STREAMS,
  MAX_INSPECTOR_SUMMARIES_PER_TURN,
  MAX_WATCH_BACKLOG,
} from "#base";
import type { JsonValue } from "#fidl";
import type { ServerEvent, ServerObserver } from "#server";
import type { Answers } from "../../src/daemon/inspector/answers.ts";
import { eventStream } from "../../src/daemon/inspector/event-stream.ts";
import { Feed, type Follower } from "../../src/daemon/inspector/feed.ts";

const RUN = "abc";

/** A server of which only the observers are real, and collections that are nothing but their ids. */
class Stub {
  readonly observers = new Set<ServerObserver>();
  ids: bigint[] = [];
  made = 0;
  readonly answers = {
    overview: () => ({ server: {}, heaps: [], quotas: [] }),
    failures: () => [],
    summary: (id: bigint): JsonValue | undefined => (this.ids.includes(id) ? { collection_id: String(id) } : undefined),
    summaries: (after: bigint, maxCount: number) => {
      this.made++;
      const next = this.ids.filter((id) => id > after).slice(0, maxCount);
      return { collections: next.map((id) => ({ collection_id: String(id) })), last: next.at(-1) ?? after };
    },
  } as unknown as Answers;
  readonly feed: Feed = new Feed({ observe: (observer) => this.#observe(observer) }, this.answers);

  #observe(observer: ServerObserver): () => void {
    this.observers.add(observer);
    return () => void this.observers.delete(observer);
  }

  emit(type: "collection-gone" | "stall-warning", collectionId: bigint): void {
    const event = { type, collectionId, atNs: 5, warning: 1 } as ServerEvent;
    for (const observer of this.observers) observer(event);
  }

  follow(): Follower {
    const follower = this.feed.follow();
    if (follower === undefined) throw new TypeError("there are too many");
    return follower;
  }
}

interface Message {
  readonly event: string | undefined;
  readonly id: string | undefined;
  readonly data: {
    readonly collections: readonly object[];
    readonly events: readonly object[];
    readonly gone: readonly string[];
  };
}

let stub: Stub;
const readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  stub = new Stub();
});
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.cancel();
  stub.feed.close();
  vi.useRealTimers();
});

function open(lastEventId?: string): ReadableStreamDefaultReader<Uint8Array> {
  const start = { answers: stub.answers, follower: stub.follow(), run: RUN, lastEventId };
  const reader = eventStream(start).getReader();
  readers.push(reader);
  return reader;
}

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const { value } = await reader.read();
  return new TextDecoder().decode(value);
}

/** The next message, when so much time has passed. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>, afterMs = 0): Promise<Message> {
  const text = textOf(reader);
  await vi.advanceTimersByTimeAsync(afterMs);
  const lines = (await text).split("\n");
  const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  return { event: field("event"), id: field("id"), data: JSON.parse(field("data") ?? "{}") as Message["data"] };
}

/** Reads a snapshot to its end. */
async function whole(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Message[]> {
  const messages: Message[] = [];
  do messages.push(await next(reader, INSPECTOR_PACE_MS));
  while (messages.at(-1)?.event !== "ready");
  return messages;
}

describe("a stream of events", () => {
  it("begins with a snapshot in parts that take one turn each", async () => {
    stub.ids = Array.from({ length: MAX_INSPECTOR_SUMMARIES_PER_TURN + 1 }, (_, at) => BigInt(at + 1));
    const messages = await whole(open());
    expect(messages.map(({ event }) => event)).toEqual(["snapshot", "collections", "collections", "ready"]);
    expect(messages[1]?.data.collections).toHaveLength(MAX_INSPECTOR_SUMMARIES_PER_TURN);
    expect(messages[2]?.data.collections).toHaveLength(1);
    expect(messages.at(-1)?.id).toBe(`${RUN}.1`);
  });

  it("tells in one message what happens within one pace, and each collection once", async () => {
    stub.ids = [1n, 2n];
    const reader = open();
    await whole(reader);
    for (let at = 0; at < 5; at++) stub.emit("stall-warning", 2n);
    stub.emit("collection-gone", 3n);
    const { event, id, data } = await next(reader, INSPECTOR_PACE_MS);
    expect({ event, id }).toEqual({ event: "change", id: `${RUN}.7` });
    expect(data.events).toHaveLength(6);
    expect(data.collections).toEqual([{ collection_id: "2" }]);
    expect(data.gone).toEqual(["3"]);
  });

  it("does not lose what happens while the snapshot is sent", async () => {
    stub.ids = [1n];
    const reader = open();
    await next(reader);
    stub.emit("stall-warning", 1n);
    await whole(reader);
    const { event, data } = await next(reader, INSPECTOR_PACE_MS);
    expect(event).toBe("change");
    expect(data.events).toHaveLength(1);
  });

  it("goes on where a page was that comes back, without a snapshot", async () => {
    await whole(open());
    stub.emit("stall-warning", 1n);
    stub.emit("stall-warning", 1n);
    const again = open(`${RUN}.2`);
    const { event, id, data } = await next(again);
    expect({ event, id }).toEqual({ event: "change", id: `${RUN}.3` });
    expect(data.events).toHaveLength(1);
  });

  it.each(["other.1", "nonsense", `${RUN}.`, `${RUN}.99`, `${RUN}.-1`, ""])(
    "begins anew for an id that is not ours: %j",
    async (lastEventId) => {
      await whole(open());
      stub.emit("stall-warning", 1n);
      expect((await next(open(lastEventId), INSPECTOR_PACE_MS)).event).toBe("snapshot");
    },
  );

  it("makes nothing for a reader that does not read, and gives it a snapshot when it has missed too much", async () => {
    stub.ids = [1n];
    const slow = open();
    await whole(slow);
    const madeBefore = stub.made;
    const fast = open();
    await whole(fast);
    for (let at = 0; at < 2 * MAX_WATCH_BACKLOG + 1; at++) stub.emit("stall-warning", 1n);
    await vi.advanceTimersByTimeAsync(10 * INSPECTOR_PACE_MS);
    // The snapshot of the other one, in two parts; none for the one that did not ask.
    expect(stub.made - madeBefore).toBe(2);
    expect((await next(slow, INSPECTOR_PACE_MS)).event).toBe("snapshot");
    expect((await whole(slow)).at(-1)?.id).toBe(`${RUN}.${2 * MAX_WATCH_BACKLOG + 2}`);
  });

  it("says that it is there when nothing happens", async () => {
    const reader = open();
    await whole(reader);
    const text = textOf(reader);
    await vi.advanceTimersByTimeAsync(INSPECTOR_PACE_MS + INSPECTOR_HEARTBEAT_MS);
    expect(await text).toBe(": nothing new\n\n");
  });

  it("tells of heaps and quotas at most every second, and only after something has happened", async () => {
    const reader = open();
    await whole(reader);
    stub.emit("stall-warning", 1n);
    expect((await next(reader, INSPECTOR_PACE_MS)).event).toBe("change");
    stub.emit("stall-warning", 1n);
    expect((await next(reader, INSPECTOR_PACE_MS)).event).toBe("change");
    expect((await next(reader, 2_000)).event).toBe("overview");
  });

  it("gives its place back when the connection closes, with a read under way", async () => {
    const reader = open();
    await whole(reader);
    const read = reader.read();
    await reader.cancel();
    expect((await read).done).toBe(true);
    await vi.advanceTimersByTimeAsync(INSPECTOR_LINGER_MS);
    expect(stub.observers.size).toBe(0);
  });
});

describe("a feed", () => {
  it("costs nothing before the first page, and stops a while after the last", async () => {
    expect(stub.observers.size).toBe(0);
    const [one, other] = [stub.follow(), stub.follow()];
    expect(stub.observers.size).toBe(1);
    one.close();
    one.close();
    await vi.advanceTimersByTimeAsync(INSPECTOR_LINGER_MS);
    expect(stub.feed.isRecording).toBe(true);
    other.close();
    await vi.advanceTimersByTimeAsync(INSPECTOR_LINGER_MS - 1);
    expect(stub.feed.isRecording).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(stub.feed.isRecording).toBe(false);
    expect(stub.observers.size).toBe(0);
  });

  it("keeps recording for a page that comes back in time", async () => {
    stub.follow().close();
    await vi.advanceTimersByTimeAsync(INSPECTOR_LINGER_MS - 1);
    const again = stub.follow();
    await vi.advanceTimersByTimeAsync(INSPECTOR_LINGER_MS);
    expect(stub.feed.isRecording).toBe(true);
    again.close();
  });

  it(`takes ${MAX_INSPECTOR_STREAMS} followers and no more`, () => {
    const followers = Array.from({ length: MAX_INSPECTOR_STREAMS }, () => stub.follow());
    expect(stub.feed.follow()).toBeUndefined();
    followers[0]?.close();
    expect(stub.feed.follow()).toBeDefined();
  });
});
