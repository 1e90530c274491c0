/** The tree of nodes: who is there, who is waited for, who falls with whom, which branch was chosen. */
import { hierarchy, type HierarchyNode } from "d3-hierarchy";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Json, TreeNode } from "./api.ts";
import { awaitedText, clientName, words } from "./format.ts";

const BOX = { width: 232, height: 58 } as const;
const GAP = { across: 52, down: 22 } as const;
const EDGE = 22;
/** A graph wider than its room is made smaller, as long as its words can be read; then it scrolls. */
const LEAST_SCALE = 0.72;

interface Placed {
  readonly node: TreeNode;
  readonly parent: Placed | undefined;
  readonly x: number;
  readonly y: number;
  /** Rows of leaves that its subtree covers, and how deep it goes: the frame of a failure domain. */
  readonly top: number;
  readonly bottom: number;
  readonly right: number;
  /** Position among its group's children, from 1. */
  readonly choice: number | undefined;
}

/** Nodes, and what those of them said that have spoken. */
interface Tree {
  readonly nodes: readonly TreeNode[];
  readonly constraints: Readonly<Record<string, Json>>;
}

/**
 * The graph, and what is known of the node that is chosen in it. One stop of the Tab key: arrows go from node to node.
 * The note says when it was so, where that is not now.
 */
export function TreeGraph({ tree, note }: { tree: Tree; note?: string | undefined }): JSX.Element | null {
  const chosen = useSignal<string | undefined>(undefined);
  const active = useSignal<string | undefined>(undefined);
  const svg = useRef<SVGSVGElement>(null);
  const { placed, width, height } = place(tree.nodes);
  useLayoutEffect(() => {
    // The page's policy allows styles by script, and none in the document.
    svg.current?.style.setProperty("--least", `${width * LEAST_SCALE}px`);
    svg.current?.style.setProperty("--most", `${width}px`);
  }, [width]);
  const node = tree.nodes.find(({ node_id }) => node_id === chosen.value);
  const top = placed[0];
  if (top === undefined) return null;
  const current = placed.find((one) => one.node.node_id === active.value) ?? top;
  const choose = (one: Placed): void => {
    active.value = one.node.node_id;
    chosen.value = chosen.value === one.node.node_id ? undefined : one.node.node_id;
  };
  const onKey = (event: KeyboardEvent): void => {
    const to = neighbour(placed, current, event.key);
    if (event.key === "Enter" || event.key === " ") choose(current);
    else if (event.key === "Escape") chosen.value = undefined;
    else if (to === undefined) return;
    else {
      document.getElementById(`n${to.node.node_id}`)?.focus();
    }
    event.preventDefault();
  };
  return (
    <div class="graph">
      {note !== undefined && <p class="hint">{note}</p>}
      <div class="scroll">
        <svg
          ref={svg}
          class="fitting"
          width={width}
          height={height}
          viewBox={`0 0 ${width} ${height}`}
          role="tree"
          aria-label="Tree of nodes"
          onKeyDown={onKey}
        >
          {placed.filter(({ node, parent }) => parent !== undefined && isDomain(node)).map(DomainFrame)}
          {placed.map(Edge)}
          {placed.map((one) => (
            <NodeBox
              key={one.node.node_id}
              placed={one}
              isChosen={one.node.node_id === chosen.value}
              isActive={one === current}
              choose={() => choose(one)}
              visit={() => {
                active.value = one.node.node_id;
              }}
            />
          ))}
        </svg>
      </div>
      <Legend />
      {node !== undefined && <NodeFacts node={node} constraints={tree.constraints[node.node_id]} />}
    </div>
  );
}

/** Where a key leads: up and down through the rows, right to the first child, left to the parent. */
function neighbour(placed: readonly Placed[], from: Placed, key: string): Placed | undefined {
  const rows = [...placed].sort((a, b) => a.y - b.y || a.x - b.x);
  const at = rows.indexOf(from);
  switch (key) {
    case "ArrowRight":
      return placed.find(({ parent }) => parent === from);
    case "ArrowLeft":
      return from.parent;
    case "ArrowDown":
      return rows[at + 1];
    case "ArrowUp":
      return rows[at - 1];
    case "Home":
      return rows[0];
    case "End":
      return rows.at(-1);
    default:
      return undefined;
  }
}

/** Whether a failure below stops here: the parent lives on. */
function isDomain({ propagation, is_allocated }: TreeNode): boolean {
  return propagation === "DO_NOT_PROPAGATE" || (propagation === "PROPAGATE_BEFORE_ALLOCATION" && is_allocated);
}

/** An orphan keeps nothing alive in any case. */
function isWeak({ is_weak, kind }: TreeNode): boolean {
  return is_weak && kind !== "ORPHAN";
}

