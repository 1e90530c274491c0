/** `fuchsia.sysmem2/Node` on a node's channel: required fields, and the way into the core. */
import { asEvent, asEventPair } from "#kernel";
import { DEFERRED, type ServerHandlers } from "#fidl";
import { Error, type NodeHandlers } from "#gen/fuchsia_sysmem2";
import { type Deviation, deviation, type DomainError, v2Error } from "../domain-error.ts";
import * as core from "../nodes/common.ts";
import { type Arrival, receive, receiveUnknownMethod } from "../nodes/receive.ts";

/** The wire's number for a domain error. */
export function wireError(error: DomainError): Error {
  return Error.from(v2Error(error));
}

/** A required field is absent. */
export function missing(...fields: string[]): Deviation {
  return deviation(`required field absent: ${fields.join(" or ")}`);
}

/** Handlers of the methods that tokens, groups and collections share. */
export function v2NodeHandlers(arrival: Arrival): NodeHandlers & ServerHandlers {
  const { collection, node } = arrival;
  return {
    unknownMethod: ({ ordinal }) => receiveUnknownMethod(arrival, ordinal),

    sync(call) {
      receive(arrival, "Sync", () => void call.responder.reply(undefined));
      return DEFERRED;
    },
    release() {
      receive(arrival, "Release", () => core.release(node));
    },
    setName({ priority, name }) {
      receive(arrival, "SetName", () =>
        priority === undefined || name === undefined
          ? missing("priority", "name")
          : core.setName(collection, priority, name),
      );
    },
    setDebugClientInfo({ name, id }) {
      receive(arrival, "SetDebugClientInfo", () =>
        name === undefined ? missing("name") : core.setDebugClientInfo(collection, node, name, id ?? 0n),
      );
    },
    setDebugTimeoutLogDeadline({ deadline }) {
      receive(arrival, "SetDebugTimeoutLogDeadline", () =>
        deadline === undefined ? missing("deadline") : core.setDebugTimeoutLogDeadline(collection, Number(deadline)),
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
      const drop = () => nodeRef?.close();
      receive(
        arrival,
        "IsAlternateFor",
        () => {
          if (nodeRef === undefined) return missing("node_ref");
          const isAlternate = core.isAlternateFor(collection, node, asEvent(nodeRef));
          drop();
          if (isAlternate === undefined) call.responder.fail(wireError("NOT_FOUND"));
          else call.responder.reply({ isAlternate });
          return undefined;
        },
        drop,
      );
      return DEFERRED;
    },
    getBufferCollectionId(call) {
      receive(arrival, "GetBufferCollectionId", () => void call.responder.reply({ bufferCollectionId: collection.id }));
      return DEFERRED;
    },
    setWeak() {
      receive(arrival, "SetWeak", () => core.setWeak(collection, node));
    },
    setWeakOk({ forChildNodesAlso }) {
      receive(arrival, "SetWeakOk", () => core.setWeakOk(node, forChildNodesAlso ?? false));
    },
    attachNodeTracking({ serverEnd }) {
      receive(
        arrival,
        "AttachNodeTracking",
        () =>
          serverEnd === undefined
            ? missing("server_end")
            : core.attachNodeTracking(collection, node, asEventPair(serverEnd)),
        () => serverEnd?.close(),
      );
    },
  };
}
