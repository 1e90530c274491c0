/** What happened lately, for those who watch. Nothing is recorded while nobody does. */
import { assert, MAX_WATCH_BACKLOG } from "#base";
import { Event } from "#gen/sysmem_inspect";
import type { Server } from "#server";
import { eventTable } from "./event-table.ts";
import { fill } from "./pages.ts";

/** An answer to a watcher. */
export interface JournalPage {
  readonly events: Event[];
  readonly cursor: bigint;
  readonly isResync: boolean;
}

/** The events since a cursor, shared by all watchers of one server. */
export class Journal {
  readonly #server: Pick<Server, "observe">;
  readonly #capacity: number;
  #events: Event[] = [];
  /** Sequence number that the next event gets. Never goes back, so that an old cursor is recognised. */
  #next = 1n;
  readonly #listeners = new Set<() => void>();
  #stop: (() => void) | undefined;
  #isAnnounced = false;

  constructor(server: Pick<Server, "observe">, capacity: number = MAX_WATCH_BACKLOG) {
    this.#server = server;
    this.#capacity = capacity;
  }

  /** Whether anything is recorded. */
  get isRecording(): boolean {
    return this.#stop !== undefined;
  }

  get cursor(): bigint {
    return this.#next;
  }

  /** Records from now on, and calls `listener` in a later turn after something happened. The result stops that. */
  listen(listener: () => void): () => void {
    this.#stop ??= this.#server.observe((event) => {
      this.#events.push(eventTable(event, this.#next));
      this.#next++;
      // In blocks: taking one off the front of a long array moves all others.
      if (this.#events.length > 2 * this.#capacity) this.#events = this.#events.slice(-this.#capacity);
      this.#announce();
    });
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
      this.#events = [];
    };
  }

  /** What happened from `cursor` on, as far as one answer holds it; undefined when nothing has. */
  read(cursor: bigint): JournalPage | undefined {
    assert(this.isRecording, "only those who listen read");
    const first = this.#next - BigInt(this.#events.length);
    const oldest = this.#next - BigInt(Math.min(this.#events.length, this.#capacity));
    if (cursor < oldest || cursor > this.#next) return { events: [], cursor: this.#next, isResync: true };
    if (cursor === this.#next) return undefined;
    const { items } = fill(this.#from(Number(cursor - first)), Event);
    return { events: items, cursor: cursor + BigInt(items.length), isResync: false };
  }

  *#from(index: number): Generator<Event> {
    for (let at = index; at < this.#events.length; at++) yield this.#events[at] as Event;
  }

  /** Once for all that happens in one turn. */
  #announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    setImmediate(() => {
      this.#isAnnounced = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}
