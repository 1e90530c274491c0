/** The what-if: a participant's constraints as JSON, and at once what the negotiation would make of them. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ask, type CollectionDetail, type Json, type TreeNode } from "./api.ts";
import type { Solution, solve } from "./engine.ts";
import { ExplanationView } from "./failures.tsx";
import { DecisionTable } from "./settings.tsx";

/** How long the keyboard has to rest before the engine is asked. Milliseconds. */
const REST_MS = 120;

interface Draft {
  readonly text: string;
  readonly mustMatch: Json | undefined;
  readonly takesPart: boolean;
}

/** Edits of one collection's constraints. They stay in the page: the server only reads. */
export function WhatIf({ id, detail }: { id: string; detail: CollectionDetail }): JSX.Element {
  // Taken when it is opened: what happens meanwhile must not change what somebody is typing.
  const nodes = useSignal(detail.nodes).value;
  const original = useSignal(draftsOf(detail)).value;
  const drafts = useSignal(original);
  const environment = useSignal<Json | undefined>(undefined);
  const engine = useSignal<typeof solve | undefined>(undefined);
  const [before, after] = [useSignal<Solution | undefined>(undefined), useSignal<Solution | undefined>(undefined)];
  const participants = nodes.filter(({ is_group, node_id }) => !is_group && original.has(node_id));
  const chosen = useSignal(participants[0]?.node_id ?? "");

  useEffect(() => {
    const abort = new AbortController();
    void Promise.all([import("./engine.ts"), ask<Json>("environment", abort.signal)]).then(([loaded, answer]) => {
      if (abort.signal.aborted) return;
      environment.value = answer ?? {};
      engine.value = loaded.solve;
    });
    return () => abort.abort();
  }, [id]);

  const solveWith = engine.value;
  const around = environment.value;
  useEffect(() => {
    if (solveWith === undefined || around === undefined) return undefined;
    before.value ??= solveWith(solveFile(nodes, original, around), []);
    const timer = setTimeout(() => {
      const parts = participants.map(({ node_id, client }) => ({
        name: client || `node ${node_id}`,
        text: drafts.value.get(node_id)?.text ?? "",
      }));
      after.value = solveWith(solveFile(nodes, drafts.value, around), parts);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [solveWith, around, drafts.value]);

  if (participants.length === 0)
    return <p class="hint">No participant has said what it needs: there is nothing to change.</p>;
  const draft = drafts.value.get(chosen.value);
  const change = (part: Partial<Draft>): void => {
    if (draft !== undefined) drafts.value = new Map(drafts.value).set(chosen.value, { ...draft, ...part });
  };
  const changed = [...drafts.value].filter(([node, { text, takesPart }]) => {
    const old = original.get(node);
    return old?.text !== text || old.takesPart !== takesPart;
  });
  return (
    <div class="what-if">
      <div class="edit">
        <div class="tools">
          <label>
            Participant{" "}
            <select
              value={chosen.value}
              onChange={(event) => {
                chosen.value = event.currentTarget.value;
              }}
            >
              {participants.map((node) => (
                <option key={node.node_id} value={node.node_id}>
                  {node.client || `node ${node.node_id}`} ({node.node_id})
                  {changed.some(([changedNode]) => changedNode === node.node_id) ? " *" : ""}
                </option>
              ))}
            </select>
          </label>
          <label>
            <input
              type="checkbox"
              checked={draft?.takesPart ?? false}
              onChange={(event) => change({ takesPart: event.currentTarget.checked })}
            />
            takes part
          </label>
          <button
            type="button"
            disabled={changed.length === 0}
            onClick={() => {
              drafts.value = original;
            }}
          >
            As it was
          </button>
          <button type="button" onClick={() => save(id, solveFile(nodes, drafts.value, around ?? {}))}>
            Save for <code>sysmem solve</code>
          </button>
        </div>
        <textarea
          aria-label="Constraints as JSON with FIDL names"
          spellcheck={false}
          value={draft?.text ?? ""}
          disabled={draft?.takesPart === false}
          onInput={(event) => change({ text: event.currentTarget.value })}
        />
      </div>
      <div class="outcome" aria-live="polite">
        <Outcome solution={after.value} before={before.value} isChanged={changed.length > 0} />
      </div>
    </div>
  );
}

function Outcome(props: {
  solution: Solution | undefined;
  before: Solution | undefined;
  isChanged: boolean;
}): JSX.Element {
  const { solution, before, isChanged } = props;
  if (solution === undefined) return <p class="hint">Loading the engine …</p>;
  if (solution.kind === "fault") {
    return (
      <p class="verdict bad" role="alert">
        {solution.text}
      </p>
    );
  }
  if (solution.kind === "failed") {
    return (
      <>
        <p class="verdict bad">There would be no buffers.</p>
        <ExplanationView explanation={solution.explanation} />
      </>
    );
  }
  const old =
    before?.kind === "solved" ? new Map(before.decisions.map(({ setting, value }) => [setting, value])) : undefined;
  const differences = solution.decisions.filter(({ setting, value }) => old?.get(setting) !== value).length;
  return (
    <>
      <p class="verdict good">
        {!isChanged
          ? "As it is, everybody agrees."
          : old === undefined
            ? "With this, everybody would agree."
            : `Everybody would agree; ${differences === 0 ? "nothing" : differences} would be different.`}
      </p>
      {solution.explanation.children.some(({ status }) => status !== "selected") && (
        <ExplanationView explanation={solution.explanation} />
      )}
      <DecisionTable decisions={solution.decisions} {...(isChanged && old !== undefined && { before: old })} />
    </>
  );
}

function draftsOf({ nodes, constraints, must_match }: CollectionDetail): ReadonlyMap<string, Draft> {
  const drafts = new Map<string, Draft>();
  for (const { node_id, is_group, is_attached, has_constraints, kind } of nodes) {
    if (is_group || (!has_constraints && kind === "TOKEN")) continue;
    const text = JSON.stringify(constraints[node_id] ?? {}, null, 2);
    // Late participants had no say in what was decided first.
    drafts.set(node_id, { text, mustMatch: must_match[node_id], takesPart: has_constraints && !is_attached });
  }
  return drafts;
}

/** The tree with the drafts, in the form of `sysmem solve`'s input. */
function solveFile(nodes: readonly TreeNode[], drafts: ReadonlyMap<string, Draft>, environment: Json): string {
  const textOf = (node: TreeNode): string | undefined => {
    const children = nodes
      .filter(({ parent_id }) => parent_id === node.node_id)
      .flatMap((child) => textOf(child) ?? []);
    const name = `"name": ${JSON.stringify(node.client || `node ${node.node_id}`)}`;
    if (node.is_group) return children.length === 0 ? undefined : `{ ${name}, "group": [${children.join(",\n")}] }`;
    const draft = drafts.get(node.node_id);
    const mustMatch = draft?.mustMatch === undefined ? "" : `, "must_match": ${JSON.stringify(draft.mustMatch)}`;
    const said = draft?.takesPart === true ? `, "constraints": ${draft.text.trim() || "{}"}${mustMatch}` : "";
    return `{ ${name}${said}, "children": [${children.join(",\n")}] }`;
  };
  const root = nodes.find(({ parent_id }) => parent_id === undefined);
  const tree = root === undefined ? "{}" : (textOf(root) ?? "{}");
  return `{ "tree": ${tree},\n"environment": ${JSON.stringify(environment, null, 2)} }\n`;
}

function save(id: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `sysmem-${id}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
