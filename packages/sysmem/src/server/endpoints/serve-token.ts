import type { Channel } from "#base";
import { BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { type Arrival, receiveClose } from "../nodes/receive.ts";
import type { NodeEndpoint } from "../nodes/serving.ts";
import type { Node } from "../tree/node.ts";
import { ChannelEndpoint, clientCloseOf } from "./channel-endpoint.ts";
import { v2TokenHandlers } from "./v2-token.ts";

/** Serves a token's channel. Takes ownership of it. */
export function serveToken(channel: Channel, collection: LogicalBufferCollection, node: Node): NodeEndpoint {
  const endpoint = new ChannelEndpoint(channel, "v2");
  const arrival: Arrival = { collection, node, endpoint };
  return endpoint.attach(
    BufferCollectionToken.serve(channel, v2TokenHandlers(arrival), {
      onClosed(info) {
        const close = clientCloseOf(info);
        if (close !== undefined) receiveClose(arrival, close);
      },
    }),
  );
}
