/** When buffers end, and what follows from it. Lifecycle contract 7.3, 7.4, 7.7. */
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { clientFields } from "../debug/log-fields.ts";
import { failRoot } from "../collection/failure.ts";
import type { LogicalBuffer } from "./logical-buffer.ts";

/** From the end of a buffer's strong side to the complaint about weak VMOs that are still held. */
const WEAK_COMPLAINT_DELAY_NS = 5e9;

/** The server lets go of its own strong VMOs: no strong node is left, or no tree. */
export function dropServerStrongVmos(collection: LogicalBufferCollection): void {
  if (!collection.holdsStrongVmos) return;
  collection.holdsStrongVmos = false;
  for (const buffer of collection.buffers.values()) settle(buffer);
}

/** The kernel has seen the last descriptor and mapping of a handed-out VMO. */
export function handedOutVmoGone(buffer: LogicalBuffer, childId: number): void {
  if (buffer.childGone(childId)) settle(buffer);
}

/** Draws the consequences of what is left of a buffer. Safe to call at any time. */
export function settle(buffer: LogicalBuffer): void {
  if (buffer.state !== "live") return;
  const { collection } = buffer;
  if (!buffer.isStrongSideGone && !collection.holdsStrongVmos && buffer.strongChildren === 0) strongSideGone(buffer);
  if (buffer.isStrongSideGone && buffer.children.size === 0) free(buffer);
}

function strongSideGone(buffer: LogicalBuffer): void {
  const { collection } = buffer;
  const { clock } = collection.context;
  buffer.setStrongSideGone();
  const weakOutstanding = buffer.weakChildren;
  collection.emit(() => ({ type: "strong-vmos-gone", bufferIndex: buffer.index, weakOutstanding }));
  if (weakOutstanding > 0) {
    buffer.weakSinceNs = clock.nowNs();
    buffer.complaintTimer = clock.setTimer(buffer.weakSinceNs + WEAK_COMPLAINT_DELAY_NS, () =>
      collection.enter(() => complain(buffer)),
    );
  }
  collection.strongBuffers--;
  if (collection.strongBuffers === 0) {
    collection.post(() => failRoot(collection, "UNSPECIFIED", "no strong VMO left"));
  }
}

/** Once for each buffer; it costs nobody a channel. */
function complain(buffer: LogicalBuffer): void {
  buffer.complaintTimer = undefined;
  if (buffer.state !== "live") return;
  const { collection } = buffer;
  for (const child of buffer.children.values()) {
    collection.context.logger.error(
      {
        ...collection.describe(),
        bufferIndex: buffer.index,
        nodeId: child.receiver.nodeId,
        ...clientFields(child.receiver, child.receiver),
        vmo: buffer.memory.koid,
        childId: child.childId,
      },
      "close_weak_asap was signalled 5 s ago and this weak VMO is still held",
    );
    collection.emit(() => ({
      type: "weak-vmo-complaint",
      bufferIndex: buffer.index,
      childId: child.childId,
      client: child.receiver.name,
      clientId: child.receiver.id,
    }));
  }
}

/** The last VMO is gone: the heap is told, and when it has answered the buffer does not exist any more. */
function free(buffer: LogicalBuffer): void {
  const { collection, heap, memory } = buffer;
  const { context } = collection;
  buffer.state = "deleting";
  buffer.closeHandles();
  collection.buffers.delete(buffer.index);
  context.vmos.delete(buffer);
  const gone = () => {
    buffer.state = "gone";
    collection.existingBuffers--;
    collection.refundBuffers(1);
    const weakDurationNs = buffer.weakSinceNs === undefined ? undefined : context.clock.nowNs() - buffer.weakSinceNs;
    collection.emit(() => ({ type: "buffer-freed", bufferIndex: buffer.index, weakDurationNs }));
    collection.trackers.evaluate(collection.existingBuffers);
    collection.goIfDone();
  };
  if (collection.isHeapLost) {
    // Nobody is there to clean up, or to be told.
    memory.close();
    gone();
    return;
  }
  heap.deleteVmo(collection.id, buffer.index, memory).then(
    () => collection.enter(gone),
    (error: unknown) => {
      context.logger.error(
        { ...collection.describe(), err: error, bufferIndex: buffer.index },
        "a heap failed to delete a buffer",
      );
      collection.enter(gone);
    },
  );
}