function place(nodes: readonly TreeNode[]): { placed: readonly Placed[]; width: number; height: number } {
  const known = new Set(nodes.map(({ node_id }) => node_id));
  const children = new Map<string | undefined, TreeNode[]>();
  for (const node of nodes) {
    const parent = node.parent_id !== undefined && known.has(node.parent_id) ? node.parent_id : undefined;
    const siblings = children.get(parent) ?? [];
    siblings.push(node);
    children.set(parent, siblings);
  }
  const top = children.get(undefined)?.[0];
  if (top === undefined) return { placed: [], width: 0, height: 0 };
  const root = hierarchy(top, ({ node_id }) => children.get(node_id));
  const rows = new Map<HierarchyNode<TreeNode>, { middle: number; top: number; bottom: number; depth: number }>();
  let row = 0;
  // Every leaf has a row of its own, so that the frames of neighbouring subtrees never overlap.
  root.eachAfter((one) => {
    const below = (one.children ?? []).flatMap((child) => rows.get(child) ?? []);
    const first = below[0];
    const last = below.at(-1);
    if (first === undefined || last === undefined) {
      rows.set(one, { middle: row, top: row, bottom: row, depth: one.depth });
      row++;
    } else {
      const depth = Math.max(...below.map(({ depth }) => depth));
      rows.set(one, { middle: (first.middle + last.middle) / 2, top: first.top, bottom: last.bottom, depth });
    }
  });
  const xOf = (depth: number): number => EDGE + depth * (BOX.width + GAP.across);
  const yOf = (at: number): number => EDGE + at * (BOX.height + GAP.down);
  const placed: Placed[] = [];
  const byNode = new Map<HierarchyNode<TreeNode>, Placed>();
  root.each((one) => {
    const at = rows.get(one);
    if (at === undefined) return;
    const parent = one.parent === null ? undefined : byNode.get(one.parent);
    const choice = one.parent?.data.is_group === true ? (one.parent.children?.indexOf(one) ?? 0) + 1 : undefined;
    const mine: Placed = {
      node: one.data,
      parent,
      x: xOf(one.depth),
      y: yOf(at.middle),
      top: yOf(at.top),
      bottom: yOf(at.bottom) + BOX.height,
      right: xOf(at.depth) + BOX.width,
      choice,
    };
    byNode.set(one, mine);
    placed.push(mine);
  });
  return { placed, width: xOf(root.height) + BOX.width + EDGE, height: yOf(row - 1) + BOX.height + EDGE };
}

function DomainFrame({ node, x, top, bottom, right }: Placed): JSX.Element {
  return (
    <rect
      key={`d${node.node_id}`}
      class="domain"
      x={x - 11}
      y={top - 9}
      width={right - x + 22}
      height={bottom - top + 18}
      rx={12}
    />
  );
}

function Edge({ node, parent, x, y }: Placed): JSX.Element | null {
  if (parent === undefined) return null;
  const from = { x: parent.x + BOX.width, y: parent.y + BOX.height / 2 };
  const to = { x, y: y + BOX.height / 2 };
  const middle = (from.x + to.x) / 2;
  const isSelected = parent.node.selected_child_id === node.node_id;
  const kinds = ["edge", isDomain(node) ? "cut" : "", isWeak(node) ? "weak" : "", isSelected ? "selected" : ""];
  return (
    <path
      key={`e${node.node_id}`}
      class={kinds.join(" ")}
      d={`M${from.x},${from.y} C${middle},${from.y} ${middle},${to.y} ${to.x},${to.y}`}
    />
  );
}

function NodeBox(props: {
  placed: Placed;
  isChosen: boolean;
  isActive: boolean;
  choose: () => void;
  visit: () => void;
}): JSX.Element {
  const { placed, isChosen, isActive, choose, visit } = props;
  const { node, x, y, choice, parent } = placed;
  const awaited = awaitedText(node.awaited);
  const isSelected = parent?.node.selected_child_id === node.node_id;
  const name = clientName(node.client) || `node ${node.node_id}`;
  const marks = [
    choice === undefined ? "" : isSelected ? `choice ${choice}, selected` : `choice ${choice}`,
    isWeak(node) ? "weak" : "",
    node.is_attached ? "attached" : "",
    node.propagation === "PROPAGATE_BEFORE_ALLOCATION" ? "dispensable" : "",
  ].filter((mark) => mark !== "");
  const kind = node.is_group ? "group" : words(node.kind);
  const classes = [
    "node",
    node.is_group ? "GROUP" : node.kind,
    isWeak(node) ? "weak" : "",
    awaited === "" ? "" : "awaited",
    isChosen ? "chosen" : "",
  ];
  return (
    <g
      class={classes.join(" ")}
      transform={`translate(${x},${y})`}
      id={`n${node.node_id}`}
      role="treeitem"
      aria-level={levelOf(placed)}
      aria-selected={isChosen}
      // In SVG, attributes' names have a case.
      tabindex={isActive ? 0 : -1}
      onClick={choose}
      onFocus={visit}
    >
      {node.is_group ? (
        <path class="shape" d={groupShape} />
      ) : (
        <rect class="shape" width={BOX.width} height={BOX.height} rx={node.kind === "TOKEN" ? 29 : 8} />
      )}
      <text x={18} y={22} class="name">
        {clip(name, 27)}
      </text>
      <text x={18} y={38} class="what">
        {clip(
          [
            node.kind === "COLLECTION" && !node.is_group ? "" : kind,
            node.pid === undefined ? "" : `pid ${node.pid}`,
            ...marks,
          ]
            .filter(Boolean)
            .join(" · "),
          37,
        )}
      </text>
      <text x={18} y={51} class={awaited === "" ? "what" : "wait"}>
        {awaited === "" ? (node.is_allocated ? "allocated" : "ready") : `waits: ${clip(awaited, 26)}`}
      </text>
    </g>
  );
}

