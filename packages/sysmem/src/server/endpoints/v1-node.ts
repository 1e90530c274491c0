/** `fuchsia.sysmem/Node` on a node's channel, under the ordinals of today and those from before `Node` existed. */
import { DEFERRED, type ServeOptions } from "#fidl";
import type { NodeHandlers } from "#gen/fuchsia_sysmem";
import { asEvent } from "#kernel";
import { v1Status } from "../domain-error.ts";
import * as core from "../nodes/common.ts";
import { type Arrival, receive, receiveClose } from "../nodes/receive.ts";
import { clientCloseOf } from "./channel-endpoint.ts";

/** How every node's channel is served: its end goes to the core. */
export function nodeServeOptions(arrival: Arrival): ServeOptions {
  return {
    onClosed(info) {
      const close = clientCloseOf(info);
      if (close !== undefined) receiveClose(arrival, close);
    },
  };
}

/** The methods that tokens and collections declared themselves before level 9. */
export interface DeprecatedHandlers {
  readonly deprecatedSync: NodeHandlers["sync"];
  readonly deprecatedClose: NodeHandlers["close_"];
  readonly deprecatedSetName: NodeHandlers["setName"];
  readonly deprecatedSetDebugClientInfo: NodeHandlers["setDebugClientInfo"];
  readonly deprecatedSetDebugTimeoutLogDeadline: NodeHandlers["setDebugTimeoutLogDeadline"];
}

/** The same handlers under their deprecated names. */
export function deprecatedHandlers(handlers: NodeHandlers): DeprecatedHandlers {
  return {
    deprecatedSync: handlers.sync,
    deprecatedClose: handlers.close_,
    deprecatedSetName: handlers.setName,
    deprecatedSetDebugClientInfo: handlers.setDebugClientInfo,
    deprecatedSetDebugTimeoutLogDeadline: handlers.setDebugTimeoutLogDeadline,
  };
}

/** Handlers of the methods that tokens, groups and collections share. */
export function v1NodeHandlers(arrival: Arrival): NodeHandlers {
  const { collection, node } = arrival;
  return {
    sync(call) {
      receive(arrival, "Sync", () => void call.responder.reply(undefined));
      return DEFERRED;
    },
    close_() {
      receive(arrival, "Release", () => core.release(node));
    },
    setName({ priority, name }) {
      receive(arrival, "SetName", () => core.setName(collection, priority, name));
    },
    setDebugClientInfo({ name, id }) {
      receive(arrival, "SetDebugClientInfo", () => core.setDebugClientInfo(collection, node, name, id));
    },
    setDebugTimeoutLogDeadline({ deadline }) {
      receive(arrival, "SetDebugTimeoutLogDeadline", () =>
        core.setDebugTimeoutLogDeadline(collection, Number(deadline)),
      );
    },
    setVerboseLogging() {
      receive(arrival, "SetVerboseLogging", () => core.setVerboseLogging(collection));
    },
    getNodeRef(call) {
      receive(arrival, "GetNodeRef", () => void call.responder.reply({ nodeRef: core.nodeRef(collection, node) }));
      return DEFERRED;
    },
    isAlternateFor({ nodeRef }, call) {
      const drop = () => nodeRef.close();
      receive(
        arrival,
        "IsAlternateFor",
        () => {
          const isAlternate = core.isAlternateFor(collection, node, asEvent(nodeRef));
          drop();
          if (isAlternate === undefined) call.responder.fail(v1Status("NOT_FOUND"));
          else call.responder.reply({ isAlternate });
          return undefined;
        },
        drop,
      );
      return DEFERRED;
    },
  };
}
