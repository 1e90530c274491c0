/** All collections, however many: only those in sight are in the document. */
import { computed, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { bytes, clientName, collectionName } from "./format.ts";
import { go, route } from "./route.ts";
import { collections, type Known } from "./store.ts";

/** Pixels; the style sheet has the same. */
const ROW_HEIGHT = 58;
/** Rows beyond the edges, so that scrolling shows no gaps. */
const MARGIN_ROWS = 6;

/** The list with its filter. Up, Down, Page, Home and End move; Enter opens. */
export function CollectionList({ selected }: { selected: string | undefined }): JSX.Element {
  const filter = useSignal("");
  const scrollTop = useSignal(0);
  const height = useSignal(600);
  const active = useSignal<string | undefined>(selected);
  const box = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const shown = useMemo(() => computed(() => matching(collections.value, filter.value)), []);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = (): void => {
      height.value = element.clientHeight;
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    const toFilter = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.key !== "/" || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", toFilter);
    return () => {
      observer.disconnect();
      removeEventListener("keydown", toFilter);
    };
  }, []);

  const rows = shown.value;
  const first = Math.max(0, Math.floor(scrollTop.value / ROW_HEIGHT) - MARGIN_ROWS);
  const last = Math.min(rows.length, Math.ceil((scrollTop.value + height.value) / ROW_HEIGHT) + MARGIN_ROWS);
  const visible = rows.slice(first, last);
  const activeId = active.value ?? selected;

  const open = (id: string): void => {
    active.value = id;
    go({ section: "collections", id, view: route.value.view }, selected === undefined ? "push" : "replace");
  };
  const moveTo = (index: number): void => {
    const at = Math.max(0, Math.min(rows.length - 1, index));
    const row = rows[at];
    if (row === undefined || box.current === null) return;
    active.value = row.summary.collection_id;
    const top = at * ROW_HEIGHT;
    if (top < box.current.scrollTop) box.current.scrollTop = top;
    else if (top + ROW_HEIGHT > box.current.scrollTop + height.value) {
      box.current.scrollTop = top + ROW_HEIGHT - height.value;
    }
  };
  const onKey = (event: KeyboardEvent): void => {
    const at = rows.findIndex(({ summary }) => summary.collection_id === activeId);
    const page = Math.max(1, Math.floor(height.value / ROW_HEIGHT) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      moveTo(to);
    } else if ((event.key === "Enter" || event.key === " ") && activeId !== undefined) {
      event.preventDefault();
      open(activeId);
    }
  };

  return (
    <section class="list" aria-label="Collections">
      <div class="filter">
        <input
          ref={input}
          type="search"
          aria-label="Filter collections"
          placeholder="Filter by name, client, pid …"
          value={filter.value}
          onInput={(event) => {
            filter.value = event.currentTarget.value;
          }}
        />
        <span class="amount" aria-live="polite">
          {rows.length}
        </span>
      </div>
      <div
        ref={box}
        class="rows"
        role="listbox"
        aria-label="Collections, newest first"
        tabIndex={0}
        aria-activedescendant={
          visible.some(({ summary }) => summary.collection_id === activeId) ? `c${activeId}` : undefined
        }
        onKeyDown={onKey}
        onScroll={(event) => {
          scrollTop.value = event.currentTarget.scrollTop;
        }}
      >
        <div class="canvas" style={{ height: `${rows.length * ROW_HEIGHT}px` }} role="presentation">
          {visible.map((row, at) => (
            <Row
              key={row.summary.collection_id}
              row={row}
              top={(first + at) * ROW_HEIGHT}
              position={first + at + 1}
              count={rows.length}
              isSelected={row.summary.collection_id === selected}
              isActive={row.summary.collection_id === activeId}
              open={open}
            />
          ))}
        </div>
        {rows.length === 0 && <p class="hint">{filter.value === "" ? "No collection yet." : "None of that kind."}</p>}
      </div>
    </section>
  );
}

interface RowProps {
  readonly row: Known;
  readonly top: number;
  readonly position: number;
  readonly count: number;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  readonly open: (id: string) => void;
}

function Row({ row, top, position, count, isSelected, isActive, open }: RowProps): JSX.Element {
  const { summary } = row;
  const { text, mood } = stateOf(row);
  const id = summary.collection_id;
  return (
    <div
      id={`c${id}`}
      class={`row ${mood}${isActive ? " active" : ""}`}
      style={{ transform: `translateY(${top}px)` }}
      role="option"
      aria-selected={isSelected}
      aria-posinset={position}
      aria-setsize={count}
      onClick={() => open(id)}
    >
      <span class="name">{collectionName(summary)}</span>
      <span class={`badge ${mood}`}>{text}</span>
      <span class="about">
        {summary.clients.map(clientName).join(", ") || "no client has a name"}
        {summary.buffer_count !== undefined && ` · ${summary.buffer_count} × ${bytes(summary.size_bytes)}`}
        {summary.pixel_format !== undefined && ` · ${summary.pixel_format}`}
      </span>
    </div>
  );
}

/** A collection's state in a word or two, and what to think of it. */
export function stateOf({ summary, isGone }: Known): { text: string; mood: "good" | "waiting" | "bad" | "gone" } {
  if (isGone) return { text: summary.allocation === "FAILED" ? "failed" : "gone", mood: "gone" };
  switch (summary.allocation) {
    case "ALLOCATED":
      return summary.node_count === 0
        ? { text: "only VMOs left", mood: "waiting" }
        : { text: "allocated", mood: "good" };
    case "ALLOCATING":
      return { text: "allocating", mood: "waiting" };
    case "POSTPONED":
      return { text: "waits for secure memory", mood: "waiting" };
    case "FAILED":
      return { text: "failed", mood: "bad" };
    case "NOT_ATTEMPTED":
      return { text: `waits for ${summary.unready_count}`, mood: "waiting" };
  }
}

/** Rows that have every word. Numbers match as people give them: a pid by its beginning, an id by its last digits. */
function matching(all: readonly Known[], filter: string): readonly Known[] {
  const wanted = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return all;
  return all.filter((row) => {
    const { name = "", clients, pids, pixel_format = "", collection_id } = row.summary;
    const text = [name, ...clients, pixel_format, stateOf(row).text].join(" ").toLowerCase();
    const isNumbered = (word: string): boolean =>
      collection_id.endsWith(word) || pids.some((pid) => String(pid).startsWith(word));
    return wanted.every((word) => text.includes(word) || isNumbered(word));
  });
}
