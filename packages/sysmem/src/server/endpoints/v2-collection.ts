/** `fuchsia.sysmem2/BufferCollection`. */
import { assert } from "#base";
import { DEFERRED, type Responder, type ServerEnd } from "#fidl";
import {
  BufferCollection,
  type BufferCollectionClient,
  type BufferCollectionServer,
  type BufferCollectionWaitForAllBuffersAllocatedResponse,
  type Error,
} from "#gen/fuchsia_sysmem2";
import { asEventPair, asVmo } from "#kernel";
import type { DeliveredCollection } from "../buffers/delivery.ts";
import * as core from "../nodes/collection.ts";
import { type Arrival, receive, receiveClose } from "../nodes/receive.ts";
import type { CollectionServing, EndToServe, PendingWait } from "../nodes/serving.ts";
import type { Node } from "../tree/node.ts";
import { ChannelEndpoint, clientCloseOf } from "./channel-endpoint.ts";
import { missing, v2NodeHandlers, wireError } from "./v2-node.ts";

/** A collection's server end that came by a v2 message. */
export function v2CollectionEnd(end: ServerEnd<BufferCollectionClient>): EndToServe {
  return {
    drop: () => end.close(),
    serve(collection, node) {
      const channel = end.take();
      const endpoint = new ChannelEndpoint(channel, "v2", collection.account);
      const arrival: Arrival = { collection, node, endpoint };
      return endpoint.attach(
        BufferCollection.serve(channel, collectionHandlers(arrival), {
          // Waits without an answer are bounded by a quota of ours, whose breach is logged and names the node.
          maxOutstandingCalls: collection.context.limits.maxPendingWaitsPerNode + 1,
          onClosed(info) {
            const close = clientCloseOf(info);
            if (close !== undefined) receiveClose(arrival, close);
          },
        }),
      );
    },
  };
}

function collectionHandlers(arrival: Arrival): BufferCollectionServer {
  const { collection, node } = arrival;
  return {
    ...v2NodeHandlers(arrival),

    setConstraints({ constraints, mustMatchVmo }) {
      const drop = () => mustMatchVmo?.close();
      receive(
        arrival,
        "SetConstraints",
        () => {
          const fault = core.setConstraints(collection, node, constraints, mustMatchVmo && asVmo(mustMatchVmo));
          drop();
          return fault;
        },
        drop,
      );
    },
    waitForAllBuffersAllocated(call) {
      receive(arrival, "WaitForAllBuffersAllocated", () =>
        core.waitForAllBuffersAllocated(collection, node, serving(node), new V2Wait(call.responder)),
      );
      return DEFERRED;
    },
    checkAllBuffersAllocated(call) {
      receive(arrival, "CheckAllBuffersAllocated", () => {
        if (core.isAllocated(node)) call.responder.reply({});
        else call.responder.fail(wireError("PENDING"));
        return undefined;
      });
      return DEFERRED;
    },
    attachToken({ rightsAttenuationMask, tokenRequest }) {
      receive(
        arrival,
        "AttachToken",
        () =>
          rightsAttenuationMask === undefined || tokenRequest === undefined
            ? missing("rights_attenuation_mask", "token_request")
            : core.attachToken(collection, node, rightsAttenuationMask, tokenRequest.channel),
        () => tokenRequest?.close(),
      );
    },
    attachLifetimeTracking({ serverEnd, buffersRemaining }) {
      receive(
        arrival,
        "AttachLifetimeTracking",
        () =>
          serverEnd === undefined || buffersRemaining === undefined
            ? missing("server_end", "buffers_remaining")
            : core.attachLifetimeTracking(collection, node, serving(node), asEventPair(serverEnd), buffersRemaining),
        () => serverEnd?.close(),
      );
    },
  };
}

/** A collection's message reached the core, so a collection serves the node. */
function serving(node: Node): CollectionServing {
  assert(node.serving.kind === "collection", "collection messages arrive at collections");
  return node.serving;
}

class V2Wait implements PendingWait {
  readonly generation = "v2";
  readonly #responder: Responder<BufferCollectionWaitForAllBuffersAllocatedResponse, Error>;

  constructor(responder: Responder<BufferCollectionWaitForAllBuffersAllocatedResponse, Error>) {
    this.#responder = responder;
  }

  succeed({ settings, bufferCollectionId, buffers }: DeliveredCollection): void {
    this.#responder.reply({
      bufferCollectionInfo: {
        settings: settings,
        bufferCollectionId,
        buffers: buffers.map(({ vmo, closeWeakAsap }) => ({ vmo, vmoUsableStart: 0n, closeWeakAsap })),
      },
    });
  }

  fail(error: Parameters<PendingWait["fail"]>[0]): void {
    this.#responder.fail(wireError(error));
  }
}
