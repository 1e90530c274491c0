/** `fuchsia.sysmem/Allocator`. */
import type { Channel } from "#base";
import { DEFERRED, type ServerControl, type ServingClosed } from "#fidl";
import { Allocator, type AllocatorServer } from "#gen/fuchsia_sysmem";
import type { AllocatorConnection } from "../nodes/allocator.ts";
import type { Handled } from "../nodes/receive.ts";
import { handleAllocatorMessage } from "./allocator-message.ts";
import { v1CollectionEnd } from "./v1-collection.ts";
import type { ServedConnection } from "./v2-allocator.ts";

/** Where a v1 Allocator's messages go. */
export interface V1AllocatorTargets {
  readonly connection: AllocatorConnection;
  /** Makes tokens: `SetDebugClientInfo` of v1 reaches collections only, so this one never has a name. */
  readonly nameless: AllocatorConnection;
  /** `ConnectToSysmem2Allocator`. Takes ownership of `channel`. */
  connectV2(channel: Channel): void;
}

/** Serves a v1 Allocator. Takes ownership of `channel`. */
export function serveV1Allocator(
  channel: Channel,
  targets: V1AllocatorTargets,
  onClosed: (info: ServingClosed) => void,
): ServedConnection {
  return Allocator.serve(channel, handlers(targets), { onClosed });
}

function handlers({ connection, nameless, connectV2 }: V1AllocatorTargets): AllocatorServer {
  function handle(control: ServerControl, message: string, run: () => Handled, drop?: () => void): void {
    handleAllocatorMessage(connection, control, message, run, { generation: "v1", drop });
  }

  return {
    allocateSharedCollection({ tokenRequest }, control) {
      handle(
        control,
        "AllocateSharedCollection",
        () => nameless.allocateSharedCollection(tokenRequest.channel),
        () => tokenRequest.close(),
      );
    },
    allocateNonSharedCollection({ collectionRequest }, control) {
      handle(
        control,
        "AllocateNonSharedCollection",
        () => connection.allocateNonSharedCollection(v1CollectionEnd(collectionRequest)),
        () => collectionRequest.close(),
      );
    },
    bindSharedCollection({ token, bufferCollectionRequest }, control) {
      handle(
        control,
        "BindSharedCollection",
        () => {
          connection.bindSharedCollection(token.take(), v1CollectionEnd(bufferCollectionRequest));
          return undefined;
        },
        () => {
          token.close();
          bufferCollectionRequest.close();
        },
      );
    },
    validateBufferCollectionToken({ tokenServerKoid }, call) {
      handle(call.control, "ValidateBufferCollectionToken", () => {
        call.responder.reply({ isKnown: connection.isKnownToken(tokenServerKoid) });
        return undefined;
      });
      return DEFERRED;
    },
    setDebugClientInfo({ name, id }, control) {
      handle(control, "SetDebugClientInfo", () => {
        connection.setDebugClientInfo(name, id);
        return undefined;
      });
    },
    connectToSysmem2Allocator({ allocatorRequest }, control) {
      handle(
        control,
        "ConnectToSysmem2Allocator",
        () => {
          connectV2(allocatorRequest.take());
          return undefined;
        },
        () => allocatorRequest.close(),
      );
    },
  };
}
