/** The page's state: what the server's stream of events has told so far. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { CollectionSummary, Failure, HeapState, Overview, Quota, ServerEvent, ServerInfo } from "./api.ts";
import { heapLabel } from "./format.ts";

/** Collections that are gone and still shown, events kept of one collection, and collections that events are kept of. */
const MAX_GONE = 200;
const MAX_EVENTS = 400;
const MAX_TIMELINES = 2_000;
const MAX_FAILURES = 200;
/** Points of a chart: ten minutes, a point each second. */
const MAX_SAMPLES = 600;

/** A collection that the page knows; `isGone` when it has ended. */
export interface Known {
  readonly summary: CollectionSummary;
  readonly isGone: boolean;
}

/** A moment of the charts. */
export interface Sample {
  /** Seconds since 1970. */
  readonly at: number;
  readonly collections: number;
  readonly bytes: number;
  /** Bytes by the heap's name. */
  readonly heaps: ReadonlyMap<string, number>;
}

export const connection = signal<"connecting" | "open" | "lost">("connecting");
export const server = signal<ServerInfo | undefined>(undefined);
export const heaps = signal<readonly HeapState[]>([]);
export const quotas = signal<readonly Quota[]>([]);
export const failures = signal<readonly Failure[]>([]);
export const samples = signal<readonly Sample[]>([]);
/** The most that was seen since the page was opened: samples are forgotten, this is not. */
export const mostByHeap = signal<ReadonlyMap<string, number>>(new Map());
/** Counts up with each change to `known` and `timelines`, which are changed in place. */
export const revision = signal(0);

const known = new Map<string, Known>();
const timelines = new Map<string, ServerEvent[]>();
let gone: string[] = [];
/** What the server's monotonic clock showed when this page's showed 0. Nanoseconds. */
let clockOffsetNs = 0;

/** All collections, newest first. */
export const collections: ReadonlySignal<readonly Known[]> = computed(() => {
  void revision.value;
  return [...known.values()].reverse();
});

/** One collection. */
export function collectionOf(id: string): Known | undefined {
  void revision.value;
  return known.get(id);
}

/** What happened to a collection while the page looked, oldest first. */
export function timelineOf(id: string): readonly ServerEvent[] {
  void revision.value;
  return timelines.get(id) ?? [];
}

/** The server's monotonic clock, as well as the page knows it. Nanoseconds. */
export function nowNs(): number {
  return performance.now() * 1e6 + clockOffsetNs;
}

/** Follows the server until the page is closed. The browser reconnects by itself and says what it has seen. */
export function follow(): void {
  const source = new EventSource("api/events");
  const on = <T>(name: string, handle: (data: T) => void): void =>
    source.addEventListener(name, (event: MessageEvent<string>) => {
      handle(JSON.parse(event.data) as T);
      revision.value++;
    });
  source.addEventListener("open", () => {
    connection.value = "open";
  });
  source.addEventListener("error", () => {
    connection.value = "lost";
  });
  on<Overview & { failures: readonly Failure[] }>("snapshot", (data) => {
    known.clear();
    timelines.clear();
    gone = [];
    failures.value = data.failures;
    takeOverview(data);
  });
  on<{ collections: readonly CollectionSummary[] }>("collections", (data) => takeCollections(data.collections));
  on("ready", () => {
    connection.value = "open";
  });
  on<Overview>("overview", takeOverview);
  on<Change>("change", takeChange);
}

interface Change {
  readonly events: readonly ServerEvent[];
  readonly collections: readonly CollectionSummary[];
  readonly gone: readonly string[];
  readonly failures?: readonly Failure[];
}

function takeOverview(overview: Overview): void {
  server.value = overview.server;
  heaps.value = overview.heaps;
  quotas.value = overview.quotas;
  clockOffsetNs = Number(overview.server.now_ns) - performance.now() * 1e6;
  addSample(overview);
}

function addSample({ server, heaps }: Overview): void {
  const sample: Sample = {
    at: Number(server.wall_ns) / 1e9,
    collections: server.collection_count,
    bytes: Number(server.buffer_bytes),
    heaps: new Map(heaps.map((heap) => [heapLabel(heap), Number(heap.buffer_bytes)])),
  };
  const most = new Map(mostByHeap.value);
  for (const [name, used] of sample.heaps) most.set(name, Math.max(used, most.get(name) ?? 0));
  mostByHeap.value = most;
  samples.value = [...samples.value.slice(1 - MAX_SAMPLES), sample];
}

function takeCollections(summaries: readonly CollectionSummary[]): void {
  for (const summary of summaries) known.set(summary.collection_id, { summary, isGone: false });
}

function takeChange(change: Change): void {
  for (const event of change.events) {
    let timeline = timelines.get(event.collection_id);
    if (timeline === undefined) timelines.set(event.collection_id, (timeline = []));
    // A page that comes back is told again what it may not have seen.
    if (Number(timeline.at(-1)?.sequence ?? 0) >= Number(event.sequence)) continue;
    timeline.push(event);
    if (timeline.length > MAX_EVENTS) timeline.splice(1, 1);
  }
  if (change.failures !== undefined) {
    const ids = new Set(change.failures.map(({ failure_id }) => failure_id));
    const older = failures.value.filter(({ failure_id }) => !ids.has(failure_id));
    failures.value = [...change.failures, ...older].slice(0, MAX_FAILURES);
  }
  takeCollections(change.collections);
  for (const id of change.gone) {
    const name = failures.value.find(({ collection_id }) => collection_id === id)?.collection_name;
    const seen = known.get(id)?.summary;
    const last = seen === undefined ? summaryFromEvents(id, name) : { ...(name !== undefined && { name }), ...seen };
    if (known.get(id)?.isGone === true || last === undefined) continue;
    const hasFailed = timelines.get(id)?.some(({ kind }) => kind === "ALLOCATION_FAILED") ?? false;
    const isUndecided = last.allocation !== "ALLOCATED";
    known.set(id, { summary: hasFailed && isUndecided ? { ...last, allocation: "FAILED" } : last, isGone: true });
    gone.push(id);
  }
  while (gone.length > MAX_GONE) {
    const oldest = gone.shift() as string;
    known.delete(oldest);
    timelines.delete(oldest);
  }
  for (const id of timelines.keys()) {
    if (timelines.size <= MAX_TIMELINES) break;
    timelines.delete(id);
  }
}

/** A collection that came and went between two messages is known from what happened to it alone. */
function summaryFromEvents(id: string, name: string | undefined): CollectionSummary | undefined {
  const events = timelines.get(id) ?? [];
  const first = events[0];
  if (first?.kind !== "COLLECTION_CREATED") return undefined;
  const allocated = events.find(({ kind }) => kind === "ALLOCATED");
  const hasFailed = events.some(({ kind }) => kind === "ALLOCATION_FAILED");
  return {
    collection_id: id,
    ...(name !== undefined && { name }),
    created_at_ns: first.at_ns,
    allocation: allocated === undefined ? (hasFailed ? "FAILED" : "NOT_ATTEMPTED") : "ALLOCATED",
    ...(allocated !== undefined && { allocated_at_ns: allocated.at_ns, buffer_count: allocated.count ?? 0 }),
    node_count: 0,
    unready_count: 0,
    strong_node_count: 0,
    existing_buffers: 0,
    strong_vmos: 0,
    weak_vmos: 0,
    clients: [...new Set(events.flatMap(({ client }) => (client ? [client] : [])))],
    pids: [],
  };
}
