/** From the first token to the last VMO freed: a lane for each participant and each buffer, and the events as a list. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ServerEvent } from "./api.ts";
import { clientName, duration, words } from "./format.ts";
import { type Known, nowNs, timelineOf } from "./store.ts";

const LABEL = 190;
/** Least width of the lanes; they take what there is. */
const MIN_WIDTH = 480;
const LANE = 26;
const TOP = 34;
/** Lanes that can be told apart. */
const MAX_LANES = 48;

type Range = "decision" | "life";
const RANGES: readonly (readonly [Range, string])[] = [
  ["decision", "Until it was decided"],
  ["life", "Its whole life"],
];

interface Lane {
  readonly name: string;
  readonly kind: "participant" | "buffer" | "phase";
  readonly from: number;
  readonly to: number | undefined;
  readonly marks: readonly { readonly at: number; readonly text: string; readonly sign: string }[];
}

/** A collection's life as far as the page has seen it. */
export function Timeline({ id, known }: { id: string; known: Known }): JSX.Element {
  const events = timelineOf(id);
  const now = useSignal(nowNs());
  const host = useRef<HTMLDivElement>(null);
  const room = useSignal(MIN_WIDTH);
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => {
      room.value = Math.max(MIN_WIDTH, element.clientWidth - LABEL - 24);
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const width = room.value;
  useEffect(() => {
    if (known.isGone) return undefined;
    const timer = setInterval(() => {
      now.value = nowNs();
    }, 500);
    return () => clearInterval(timer);
  }, [known.isGone]);

  const start = Number(known.summary.created_at_ns);
  const last = Number(events.at(-1)?.at_ns ?? start);
  const end = known.isGone ? last : Math.max(now.value, last);
  const lanes = lanesOf(known, events, start, end).slice(0, MAX_LANES);
  const decided = decidedAt(known, events);
  const whole = Math.max(end - start, 1_000);
  // Deciding takes milliseconds and using what was decided hours: the former alone is looked at first.
  const range = useSignal<Range>(decided !== undefined && (decided - start) * 10 < whole ? "decision" : "life");
  const span = range.value === "decision" && decided !== undefined ? Math.max((decided - start) * 1.25, 1_000) : whole;
  const xOf = (ns: number): number => LABEL + (Math.min(ns - start, span) / span) * width;
  const height = TOP + lanes.length * LANE + 8;
  const isWhole = events[0]?.kind === "COLLECTION_CREATED";
  return (
    <div>
      {!isWhole && (
        <p class="hint">
          This collection is older than this page: of what happened before, only when it was made and allocated is
          known.
        </p>
      )}
      {decided !== undefined && (
        <fieldset class="tools choice">
          <legend class="skip">Time to look at</legend>
          {RANGES.map(([one, title]) => (
            <label key={one}>
              <input
                type="radio"
                name="range"
                checked={range.value === one}
                onChange={() => {
                  range.value = one;
                }}
              />{" "}
              {title}
            </label>
          ))}
        </fieldset>
      )}
      <div ref={host} class="scroll" tabIndex={0} role="region" aria-label="Lanes">
        <svg
          class="lanes"
          width={LABEL + width + 20}
          height={height}
          role="img"
          aria-label={`${lanes.length} lanes over ${duration(span)}; the list below says the same in words`}
        >
          {[0, 0.25, 0.5, 0.75, 1].map((part) => (
            <g key={part}>
              <line class="grid" x1={LABEL + part * width} x2={LABEL + part * width} y1={TOP - 6} y2={height} />
              <text class="axis" x={LABEL + part * width} y={TOP - 14} text-anchor={part === 1 ? "end" : "middle"}>
                {part === 0 ? "made" : `+${duration(part * span)}`}
              </text>
            </g>
          ))}
          {lanes.map((lane, row) => {
            const y = TOP + row * LANE;
            const to = xOf(lane.to ?? end);
            const isBeyond = (lane.to ?? end) - start > span;
            return (
              <g key={`${lane.kind}${lane.name}`} class={lane.kind}>
                <text class="lane-name" x={LABEL - 12} y={y + 15} text-anchor="end">
                  {lane.name}
                </text>
                <rect
                  class={lane.to === undefined || isBeyond ? "bar open" : "bar"}
                  x={xOf(lane.from)}
                  y={y + 4}
                  width={Math.max(3, to - xOf(lane.from))}
                  height={LANE - 10}
                  rx={4}
                />
                {lane.to === undefined || isBeyond ? (
                  <path class="onward" d={`M${to + 3},${y + 7} l5,5 l-5,5`} />
                ) : null}
                {lane.marks
                  .filter(({ at }) => at - start <= span)
                  .map((mark) => (
                    <g key={`${mark.at}${mark.text}`} class={`mark ${mark.sign}`}>
                      <title>{`${mark.text}, +${duration(mark.at - start)}`}</title>
                      <circle cx={xOf(mark.at)} cy={y + 12} r={5} />
                    </g>
                  ))}
              </g>
            );
          })}
        </svg>
      </div>
      <ul class="legend" aria-label="Marks">
        <li class="mark bound">bound</li>
        <li class="mark constraints">constraints set</li>
        <li class="mark delivered">VMOs delivered</li>
        <li class="mark failed">failed or complained about</li>
      </ul>
      {events.length === 0 ? (
        <p class="hint">Nothing has happened since this page was opened.</p>
      ) : (
        <table class="events">
          <caption>Events</caption>
          <thead>
            <tr>
              <th scope="col">after</th>
              <th scope="col">event</th>
              <th scope="col">who</th>
              <th scope="col">what</th>
            </tr>
          </thead>
          <tbody>
            {events.map((event) => (
              <tr key={event.sequence}>
                <td class="number">{duration(Number(event.at_ns) - start)}</td>
                <td>{words(event.kind)}</td>
                <td>
                  {event.client || (event.node_id === undefined ? "" : `node ${event.node_id}`)}
                  {event.pid !== undefined && ` (pid ${event.pid})`}
                </td>
                <td>{whatOf(event)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function whatOf(event: ServerEvent): string {
  const { buffer_index, is_weak, error, count, duration_ns, text } = event;
  const parts = [
    buffer_index === undefined ? "" : `buffer ${buffer_index}`,
    is_weak === true ? "weak" : "",
    error ?? "",
    text ?? "",
    count === undefined || text !== undefined ? "" : String(count),
    duration_ns === undefined ? "" : `took ${duration(Number(duration_ns))}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

const SIGNS: Readonly<Record<string, string>> = {
  TOKEN_BOUND: "bound",
  CONSTRAINTS_SET: "constraints",
  VMO_DELIVERED: "delivered",
  DEVIATION: "failed",
  DOMAIN_FAILED: "failed",
  ALLOCATION_FAILED: "failed",
  WEAK_VMO_COMPLAINT: "failed",
  STALL_WARNING: "failed",
};

/** When there were buffers, or it was clear that there would be none. */
function decidedAt({ summary }: Known, events: readonly ServerEvent[]): number | undefined {
  const failed = events.find(({ kind }) => kind === "ALLOCATION_FAILED");
  const at = summary.allocated_at_ns ?? failed?.at_ns;
  return at === undefined ? undefined : Number(at);
}

function lanesOf({ summary, isGone }: Known, events: readonly ServerEvent[], start: number, end: number): Lane[] {
  const allocatedAt = summary.allocated_at_ns === undefined ? undefined : Number(summary.allocated_at_ns);
  const goneAt = isGone ? end : undefined;
  const lanes: Lane[] = [
    {
      name: "negotiation",
      kind: "phase",
      from: start,
      to: decidedAt({ summary, isGone }, events) ?? goneAt,
      marks: [],
    },
  ];
  if (allocatedAt !== undefined)
    lanes.push({ name: "buffers exist", kind: "phase", from: allocatedAt, to: goneAt, marks: [] });
  interface Open {
    name: string;
    from: number;
    to: number | undefined;
    marks: Lane["marks"][number][];
  }
  const participants = new Map<string, Open>();
  const buffers = new Map<number, Open>();
  for (const event of events) {
    const at = Number(event.at_ns);
    const sign = SIGNS[event.kind];
    const { node_id, buffer_index, client } = event;
    // Only one child of a group can be had: that the others are not is no failure.
    const isUnselected = event.kind === "DOMAIN_FAILED" && event.text?.startsWith("not selected") === true;
    if (node_id !== undefined) {
      const fresh: Open = { name: "", from: event.kind === "NODE_CREATED" ? at : start, to: undefined, marks: [] };
      const lane = participants.get(node_id) ?? fresh;
      participants.set(node_id, lane);
      if (client !== undefined && client !== "") lane.name = client;
      if (sign !== undefined && !isUnselected)
        lane.marks.push({ at, text: [words(event.kind), whatOf(event)].join(" "), sign });
      if (event.kind === "NODE_ORPHANED" || event.kind === "DOMAIN_FAILED") lane.to ??= at;
    } else if (buffer_index !== undefined) {
      const lane = buffers.get(buffer_index) ?? {
        name: `buffer ${buffer_index}`,
        from: allocatedAt ?? start,
        to: undefined,
        marks: [],
      };
      buffers.set(buffer_index, lane);
      if (sign !== undefined) lane.marks.push({ at, text: words(event.kind), sign });
      if (event.kind === "BUFFER_FREED") lane.to = at;
    }
  }
  const own = [...participants].map(([node, lane]): Lane => {
    const name = `${clientName(lane.name) || "node"} (${node})`;
    return { ...lane, name, kind: "participant", to: lane.to ?? goneAt };
  });
  const count = allocatedAt === undefined ? 0 : (summary.buffer_count ?? 0);
  for (let index = 0; index < count; index++) {
    if (!buffers.has(index))
      buffers.set(index, { name: `buffer ${index}`, from: allocatedAt ?? start, to: undefined, marks: [] });
  }
  const ofBuffers = [...buffers]
    .sort(([a], [b]) => a - b)
    .map(([, lane]): Lane => ({ ...lane, kind: "buffer", to: lane.to ?? goneAt }));
  return [...lanes, ...own, ...ofBuffers];
}
