/** `fuchsia.sysmem/BufferCollection`. */
import { assert, Status } from "#base";
import { DEFERRED, type Responder, type ServerEnd } from "#fidl";
import {
  BufferCollection,
  type BufferCollectionClient,
  type BufferCollectionServer,
  type BufferCollectionWaitForBuffersAllocatedResponse,
} from "#gen/fuchsia_sysmem";
import { asEventPair } from "#kernel";
import { closeDelivered, type DeliveredCollection } from "../buffers/delivery.ts";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { deviation, type DomainError, v1Status } from "../domain-error.ts";
import * as core from "../nodes/collection.ts";
import { type Arrival, receive } from "../nodes/receive.ts";
import type { CollectionServing, EndToServe, PendingWait } from "../nodes/serving.ts";
import type { Node } from "../tree/node.ts";
import { v2Constraints } from "../v1/constraints.ts";
import { blankCollectionInfo, v1CollectionInfo, v1Settings } from "../v1/settings.ts";
import { ChannelEndpoint } from "./channel-endpoint.ts";
import { deprecatedHandlers, nodeServeOptions, v1NodeHandlers } from "./v1-node.ts";

/** A collection's server end that came by a v1 message. */
export function v1CollectionEnd(end: ServerEnd<BufferCollectionClient>): EndToServe {
  return {
    drop: () => end.close(),
    serve(collection, node) {
      const channel = end.take();
      const endpoint = new ChannelEndpoint(channel, "v1", collection.account);
      const arrival: Arrival = { collection, node, endpoint };
      return endpoint.attach(
        BufferCollection.serve(channel, collectionHandlers(arrival), {
          ...nodeServeOptions(arrival),
          maxOutstandingCalls: collection.context.limits.maxPendingWaitsPerNode + 1,
        }),
      );
    },
  };
}

function collectionHandlers(arrival: Arrival): BufferCollectionServer {
  const { collection, node } = arrival;
  const handlers = v1NodeHandlers(arrival);
  return {
    ...handlers,
    ...deprecatedHandlers(handlers),

    setConstraints({ hasConstraints, constraints }) {
      receive(arrival, "SetConstraints", () => {
        if (!hasConstraints) return core.setConstraints(collection, node, undefined, undefined);
        const converted = v2Constraints(constraints);
        if (!converted.ok) return deviation(`constraints without a meaning: ${converted.error}`);
        return core.setConstraints(collection, node, converted.value, undefined);
      });
    },
    waitForBuffersAllocated(call) {
      receive(arrival, "WaitForBuffersAllocated", () => {
        if (node.properties.constraints === undefined) {
          collection.context.logger.warn(
            collection.describe(node),
            "WaitForBuffersAllocated before SetConstraints: legal in v1, and a sign of a mistake",
          );
        }
        const wait = new V1Wait(collection, node, call.responder);
        return core.waitForAllBuffersAllocated(collection, node, serving(node), wait);
      });
      return DEFERRED;
    },
    checkBuffersAllocated(call) {
      receive(arrival, "CheckAllBuffersAllocated", () => {
        call.responder.reply({ status: checkStatus(collection, node) });
        return undefined;
      });
      return DEFERRED;
    },
    attachToken({ rightsAttenuationMask, tokenRequest }) {
      receive(
        arrival,
        "AttachToken",
        () => core.attachToken(collection, node, rightsAttenuationMask, tokenRequest.channel),
        () => tokenRequest.close(),
      );
    },
    attachLifetimeTracking({ serverEnd, buffersRemaining }) {
      receive(
        arrival,
        "AttachLifetimeTracking",
        () => core.attachLifetimeTracking(collection, node, serving(node), asEventPair(serverEnd), buffersRemaining),
        () => serverEnd.close(),
      );
    },
  };
}

/** A collection's message reached the core, so a collection serves the node. */
function serving(node: Node): CollectionServing {
  assert(node.serving.kind === "collection", "collection messages arrive at collections");
  return node.serving;
}

/** What a wait would come to, without waiting. */
function checkStatus(collection: LogicalBufferCollection, node: Node): number {
  if (!core.isAllocated(node)) return v1Status("PENDING");
  const { allocation } = collection;
  assert(allocation.kind === "allocated", "a node with a result belongs to an allocated collection");
  const { settings, bufferCount } = allocation.decided;
  return v1Settings(settings, bufferCount).ok ? Status.OK : INEXPRESSIBLE;
}

/** There are buffers, and v1 cannot say what they are like: to this participant they are of no use. */
const INEXPRESSIBLE = Status.ERR_NOT_SUPPORTED;

class V1Wait implements PendingWait {
  readonly generation = "v1";
  readonly #collection: LogicalBufferCollection;
  readonly #node: Node;
  readonly #responder: Responder<BufferCollectionWaitForBuffersAllocatedResponse>;

  constructor(
    collection: LogicalBufferCollection,
    node: Node,
    responder: Responder<BufferCollectionWaitForBuffersAllocatedResponse>,
  ) {
    this.#collection = collection;
    this.#node = node;
    this.#responder = responder;
  }

  succeed({ settings, buffers }: DeliveredCollection): void {
    const converted = v1Settings(settings, buffers.length);
    if (!converted.ok) {
      for (const buffer of buffers) closeDelivered(buffer);
      const { logger } = this.#collection.context;
      logger.error(
        { ...this.#collection.describe(this.#node), detail: converted.error },
        "the buffers of this collection cannot be described to a v1 participant",
      );
      this.#reply(INEXPRESSIBLE);
      return;
    }
    const info = v1CollectionInfo(
      converted.value,
      buffers.map(({ vmo }) => vmo),
    );
    this.#responder.reply({ status: Status.OK, bufferCollectionInfo: info });
  }

  fail(error: DomainError): void {
    this.#reply(v1Status(error));
  }

  #reply(status: number): void {
    this.#responder.reply({ status, bufferCollectionInfo: blankCollectionInfo() });
  }
}
