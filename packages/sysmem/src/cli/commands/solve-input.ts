/** What `sysmem solve` reads: participants and what decides besides them, as JSON with FIDL's names. */
import { parse } from "lossless-json";
import { err, ok, type Result, SysmemError } from "#base";
import { describeJson, formatJsonFault, fromJson } from "#fidl";
import { BufferCollectionConstraints, FormatCostEntry, SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import {
  costTable,
  type Environment,
  type HeapInfo,
  type Participant,
  type SecureMemoryState,
  SYSTEM_RAM,
  type TreeNode,
} from "#negotiate";

/** A negotiation to be solved. */
export interface SolveInput {
  readonly tree: TreeNode;
  readonly environment: Environment;
}

const MEMORY: HeapInfo = {
  heapType: SYSTEM_RAM,
  id: 0n,
  domains: { cpu: true, ram: true, inaccessible: true },
  secure: false,
};

/** Nodes of one tree: more than any system has, few enough to read in one go. */
const MAX_SOLVE_NODES = 4096;

type Json = Readonly<Record<string, unknown>>;

/** A mistake in the file: says where, what was expected and what is there. Never leaves this module. */
class Fault extends SysmemError {
  readonly code = "SOLVE_INPUT";
}

function wrong(path: string, expected: string, actual: unknown): Fault {
  return new Fault(formatJsonFault({ path, expected, actual: describeJson(actual) }));
}

/**
 * Reads the text of a file. Either `participants` (the first is the root of the tree, the others are its children) or
 * `tree` (a node has `name`, `constraints` and `children`; a child `{ "group": [...] }` is a group, the most preferred
 * first). `environment` may have `heaps`, `format_costs`, `max_allocation_size`, `page_size`, `secure_memory`.
 * @returns what is wrong, as a sentence, if anything is.
 */
export function readSolveInput(text: string): Result<SolveInput, string> {
  const parsed = parseExactJson(text);
  if (!parsed.ok) return parsed;
  const json = parsed.value;
  try {
    const root = object(Array.isArray(json) ? { participants: json } : json, "", ROOT_KEYS);
    return ok({ tree: readTree(root), environment: readEnvironment(root.environment) });
  } catch (error) {
    if (error instanceof Fault) return err(error.message);
    throw error;
  }
}

/**
 * Parses JSON in which integers keep their value whatever their size: modifiers use all 64 bits.
 * @returns what is wrong and at which line and column, if anything is.
 */
export function parseExactJson(text: string): Result<unknown, string> {
  const parseNumber = (digits: string): number | bigint => {
    const value = Number(digits);
    return /^-?\d+$/.test(digits) && !Number.isSafeInteger(value) ? BigInt(digits) : value;
  };
  try {
    return ok(parse(text, undefined, { parseNumber }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return err(
      `no JSON: ${message.replace(/position (\d+)$/, (_, position: string) => placeOf(text, Number(position)))}`,
    );
  }
}

/** A position as editors count it. */
function placeOf(text: string, position: number): string {
  const before = text.slice(0, position).split("\n");
  return `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}

const ROOT_KEYS = ["participants", "tree", "environment"] as const;
const NODE_KEYS = ["name", "constraints", "must_match", "children"] as const;
const GROUP_KEYS = ["name", "group"] as const;
const ENVIRONMENT_KEYS = [
  "heaps",
  "contiguous_system_ram",
  "format_costs",
  "late_attachment_with_padding",
  "max_allocation_size",
  "page_size",
  "secure_memory",
] as const;
const HEAP_KEYS = ["heap_type", "id", "cpu_supported", "ram_supported", "inaccessible_supported", "secure"] as const;

function readTree(root: Json): TreeNode {
  let nodes = 0;
  const count = (path: string): void => {
    if (++nodes > MAX_SOLVE_NODES) throw new Fault(`${path}: more than ${MAX_SOLVE_NODES} nodes`);
  };
  const readNode = (value: unknown, path: string): TreeNode => {
    count(path);
    if (typeof value === "object" && value !== null && "group" in value) {
      const node = object(value, path, GROUP_KEYS);
      const children = list(node.group, `${path}.group`).map((child, at) => readNode(child, `${path}.group[${at}]`));
      if (children.length === 0) throw new Fault(`${path}.group: a group needs children`);
      return { kind: "group", name: name(node, path), children };
    }
    const node = naming(value, () => object(value, path, NODE_KEYS));
    const participant = naming(value, () => readParticipant(node, path, nodes));
    const below = node.children === undefined ? [] : list(node.children, `${path}.children`);
    const children = below.map((child, at) => readNode(child, `${path}.children[${at}]`));
    return { kind: "participant", participant, children };
  };
  if (root.tree !== undefined) {
    if (root.participants !== undefined) throw new Fault("participants: there is a tree already, give one of the two");
    return readNode(root.tree, "tree");
  }
  const [first, ...others] = list(root.participants, "participants");
  if (first === undefined) throw new Fault("participants: there are none");
  const top = readNode(first, "participants[0]");
  const children = others.map((value, at) => readNode(value, `participants[${at + 1}]`));
  return { ...top, children: [...(top.children ?? []), ...children] };
}

function readParticipant(node: Json, path: string, position: number): Participant {
  return {
    name: name(node, path) ?? `participant ${position}`,
    constraints: optional(BufferCollectionConstraints, node.constraints, `${path}.constraints`),
    mustMatch: optional(SingleBufferSettings, node.must_match, `${path}.must_match`),
  };
}

/** Puts the participant's name before what is wrong with it. */
function naming<T>(node: unknown, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { name } = (node ?? {}) as { readonly name?: unknown };
    throw error instanceof Fault && typeof name === "string" ? new Fault(`${name}: ${error.message}`) : error;
  }
}

function readEnvironment(value: unknown): Environment {
  if (value === undefined) return { heaps: [MEMORY], contiguousSystemRam: MEMORY.domains };
  const json = object(value, "environment", ENVIRONMENT_KEYS);
  const heaps = json.heaps === undefined ? [MEMORY] : list(json.heaps, "environment.heaps").map(readHeap);
  const costs = json.format_costs === undefined ? [] : list(json.format_costs, "environment.format_costs");
  const entries = costs.map((cost, at) => required(FormatCostEntry, cost, `environment.format_costs[${at}]`));
  const { max_allocation_size, page_size, secure_memory } = json;
  return {
    heaps,
    contiguousSystemRam: flag(json, "contiguous_system_ram", "environment", true) ? MEMORY.domains : undefined,
    costs: costTable(entries),
    secureMemory: secureMemory(secure_memory, heaps),
    ...(max_allocation_size !== undefined && {
      maxAllocationSize: integer(max_allocation_size, "environment.max_allocation_size"),
    }),
    ...(page_size !== undefined && { pageSize: pageSize(page_size) }),
    rules: { lateAttachmentWithPadding: flag(json, "late_attachment_with_padding", "environment", false) },
  };
}

function readHeap(value: unknown, at: number): HeapInfo {
  const path = `environment.heaps[${at}]`;
  const json = object(value, path, HEAP_KEYS);
  if (typeof json.heap_type !== "string") throw wrong(`${path}.heap_type`, "a string", json.heap_type);
  return {
    heapType: json.heap_type,
    id: json.id === undefined ? 0n : integer(json.id, `${path}.id`),
    domains: {
      cpu: flag(json, "cpu_supported", path, false),
      ram: flag(json, "ram_supported", path, false),
      inaccessible: flag(json, "inaccessible_supported", path, false),
    },
    secure: flag(json, "secure", path, false),
  };
}

const SECURE_STATES: readonly SecureMemoryState[] = ["not-expected", "not-ready", "ready", "lost"];

function secureMemory(value: unknown, heaps: readonly HeapInfo[]): SecureMemoryState {
  if (value === undefined) return heaps.some((heap) => heap.secure) ? "ready" : "not-expected";
  const state = SECURE_STATES.find((one) => one === value);
  if (state === undefined) throw wrong("environment.secure_memory", `one of ${SECURE_STATES.join(", ")}`, value);
  return state;
}

function pageSize(value: unknown): number {
  const size = Number(integer(value, "environment.page_size"));
  if (!Number.isInteger(Math.log2(size)) || size > 2 ** 30) {
    throw wrong("environment.page_size", "a power of two up to 2^30", value);
  }
  return size;
}

function integer(value: unknown, path: string): bigint {
  if (typeof value === "bigint" || Number.isSafeInteger(value) || (typeof value === "string" && /^\d+$/.test(value))) {
    const exact = BigInt(value as bigint | number | string);
    if (exact >= 0n && exact < 2n ** 64n) return exact;
  }
  throw wrong(path, "a whole number below 2^64", value);
}

function flag(json: Json, key: string, path: string, otherwise: boolean): boolean {
  const value = json[key];
  if (value === undefined) return otherwise;
  if (typeof value !== "boolean") throw wrong(`${path}.${key}`, "true or false", value);
  return value;
}

/** A misspelt member would be ignored, and the answer be one to another question. */
function object(value: unknown, path: string, known: readonly string[]): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(path, "an object", value);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw new Fault(`${path === "" ? key : `${path}.${key}`}: no such member; known are ${known.join(", ")}`);
  }
  return value as Json;
}

function list(value: unknown, path: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(path, "a list", value);
}

function name(node: Json, path: string): string | undefined {
  if (node.name !== undefined && typeof node.name !== "string") throw wrong(`${path}.name`, "a string", node.name);
  return node.name;
}

function optional<T>(type: Parameters<typeof fromJson<T>>[0], json: unknown, path: string): T | undefined {
  return json === undefined ? undefined : required(type, json, path);
}

function required<T>(type: Parameters<typeof fromJson<T>>[0], json: unknown, path: string): T {
  const result = fromJson(type, json);
  if (result.ok) return result.value;
  const faults = result.error.map((fault) => ({ ...fault, path: [path, fault.path].filter(Boolean).join(".") }));
  throw new Fault(faults.slice(0, 1).map(formatJsonFault).join());
}
