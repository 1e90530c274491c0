/** What the page asks for, as JSON: tables of `sysmem.inspect` under their FIDL names. */
import { MAX_INSPECTOR_CONSTRAINTS_LENGTH, MAX_INSPECTOR_NODES } from "#base";
import { type JsonType, type JsonValue, toJson } from "#fidl";
import { BufferCollectionConstraints, FormatCostEntry, SingleBufferSettings } from "#gen/fuchsia_sysmem2";
import {
  Buffer as BufferTable,
  CollectionSummary,
  Decision,
  Error as InspectError,
  Explanation,
  Failure,
  Finding,
  HeapState,
  Holder,
  type InspectorGetThumbnailRequest,
  Node,
  Quota,
  ServerInfo,
  Thumbnail,
} from "#gen/sysmem_inspect";
import {
  collectionSnapshot,
  environmentOf,
  type FailedTree,
  type LogicalBufferCollection,
  type NodeSnapshot,
  type Server,
} from "#server";
import { decisionsOf } from "../inspect/explanations.ts";
import { explainedFailure, recentFailures, treeOfFailure } from "../inspect/failures.ts";
import { findingsOf } from "../inspect/findings.ts";
import { findHolders } from "../inspect/holders.ts";
import type { Thumbnails } from "../inspect/thumbnails.ts";
import { heapStates, quotas, serverInfo } from "../inspect/server-state.ts";
import { bufferOf, nodeOf, summaryOf } from "../inspect/summaries.ts";
import { solveTree } from "./solve-tree.ts";

type Json = Readonly<Record<string, JsonValue>>;

const list = <T>(type: JsonType<T>, items: readonly T[]): JsonValue[] => items.map((item) => toJson(type, item));

/** Answers questions about one server. */
export class Answers {
  readonly #server: Server;
  readonly #thumbnails: Thumbnails;
  readonly #startedAtNs: number;
  /** A look through /proc under way: those who ask meanwhile get the same. */
  readonly #looks = new Map<bigint, Promise<Json>>();

  constructor(server: Server, thumbnails: Thumbnails) {
    this.#server = server;
    this.#thumbnails = thumbnails;
    this.#startedAtNs = server.context.clock.nowNs();
  }

