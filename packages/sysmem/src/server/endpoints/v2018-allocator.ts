/** `fuchsia.sysmem.v2018/Allocator`. */
import { type Channel, err, type Result, Status } from "#base";
import { DEFERRED, type Responder, type ServerControl, type ServingClosed } from "#fidl";
import { Allocator, type AllocatorServer, type BufferCollectionInfo } from "#gen/fuchsia_sysmem_v2018";
import { asEventPair, type PeerCredentials } from "#kernel";
import type { DeliveredCollection } from "../buffers/delivery.ts";
import type { AllocatorConnection } from "../nodes/allocator.ts";
import type { Handled } from "../nodes/receive.ts";
import { allocateFor } from "../v2018/call-node.ts";
import {
  blankCollectionInfo,
  collectionInfo,
  isUsageValid,
  specConstraints,
  usageConstraints,
} from "../v2018/conversion.ts";
import type { SharedCollections, WaitingCall } from "../v2018/shared-collections.ts";
import { handleAllocatorMessage } from "./allocator-message.ts";
import type { ServedConnection } from "./v2-allocator.ts";

/** Serves the Allocator of 2018. Takes ownership of `channel`. */
export function serveV2018Allocator(
  channel: Channel,
  connection: AllocatorConnection,
  shared: SharedCollections,
  onClosed: (info: ServingClosed) => void,
): ServedConnection {
  /** Calls that wait for their token's peer, or for the other tokens. They end with this channel. */
  const waiting = new Set<() => void>();
  return Allocator.serve(channel, handlers(connection, shared, waiting), {
    onClosed(info) {
      connection.context.turns.enter(() => {
        for (const giveUp of waiting) giveUp();
        waiting.clear();
      });
      onClosed(info);
    },
  });
}

/** Both calls that give buffers answer alike. */
type BuffersResponder = Responder<{ status: number; collection: BufferCollectionInfo }>;

function handlers(
  connection: AllocatorConnection,
  shared: SharedCollections,
  waiting: Set<() => void>,
): AllocatorServer {
  const { peer } = connection;

  function handle(control: ServerControl, message: string, run: () => Handled, drop?: () => void): void {
    handleAllocatorMessage(connection, control, message, run, { generation: "v1", drop });
  }

  return {
    allocateCollection({ bufferCount, spec, usage }, call) {
      handle(call.control, "AllocateCollection", () => {
        const constraints = specConstraints(bufferCount, spec);
        const refused = constraints.ok ? checkUsage(usage) : constraints.error;
        if (!constraints.ok || refused !== undefined) {
          answerWithBuffers(call.responder, err(refused ?? Status.ERR_INVALID_ARGS));
          return undefined;
        }
        const demands = usageConstraints(usage);
        const answer = (outcome: Result<DeliveredCollection, number>) => answerWithBuffers(call.responder, outcome);
        allocateFor(connection, { constraints: { ...constraints.value, ...demands }, peer, answer }, []);
        return undefined;
      });
      return DEFERRED;
    },
    allocateSharedCollection({ bufferCount, spec, tokenPeer }, call) {
      const { responder } = call;
      handle(
        call.control,
        "AllocateSharedCollection",
        () => {
          const constraints = specConstraints(bufferCount, spec);
          if (!constraints.ok) {
            // Whoever holds a token learns it too: their token's peer is gone.
            tokenPeer.close();
            responder.reply({ status: constraints.error });
            return undefined;
          }
          const coordinator = waitingCall(peer, responder, (outcome) => {
            responder.reply({ status: outcome.ok ? Status.OK : outcome.error });
          });
          return shared.open(constraints.value, asEventPair(tokenPeer), coordinator);
        },
        () => tokenPeer.close(),
      );
      return DEFERRED;
    },
    bindSharedCollection({ usage, token }, call) {
      const { responder } = call;
      handle(
        call.control,
        "BindSharedCollection",
        () => {
          const refused = checkUsage(usage);
          if (refused !== undefined) {
            token.close();
            answerWithBuffers(responder, err(refused));
            return undefined;
          }
          let giveUp: (() => void) | undefined;
          const binder = waitingCall(peer, responder, (outcome) => {
            if (giveUp !== undefined) waiting.delete(giveUp);
            answerWithBuffers(responder, outcome);
          });
          const bound = shared.bind(usage, asEventPair(token), binder);
          if (!bound.ok) return bound.error;
          giveUp = bound.value;
          if (!responder.isSent) waiting.add(giveUp);
          return undefined;
        },
        () => token.close(),
      );
      return DEFERRED;
    },
  };
}

function checkUsage(usage: Parameters<typeof isUsageValid>[0]): number | undefined {
  return isUsageValid(usage) ? undefined : Status.ERR_INVALID_ARGS;
}

function waitingCall(
  peer: PeerCredentials | undefined,
  responder: { readonly isSent: boolean },
  answer: WaitingCall["answer"],
): WaitingCall {
  return {
    peer,
    get isGone() {
      return responder.isSent;
    },
    answer,
  };
}

function answerWithBuffers(responder: BuffersResponder, outcome: Result<DeliveredCollection, number>): void {
  responder.reply(
    outcome.ok
      ? { status: Status.OK, collection: collectionInfo(outcome.value) }
      : { status: outcome.error, collection: blankCollectionInfo() },
  );
}
