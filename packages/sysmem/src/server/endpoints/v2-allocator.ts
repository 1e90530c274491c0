/** `fuchsia.sysmem2/Allocator`. */
import { type Channel, Status } from "#base";
import { asVmo } from "#kernel";
import { DEFERRED, type ServerControl, type ServingClosed } from "#fidl";
import { Allocator, type AllocatorServer } from "#gen/fuchsia_sysmem2";
import type { AllocatorConnection } from "../nodes/allocator.ts";
import type { Handled } from "../nodes/receive.ts";
import { handleAllocatorMessage } from "./allocator-message.ts";
import { v2CollectionEnd } from "./v2-collection.ts";
import { missing, wireError } from "./v2-node.ts";

/** A connection being served, as the server keeps it for shutdown. */
export interface ServedConnection {
  close(): void;
}

/** Serves an Allocator. Takes ownership of `channel`. */
export function serveV2Allocator(
  channel: Channel,
  connection: AllocatorConnection,
  onClosed: (info: ServingClosed) => void,
): ServedConnection {
  return Allocator.serve(channel, handlers(connection), { onClosed });
}

function handlers(connection: AllocatorConnection): AllocatorServer {
  function handle(control: ServerControl, message: string, run: () => Handled, drop?: () => void): void {
    handleAllocatorMessage(connection, control, message, run, { generation: "v2", drop });
  }

  return {
    unknownMethod({ ordinal }, control) {
      handle(control, `method ${ordinal}`, () => ({
        kind: "deviation",
        detail: "unknown method",
        v1Status: Status.ERR_NOT_SUPPORTED,
      }));
    },
    allocateSharedCollection({ tokenRequest }, control) {
      handle(
        control,
        "AllocateSharedCollection",
        () =>
          tokenRequest === undefined
            ? missing("token_request")
            : connection.allocateSharedCollection(tokenRequest.channel),
        () => tokenRequest?.close(),
      );
    },
    allocateNonSharedCollection({ collectionRequest }, control) {
      handle(
        control,
        "AllocateNonSharedCollection",
        () =>
          collectionRequest === undefined
            ? missing("collection_request")
            : connection.allocateNonSharedCollection(v2CollectionEnd(collectionRequest)),
        () => collectionRequest?.close(),
      );
    },
    bindSharedCollection({ token, bufferCollectionRequest }, control) {
      handle(
        control,
        "BindSharedCollection",
        () => {
          if (token === undefined || bufferCollectionRequest === undefined) {
            return missing("token", "buffer_collection_request");
          }
          connection.bindSharedCollection(token.take(), v2CollectionEnd(bufferCollectionRequest));
          return undefined;
        },
        () => {
          token?.close();
          bufferCollectionRequest?.close();
        },
      );
    },
    setDebugClientInfo({ name, id }, control) {
      handle(control, "SetDebugClientInfo", () => {
        if (name === undefined) return missing("name");
        connection.setDebugClientInfo(name, id ?? 0n);
        return undefined;
      });
    },
    validateBufferCollectionToken({ tokenServerKoid }, call) {
      handle(call.control, "ValidateBufferCollectionToken", () => {
        if (tokenServerKoid === undefined) return missing("token_server_koid");
        call.responder.reply({ isKnown: connection.isKnownToken(tokenServerKoid) });
        return undefined;
      });
      return DEFERRED;
    },
    getVmoInfo(request, call) {
      const drop = () => {
        // The handles shown are descriptions of their own: they must not keep alive what they ask about.
        request.vmo?.close();
        request.vmoSettingsToCheck?.close();
      };
      handle(
        call.control,
        "GetVmoInfo",
        () => {
          const answers = connection.vmoInfo({
            vmo: request.vmo && asVmo(request.vmo),
            needWeak: request.needWeak ?? false,
            needSettings: request.needSingleBufferSettings ?? false,
            constraintsToCheck: request.constraintsToCheck,
            settingsToCheck: request.vmoSettingsToCheck && asVmo(request.vmoSettingsToCheck),
            settingsToCheckIgnoreSize: request.vmoSettingsToCheckIgnoreSize ?? false,
          });
          drop();
          if (!answers.ok) {
            call.responder.fail(wireError(answers.error));
            return undefined;
          }
          const { bufferCollectionId, bufferIndex, closeWeakAsap, weakVmo, settings, constraintsOk, settingsMatch } =
            answers.value;
          call.responder.reply({
            bufferCollectionId,
            bufferIndex: BigInt(bufferIndex),
            closeWeakAsap,
            weakVmo,
            singleBufferSettings: settings,
            constraintsOk,
            vmoSettingsMatch: settingsMatch,
          });
          return undefined;
        },
        drop,
      );
      return DEFERRED;
    },
  };
}
