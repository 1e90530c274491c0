/** What `sysmem solve` reads: participants and what decides besides them, as JSON with FIDL's names. */
import { err, ok, type Result, SysmemError } from "#base";
import { formatJsonFault, fromJson } from "#fidl";
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

/** A mistake in the file: says where and what. Never leaves this module. */
class Fault extends SysmemError {
  readonly code = "SOLVE_INPUT";
}

/**
 * Reads the text of a file. Either `participants` (the first is the root of the tree, the others are its children) or
 * `tree` (a node has `name`, `constraints` and `children`; a child `{ "group": [...] }` is a group, the most preferred
 * first). `environment` may have `heaps`, `format_costs`, `max_allocation_size`, `page_size`, `secure_memory`.
 * @returns what is wrong, as a sentence, if anything is.
 */
export function readSolveInput(text: string): Result<SolveInput, string> {
  let json: unknown;
  try {
    json = JSON.parse(quoteLargeIntegers(text));
  } catch (error) {
    return err(`no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    const root = object(Array.isArray(json) ? { participants: json } : json, "the file");
    return ok({ tree: readTree(root), environment: readEnvironment(root.environment) });
  } catch (error) {
    if (error instanceof Fault) return err(error.message);
    throw error;
  }
}

/**
 * Puts quotes around integers that a JSON parser would round: modifiers use all 64 bits, and the readers of FIDL
 * values take 64-bit integers as strings.
 */
export function quoteLargeIntegers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );
}

function readTree(root: Json): TreeNode {
  let nodes = 0;
  const count = (path: string): void => {
    if (++nodes > MAX_SOLVE_NODES) throw new Fault(`${path}: more than ${MAX_SOLVE_NODES} nodes`);
  };
  const readNode = (value: unknown, path: string): TreeNode => {
    count(path);
    const node = object(value, path);
    if (node.group !== undefined) {
      const children = list(node.group, `${path}.group`).map((child, at) => readNode(child, `${path}.group[${at}]`));
      if (children.length === 0) throw new Fault(`${path}.group: a group needs children`);
      return { kind: "group", name: name(node, undefined), children };
    }
    const below = node.children === undefined ? [] : list(node.children, `${path}.children`);
    const children = below.map((child, at) => readNode(child, `${path}.children[${at}]`));
    return { kind: "participant", participant: readParticipant(node, path, nodes), children };
  };
  if (root.tree !== undefined) return readNode(root.tree, "tree");
  const [first, ...others] = list(root.participants, "participants");
  if (first === undefined) throw new Fault("participants: there are none");
  count("participants[0]");
  const participant = readParticipant(object(first, "participants[0]"), "participants[0]", nodes);
  const children = others.map((value, at) => readNode(value, `participants[${at + 1}]`));
  return { kind: "participant", participant, children };
}

function readParticipant(node: Json, path: string, position: number): Participant {
  return {
    name: name(node, `participant ${position}`) ?? "",
    constraints: optional(BufferCollectionConstraints, node.constraints, `${path}.constraints`),
    mustMatch: optional(SingleBufferSettings, node.must_match, `${path}.must_match`),
  };
}

function readEnvironment(value: unknown): Environment {
  if (value === undefined) return { heaps: [MEMORY], contiguousSystemRam: MEMORY.domains };
  const json = object(value, "environment");
  const heaps = json.heaps === undefined ? [MEMORY] : list(json.heaps, "environment.heaps").map(readHeap);
  const costs = json.format_costs === undefined ? [] : list(json.format_costs, "environment.format_costs");
  const entries = costs.map((cost, at) => required(FormatCostEntry, cost, `environment.format_costs[${at}]`));
  const { max_allocation_size, page_size, secure_memory, late_attachment_with_padding: joinsPadded } = json;
  if (joinsPadded !== undefined && typeof joinsPadded !== "boolean") {
    throw new Fault("environment.late_attachment_with_padding: expected true or false");
  }
  return {
    heaps,
    contiguousSystemRam: json.contiguous_system_ram === false ? undefined : MEMORY.domains,
    costs: costTable(entries),
    secureMemory: secureMemory(secure_memory, heaps),
    ...(max_allocation_size !== undefined && {
      maxAllocationSize: integer(max_allocation_size, "environment.max_allocation_size"),
    }),
    ...(page_size !== undefined && { pageSize: pageSize(page_size) }),
    ...(joinsPadded !== undefined && { rules: { lateAttachmentWithPadding: joinsPadded } }),
  };
}

function readHeap(value: unknown, at: number): HeapInfo {
  const path = `environment.heaps[${at}]`;
  const json = object(value, path);
  if (typeof json.heap_type !== "string") throw new Fault(`${path}.heap_type: expected a string`);
  const flag = (key: string): boolean => {
    const given = json[key];
    if (given !== undefined && typeof given !== "boolean") throw new Fault(`${path}.${key}: expected true or false`);
    return given === true;
  };
  return {
    heapType: json.heap_type,
    id: json.id === undefined ? 0n : integer(json.id, `${path}.id`),
    domains: { cpu: flag("cpu_supported"), ram: flag("ram_supported"), inaccessible: flag("inaccessible_supported") },
    secure: flag("secure"),
  };
}

const SECURE_STATES: readonly SecureMemoryState[] = ["not-expected", "not-ready", "ready", "lost"];

function secureMemory(value: unknown, heaps: readonly HeapInfo[]): SecureMemoryState {
  if (value === undefined) return heaps.some((heap) => heap.secure) ? "ready" : "not-expected";
  const state = SECURE_STATES.find((one) => one === value);
  if (state === undefined) throw new Fault(`environment.secure_memory: expected one of ${SECURE_STATES.join(", ")}`);
  return state;
}

function pageSize(value: unknown): number {
  const size = Number(integer(value, "environment.page_size"));
  if (!Number.isInteger(Math.log2(size)) || size > 2 ** 30) {
    throw new Fault("environment.page_size: expected a power of two");
  }
  return size;
}

function integer(value: unknown, path: string): bigint {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "string" && /^\d{1,20}$/.test(value) && BigInt(value) < 2n ** 64n) return BigInt(value);
  throw new Fault(`${path}: expected a whole number below 2^64`);
}

function object(value: unknown, path: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new Fault(`${path}: expected an object`);
}

function list(value: unknown, path: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Fault(`${path}: expected a list`);
}

function name(node: Json, otherwise: string | undefined): string | undefined {
  return typeof node.name === "string" ? node.name : otherwise;
}

function optional<T>(type: Parameters<typeof fromJson<T>>[0], json: unknown, path: string): T | undefined {
  return json === undefined ? undefined : required(type, json, path);
}

function required<T>(type: Parameters<typeof fromJson<T>>[0], json: unknown, path: string): T {
  const result = fromJson(type, json);
  if (result.ok) return result.value;
  const [fault] = result.error;
  throw new Fault(fault === undefined ? path : `${path}.${formatJsonFault(fault)}`);
}
