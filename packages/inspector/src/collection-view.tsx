/** One collection: what is the matter with it, and its views. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ask, type CollectionDetail, type Decision } from "./api.ts";
import { Buffers } from "./buffers.tsx";
import { stateOf } from "./collection-list.tsx";
import { Constraints } from "./constraints.tsx";
import { collectionTree } from "./drafts.ts";
import { bytes, collectionName, duration, heapName, plural, sentence } from "./format.ts";
import { addressOf, go, route, VIEWS, type View } from "./route.ts";
import { Settings } from "./settings.tsx";
import { collectionOf, failures, timelineOf } from "./store.ts";
import { Timeline } from "./timeline.tsx";
import { TreeGraph } from "./tree-graph.tsx";
import { WhatIf } from "./what-if.tsx";

/** Least time between two questions for the same collection, however fast it changes. Milliseconds. */
const ASK_PACE_MS = 150;

const TITLES: Readonly<Record<View, string>> = {
  graph: "Graph",
  constraints: "Constraints",
  settings: "Settings",
  timeline: "Timeline",
  buffers: "Buffers and holders",
  "what-if": "What if",
};

/** A collection by its id. What was last known of one that is gone stays. */
export function CollectionView({ id }: { id: string }): JSX.Element {
  const known = collectionOf(id);
  const detail = useSignal<CollectionDetail | undefined>(undefined);
  const decisions = useSignal<readonly Decision[]>([]);
  const hasAsked = useSignal(false);
  const isGone = known?.isGone ?? false;
  // Each event about it, and each change of its summary, is a reason to look again.
  const version = `${timelineOf(id).at(-1)?.sequence ?? ""} ${known === undefined ? "" : JSON.stringify(known.summary)}`;

  useEffect(() => {
    if (isGone) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(
      () => {
        void ask<CollectionDetail>(`collections/${id}`, abort.signal).then(async (answer) => {
          if (abort.signal.aborted) return;
          hasAsked.value = true;
          if (answer === undefined) return;
          detail.value = answer;
          if (answer.settings === null) {
            decisions.value = [];
            return;
          }
          const decided = await ask<{ decisions: readonly Decision[] }>(`collections/${id}/decisions`, abort.signal);
          if (decided !== undefined && !abort.signal.aborted) decisions.value = decided.decisions;
        });
      },
      hasAsked.value ? ASK_PACE_MS : 0,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [id, version, isGone]);

  const view = route.value.view;
  if (known === undefined) {
    return <p class="hint">There is no collection {id} (any more).</p>;
  }
  const { summary } = known;
  const { text, mood } = stateOf(known);
  return (
    <article aria-label={`Collection ${collectionName(summary)}`}>
      <div class="title">
        <h2>{collectionName(summary)}</h2>
        <span class={`badge ${mood}`}>{text}</span>
        <span class="facts">
          id {id}
          {summary.buffer_count !== undefined &&
            ` · ${plural(summary.buffer_count, "buffer")} of ${bytes(summary.size_bytes)} from ${heapName(summary.heap)}`}
          {summary.allocated_at_ns !== undefined &&
            ` · allocated ${duration(Number(summary.allocated_at_ns) - Number(summary.created_at_ns))} after it was made`}
        </span>
      </div>
      <Findings id={id} detail={isGone ? undefined : detail.value} />
      <Tabs view={view} id={id} />
      <div class="panel" role="tabpanel" id={`panel-${view}`} aria-labelledby={`tab-${view}`} tabIndex={0}>
        {view === "timeline" ? (
          <Timeline id={id} known={known} />
        ) : detail.value === undefined ? (
          <p class="hint">{isGone || hasAsked.value ? "It was gone before its details were asked for." : "Asking …"}</p>
        ) : view === "graph" ? (
          <Graph detail={detail.value} isGone={isGone} />
        ) : view === "constraints" ? (
          <Constraints detail={detail.value} decisions={decisions.value} id={id} />
        ) : view === "settings" ? (
          <Settings detail={detail.value} decisions={decisions.value} />
        ) : view === "buffers" ? (
          <Buffers id={id} detail={detail.value} isGone={isGone} version={version} />
        ) : (
          <WhatIfOfCollection id={id} detail={detail.value} />
        )}
      </div>
    </article>
  );
}

function Graph({ detail, isGone }: { detail: CollectionDetail; isGone: boolean }): JSX.Element {
  if (detail.nodes.length > 0) {
    return <TreeGraph tree={detail} note={isGone ? "As it was when it was last seen." : undefined} />;
  }
  return <p class="hint">No participant is left. {detail.buffers.length > 0 && "VMOs keep the buffers alive."}</p>;
}

function WhatIfOfCollection({ id, detail }: { id: string; detail: CollectionDetail }): JSX.Element {
  const tree = collectionTree(detail);
  if (tree === undefined) return <p class="hint">No participant is left: there is nothing to change.</p>;
  return <WhatIf name={id} tree={tree} />;
}

function Tabs({ view, id }: { view: View; id: string }): JSX.Element {
  useEffect(() => {
    document.getElementById(`tab-${view}`)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [view]);
  const onKey = (event: KeyboardEvent): void => {
    const at = VIEWS.indexOf(view);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = VIEWS.at(to % VIEWS.length) ?? "graph";
    go({ section: "collections", id, view: next }, "replace");
    document.getElementById(`tab-${next}`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="Views of this collection" onKeyDown={onKey}>
      {VIEWS.map((one) => (
        <button
          key={one}
          type="button"
          role="tab"
          id={`tab-${one}`}
          aria-selected={one === view}
          aria-controls={one === view ? `panel-${one}` : undefined}
          tabIndex={one === view ? 0 : -1}
          onClick={() => go({ section: "collections", id, view: one }, "replace")}
        >
          {TITLES[one]}
        </button>
      ))}
    </div>
  );
}

const SIGNS = { WAITING: "waits", PROBLEM: "problem", NOTE: "note" } as const;

function Findings({ id, detail }: { id: string; detail: CollectionDetail | undefined }): JSX.Element | null {
  const failed = failures.value.filter(({ collection_id }) => collection_id === id);
  const findings = detail?.findings ?? [];
  if (findings.length === 0 && failed.length === 0) return null;
  return (
    <ul class="findings" aria-label="What is the matter">
      {failed.slice(0, 3).map((failure) => (
        <li key={failure.failure_id} class="PROBLEM">
          <span class="sign">failed</span>
          <span>
            {sentence(failure.reason)} <a href={addressOf({ section: "failures", id: failure.failure_id })}>Explain</a>
          </span>
        </li>
      ))}
      {findings.slice(0, 8).map((finding) => (
        <li key={`${finding.node_id}${finding.field}${finding.text}`} class={finding.severity}>
          <span class="sign">{SIGNS[finding.severity]}</span>
          <span>{sentence(finding.text)}</span>
        </li>
      ))}
      {findings.length > 8 && <li>and {findings.length - 8} more</li>}
    </ul>
  );
}
