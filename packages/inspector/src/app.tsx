/** The page's frame: where one is, how the server is, and the part that one looks at. */
import type { JSX } from "preact";
import { CollectionList } from "./collection-list.tsx";
import { CollectionView } from "./collection-view.tsx";
import { FailureList, FailureView } from "./failures.tsx";
import { bytes, plural } from "./format.ts";
import { Memory } from "./memory.tsx";
import { addressOf, route, type Section } from "./route.ts";
import { connection, failures, server } from "./store.ts";

const SECTIONS: readonly (readonly [Section, string])[] = [
  ["collections", "Collections"],
  ["failures", "Failures"],
  ["memory", "Heaps and quotas"],
];

/** Everything. */
export function App(): JSX.Element {
  const { section, id } = route.value;
  return (
    <div class="page">
      <a class="skip" href="#main-part">
        Skip to the content
      </a>
      <header>
        <h1>sysmem</h1>
        <nav aria-label="Parts of the page">
          {SECTIONS.map(([name, title]) => (
            <a key={name} href={addressOf({ section: name })} aria-current={section === name ? "page" : undefined}>
              {title}
              {name === "failures" && failures.value.length > 0 && <span class="count">{failures.value.length}</span>}
            </a>
          ))}
        </nav>
        <ServerState />
      </header>
      {section === "collections" && (
        <div class="split">
          <CollectionList selected={id} />
          <main id="main-part" tabIndex={-1}>
            {id === undefined ? <Hint /> : <CollectionView key={id} id={id} />}
          </main>
        </div>
      )}
      {section === "failures" && (
        <div class="split">
          <FailureList selected={id} />
          <main id="main-part" tabIndex={-1}>
            {id === undefined ? (
              <p class="hint">Choose a failure to see who demanded what, and what would have worked.</p>
            ) : (
              <FailureView key={id} id={id} />
            )}
          </main>
        </div>
      )}
      {section === "memory" && (
        <main id="main-part" class="whole" tabIndex={-1}>
          <Memory />
        </main>
      )}
    </div>
  );
}

function Hint(): JSX.Element {
  return (
    <p class="hint">
      Choose a collection. In the list, the arrow keys move, Enter opens; <kbd>/</kbd> goes to the filter.
    </p>
  );
}

const CONNECTION = { connecting: "connecting", open: "live", lost: "connection lost, trying again" } as const;

function ServerState(): JSX.Element {
  const info = server.value;
  const state = connection.value;
  return (
    <p class={`server ${state}`} role="status">
      <span class="lamp" aria-hidden="true" />
      {CONNECTION[state]}
      {info !== undefined && (
        <span class="facts">
          pid {info.pid} · version {info.version} · {plural(info.collection_count, "collection")} ·{" "}
          {bytes(info.buffer_bytes)}
        </span>
      )}
    </p>
  );
}
