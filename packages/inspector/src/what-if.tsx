/** The what-if: participants' constraints as JSON, and at once what the negotiation would make of them. */
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ask, type Json, type Relaxation } from "./api.ts";
import { draftsOf, type Draft, participantsOf, relaxed, solveFile, type WhatIfNode } from "./drafts.ts";
import { Editor } from "./editor.tsx";
import type { faultIn, Solution, solve } from "./engine.ts";
import { ExplanationView } from "./explanation.tsx";
import { plural, sentence } from "./format.ts";
import { DecisionTable } from "./settings.tsx";

/** How long the keyboard has to rest before the engine is asked. Milliseconds. */
const REST_MS = 120;

/** Loaded when it is needed. */
interface Engine {
  readonly solve: typeof solve;
  readonly faultIn: typeof faultIn;
}

/** Edits of a tree's constraints. They stay in the page: the server only reads. `first` is made at once. */
export function WhatIf(props: { name: string; tree: WhatIfNode; first?: Relaxation | undefined }): JSX.Element {
  // Taken when it is opened: what happens meanwhile must not change what somebody is typing.
  const root = useSignal(props.tree).value;
  const original = useSignal(draftsOf(root)).value;
  const participants = participantsOf(root);
  const drafts = useSignal(original);
  const chosen = useSignal(participants[0]?.id ?? "");
  const environment = useSignal<Json | undefined>(undefined);
  const engine = useSignal<Engine | undefined>(undefined);
  const [before, after] = [useSignal<Solution | undefined>(undefined), useSignal<Solution | undefined>(undefined)];

  useEffect(() => {
    const abort = new AbortController();
    void Promise.all([import("./engine.ts"), ask<Json>("environment", abort.signal)]).then(([loaded, answer]) => {
      if (abort.signal.aborted) return;
      environment.value = answer ?? {};
      engine.value = loaded;
    });
    return () => abort.abort();
  }, []);

  const loaded = engine.value;
  const around = environment.value;
  useEffect(() => {
    if (loaded === undefined || around === undefined) return undefined;
    before.value ??= loaded.solve(solveFile(root, original, around));
    const timer = setTimeout(() => {
      const faulty = participants.find(({ id }) => isFaulty(drafts.value.get(id), loaded));
      after.value =
        faulty === undefined
          ? loaded.solve(solveFile(root, drafts.value, around))
          : { kind: "fault", text: `What ${sentence(faulty.name)} says cannot be read.` };
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [loaded, around, drafts.value]);

  const change = (id: string, part: Partial<Draft>): void => {
    const draft = drafts.value.get(id);
    if (draft !== undefined) drafts.value = new Map(drafts.value).set(id, { ...draft, ...part });
  };
  const apply = (relaxation: Relaxation): void => {
    const node = participants.find(({ name }) => name === relaxation.participant);
    const text = node && relaxed(drafts.value.get(node.id)?.text ?? "", relaxation);
    if (node === undefined || text === undefined) return;
    chosen.value = node.id;
    change(node.id, { text });
  };
  useEffect(() => {
    if (props.first !== undefined) apply(props.first);
  }, [props.first]);

  if (participants.length === 0)
    return <p class="hint">No participant has said what it needs: there is nothing to change.</p>;
  const draft = drafts.value.get(chosen.value);
  const changed = participants.filter(({ id }) => {
    const [old, now] = [original.get(id), drafts.value.get(id)];
    return old?.text !== now?.text || old?.takesPart !== now?.takesPart;
  });
  const name = participants.find(({ id }) => id === chosen.value)?.name ?? "";
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
                <option key={node.id} value={node.id}>
                  {sentence(node.name)}
                  {changed.includes(node) ? " *" : ""}
                </option>
              ))}
            </select>
          </label>
          <label>
            <input
              type="checkbox"
              checked={draft?.takesPart ?? false}
              onChange={(event) => change(chosen.value, { takesPart: event.currentTarget.checked })}
            />{" "}
            takes part
          </label>
          <button
            type="button"
            disabled={changed.length === 0}
            onClick={() => {
              drafts.value = original;
            }}
          >
            Reset all
          </button>
          <button type="button" onClick={() => save(props.name, solveFile(root, drafts.value, around ?? {}))}>
            Save for <code>sysmem solve</code>
          </button>
        </div>
        <Editor
          label={`Constraints of ${name} as JSON with FIDL names`}
          text={draft?.text ?? ""}
          isDisabled={draft?.takesPart === false}
          fault={draft !== undefined && draft.takesPart ? loaded?.faultIn(draft.text) : undefined}
          change={(text) => change(chosen.value, { text })}
        />
      </div>
      <div class="outcome" aria-live="polite">
        <Outcome solution={after.value} before={before.value} isChanged={changed.length > 0} apply={apply} />
      </div>
    </div>
  );
}

function isFaulty(draft: Draft | undefined, { faultIn }: Engine): boolean {
  return draft?.takesPart === true && faultIn(draft.text) !== undefined;
}

function Outcome(props: {
  solution: Solution | undefined;
  before: Solution | undefined;
  isChanged: boolean;
  apply: (relaxation: Relaxation) => void;
}): JSX.Element {
  const { solution, before, isChanged, apply } = props;
  const onlyChanges = useSignal(true);
  if (solution === undefined) return <p class="hint">Loading the engine …</p>;
  if (solution.kind === "fault") return <p class="verdict bad">{solution.text}</p>;
  if (solution.kind === "failed") {
    return (
      <>
        <p class="verdict bad">{isChanged ? "There would be no buffers." : "As it is, there are no buffers."}</p>
        <ExplanationView explanation={solution.explanation} apply={apply} />
      </>
    );
  }
  const old =
    before?.kind === "solved" ? new Map(before.decisions.map(({ setting, value }) => [setting, value])) : undefined;
  const names = new Set(solution.decisions.map(({ setting }) => setting));
  // What is decided no more is a difference as well.
  const gone = [...(old?.keys() ?? [])].filter((setting) => !names.has(setting));
  const all = [...solution.decisions, ...gone.map((setting) => ({ setting, value: "null", decided_by: [], note: "" }))];
  const different = all.filter(({ setting, value }) => old?.get(setting) !== value);
  const isCompared = isChanged && old !== undefined;
  const shown = isCompared && onlyChanges.value && different.length > 0 ? different : all;
  return (
    <>
      <p class="verdict good">{verdictOf(isChanged, old === undefined ? undefined : different.length)}</p>
      {solution.explanation.children.some(({ status }) => status !== "selected") && (
        <ExplanationView explanation={solution.explanation} apply={apply} />
      )}
      {isCompared && different.length > 0 && (
        <label class="tools">
          <input
            type="checkbox"
            checked={onlyChanges.value}
            onChange={(event) => {
              onlyChanges.value = event.currentTarget.checked;
            }}
          />
          Only what would be different
        </label>
      )}
      <DecisionTable decisions={shown} {...(isCompared && { before: old })} />
    </>
  );
}

function verdictOf(isChanged: boolean, differences: number | undefined): string {
  if (!isChanged) return "As it is, everybody agrees.";
  if (differences === undefined) return "With this, everybody would agree.";
  return `Everybody would agree; ${differences === 0 ? "nothing" : plural(differences, "setting")} would be different.`;
}

function save(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = `sysmem-${name}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}
