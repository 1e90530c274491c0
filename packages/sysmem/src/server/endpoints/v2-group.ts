/** `fuchsia.sysmem2/BufferCollectionTokenGroup`. */
import { DEFERRED, type ServerEnd } from "#fidl";
import {
  BufferCollectionToken,
  BufferCollectionTokenGroup,
  type BufferCollectionTokenGroupClient,
  type BufferCollectionTokenGroupServer,
} from "#gen/fuchsia_sysmem2";
import * as core from "../nodes/group.ts";
import { type Arrival, receive, receiveClose } from "../nodes/receive.ts";
import type { EndToServe } from "../nodes/serving.ts";
import { addTokens } from "../nodes/token.ts";
import { ChannelEndpoint, clientCloseOf } from "./channel-endpoint.ts";
import { missing, v2NodeHandlers } from "./v2-node.ts";

/** A group's server end that came by a v2 message. */
export function v2GroupEnd(end: ServerEnd<BufferCollectionTokenGroupClient>): EndToServe {
  return {
    drop: () => end.close(),
    serve(collection, node) {
      const channel = end.take();
      const endpoint = new ChannelEndpoint(channel, "v2", collection.account);
      const arrival: Arrival = { collection, node, endpoint };
      return endpoint.attach(
        BufferCollectionTokenGroup.serve(channel, groupHandlers(arrival), {
          onClosed(info) {
            const close = clientCloseOf(info);
            if (close !== undefined) receiveClose(arrival, close);
          },
        }),
      );
    },
  };
}

function groupHandlers(arrival: Arrival): BufferCollectionTokenGroupServer {
  const { collection, node } = arrival;
  return {
    ...v2NodeHandlers(arrival),

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
        rightsAttenuationMasks === undefined
          ? missing("rights_attenuation_masks")
          : addTokens(collection, node, rightsAttenuationMasks, (ends) => {
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
