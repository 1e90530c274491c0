/** The worked examples of the rules of negotiation, exactly: every field of every result. */
import { describe, expect, test } from "vitest";
import {
  type Environment,
  negotiate,
  NegotiationError,
  negotiateLate,
  negotiateTree,
  type Participant,
  type TreeNode,
} from "#negotiate";
import examples from "./data/examples.json" with { type: "json" };
import { constraints, costs, joinable, type JsonConstraints, plain, settings } from "./support.ts";

interface JsonNode {
  name: string;
  constraints: JsonConstraints;
  children?: (JsonNode | { group: JsonNode[] })[];
}

interface JsonHeap {
  heap_type: string;
  id: number;
  cpu_supported: boolean;
  ram_supported: boolean;
  inaccessible_supported: boolean;
  secure: boolean;
}

interface JsonExpected {
  status: string;
  error?: keyof typeof NegotiationError;
  buffer_count?: number;
  settings?: unknown;
  selected_participants?: string[];
  combinations_tried?: number;
}

interface Example {
  id: string;
  title: string;
  environment?: { heaps?: JsonHeap[]; format_cost_files?: string[] };
  participants?: JsonNode[];
  tree?: JsonNode;
  expected: JsonExpected;
  attach_token_participants?: JsonNode[];
  expected_attach?: JsonExpected;
}

const ALL = (examples as unknown as { examples: Example[] }).examples;

/** Where `late_attachment_with_padding` allows more than the original does; see docs/adr/0015. */
const JOINABLE_DIFFERS = new Set(["E49"]);

function environmentOf(example: Example, base: Environment): Environment {
  const { heaps, format_cost_files } = example.environment ?? {};
  return {
    ...base,
    ...(heaps && {
      heaps: heaps.map((heap) => ({
        heapType: heap.heap_type,
        id: BigInt(heap.id),
        domains: { cpu: heap.cpu_supported, ram: heap.ram_supported, inaccessible: heap.inaccessible_supported },
        secure: heap.secure,
      })),
    }),
    ...(heaps?.some((heap) => heap.secure) && { secureMemory: "ready" as const }),
    ...(format_cost_files && { costs: costs(...format_cost_files) }),
  };
}

const toParticipant = (node: JsonNode): Participant => ({
  name: node.name,
  constraints: constraints(node.constraints),
});

function toTree(node: JsonNode): TreeNode {
  const children = (node.children ?? []).map(
    (child): TreeNode => ("group" in child ? { kind: "group", children: child.group.map(toTree) } : toTree(child)),
  );
  return { kind: "participant", participant: toParticipant(node), children };
}

/** The first participant is the root, the others are its children. */
function treeOf(example: Example): TreeNode {
  const [root, ...children] = example.participants ?? [];
  const node = example.tree ?? (root && { ...root, children });
  if (node === undefined) throw new TypeError(`${example.id} has no participants`);
  return toTree(node);
}

function check(example: Example, base: Environment): void {
  const environment = environmentOf(example, base);
  const { expected } = example;
  const outcome = negotiateTree(treeOf(example), environment);
  if (expected.combinations_tried !== undefined) expect(outcome.combinationsTried).toBe(expected.combinations_tried);
  if (example.participants !== undefined) {
    const flat = negotiate(example.participants.map(toParticipant), environment);
    expect(flat).toMatchObject(
      outcome.ok ? { ok: true, settings: outcome.settings } : { ok: false, error: outcome.error },
    );
  }
  if (expected.status === "error") {
    expect(outcome).toMatchObject({ ok: false, error: NegotiationError[expected.error ?? "UNSPECIFIED"] });
    return;
  }
  if (!outcome.ok) throw new TypeError(JSON.stringify(outcome));
  expect(outcome.settings).toEqual(settings(expected.settings));
  expect(outcome.bufferCount).toBe(expected.buffer_count);
  const selected = expected.selected_participants ?? example.participants?.map(({ name }) => name);
  expect(outcome.participants.map(({ name }) => name)).toEqual(selected);
  for (const late of example.attach_token_participants ?? []) {
    const attached = negotiateLate({
      existing: outcome,
      allocated: outcome.participants,
      tree: toTree(late),
      environment,
    });
    const status = attached.ok ? { status: "ok" } : { status: "error", error: attached.error };
    const { error } = example.expected_attach ?? {};
    expect(status).toEqual({
      status: example.expected_attach?.status,
      ...(error && { error: NegotiationError[error] }),
    });
  }
}

describe("examples", () => {
  test.each(ALL.map((example) => [example.id, example.title, example] as const))("%s %s", (_, __, example) => {
    check(example, plain);
  });
});

describe("examples, where padded collections can be joined", () => {
  const same = ALL.filter((example) => !JOINABLE_DIFFERS.has(example.id));
  test.each(same.map((example) => [example.id, example.title, example] as const))("%s %s", (_, __, example) => {
    check(example, joinable);
  });

  test("all examples are there", () => {
    expect(ALL).toHaveLength(66);
  });

  test("E49 differs: a padded collection can gain a participant", () => {
    const example = ALL.find(({ id }) => id === "E49");
    if (example === undefined) throw new TypeError("E49 is missing");
    check({ ...example, expected_attach: { status: "ok" } }, joinable);
  });
});
