/** `fuchsia.sysmem/BufferCollectionTokenGroup`. */
import { DEFERRED, type ServerEnd } from "#fidl";
import {
  BufferCollectionToken,
  BufferCollectionTokenGroup,
  type BufferCollectionTokenGroupClient,
  type BufferCollectionTokenGroupServer,
} from "#gen/fuchsia_sysmem";
import * as core from "../nodes/group.ts";
import { type Arrival, receive } from "../nodes/receive.ts";
import type { EndToServe } from "../nodes/serving.ts";
import { addTokens } from "../nodes/token.ts";
import { ChannelEndpoint } from "./channel-endpoint.ts";
import { nodeServeOptions, v1NodeHandlers } from "./v1-node.ts";
import { missing } from "./v2-node.ts";

/** A group's server end that came by a v1 message. */
export function v1GroupEnd(end: ServerEnd<BufferCollectionTokenGroupClient>): EndToServe {
  return {
    drop: () => end.close(),
    serve(collection, node) {
      const channel = end.take();
      const endpoint = new ChannelEndpoint(channel, "v1", collection.account);
      const arrival: Arrival = { collection, node, endpoint };
      const options = nodeServeOptions(arrival);
      return endpoint.attach(BufferCollectionTokenGroup.serve(channel, groupHandlers(arrival), options));
    },
  };
}

function groupHandlers(arrival: Arrival): BufferCollectionTokenGroupServer {
  const { collection, node } = arrival;
  return {
    ...v1NodeHandlers(arrival),

    // The only table in v1, and so the only v1 message with a field that can be missing.
    createChild({ tokenRequest, rightsAttenuationMask }) {
      receive(
        arrival,
        "CreateChild",
        () =>
          tokenRequest === undefined
            ? missing("token_request")
            : core.createChild(collection, node, rightsAttenuationMask, tokenRequest.channel),
        () => tokenRequest?.close(),
      );
    },
    createChildrenSync({ rightsAttenuationMasks }, call) {
      receive(arrival, "CreateChildrenSync", () =>
        addTokens(collection, node, rightsAttenuationMasks, (ends) => {
          call.responder.reply({ tokens: ends.map((end) => BufferCollectionToken.clientEnd(end)) });
        }),
      );
      return DEFERRED;
    },
    allChildrenPresent() {
      receive(arrival, "AllChildrenPresent", () => core.allChildrenPresent(collection, node));
    },
  };
}
