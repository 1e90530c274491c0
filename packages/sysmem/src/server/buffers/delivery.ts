/** What a participant gets in answer to its wait. Lifecycle contract 7.1. */
import { MAX_MESSAGE_HANDLES, Rights } from "#base";
import type { EventPair, Vmo } from "#kernel";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import type { PendingWait } from "../nodes/serving.ts";
import type { Node } from "../tree/node.ts";
import { deliveredRights, type UsageBits, usageNeedsVmos } from "../tree/rights.ts";
import type { SingleBufferSettings } from "../types.ts";
import type { LogicalBuffer } from "./logical-buffer.ts";

/** Owned by whoever holds the object. */
export interface DeliveredBuffer {
  readonly vmo: Vmo | undefined;
  readonly closeWeakAsap: EventPair | undefined;
}

/** The content of a successful reply, in the terms of no generation. */
export interface DeliveredCollection {
  readonly settings: SingleBufferSettings;
  readonly bufferCollectionId: bigint;
  readonly buffers: readonly DeliveredBuffer[];
}

/** Answers a wait of a node that is logically allocated, with handles of its own. */
export function answerWait(collection: LogicalBufferCollection, node: Node, wait: PendingWait): void {
  const { allocation } = collection;
  if (allocation.kind !== "allocated") {
    wait.fail("UNSPECIFIED");
    return;
  }
  const { settings, bufferCount } = allocation.decided;
  const plan = deliveryPlan(node, wait);
  const handles = (plan.wantsVmos ? bufferCount : 0) + (plan.wantsCloseWeakAsap ? bufferCount : 0);
  if (handles > MAX_MESSAGE_HANDLES) {
    // The contract allows 128 buffers and a channel message 64 handles: such a reply cannot exist.
    collection.context.logger.error(
      { ...collection.describe(node), handles, limit: MAX_MESSAGE_HANDLES },
      "the buffers of this collection do not fit into one message to this participant",
    );
    wait.fail("UNSPECIFIED");
    return;
  }
  const { maxVmosPerBuffer } = collection.context.limits;
  if (plan.wantsVmos && [...collection.buffers.values()].some((buffer) => buffer.children.size >= maxVmosPerBuffer)) {
    collection.context.logger.error(
      { ...collection.describe(node), maxVmosPerBuffer },
      "quota maxVmosPerBuffer is used up: no further VMOs for this participant",
    );
    wait.fail("UNSPECIFIED");
    return;
  }
  const buffers: DeliveredBuffer[] = [];
  try {
    for (let index = 0; index < bufferCount; index++) {
      const buffer = collection.buffers.get(index);
      buffers.push(buffer === undefined ? nothing : deliver(collection, node, buffer, plan));
    }
  } catch (error) {
    for (const delivered of buffers) closeDelivered(delivered);
    collection.context.logger.error(
      { ...collection.describe(node), err: error },
      "the kernel refused to hand out a VMO",
    );
    wait.fail("UNSPECIFIED");
    return;
  }
  wait.succeed({ settings, bufferCollectionId: collection.id, buffers });
}

const nothing: DeliveredBuffer = { vmo: undefined, closeWeakAsap: undefined };

interface DeliveryPlan {
  readonly isWeak: boolean;
  readonly wantsVmos: boolean;
  /** v1 has no place for it: who consented to weak VMOs for a v1 node watches on its behalf. */
  readonly wantsCloseWeakAsap: boolean;
  readonly writable: boolean;
}

function deliveryPlan(node: Node, wait: PendingWait): DeliveryPlan {
  const { isWeak, rightsMask, constraints } = node.properties;
  const usage: UsageBits = constraints?.constraints?.usage ?? {};
  const rights = deliveredRights(rightsMask, usage);
  return {
    isWeak,
    wantsVmos: usageNeedsVmos(usage) && rights !== 0,
    wantsCloseWeakAsap: isWeak && wait.generation === "v2",
    writable: (rights & Rights.WRITE) !== 0,
  };
}

function deliver(
  collection: LogicalBufferCollection,
  node: Node,
  buffer: LogicalBuffer,
  plan: DeliveryPlan,
): DeliveredBuffer {
  const closeWeakAsap = plan.wantsCloseWeakAsap ? buffer.closeWeakAsap(collection.context.kernel) : undefined;
  // No new weak VMO once the strong side is gone: it could only delay the end.
  if (!plan.wantsVmos || (plan.isWeak && buffer.isStrongSideGone)) return { vmo: undefined, closeWeakAsap };
  try {
    const vmo = handOut(collection, buffer, { isWeak: plan.isWeak, writable: plan.writable, node });
    return { vmo, closeWeakAsap };
  } catch (error) {
    closeWeakAsap?.close();
    throw error;
  }
}

function handOut(
  collection: LogicalBufferCollection,
  buffer: LogicalBuffer,
  options: { readonly isWeak: boolean; readonly writable: boolean; readonly node: Node },
): Vmo {
  const { isWeak, writable, node } = options;
  const { debugInfo, pid } = node.properties;
  const vmo = buffer.handOut({ isWeak, writable, receiver: { ...debugInfo, nodeId: node.id, pid } });
  collection.emit(() => ({
    type: "vmo-delivered",
    node: collection.refData(node),
    bufferIndex: buffer.index,
    isWeak,
  }));
  return vmo;
}

/** Lets go of what could not be sent. */
export function closeDelivered(delivered: DeliveredBuffer): void {
  delivered.vmo?.close();
  delivered.closeWeakAsap?.close();
}
