/** A connection to a server's `sysmem.inspect.Inspector`, with the pages of lists put together. */
import { join } from "node:path";
import type { Result } from "#base";
import { ConnectError, serviceDirectory } from "#client";
import { FidlError } from "#fidl";
import { createLinuxKernel, KernelError, type LinuxKernel } from "#kernel";
import {
  type Account,
  type Buffer,
  type CollectionDetail,
  type CollectionSummary,
  type Decision,
  Error as InspectError,
  type Event,
  type Failure,
  type HeapState,
  type Holder,
  Inspector,
  type InspectorClient,
  type InspectorGetFailedConstraintsResponse,
  type InspectorGetFailureResponse,
  type InspectorGetServerResponse,
  type InspectorGetThumbnailRequest,
  type InspectorGetThumbnailResponse,
  type Node,
} from "#gen/sysmem_inspect";
import { InspectionError } from "./errors.ts";

/** How long a server may take for one answer: it looks through /proc for some. */
const LIMIT = { timeoutMs: 30_000 };

/** The nodes of a failure. */
export interface FailedTree {
  /** Breadth-first. */
  readonly nodes: readonly Node[];
  /** The server has not kept them all, or not all that they said. */
  readonly isShortened: boolean;
}

/** What a server answers about itself. */
export class Inspection {
  readonly #client: InspectorClient;
  readonly svc: string;

  constructor(client: InspectorClient, svc: string) {
    this.#client = client;
    this.svc = svc;
  }

  server(): Promise<InspectorGetServerResponse> {
    return this.#client.getServer(LIMIT);
  }

  async accounts(): Promise<Account[]> {
    return pages(async (skip) => {
      const { accounts = [], more } = await this.#client.listAccounts({ skip }, LIMIT);
      return { items: accounts, more };
    });
  }

  async heaps(): Promise<HeapState[]> {
    return pages(async (skip) => {
      const { heaps = [], more } = await this.#client.listHeaps({ skip }, LIMIT);
      return { items: heaps, more };
    });
  }

  async collections(): Promise<CollectionSummary[]> {
    const all: CollectionSummary[] = [];
    for (;;) {
      const { collections = [], more } = await this.#client.listCollections({ after: all.at(-1)?.collectionId }, LIMIT);
      all.push(...collections);
      if (more !== true || collections.length === 0) return all;
    }
  }