/** From 1. */
function levelOf({ parent }: Placed): number {
  return parent === undefined ? 1 : levelOf(parent) + 1;
}

const groupShape = `M14,0 H${BOX.width - 14} L${BOX.width},${BOX.height / 2} L${BOX.width - 14},${BOX.height} H14 L0,${BOX.height / 2} Z`;

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Legend">
      <li>
        <svg width="30" height="16" aria-hidden="true">
          <rect class="node TOKEN shape" x="1" y="1" width="28" height="14" rx="7" />
        </svg>
        token
      </li>
      <li>
        <svg width="30" height="16" aria-hidden="true">
          <rect class="node COLLECTION shape" x="1" y="1" width="28" height="14" rx="3" />
        </svg>
        collection
      </li>
      <li>
        <svg width="30" height="16" aria-hidden="true">
          <path class="node GROUP shape" d="M6,1 H24 L29,8 L24,15 H6 L1,8 Z" />
        </svg>
        group
      </li>
      <li>
        <svg width="30" height="16" aria-hidden="true">
          <rect class="node ORPHAN shape" x="1" y="1" width="28" height="14" rx="3" />
        </svg>
        orphan: its client is done, its word stands
      </li>
      <li>
        <svg width="30" height="16" aria-hidden="true">
          <rect class="domain" x="1" y="1" width="28" height="14" rx="5" />
        </svg>
        failure domain: does not pull its parent down
      </li>
      <li>
        <svg width="30" height="16" aria-hidden="true">
          <path class="edge weak" d="M1,8 H29" />
        </svg>
        weak: keeps no buffer alive
      </li>
      <li>
        <svg width="30" height="16" aria-hidden="true">
          <path class="edge selected" d="M1,8 H29" />
        </svg>
        selected branch
      </li>
    </ul>
  );
}

const PROPAGATION = {
  PROPAGATE: "its failure fails its parent",
  PROPAGATE_BEFORE_ALLOCATION: "its failure fails its parent until it is allocated (SetDispensable)",
  DO_NOT_PROPAGATE: "its failure stops here (AttachToken)",
} as const;

const RIGHTS: readonly (readonly [number, string])[] = [
  [1 << 2, "READ"],
  [1 << 3, "WRITE"],
  [1 << 5, "MAP"],
  [1 << 4, "EXECUTE"],
];

function NodeFacts({ node, constraints }: { node: TreeNode; constraints: Json | undefined }): JSX.Element {
  const rights = RIGHTS.filter(([bit]) => (node.rights_mask & bit) !== 0).map(([, name]) => name);
  const mask = node.rights_mask >>> 0;
  const facts: (readonly [string, string])[] = [
    ["node", node.node_id],
    ["state", words(node.state.replaceAll("-", "_"))],
    ["client", `${node.client || "says no name"} (${node.client_id})`],
    ["process", node.pid === undefined ? "the server's own channel" : `pid ${node.pid} ${node.command ?? ""}`],
    ["rights", mask === 0x8000_0000 ? "all that its parent has" : rights.join(", ")],
    ["failure", PROPAGATION[node.propagation]],
    ["weak", node.is_weak ? (node.is_weak_ok ? "yes, and says SetWeakOk" : "yes, without SetWeakOk") : "no"],
    ["unanswered waits", String(node.pending_waits)],
  ];
  return (
    <section class="facts-of" aria-label={`Node ${node.node_id}`}>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {constraints !== undefined && (
        <details>
          <summary>Constraints</summary>
          <pre tabIndex={0}>{JSON.stringify(constraints, null, 2)}</pre>
        </details>
      )}
    </section>
  );
}
