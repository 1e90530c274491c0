/** How heaps of other processes join and leave. Source: lifecycle contract 8.1, 8.4. */
import {
  type Clock,
  type Channel,
  HEAP_ALLOCATE_TIMEOUT_MS,
  HEAP_DELETE_TIMEOUT_MS,
  type Logger,
  silentLogger,
  systemClock,
} from "#base";
import type { ClientEnd } from "#fidl";
import {
  Heap as HeapProtocol,
  type HeapClient,
  type HeapProperties as WireHeapProperties,
} from "#gen/fuchsia_hardware_sysmem";
import { Heap as HeapProtocolV2019 } from "#gen/fuchsia_sysmem_v2019";
import type { Kernel } from "#kernel";
import { isSecureHeapType } from "../heap-numbers.ts";
import type { HeapId, HeapProperties } from "../port.ts";
import type { Heaps } from "../registry.ts";
import { ExternalHeap } from "./external-heap.ts";
import { ExternalHeapV2019 } from "./external-heap-v2019.ts";
import type { RemoteHeap, RemoteHeapContext } from "./remote-heap.ts";

export interface HeapRegistrarOptions {
  readonly kernel: Kernel;
  readonly heaps: Heaps;
  readonly clock?: Clock | undefined;
  readonly logger?: Logger | undefined;
  readonly allocateTimeoutMs?: number | undefined;
  readonly deleteTimeoutMs?: number | undefined;
  /**
   * Heap types whose providers speak the protocol of 2019. That protocol has no announcement from which its properties
   * could be learnt, so whoever runs the server says what they are.
   */
  readonly v2019Heaps?: ReadonlyMap<string, Omit<HeapProperties, "isSecure">> | undefined;
}

/** A channel end to a heap, from its registration to its loss. */
interface Connection {
  readonly isClosed: boolean;
  close(): void;
}

/** Connects heaps of other processes to the registry. */
export class HeapRegistrar {
  readonly #heaps: Heaps;
  readonly #context: Omit<RemoteHeapContext, "pid">;
  readonly #v2019Heaps: ReadonlyMap<string, Omit<HeapProperties, "isSecure">>;
  /** Registered and not announced, at most one of each heap type. */
  readonly #unannounced = new Map<string, Connection>();
  readonly #announced = new Map<RemoteHeap, Connection>();

  constructor(options: HeapRegistrarOptions) {
    this.#heaps = options.heaps;
    this.#context = {
      kernel: options.kernel,
      clock: options.clock ?? systemClock,
      logger: options.logger ?? silentLogger,
      allocateTimeoutMs: options.allocateTimeoutMs ?? HEAP_ALLOCATE_TIMEOUT_MS,
      deleteTimeoutMs: options.deleteTimeoutMs ?? HEAP_DELETE_TIMEOUT_MS,
    };
    this.#v2019Heaps = options.v2019Heaps ?? new Map();
    // A heap that was replaced has no further use for its channel, and is told so by its end.
    this.#heaps.onHeapGone((heap) => this.#announced.get(heap as RemoteHeap)?.close());
  }

  /**
   * Takes a heap's channel. The heap can be allocated from once it has announced its properties; then it replaces an
   * earlier one of the same type. Takes ownership of `end`.
   */
  register(heapType: string, end: ClientEnd<HeapClient>): void {
    const id: HeapId = { heapType, id: 0n };
    const v2019 = this.#v2019Heaps.get(heapType);
    const channel = end.take();
    const context = { ...this.#context, pid: this.#context.kernel.peerCredentials(channel)?.pid };
    if (v2019 === undefined) this.#registerCurrent(context, id, channel);
    else this.#registerV2019(context, id, { ...v2019, isSecure: isSecureHeapType(heapType) }, channel);
  }

  /** Lets go of every heap. */
  close(): void {
    for (const connection of [...this.#unannounced.values(), ...this.#announced.values()]) connection.close();
  }

  #registerCurrent(context: RemoteHeapContext, id: HeapId, channel: Channel): void {
    const { clock, logger, pid } = context;
    const { heapType } = id;
    let heap: ExternalHeap | undefined;
    const client: HeapClient = HeapProtocol.bind(channel, {
      clock,
      on: {
        onRegister: ({ properties: announced }) => {
          const properties = heap === undefined ? propertiesOf(announced, isSecureHeapType(heapType)) : undefined;
          if (properties === undefined) {
            const why = heap === undefined ? "a required property is absent" : "it announced itself twice";
            logger.error({ heap: heapType, heapPid: pid, why }, "a heap is dropped for its announcement");
            client.close();
            return;
          }
          heap = new ExternalHeap(context, id, properties, client);
          this.#unannounced.delete(heapType);
          this.#join(heap, client);
        },
      },
    });
    // Only the latest registration counts.
    this.#unannounced.get(heapType)?.close();
    this.#unannounced.set(heapType, client);
    void client.closed.then(({ error }) => {
      if (this.#unannounced.get(heapType) === client) this.#unannounced.delete(heapType);
      if (heap !== undefined) this.#leave(heap, error);
    });
  }

  #registerV2019(context: RemoteHeapContext, id: HeapId, properties: HeapProperties, channel: Channel): void {
    const client = HeapProtocolV2019.bind(channel, { clock: context.clock });
    const heap = new ExternalHeapV2019(context, id, properties, client);
    this.#join(heap, client);
    void client.closed.then(({ error }) => this.#leave(heap, error));
  }

  #join(heap: RemoteHeap, connection: Connection): void {
    this.#announced.set(heap, connection);
    const { logger, pid } = heap.context;
    logger.info({ heap: heap.id.heapType, heapPid: pid, properties: heap.properties }, "a heap is registered");
    this.#heaps.register(heap);
  }

  #leave(heap: RemoteHeap, reason: Error): void {
    this.#announced.delete(heap);
    const { logger, pid } = heap.context;
    logger.warn({ heap: heap.id.heapType, heapPid: pid, reason: reason.message }, "a heap is gone");
    this.#heaps.unregister(heap);
  }
}

/** Undefined when something that is required was left out. */
function propertiesOf(wire: WireHeapProperties, isSecure: boolean): HeapProperties | undefined {
  const { coherencyDomainSupport: domains, needClear, needFlush } = wire;
  if (domains === undefined || needClear === undefined) return undefined;
  return {
    coherencyDomainSupport: {
      cpu: domains.cpuSupported ?? false,
      ram: domains.ramSupported ?? false,
      inaccessible: domains.inaccessibleSupported ?? false,
    },
    needClear,
    needFlush: needFlush ?? false,
    isSecure,
  };
}
