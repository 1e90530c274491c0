/** What watchers get, and that nobody pays when nobody watches. */
import { describe, expect, it } from "vitest";
import { EventKind } from "#gen/sysmem_inspect";
import type { ServerEvent, ServerObserver } from "#server";
import { Journal } from "../../src/daemon/inspect/journal.ts";

/** A server's observers alone. */
function source() {
  const observers = new Set<ServerObserver>();
  const observe = (observer: ServerObserver) => {
    observers.add(observer);
    return () => void observers.delete(observer);
  };
  const emit = (event: Partial<ServerEvent> & { type: ServerEvent["type"] }) => {
    for (const observer of observers) observer({ collectionId: 2n, atNs: 5, ...event } as ServerEvent);
  };
  return { observers, observe, emit };
}

const gone = { type: "collection-gone" } as const;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("a journal", () => {
  it("observes the server only while somebody listens", () => {
    const server = source();
    const journal = new Journal(server);
    expect(server.observers.size).toBe(0);
    const stops = [journal.listen(() => {}), journal.listen(() => {})];
    expect(server.observers.size).toBe(1);
    stops[0]?.();
    expect(journal.isRecording).toBe(true);
    stops[1]?.();
    expect(server.observers.size).toBe(0);
    expect(journal.isRecording).toBe(false);
  });

  it("tells once for all that happens in a turn, and gives it in order", async () => {
    const server = source();
    const journal = new Journal(server);
    let told = 0;
    const stop = journal.listen(() => told++);
    const { cursor } = journal;
    expect(journal.read(cursor)).toBeUndefined();
    server.emit(gone);
    server.emit({ type: "stall-warning", warning: 2 });
    expect(told).toBe(0);
    await turn();
    expect(told).toBe(1);
    const page = journal.read(cursor);
    expect(page?.events.map(({ kind, count }) => [kind, count])).toEqual([
      [EventKind.COLLECTION_GONE, undefined],
      [EventKind.STALL_WARNING, 2],
    ]);
    expect(journal.read(page?.cursor ?? 0n)).toBeUndefined();
    stop();
  });

  it("keeps its capacity and no event more: who is further behind starts again", () => {
    const server = source();
    const journal = new Journal(server, 10);
    const stop = journal.listen(() => {});
    const start = journal.cursor;
    for (let i = 0; i < 10; i++) server.emit(gone);
    expect(journal.read(start)?.events.length).toBe(10);
    server.emit(gone);
    const late = journal.read(start);
    expect(late).toEqual({ events: [], cursor: start + 11n, isResync: true });
    expect(journal.read(start + 1n)?.events.length).toBe(10);
    for (let i = 0; i < 100; i++) server.emit(gone);
    expect(journal.read(journal.cursor - 10n)?.events.length).toBe(10);
    stop();
  });

  it("takes a cursor that it never gave for one that is lost", () => {
    const journal = new Journal(source());
    const stop = journal.listen(() => {});
    expect(journal.read(journal.cursor + 1n)?.isResync).toBe(true);
    stop();
    const again = journal.listen(() => {});
    expect(journal.read(0n)?.isResync).toBe(true);
    again();
  });

  it("fills a message and leaves the rest for the next", () => {
    const server = source();
    const journal = new Journal(server);
    const stop = journal.listen(() => {});
    let { cursor } = journal;
    const node = { nodeId: 1, client: "c".repeat(300), clientId: 0n };
    for (let i = 0; i < 500; i++) server.emit({ type: "token-bound", node });
    const counts: number[] = [];
    for (let page = journal.read(cursor); page !== undefined; page = journal.read(cursor)) {
      counts.push(page.events.length);
      cursor = page.cursor;
    }
    expect(counts.length).toBeGreaterThan(1);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(500);
    stop();
  });
});
