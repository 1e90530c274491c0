/** What was decided, and by whom. */
import type { JSX } from "preact";
import type { CollectionDetail, Decision } from "./api.ts";
import { breakable } from "./breakable.tsx";
import { clientName, fromJsonText, shortJson } from "./format.ts";

/** The settings of a collection. */
export function Settings({
  detail,
  decisions,
}: {
  detail: CollectionDetail;
  decisions: readonly Decision[];
}): JSX.Element {
  if (detail.settings === null) return <p class="hint">Nothing is decided yet.</p>;
  if (decisions.length === 0) return <pre tabIndex={0}>{shortJson(detail.settings)}</pre>;
  return <DecisionTable decisions={decisions} />;
}

/** Decisions, with what they were before where that is known. */
export function DecisionTable({
  decisions,
  before,
}: {
  decisions: readonly Decision[];
  before?: ReadonlyMap<string, string>;
}): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Settings">
      <table class="settings">
        <thead>
          <tr>
            <th scope="col">setting</th>
            <th scope="col">value</th>
            {before !== undefined && <th scope="col">as it is</th>}
            <th scope="col">determined by</th>
          </tr>
        </thead>
        <tbody>
          {decisions.map(({ setting, value, decided_by, note }) => {
            const old = before?.get(setting);
            const isChanged = before !== undefined && old !== value;
            return (
              <tr key={setting} class={isChanged ? "changed" : undefined}>
                <th scope="row">{breakable(setting)}</th>
                <td class="value">{fromJsonText(value)}</td>
                {before !== undefined && (
                  <td class={isChanged ? "value" : "same"}>
                    {isChanged ? fromJsonText(old ?? "") || "un-set" : "the same"}
                  </td>
                )}
                <td>
                  {decided_by.length === 0 && (
                    <span class="nobody">{note ?? "nobody asked: it follows from the rules"}</span>
                  )}
                  {decided_by.length > 0 && (
                    <ul>
                      {decided_by.map((one) => (
                        <li key={`${one.participant}${one.field}`} title={one.field}>
                          <b>{clientName(one.participant)}</b> requires {one.text}
                        </li>
                      ))}
                      {note !== undefined && <li class="nobody">{note}</li>}
                    </ul>
                  )}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
