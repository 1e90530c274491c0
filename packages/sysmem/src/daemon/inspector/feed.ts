/** What has changed, for all pages that follow. Nothing is recorded while none does. */
import { INSPECTOR_LINGER_MS, MAX_INSPECTOR_STREAMS } from "#base";
import { type JsonValue, toJson } from "#fidl";
import { Event, EventKind } from "#gen/sysmem_inspect";
import type { Server } from "#server";
import { Journal } from "../inspect/journal.ts";
import type { Answers } from "./answers.ts";

type Json = Readonly<Record<string, JsonValue>>;

/** What happened since a cursor. */
export type Changes =
  | { readonly kind: "none" }
  /** Too much has happened, or the cursor is not ours: only a snapshot helps. */
  | { readonly kind: "lost" }
  | { readonly kind: "changes"; readonly cursor: bigint; readonly data: Json };

/** A place in the stream of one follower. */
export interface Follower {
  /** Where a snapshot that is taken now goes on. */
  cursorNow(): bigint;
  read(cursor: bigint): Changes;
  /** Calls back once, in a later turn, when something has happened. */
  onceChanged(callback: () => void): void;
  close(): void;
}

/** A failure is written down before it is told: what is told with it reaches back a little. Being told twice does no harm. */
const OVERLAP_NS = 1_000_000_000n;

const FAILURES: ReadonlySet<number | undefined> = new Set([EventKind.ALLOCATION_FAILED, EventKind.DOMAIN_FAILED]);

/** The events of one server, shared by its followers. Each keeps no more than a place in them, however slow it reads. */
export class Feed {
  readonly #answers: Answers;
  readonly #journal: Journal;
  readonly #followers = new Set<() => void>();
  #stop: (() => void) | undefined;
  #linger: NodeJS.Timeout | undefined;
  #open: () => void = () => {};
  /** Resolves when somebody follows for the first time. */
  readonly opened: Promise<void> = new Promise((resolve) => {
    this.#open = resolve;
  });

  constructor(server: Pick<Server, "observe">, answers: Answers) {
    this.#answers = answers;
    this.#journal = new Journal(server);
  }

  /** Whether anything is recorded. */
  get isRecording(): boolean {
    return this.#journal.isRecording;
  }

  /** Undefined when there are too many already. */
  follow(): Follower | undefined {
    if (this.#followers.size >= MAX_INSPECTOR_STREAMS) return undefined;
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#stop ??= this.#journal.listen(() => {
      for (const wake of [...this.#followers]) wake();
    });
    let callback: (() => void) | undefined;
    const wake = (): void => {
      const call = callback;
      callback = undefined;
      call?.();
    };
    this.#followers.add(wake);
    this.#open();
    return {
      cursorNow: () => this.#journal.cursor,
      read: (cursor) => this.#read(cursor),
      onceChanged: (call) => {
        callback = call;
      },
      close: () => {
        if (!this.#followers.delete(wake) || this.#followers.size > 0) return;
        this.#linger = setTimeout(() => this.close(), INSPECTOR_LINGER_MS);
        this.#linger.unref();
      },
    };
  }

  /** Stops recording. */
  close(): void {
    clearTimeout(this.#linger);
    this.#stop?.();
    this.#stop = undefined;
  }

  #read(cursor: bigint): Changes {
    if (!this.#journal.isRecording) return { kind: "none" };
    const page = this.#journal.read(cursor);
    if (page === undefined) return { kind: "none" };
    if (page.isResync) return { kind: "lost" };
    const touched = new Set<bigint>();
    let failedAtNs: bigint | undefined;
    for (const { collectionId, kind, atNs } of page.events) {
      if (collectionId !== undefined) touched.add(collectionId);
      if (FAILURES.has(kind)) failedAtNs ??= atNs;
    }
    const collections: JsonValue[] = [];
    const gone: string[] = [];
    for (const collectionId of touched) {
      const summary = this.#answers.summary(collectionId);
      if (summary === undefined) gone.push(String(collectionId));
      else collections.push(summary);
    }
    const data: Json = {
      events: page.events.map((event) => toJson(Event, event)),
      collections,
      gone,
      ...(failedAtNs !== undefined && { failures: this.#answers.failures(failedAtNs - OVERLAP_NS) }),
    };
    return { kind: "changes", cursor: page.cursor, data };
  }
}