  /** Undefined when it does not exist (any more). */
  async collection(collectionId: bigint): Promise<CollectionDetail | undefined> {
    return found(await this.#client.getCollection({ collectionId }, LIMIT));
  }

  async nodes(collectionId: bigint): Promise<Node[]> {
    return pages(async (skip) => {
      const page = found(await this.#client.listNodes({ collectionId, skip }, LIMIT));
      return { items: page?.nodes ?? [], more: page?.more };
    });
  }

  async decisions(collectionId: bigint): Promise<readonly Decision[]> {
    return found(await this.#client.getDecisions({ collectionId }, LIMIT))?.decisions ?? [];
  }

  async buffers(collectionId: bigint): Promise<Buffer[]> {
    return pages(async (skip) => {
      const page = found(await this.#client.listBuffers({ collectionId, skip }, LIMIT));
      return { items: page?.buffers ?? [], more: page?.more };
    });
  }

  async holders(collectionId: bigint): Promise<{ holders: Holder[]; hiddenProcesses: number }> {
    let hiddenProcesses = 0;
    const holders = await pages(async (skip) => {
      const page = found(await this.#client.listHolders({ collectionId, skip }, LIMIT));
      hiddenProcesses = page?.hiddenProcesses ?? 0;
      return { items: page?.holders ?? [], more: page?.more };
    });
    return { holders, hiddenProcesses };
  }

  /** What a buffer holds, as a small picture; undefined when there is no such buffer (any more). */
  async thumbnail(request: InspectorGetThumbnailRequest): Promise<InspectorGetThumbnailResponse | undefined> {
    const result = await this.#client.getThumbnail(request, LIMIT);
    if (!result.ok && result.error === InspectError.NOT_ALLOWED) {
      const how = "sysmem serve --thumbnails, or thumbnails = true in its configuration";
      throw new InspectionError("REFUSED", `the server's owner does not show what buffers hold (${how})`);
    }
    return found(result);
  }

  /** Newest first. */
  async failures(collectionId?: bigint): Promise<Failure[]> {
    return pages(async (skip) => {
      const { failures = [], more } = await this.#client.listFailures({ skip, collectionId }, LIMIT);
      return { items: failures, more };
    });
  }

  async failure(failureId: bigint): Promise<InspectorGetFailureResponse | undefined> {
    return found(await this.#client.getFailure({ failureId }, LIMIT));
  }

  /** The nodes that failed, as they were; undefined when that is not known (any more). */
  async failedTree(failureId: bigint): Promise<FailedTree | undefined> {
    let isShortened: boolean | undefined;
    const nodes = await pages(async (skip) => {
      const page = found(await this.#client.listFailedNodes({ failureId, skip }, LIMIT));
      isShortened ??= page?.isShortened;
      return { items: page?.nodes ?? [], more: page?.more };
    });
    return isShortened === undefined ? undefined : { nodes, isShortened };
  }

  /** What one of them had said; undefined when that was not kept. */
  async failedConstraints(
    failureId: bigint,
    nodeId: bigint,
  ): Promise<InspectorGetFailedConstraintsResponse | undefined> {
    return found(await this.#client.getFailedConstraints({ failureId, nodeId }, LIMIT));
  }

  /**
   * What happens from now on, one batch after the other, until the server is gone or `signal` is aborted. `isResync` says
   * that some was missed. The first batch is empty: what is listed after it and what is watched leave no gap.
   */
  async *watch(signal: AbortSignal): AsyncGenerator<{ readonly events: readonly Event[]; readonly isResync: boolean }> {
    let cursor: bigint | undefined;
    while (!signal.aborted) {
      // No deadline: nothing may happen for days. The signal ends the wait.
      const page = await this.#client.watch({ cursor }, { signal });
      cursor = page.cursor;
      yield { events: page.events ?? [], isResync: page.isResync ?? false };
    }
  }

  /** The collection that a person means: by its id, its name, or the last digits of its id. Throws `InspectionError`. */
  async find(words: string): Promise<bigint> {
    const candidates = meant(words, await this.collections());
    const [first] = candidates;
    if (first === undefined) {
      throw new InspectionError(
        "NO_COLLECTION",
        `there is no collection ${JSON.stringify(words)} (sysmem ls lists them)`,
      );
    }
    if (candidates.length > 1) {
      const ids = candidates.join(", ");
      throw new InspectionError("AMBIGUOUS", `${JSON.stringify(words)} means several collections: ${ids}`);
    }
    return first;
  }

  /** As `find`, and where it finds none, the one of these words that failed last. */
  async findAlsoFailed(words: string): Promise<bigint> {
    try {
      return await this.find(words);
    } catch (error) {
      if (!(error instanceof InspectionError) || error.code !== "NO_COLLECTION") throw error;
      const failures = await this.failures();
      const [newest] = meant(
        words,
        failures.map(({ collectionId, collectionName }) => ({ collectionId, name: collectionName })),
      );
      if (newest === undefined) throw error;
      return newest;
    }
  }
}

/** The ids that a word may stand for: the one that it is; those of that name; those that end in it. */
function meant(
  words: string,
  collections: readonly { readonly collectionId?: bigint | undefined; readonly name?: string | undefined }[],
): bigint[] {
  const idsOf = (isMeant: (id: string, name: string | undefined) => boolean): bigint[] =>
    collections.flatMap(({ collectionId: id, name }) => (id !== undefined && isMeant(String(id), name) ? [id] : []));
  const exact = idsOf((id) => id === words).slice(0, 1);
  if (exact.length > 0) return exact;
  const named = idsOf((_, name) => name === words);
  if (named.length > 0 || !/^\d{3,}$/.test(words)) return named;
  return idsOf((id) => id.endsWith(words));
}

async function pages<T>(
  get: (skip: number) => Promise<{ readonly items: readonly T[]; readonly more: boolean | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const { items, more } = await get(all.length);
    all.push(...items);
    if (more !== true || items.length === 0) return all;
  }
}

function found<T>(result: Result<T, InspectError>): T | undefined {
  if (result.ok) return result.value;
  if (result.error === InspectError.NOT_FOUND) return undefined;
  throw new InspectionError(
    "REFUSED",
    `the server cannot tell this: ${InspectError.nameOf(result.error) ?? result.error}`,
  );
}

/** Connects, runs `use`, disconnects. Throws `ConnectError` when no server can be inspected, `InspectionError` when it goes. */
export async function inspect<T>(svc: string | undefined, use: (inspection: Inspection) => Promise<T>): Promise<T> {
  const directory = svc ?? serviceDirectory();
  const kernel = createLinuxKernel();
  try {
    const client = Inspector.bind(connect(kernel, join(directory, Inspector.discoverableName as string)));
    try {
      return await use(new Inspection(client, directory));
    } catch (error) {
      if (!(error instanceof FidlError)) throw error;
      throw new InspectionError("GONE", `the server in ${directory} does not answer: ${error.message}`, {
        cause: error,
      });
    } finally {
      client.close();
    }
  } finally {
    kernel.close();
  }
}

function connect(kernel: LinuxKernel, path: string): ReturnType<LinuxKernel["connect"]> {
  try {
    return kernel.connect(path);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const isDenied = error.code === "ACCESS_DENIED";
    const why = isDenied
      ? "only the user who runs the server may inspect it, and the group named by inspect_group in its configuration"
      : "no server listens there (sysmem serve --svc DIR starts one; --svc DIR says where one is)";
    const code = isDenied ? "ACCESS_DENIED" : "NO_SERVER";
    throw new ConnectError(code, path, `cannot inspect ${path}: ${why}`, { cause: error });
  }
}
