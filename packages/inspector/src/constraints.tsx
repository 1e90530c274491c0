/** Participants' constraints side by side, with the fields that decided something, or that exclude each other. */
import { useSignal } from "@preact/signals";
import { Fragment, type JSX } from "preact";
import { useEffect } from "preact/hooks";
import { describeUsage } from "../../sysmem/src/negotiate/usage.ts";
import { ask, type CollectionDetail, type Decision, type Explanation, type Json, type Requirement } from "./api.ts";
import { breakable } from "./breakable.tsx";
import { clientName, isPartOf, leaves, shortJson } from "./format.ts";
import { failures } from "./store.ts";

/** One demand that is to be seen among all. */
interface Mark {
  readonly kind: "decides" | "conflicts";
  readonly text: string;
}

/** The table. */
export function Constraints(props: {
  detail: CollectionDetail;
  decisions: readonly Decision[];
  id: string;
}): JSX.Element {
  const { detail, decisions, id } = props;
  const onlyMarked = useSignal(false);
  const conflict = useSignal<readonly Requirement[]>([]);
  const failureId = failures.value.find(
    ({ collection_id, kind }) => collection_id === id && kind === "NEGOTIATION",
  )?.failure_id;
  useEffect(() => {
    conflict.value = [];
    if (failureId === undefined) return undefined;
    const abort = new AbortController();
    void ask<{ explanation: Explanation | null }>(`failures/${failureId}`, abort.signal).then((answer) => {
      if (!abort.signal.aborted) conflict.value = answer?.explanation?.requirements ?? [];
    });
    return () => abort.abort();
  }, [failureId]);

  const participants = detail.nodes.filter(
    ({ is_group, kind, has_constraints }) => !is_group && (kind !== "TOKEN" || has_constraints),
  );
  if (participants.length === 0) return <p class="hint">No participant has said what it needs yet.</p>;
  const marks = marksOf(decisions, conflict.value);
  const columns = participants.map((node) => new Map(leaves(readable(detail.constraints[node.node_id] ?? {}))));
  const paths = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort(byPosition);
  const rows = paths.filter(
    (path) => !onlyMarked.value || participants.some(({ node_id }) => markOf(marks, node_id, path) !== undefined),
  );
  return (
    <div>
      <div class="tools">
        <label>
          <input
            type="checkbox"
            checked={onlyMarked.value}
            onChange={(event) => {
              onlyMarked.value = event.currentTarget.checked;
            }}
          />
          Only fields that decided or conflict
        </label>
        <span class="key decides">decided a setting</span>
        <span class="key conflicts">excludes others</span>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Constraints side by side">
        <table class="compare">
          <thead>
            <tr>
              <th scope="col">field</th>
              {participants.map((node) => (
                <th scope="col" key={node.node_id}>
                  {clientName(node.client) || `node ${node.node_id}`}
                  <small>{node.kind === "ORPHAN" ? "orphan" : node.has_constraints ? "" : "nothing yet"}</small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((path, at) => {
              const [group, field] = splitField(path);
              const isFirst = group !== "" && splitField(rows[at - 1] ?? "")[0] !== group;
              return (
                <Fragment key={path}>
                  {isFirst && (
                    <tr class="group">
                      <th scope="rowgroup" colSpan={participants.length + 1}>
                        {group}
                      </th>
                    </tr>
                  )}
                  <tr>
                    <th scope="row" aria-label={path} class={group === "" ? undefined : "inner"}>
                      {breakable(field)}
                    </th>
                    {participants.map((node, at) => {
                      const value = columns[at]?.get(path);
                      const mark = value === undefined ? undefined : markOf(marks, node.node_id, path);
                      return (
                        <td key={node.node_id} class={mark?.kind} title={mark?.text}>
                          {shortJson(value)}
                          {mark !== undefined && <small>{breakable(mark.text)}</small>}
                        </td>
                      );
                    })}
                  </tr>
                </Fragment>
              );
            })}
          </tbody>
        </table>
      </div>
      {detail.is_shortened && <p class="hint">This collection says more than is shown here.</p>}
    </div>
  );
}

type Marks = ReadonlyMap<string, readonly (readonly [field: string, mark: Mark])[]>;

/** By the node's id. */
function marksOf(decisions: readonly Decision[], conflict: readonly Requirement[]): Marks {
  const marks = new Map<string, (readonly [string, Mark])[]>();
  const add = ({ node_id, field }: Requirement, mark: Mark): void => {
    if (node_id !== undefined) marks.set(node_id, [...(marks.get(node_id) ?? []), [field, mark]]);
  };
  for (const one of conflict) add(one, { kind: "conflicts", text: `requires ${one.text}` });
  for (const { setting, decided_by } of decisions) {
    const name = setting.replace(/^(buffer_settings|image_format_constraints)\./, "");
    for (const one of decided_by) add(one, { kind: "decides", text: name });
  }
  return marks;
}

function markOf(marks: Marks, nodeId: string, path: string): Mark | undefined {
  const mine = (marks.get(nodeId) ?? []).filter(([field]) => concerns(field, path)).map(([, mark]) => mark);
  const conflicts = mine.filter(({ kind }) => kind === "conflicts");
  const [first] = conflicts.length > 0 ? conflicts : mine;
  if (first === undefined) return undefined;
  const texts = [...new Set(mine.filter(({ kind }) => kind === first.kind).map(({ text }) => text))];
  const more = texts.length > 2 ? ` and ${texts.length - 2} more` : "";
  const start = first.kind === "decides" ? "decides " : "";
  return { kind: first.kind, text: `${start}${texts.slice(0, 2).join(", ")}${more}` };
}

/** A demand for formats stands for the formats of its entry or of all, and not for everything else that it says. */
function concerns(field: string, path: string): boolean {
  const isFormat = /^image_format_constraints(\[\d+\])?$/.test(field);
  return isPartOf(path, field) && (!isFormat || /\.pixel_format(_modifier|_and_modifiers\b.*)?$/.test(path));
}

/** The table that a field is in, which many fields share, and its name there. */
function splitField(path: string): [group: string, field: string] {
  const [, group = "", field = path] =
    /^(buffer_memory_constraints|image_format_constraints\[\d+\])\.(.*)$/.exec(path) ?? [];
  return [group, field];
}

const ORDER = ["usage", "min_buffer", "max_buffer", "buffer_memory", "image_format"];

/** As a person reads them: whom for, how many, what memory, what images. */
function byPosition(a: string, b: string): number {
  const place = (path: string): number => ORDER.findIndex((start) => path.startsWith(start));
  return place(a) - place(b) || a.localeCompare(b, "en", { numeric: true });
}

/** Usage bits by name. */
function readable(constraints: Json): Json {
  if (typeof constraints !== "object" || constraints === null || !("usage" in constraints)) return constraints;
  return { ...constraints, usage: describeUsage(constraints.usage as Parameters<typeof describeUsage>[0]) };
}