  /** The server as a whole. */
  overview(): Json {
    const { context } = this.#server;
    return {
      server: toJson(ServerInfo, serverInfo(context, this.#startedAtNs, this.#thumbnails.isAllowed)),
      heaps: list(HeapState, heapStates(context)),
      quotas: list(Quota, quotas(context)),
    };
  }

  /** Failures that are not older than `sinceNs`, newest first. */
  failures(sinceNs = 0n): JsonValue[] {
    return list(
      Failure,
      recentFailures(this.#server).filter(({ atNs = 0n }) => atNs >= sinceNs),
    );
  }

  failure(failureId: bigint): Json | undefined {
    const answer = explainedFailure(this.#server, failureId);
    if (answer === undefined) return undefined;
    const { failure = {}, explanation } = answer;
    const tree = treeOfFailure(this.#server, failureId);
    const nodes = tree?.nodes ?? [];
    return {
      failure: toJson(Failure, failure),
      explanation: explanation === undefined ? null : toJson(Explanation, explanation),
      // On a late attempt others had a say, who are not in the tree.
      tree: explanation !== undefined && failure.attempt === "initial" ? saidIn(tree) : null,
      nodes: list(Node, nodes.map(nodeOf)),
      constraints: whatWasSaid(nodes).constraints,
    };
  }

  /** One collection in a list; undefined when it is gone. */
  summary(collectionId: bigint): JsonValue | undefined {
    const collection = this.#find(collectionId);
    return collection === undefined ? undefined : toJson(CollectionSummary, summaryOf(collection));
  }

  /** The next of all collections, in the order of their ids. */
  summaries(after: bigint, maxCount: number): { readonly collections: JsonValue[]; readonly last: bigint } {
    const collections: JsonValue[] = [];
    let last = after;
    // Collections come in the order in which they were made, which is that of their ids.
    for (const collection of this.#server.context.collections.values()) {
      if (collection.id <= after) continue;
      if (collections.length === maxCount) break;
      collections.push(toJson(CollectionSummary, summaryOf(collection)));
      last = collection.id;
    }
    return { collections, last };
  }

  /** Everything about one collection that is at hand. */
  collection(collectionId: bigint): Json | undefined {
    const collection = this.#find(collectionId);
    if (collection === undefined) return undefined;
    const snapshot = collectionSnapshot(collection);
    const nodes = snapshot.nodes.slice(0, MAX_INSPECTOR_NODES);
    const said = whatWasSaid(nodes);
    return {
      summary: toJson(CollectionSummary, summaryOf(collection)),
      settings: snapshot.settings === undefined ? null : toJson(SingleBufferSettings, snapshot.settings),
      findings: list(Finding, findingsOf({ ...snapshot, nodes })),
      nodes: nodes.map((node) => toJson(Node, nodeOf(node))),
      constraints: said.constraints,
      must_match: said.mustMatch,
      buffers: snapshot.buffers.map((buffer) => toJson(BufferTable, bufferOf(buffer))),
      lifetime_trackers: snapshot.lifetimeTrackers,
      is_shortened: said.isShortened || snapshot.nodes.length > nodes.length,
    };
  }

  /** Who determined each setting. Takes milliseconds. */
  decisions(collectionId: bigint): Json | undefined {
    const collection = this.#find(collectionId);
    if (collection === undefined) return undefined;
    return { decisions: list(Decision, decisionsOf(this.#server.context, collectionSnapshot(collection))) };
  }

  /** Who holds the buffers and the channels. Looks through /proc, a little in each turn. */
  async holders(collectionId: bigint): Promise<Json | undefined> {
    const collection = this.#find(collectionId);
    if (collection === undefined) return undefined;
    let look = this.#looks.get(collectionId);
    if (look === undefined) {
      look = lookFor(collection).finally(() => this.#looks.delete(collectionId));
      this.#looks.set(collectionId, look);
    }
    return look;
  }

  /**
   * What a buffer holds, as a small picture with its pixels in base64, or why there is none; undefined when there is no
   * such buffer.
   */
  async thumbnail(request: InspectorGetThumbnailRequest): Promise<Json | "NOT_ALLOWED" | "BUSY" | undefined> {
    const taken = await this.#thumbnails.take(request);
    if (taken.ok) {
      const { thumbnail, picture } = taken.value;
      return {
        ...(toJson(Thumbnail, thumbnail) as Json),
        ...(picture !== undefined && { rgba: Buffer.from(picture.rgba.buffer).toString("base64") }),
      };
    }
    if (taken.error === InspectError.NOT_ALLOWED) return "NOT_ALLOWED";
    return taken.error === InspectError.BUSY ? "BUSY" : undefined;
  }

  /** What decides besides the participants, in the form that `sysmem solve` reads. */
  environment(): Json {
    const { heaps, contiguousSystemRam, costs, secureMemory, maxAllocationSize, rules } = environmentOf(
      this.#server.context,
    );
    return {
      heaps: heaps.map(({ heapType, id, domains, secure }) => ({
        heap_type: heapType,
        id: String(id),
        cpu_supported: domains.cpu,
        ram_supported: domains.ram,
        inaccessible_supported: domains.inaccessible,
        secure,
      })),
      contiguous_system_ram: contiguousSystemRam !== undefined,
      format_costs: list(FormatCostEntry, costs?.entries ?? []),
      ...(secureMemory !== undefined && { secure_memory: secureMemory }),
      ...(maxAllocationSize !== undefined && { max_allocation_size: String(maxAllocationSize) }),
      late_attachment_with_padding: rules?.lateAttachmentWithPadding === true,
    };
  }

  #find(collectionId: bigint): LogicalBufferCollection | undefined {
    return this.#server.context.collections.get(collectionId);
  }
}

/** Constraints by the node that sent them, as far as an answer holds them. */
function whatWasSaid(nodes: readonly NodeSnapshot[]): {
  readonly constraints: Readonly<Record<string, JsonValue>>;
  readonly mustMatch: Readonly<Record<string, JsonValue>>;
  readonly isShortened: boolean;
} {
  const constraints: Record<string, JsonValue> = {};
  const mustMatch: Record<string, JsonValue> = {};
  let length = 0;
  for (const node of nodes) {
    if (node.mustMatch !== undefined) mustMatch[node.nodeId] = toJson(SingleBufferSettings, node.mustMatch);
    if (node.constraints === undefined) continue;
    const json = toJson(BufferCollectionConstraints, node.constraints);
    length += JSON.stringify(json).length;
    if (length <= MAX_INSPECTOR_CONSTRAINTS_LENGTH) constraints[node.nodeId] = json;
  }
  return { constraints, mustMatch, isShortened: length > MAX_INSPECTOR_CONSTRAINTS_LENGTH };
}

/** What the participants had said, as `sysmem solve` reads it; null when it is not known or too long. */
function saidIn(tree: FailedTree | undefined): JsonValue {
  if (tree === undefined || tree.isShortened) return null;
  const said = solveTree(tree.nodes);
  return JSON.stringify(said).length > MAX_INSPECTOR_CONSTRAINTS_LENGTH ? null : said;
}

async function lookFor(collection: LogicalBufferCollection): Promise<Json> {
  const { holders, hiddenProcesses } = await findHolders(collection);
  return { holders: list(Holder, holders), hidden_processes: hiddenProcesses };
}
