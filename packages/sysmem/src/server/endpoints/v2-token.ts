/** `fuchsia.sysmem2/BufferCollectionToken`. */
import { DEFERRED } from "#fidl";
import {
  BufferCollectionToken,
  type BufferCollectionTokenServer,
  type BufferCollectionTokenGroupClient,
} from "#gen/fuchsia_sysmem2";
import type { ServerEnd } from "#fidl";
import * as core from "../nodes/token.ts";
import { type Arrival, receive } from "../nodes/receive.ts";
import { v2GroupEnd } from "./v2-group.ts";
import { missing, v2NodeHandlers } from "./v2-node.ts";

/** Handlers of a token's v2 messages. A token's channel takes v1 messages as well; see `serve-token.ts`. */
export function v2TokenHandlers(arrival: Arrival): BufferCollectionTokenServer {
  const { collection, node } = arrival;
  return {
    ...v2NodeHandlers(arrival),

    duplicate({ rightsAttenuationMask, tokenRequest }) {
      receive(
        arrival,
        "Duplicate",
        () =>
          rightsAttenuationMask === undefined || tokenRequest === undefined
            ? missing("rights_attenuation_mask", "token_request")
            : core.duplicate(collection, node, rightsAttenuationMask, tokenRequest.channel),
        () => tokenRequest?.close(),
      );
    },
    duplicateSync({ rightsAttenuationMasks }, call) {
      receive(arrival, "DuplicateSync", () =>
        rightsAttenuationMasks === undefined
          ? missing("rights_attenuation_masks")
          : core.addTokens(collection, node, rightsAttenuationMasks, (ends) => {
              call.responder.reply({ tokens: ends.map((end) => BufferCollectionToken.clientEnd(end)) });
            }),
      );
      return DEFERRED;
    },
    setDispensable() {
      receive(arrival, "SetDispensable", () => core.setDispensable(node));
    },
    createBufferCollectionTokenGroup({ groupRequest }) {
      receive(
        arrival,
        "CreateBufferCollectionTokenGroup",
        () => (groupRequest === undefined ? missing("group_request") : createGroup(groupRequest)),
        () => groupRequest?.close(),
      );
    },
  };

  function createGroup(request: ServerEnd<BufferCollectionTokenGroupClient>) {
    return core.createGroup(collection, node, v2GroupEnd(request));
  }
}
