/** What a person makes of participants' constraints: texts that belong to the nodes of a tree. They stay in the page. */
import type { CollectionDetail, Json, Relaxation } from "./api.ts";
import { clientName } from "./format.ts";

/** A node of a tree, in the terms of `sysmem solve`'s input. */
export interface WhatIfNode {
  readonly id: string;
  /** No two participants have the same. */
  readonly name: string;
  readonly isGroup: boolean;
  /** Undefined: it has not said anything. */
  readonly constraints: Json | undefined;
  readonly mustMatch: Json | undefined;
  /** Whether it has a say when everything is decided for the first time. */
  readonly takesPart: boolean;
  readonly children: readonly WhatIfNode[];
}

/** One participant's. */
export interface Draft {
  readonly text: string;
  readonly takesPart: boolean;
}
export type Drafts = ReadonlyMap<string, Draft>;

/** All that may be edited, in the order of the tree. */
export function participantsOf(root: WhatIfNode): WhatIfNode[] {
  const own = root.isGroup || root.constraints === undefined ? [] : [root];
  return [...own, ...root.children.flatMap(participantsOf)];
}

/** As they are. */
export function draftsOf(root: WhatIfNode): Drafts {
  return new Map(
    participantsOf(root).map(({ id, constraints, takesPart }) => [
      id,
      { text: JSON.stringify(constraints, null, 2), takesPart },
    ]),
  );
}

/** The tree of a collection that exists; undefined when nobody is left. */
export function collectionTree({ nodes, constraints, must_match }: CollectionDetail): WhatIfNode | undefined {
  const names = new Map<string, number>();
  for (const { client } of nodes) names.set(clientName(client), (names.get(clientName(client)) ?? 0) + 1);
  const nameOf = (client: string, id: string): string => {
    const name = clientName(client);
    if (name === "") return `node ${id}`;
    return (names.get(name) ?? 0) > 1 ? `${name} (node ${id})` : name;
  };
  const build = (node: CollectionDetail["nodes"][number]): WhatIfNode => {
    const { node_id: id, client, is_group: isGroup, has_constraints, is_attached, kind } = node;
    const maySay = !isGroup && (has_constraints || kind !== "TOKEN");
    return {
      id,
      name: nameOf(client, id),
      isGroup,
      constraints: maySay ? (constraints[id] ?? {}) : undefined,
      mustMatch: must_match[id],
      // Late participants had no say in what was decided first.
      takesPart: has_constraints && !is_attached,
      children: nodes.filter(({ parent_id }) => parent_id === id).map(build),
    };
  };
  const root = nodes.find(({ parent_id }) => parent_id === undefined);
  return root === undefined ? undefined : build(root);
}

/** A tree as the server tells it with a failure. */
export interface SaidTree {
  readonly name: string;
  readonly constraints?: Json;
  readonly must_match?: Json;
  readonly children?: readonly SaidTree[];
  readonly group?: readonly SaidTree[];
}

/** The tree of a negotiation that failed. */
export function failedTree(said: SaidTree, id = "0"): WhatIfNode {
  const { name, constraints, must_match: mustMatch, group, children } = said;
  return {
    id,
    name,
    isGroup: group !== undefined,
    constraints,
    mustMatch,
    takesPart: constraints !== undefined,
    children: (group ?? children ?? []).map((child, at) => failedTree(child, `${id}.${at}`)),
  };
}

/** The tree with the drafts, in the form of `sysmem solve`'s input. */
export function solveFile(root: WhatIfNode, drafts: Drafts, environment: Json): string {
  const textOf = (node: WhatIfNode): string | undefined => {
    const children = node.children.flatMap((child) => textOf(child) ?? []).join(",\n");
    const name = `"name": ${JSON.stringify(node.name)}`;
    if (node.isGroup) return children === "" ? undefined : `{ ${name}, "group": [${children}] }`;
    const draft = drafts.get(node.id);
    const mustMatch = node.mustMatch === undefined ? "" : `, "must_match": ${JSON.stringify(node.mustMatch)}`;
    const said = draft?.takesPart === true ? `, "constraints": ${draft.text.trim() || "{}"}${mustMatch}` : "";
    return `{ ${name}${said}, "children": [${children}] }`;
  };
  return `{ "tree": ${textOf(root) ?? "{}"},\n"environment": ${JSON.stringify(environment, null, 2)} }\n`;
}

/** A participant's text with a suggested change made; undefined when it is no JSON, or has no such field. */
export function relaxed(text: string, { field, before, after }: Relaxation): string | undefined {
  try {
    const constraints = JSON.parse(text) as { [name: string]: Json };
    if (field === "image_format_constraints" && after !== undefined) {
      changeFormats(constraints, JSON.parse(before) as Pair[], JSON.parse(after) as Pair[]);
    } else {
      const steps = field.split(/[.[\]]+/).filter((step) => step !== "");
      const last = steps.pop() ?? "";
      const holder = steps.reduce((value, step) => value[step] as { [name: string]: Json }, constraints);
      if (after === undefined) delete holder[last];
      else holder[last] = JSON.parse(after) as Json;
    }
    return JSON.stringify(constraints, null, 2);
  } catch {
    return undefined;
  }
}

interface Pair {
  readonly pixel_format: string;
  readonly pixel_format_modifier: string;
}

const isSame = (a: Pair, b: Pair): boolean =>
  a.pixel_format === b.pixel_format && a.pixel_format_modifier === b.pixel_format_modifier;

/** A suggestion is about one format more, or one less. What is not about formats stays as it is. */
function changeFormats(constraints: { [name: string]: Json }, before: readonly Pair[], after: readonly Pair[]): void {
  const entries = (constraints["image_format_constraints"] ?? []) as unknown as (Partial<Pair> & {
    readonly pixel_format_and_modifiers?: readonly Pair[];
  })[];
  const more = after.filter((pair) => !before.some((one) => isSame(one, pair)));
  const less = before.filter((pair) => !after.some((one) => isSame(one, pair)));
  const kept = entries.flatMap((entry) => {
    const { pixel_format, pixel_format_modifier, pixel_format_and_modifiers = [], ...rest } = entry;
    const own =
      pixel_format === undefined ? [] : [{ pixel_format, pixel_format_modifier: pixel_format_modifier ?? "" }];
    const isGone = (pair: Pair): boolean =>
      less.some(
        (one) => isSame(one, pair) || (pair.pixel_format_modifier === "" && one.pixel_format === pair.pixel_format),
      );
    const pairs = [...own, ...pixel_format_and_modifiers];
    if (!pairs.some(isGone)) return [entry];
    const left = pairs.filter((pair) => !isGone(pair));
    return left.length === 0 ? [] : [{ ...rest, pixel_format_and_modifiers: left }];
  });
  const added = more.map((pair) => ({ ...pair, color_spaces: ["DO_NOT_CARE"] }));
  constraints["image_format_constraints"] = [...kept, ...added] as unknown as Json;
}
