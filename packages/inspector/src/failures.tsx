/** What failed lately, and why. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ask, type Explanation, type Failure } from "./api.ts";
import { duration, fromJsonText, words } from "./format.ts";
import { addressOf } from "./route.ts";
import { collectionOf, failures, nowNs } from "./store.ts";

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
              <span class="badge bad">{words(failure.error ?? failure.kind)}</span>
              <span class="about">{failure.reason}</span>
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

/** One failure with its explanation. */
export function FailureView({ id }: { id: string }): JSX.Element {
  const answer = useSignal<{ failure: Failure; explanation: Explanation | null } | undefined>(undefined);
  const isAsked = useSignal(false);
  useEffect(() => {
    const abort = new AbortController();
    void ask<{ failure: Failure; explanation: Explanation | null }>(`failures/${id}`, abort.signal).then((found) => {
      if (abort.signal.aborted) return;
      answer.value = found;
      isAsked.value = true;
    });
    return () => abort.abort();
  }, [id]);
  if (answer.value === undefined) {
    return <p class="hint">{isAsked.value ? "The server has forgotten this failure." : "Working it out …"}</p>;
  }
  const { failure, explanation } = answer.value;
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
      <p class="reason">{failure.reason}</p>
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
        <ExplanationView explanation={explanation} />
      )}
    </article>
  );
}

/** Who demands what, why that cannot be, and what would have worked. */
export function ExplanationView({ explanation }: { explanation: Explanation }): JSX.Element {
  const { summary, requirements, relaxations, children } = explanation;
  return (
    <div class="explanation">
      <p class="reason">{summary}</p>
      {requirements.length > 0 && (
        <>
          <h3>These cannot all be had</h3>
          <div class="against">
            {requirements.map((one) => (
              <div key={`${one.participant}${one.field}`} class="demand">
                <h4>{one.participant}</h4>
                <p>
                  requires <b>{one.text}</b>
                </p>
                <code class="conflicts">
                  {one.field} = {fromJsonText(one.value)}
                </code>
              </div>
            ))}
          </div>
        </>
      )}
      {relaxations.length > 0 && (
        <>
          <h3>What would have worked</h3>
          <ul class="relaxations">
            {relaxations.map((one) => (
              <li key={one.text} class={one.is_enough ? "enough" : undefined}>
                {one.text} <span class="facts">{one.is_enough ? "enough by itself" : "not enough by itself"}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {children.length > 0 && (
        <>
          <h3>Choices of the groups</h3>
          <ul class="children">
            {children.map((one) => (
              <li key={`${one.group}${one.child}`}>
                <b>{one.group}</b>, choice {one.child + 1}, {one.name}: {one.status}
                {one.summary !== undefined && <span class="facts"> {one.summary}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
