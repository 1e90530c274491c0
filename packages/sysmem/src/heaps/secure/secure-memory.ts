/** The secure side of the system, as sysmem's client of it sees it. Source: interface reference 2.12, lifecycle contract 8.5. */
import { type Clock, type Logger, SECURE_MEM_TIMEOUT_MS, silentLogger, systemClock } from "#base";
import { type ClientEnd, FidlError } from "#fidl";
import { SecureMem, type SecureMemClient } from "#gen/fuchsia_sysmem2";
import type { Kernel } from "#kernel";
import type { Heaps } from "../registry.ts";
import type { SecureHeap } from "./secure-heap.ts";

/**
 * Makes the heaps that a secure side offers. Rejects when it answers with an error or with nonsense. The logger names the
 * secure side's process.
 */
export type SecureHeapFactory = (secureMem: SecureMemClient, logger: Logger) => Promise<readonly SecureHeap[]>;

export interface SecureMemoryOptions {
  readonly kernel: Kernel;
  readonly heaps: Heaps;
  readonly makeHeaps: SecureHeapFactory;
  /** A protected pool is configured: collections that require secure memory wait until the secure side has come. */
  readonly isExpected: boolean;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
}

/**
 * - `absent`: nobody has registered, or it has unregistered.
 * - `starting`: it is being asked for its heaps.
 * - `ready`: its heaps can be allocated from.
 * - `refused`: it answered in good order that it has nothing to offer now; it stays connected.
 */
type Side =
  | { readonly kind: "absent" }
  | (Peer & { readonly kind: "starting" })
  | (Peer & { readonly kind: "ready"; readonly heaps: readonly SecureHeap[] })
  | (Peer & { readonly kind: "refused" });

/** Who is connected, and the logger of all lines about it. */
interface Peer {
  readonly client: SecureMemClient;
  readonly logger: Logger;
}

/** Registers and unregisters the secure side, and keeps the registry's word on it. */
export class SecureMemory {
  readonly #options: SecureMemoryOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #side: Side = { kind: "absent" };

  constructor(options: SecureMemoryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    if (options.isExpected) options.heaps.setSecureMemory("not-ready");
  }

  /** Takes the secure side's channel. A second one takes the place of the first. Takes ownership of `end`. */
  register(end: ClientEnd<SecureMemClient>): void {
    this.unregister();
    const channel = end.take();
    const securePid = this.#options.kernel.peerCredentials(channel)?.pid;
    const logger = this.#logger.child({ securePid });
    const client: SecureMemClient = SecureMem.bind(channel, { clock: this.#clock, timeoutMs: SECURE_MEM_TIMEOUT_MS });
    const isCurrent = () => this.#side.kind !== "absent" && this.#side.client === client;
    this.#become({ kind: "starting", client, logger });
    void client.closed.then(({ error }) => {
      if (isCurrent()) this.#lose(error);
    });
    this.#options.makeHeaps(client, logger).then(
      (heaps) => {
        if (!isCurrent()) return;
        logger.info({ heaps: heaps.map(({ id }) => id.heapType) }, "secure memory is ready");
        this.#become({ kind: "ready", client, logger, heaps });
      },
      (error: unknown) => {
        if (!isCurrent()) return;
        logger.error({ err: error }, "the secure side offers no heaps");
        if (error instanceof FidlError) this.#lose(error);
        else this.#become({ kind: "refused", client, logger });
      },
    );
  }

  /** The secure side is about to leave, and that is no error. Nothing happens when there is none. */
  unregister(): void {
    if (this.#side.kind === "absent") return;
    const { client } = this.#side;
    this.#become({ kind: "absent" });
    client.close();
  }

  /**
   * The secure side is gone without a word, or failed to do what it must: what its ranges protect is unknown from now on.
   * The original ends its process; here the heaps are lost, and with them every collection that lives in them.
   */
  lost(error: unknown): void {
    if (this.#side.kind !== "absent") this.#lose(error);
  }

  close(): void {
    this.unregister();
  }

  #lose(error: unknown): void {
    const { client, logger } = this.#side as Exclude<Side, { kind: "absent" }>;
    logger.error({ err: error }, "secure memory is lost");
    this.#become({ kind: "absent" });
    if (this.#options.isExpected) this.#options.heaps.setSecureMemory("lost");
    client.close();
  }

  #become(side: Side): void {
    const { heaps: registry, isExpected } = this.#options;
    const before = this.#side;
    this.#side = side;
    if (before.kind === "ready") {
      for (const heap of before.heaps) {
        heap.stop();
        registry.unregister(heap);
      }
    }
    switch (side.kind) {
      case "absent":
        registry.setSecureMemory(isExpected ? "not-ready" : "not-expected");
        return;
      case "starting":
        registry.setSecureMemory("not-ready");
        return;
      case "ready":
        for (const heap of side.heaps) registry.register(heap);
        registry.setSecureMemory("ready");
        return;
      case "refused":
        // The heaps stay not ready, as in the original.
        registry.setSecureMemory("not-ready");
    }
  }
}
