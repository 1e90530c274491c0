import type { Channel } from "#base";
import { serveAny } from "#fidl";
import { BufferCollectionToken as V1BufferCollectionToken } from "#gen/fuchsia_sysmem";
import { BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { type Arrival, receiveClose } from "../nodes/receive.ts";
import type { NodeEndpoint } from "../nodes/serving.ts";
import type { Node } from "../tree/node.ts";
import { ChannelEndpoint, clientCloseOf } from "./channel-endpoint.ts";
import { v1TokenHandlers } from "./v1-token.ts";
import { v2TokenHandlers } from "./v2-token.ts";

/**
 * Serves a token's channel, by the messages of both generations. Takes ownership of it. Throws `KernelError`, and takes
 * nothing, when the kernel does not tell the koid.
 */
export function serveToken(channel: Channel, collection: LogicalBufferCollection, node: Node): NodeEndpoint {
  const endpoint = new ChannelEndpoint(channel, "v2", collection.account, channel.koid);
  const arrival = { collection, node, endpoint };
  const v1: Arrival = { ...arrival, generation: "v1" };
  const v2: Arrival = { ...arrival, generation: "v2" };
  return endpoint.attach(
    serveAny([BufferCollectionToken, V1BufferCollectionToken], channel, [v2TokenHandlers(v2), v1TokenHandlers(v1)], {
      onClosed(info) {
        const close = clientCloseOf(info);
        if (close !== undefined) receiveClose(arrival, close);
      },
    }),
  );
}
