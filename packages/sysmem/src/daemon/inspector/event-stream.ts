/**
 * Server-sent events for one page: a snapshot in parts, then what changes. A page that comes back with the id of the
 * last event that it saw is told what it missed, or gets a new snapshot when that is forgotten.
 *
 *     event: snapshot       the server as a whole, and recent failures: what is known from before is void
 *     event: collections    some of the collections
 *     event: ready          the snapshot is whole
 *     event: change         events, the collections that they are about as they are now, and ids of those that are gone
 *     event: overview       heaps and quotas as they are now, at most every second
 */
import { INSPECTOR_HEARTBEAT_MS, INSPECTOR_PACE_MS, MAX_INSPECTOR_SUMMARIES_PER_TURN } from "#base";
import type { JsonValue } from "#fidl";
import type { Answers } from "./answers.ts";
import type { Follower } from "./feed.ts";

/** At most every second: it walks over all collections. */
const OVERVIEW_PACE_MS = 1_000;

/** Where a stream begins. */
export interface StreamStart {
  readonly answers: Answers;
  readonly follower: Follower;
  /** Names this run of the server, so that ids of an earlier one are not taken for ours. */
  readonly run: string;
  /** `Last-Event-ID` of a page that comes back. */
  readonly lastEventId: string | undefined;
}

/**
 * The stream's body. A part is made only when the one before was taken, so that a slow reader costs nothing but its own
 * place. Cancelling it, which is what a closed connection does, gives the follower back.
 */
export function eventStream(start: StreamStart): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const parts = partsOf(start);
  const abort = new AbortController();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const part = await parts.next(abort.signal);
        if (part !== undefined && !abort.signal.aborted) controller.enqueue(encoder.encode(part));
      },
      cancel() {
        abort.abort();
        start.follower.close();
      },
    },
    { highWaterMark: 0 },
  );
}

interface Parts {
  /** The next part, as soon as there is one; undefined when the stream was cancelled meanwhile. */
  next(signal: AbortSignal): Promise<string | undefined>;
}

function partsOf({ answers, follower, run, lastEventId }: StreamStart): Parts {
  const idOf = (cursor: bigint): string => `${run}.${cursor}`;
  const known = cursorOf(lastEventId, run);
  let cursor = known ?? follower.cursorNow();
  /** The last collection of the snapshot that was told; undefined when it is whole. */
  let toldUpTo: bigint | undefined;
  let isBegun = false;
  let overviewAtMs = 0;
  let isOverviewStale = false;

  const begin = (): string => {
    isBegun = true;
    // What happens while the parts are sent is told afterwards: being told twice does no harm, being told never does.
    cursor = follower.cursorNow();
    toldUpTo = 0n;
    overviewAtMs = Date.now();
    return message("snapshot", { ...answers.overview(), failures: answers.failures() });
  };
  const more = (): string => {
    const { collections, last } = answers.summaries(toldUpTo ?? 0n, MAX_INSPECTOR_SUMMARIES_PER_TURN);
    if (collections.length > 0) {
      toldUpTo = last;
      return message("collections", { collections });
    }
    toldUpTo = undefined;
    return message("ready", {}, idOf(cursor));
  };
  const changed = (): string | undefined => {
    const changes = follower.read(cursor);
    if (changes.kind === "lost") return begin();
    if (changes.kind === "none") return undefined;
    cursor = changes.cursor;
    isOverviewStale = true;
    return message("change", changes.data, idOf(cursor));
  };
  const overview = (): string | undefined => {
    if (!isOverviewStale || Date.now() - overviewAtMs < OVERVIEW_PACE_MS) return undefined;
    isOverviewStale = false;
    overviewAtMs = Date.now();
    return message("overview", answers.overview());
  };

  return {
    async next(signal) {
      if (!isBegun && known === undefined) return begin();
      if (toldUpTo !== undefined) {
        await pause(0, signal);
        return signal.aborted ? undefined : more();
      }
      if (isBegun) await pause(INSPECTOR_PACE_MS, signal);
      isBegun = true;
      if (signal.aborted) return undefined;
      const part = changed() ?? overview();
      if (part !== undefined) return part;
      const wait = isOverviewStale ? OVERVIEW_PACE_MS : INSPECTOR_HEARTBEAT_MS;
      await pause(wait, signal, (wake) => follower.onceChanged(wake));
      if (signal.aborted) return undefined;
      return changed() ?? overview() ?? ": nothing new\n\n";
    },
  };
}

/** Where a page that comes back was, if it was with this run of the server. */
function cursorOf(lastEventId: string | undefined, run: string): bigint | undefined {
  const [ofRun, digits = ""] = (lastEventId ?? "").split(".");
  return ofRun === run && /^\d{1,18}$/.test(digits) ? BigInt(digits) : undefined;
}

function message(event: string, data: JsonValue, id?: string): string {
  return `event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** Waits, at most until it is cancelled or `wakeUp`'s argument is called. */
function pause(ms: number, signal: AbortSignal, wakeUp?: (wake: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal.addEventListener("abort", end);
    wakeUp?.(end);
  });
}
