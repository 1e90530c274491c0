/** What a collection's channel can be asked to do. Lifecycle contract 4.5. */
import { type Channel, Status } from "#base";
import type { EventPair, Vmo } from "#kernel";
import { checkAllocation } from "../allocation/check.ts";
import { answerWait } from "../buffers/delivery.ts";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { deviation } from "../domain-error.ts";
import type { Node } from "../tree/node.ts";
import type { BufferCollectionConstraints, SingleBufferSettings } from "../types.ts";
import type { Handled } from "./receive.ts";
import type { CollectionServing, PendingWait } from "./serving.ts";
import { addToken, checkRoom } from "./token.ts";

/**
 * `SetConstraints`. Their content is not judged here: bad constraints show as a failed allocation.
 * @param mustMatch `must_match_vmo`, which stays the caller's; it is only looked at.
 */
export function setConstraints(
  collection: LogicalBufferCollection,
  node: Node,
  constraints: BufferCollectionConstraints | undefined,
  mustMatch: Vmo | undefined,
): Handled {
  let settings: SingleBufferSettings | undefined;
  if (mustMatch !== undefined) {
    const known = collection.context.vmos.find(mustMatch);
    const { allocation } = known?.buffer.collection ?? {};
    if (allocation?.kind !== "allocated") return deviation("must_match_vmo is not a sysmem-provided VMO");
    settings = allocation.decided.settings;
  }
  node.properties.constraints = { constraints, mustMatch: settings };
  node.touch();
  if (collection.isVerbose) {
    collection.context.logger.info({ ...collection.describe(node), constraints }, "SetConstraints");
  }
  collection.emit(() => ({ type: "constraints-set", node: collection.refData(node), constraints }));
  checkAllocation(collection);
  return undefined;
}

/** `WaitForAllBuffersAllocated`: answered at once when there is a result, else when there is one. */
export function waitForAllBuffersAllocated(
  collection: LogicalBufferCollection,
  node: Node,
  serving: CollectionServing,
  wait: PendingWait,
): Handled {
  const { properties } = node;
  if (properties.isWeak && !mayReceiveWeakVmos(node, wait)) {
    return deviation("a weak node waits for buffers without SetWeakOk");
  }
  const { maxPendingWaitsPerNode } = collection.context.limits;
  if (serving.waits.length >= maxPendingWaitsPerNode) {
    return deviation(`quota maxPendingWaitsPerNode (${maxPendingWaitsPerNode}) is used up`, Status.ERR_NO_RESOURCES);
  }
  serving.hasWaited = true;
  if (properties.isLogicallyAllocated) answerWait(collection, node, wait);
  else serving.waits.push(wait);
  return undefined;
}

/** v1 has no word for weak VMOs: only an ancestor's consent for its children counts there. */
function mayReceiveWeakVmos(node: Node, wait: PendingWait): boolean {
  return wait.generation === "v1" ? node.properties.isWeakOkFromParent : node.properties.isWeakOk;
}

/** `CheckAllBuffersAllocated`: true once this node has a result. (After a failure there is no channel to ask on.) */
export function isAllocated(node: Node): boolean {
  return node.properties.isLogicallyAllocated;
}

/** `AttachToken`: a child that is a failure domain of its own and allocates late. Takes ownership of `channel`. */
export function attachToken(collection: LogicalBufferCollection, node: Node, mask: number, channel: Channel): Handled {
  if (node.properties.isWeak) return deviation("AttachToken on a weak collection");
  if (mask === 0) return deviation("AttachToken with rights_attenuation_mask 0");
  const full = checkRoom(collection, 1);
  if (full !== undefined) return full;
  addToken(collection, node, channel, mask, { isAttached: true });
  return undefined;
}

/** `AttachLifetimeTracking`. Takes ownership of `serverEnd` when it succeeds. */
export function attachLifetimeTracking(
  collection: LogicalBufferCollection,
  node: Node,
  serving: CollectionServing,
  serverEnd: EventPair,
  buffersRemaining: number,
): Handled {
  const { maxLifetimeTrackersPerCollection: limit } = collection.context.limits;
  if (collection.trackers.count + serving.trackers.length >= limit) {
    return deviation(`quota maxLifetimeTrackersPerCollection (${limit}) is used up`, Status.ERR_NO_RESOURCES);
  }
  serverEnd.dropData();
  if (!node.properties.isLogicallyAllocated) {
    serving.trackers.push({ serverEnd, buffersRemaining });
    return undefined;
  }
  collection.armTracker(serverEnd, buffersRemaining);
  return undefined;
}
