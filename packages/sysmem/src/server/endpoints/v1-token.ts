/** `fuchsia.sysmem/BufferCollectionToken`. */
import { DEFERRED } from "#fidl";
import { BufferCollectionToken, type BufferCollectionTokenServer } from "#gen/fuchsia_sysmem";
import { type Arrival, receive } from "../nodes/receive.ts";
import * as core from "../nodes/token.ts";
import { v1GroupEnd } from "./v1-group.ts";
import { deprecatedHandlers, v1NodeHandlers } from "./v1-node.ts";

/** Handlers of a token's v1 messages. A token's channel takes v2 messages as well; see `serve-token.ts`. */
export function v1TokenHandlers(arrival: Arrival): BufferCollectionTokenServer {
  const { collection, node } = arrival;
  const handlers = v1NodeHandlers(arrival);
  return {
    ...handlers,
    ...deprecatedHandlers(handlers),

    duplicate({ rightsAttenuationMask, tokenRequest }) {
      receive(
        arrival,
        "Duplicate",
        () => core.duplicate(collection, node, rightsAttenuationMask, tokenRequest.channel),
        () => tokenRequest.close(),
      );
    },
    duplicateSync({ rightsAttenuationMasks }, call) {
      receive(arrival, "DuplicateSync", () =>
        core.addTokens(collection, node, rightsAttenuationMasks, (ends) => {
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
        () => core.createGroup(collection, node, v1GroupEnd(groupRequest)),
        () => groupRequest.close(),
      );
    },
  };
}
