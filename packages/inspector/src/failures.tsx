/** What failed lately, and why. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ask, type Explanation, type Failure, type Json, type Relaxation, type TreeNode } from "./api.ts";
import { failedTree, type SaidTree } from "./drafts.ts";
import { ExplanationView } from "./explanation.tsx";
import { duration, sentence, timeOfDay, words } from "./format.ts";
import { addressOf } from "./route.ts";
import { collectionOf, failures, nowNs } from "./store.ts";
import { TreeGraph } from "./tree-graph.tsx";
import { WhatIf } from "./what-if.tsx";

/** All that are remembered, newest first. */
export function FailureList({ selected }: { selected: string | undefined }): JSX.Element {
  return (
    <section class="list" aria-label="Recent failures">
      <ul class="rows links">
        {failures.value.map((failure) => (
          <li key={failure.failure_id}>
            <a
              href={addressOf({ section: "failures", id: failure.failure_id })}
              aria-current={failure.failure_id === selected ? "true" : undefined}
            >
              <span class="name">{titleOf(failure)}</span>
              {/* Two of one name differ in little else. */}
              <span class="facts">{timeOfDay((Date.now() - (nowNs() - Number(failure.at_ns)) / 1e6) / 1000)}</span>
              <span class="badge bad">{words(failure.error ?? failure.kind)}</span>
              <span class="about">{sentence(failure.reason)}</span>
            </a>
          </li>
        ))}
      </ul>
      {failures.value.length === 0 && <p class="hint">Nothing has failed.</p>}
    </section>
  );
}

function titleOf({ collection_name, collection_id, kind }: Failure): string {
  if (collection_name !== undefined) return collection_name;
  return collection_id === undefined ? words(kind) : `unnamed, …${collection_id.slice(-6)}`;
}

interface Answer {
  readonly failure: Failure;
  readonly explanation: Explanation | null;
  /** What the participants had said, where that is known. */
  readonly tree: SaidTree | null;
  /** Who was there, where that is known. */
  readonly nodes: readonly TreeNode[];
  readonly constraints: Readonly<Record<string, Json>>;
}

/** One failure with its explanation. */
export function FailureView({ id }: { id: string }): JSX.Element {
  const answer = useSignal<Answer | undefined>(undefined);
  const tried = useSignal<Relaxation | undefined>(undefined);
  const isTrying = useSignal(false);
  const tryOut = useRef<HTMLElement>(null);
  const isAsked = useSignal(false);
  useEffect(() => {
    const abort = new AbortController();
    void ask<Answer>(`failures/${id}`, abort.signal).then((found) => {
      if (abort.signal.aborted) return;
      answer.value = found;
      isAsked.value = true;
    });
    return () => abort.abort();
  }, [id]);
  const tryIt = (relaxation: Relaxation): void => {
    tried.value = relaxation;
    isTrying.value = true;
    tryOut.current?.scrollIntoView();
  };
  if (answer.value === undefined) {
    return <p class="hint">{isAsked.value ? "The server has forgotten this failure." : "Working it out …"}</p>;
  }
  const { failure, explanation, tree, nodes } = answer.value;
  const { collection_id } = failure;
  const isKnown = collection_id !== undefined && collectionOf(collection_id) !== undefined;
  return (
    <article aria-label="Failure">
      <div class="title">
        <h2>{titleOf(failure)}</h2>
        <span class="badge bad">{words(failure.error ?? "")}</span>
        <span class="facts">
          {failure.cause} · {duration(nowNs() - Number(failure.at_ns))} ago
          {isKnown && (
            <>
              {" · "}
              <a href={addressOf({ section: "collections", id: collection_id, view: "timeline" })}>the collection</a>
            </>
          )}
        </span>
      </div>
      {explanation === null && <p class="reason">{sentence(failure.reason)}</p>}
      {failure.field !== undefined && failure.field !== "" && (
        <p>
          What it is about: <code>{failure.field}</code>
        </p>
      )}
      {explanation === null ? (
        <p class="hint">
          {failure.kind === "NEGOTIATION"
            ? "What the participants had said is no longer known."
            : "There is no more to say."}
        </p>
      ) : (
        <ExplanationView explanation={explanation} apply={tree === null ? undefined : tryIt} />
      )}
      {tree !== null && (
        <section aria-label="What if" ref={tryOut}>
          <h3>What if</h3>
          {isTrying.value ? (
            <WhatIf name={`failure-${id}`} tree={failedTree(tree)} first={tried.value} />
          ) : (
            <button type="button" onClick={() => (isTrying.value = true)}>
              Edit what they said
            </button>
          )}
        </section>
      )}
      {nodes.length > 0 && (
        <section aria-label="Who took part">
          <h3>Who took part</h3>
          <TreeGraph tree={answer.value} note="As it was at that moment." />
        </section>
      )}
    </article>
  );
}
