/** What the three participants of the demo have in common: joining, watching over each other, leaving. */
import { SysmemError } from "#base";
import { type Collection, type SharedBuffers, Sysmem } from "#client";
import type { MonitorClient } from "#gen/sysmem_demo";
import { constraintsFor, type Role, type SourceImage } from "./roles.ts";

/** The collection failed while frames were under way: some participant is gone. */
class CollectionLostError extends SysmemError {
  readonly code = "COLLECTION_LOST";
}

/** A participant with its buffers. */
export interface Session {
  readonly buffers: SharedBuffers;
  /** Rejects as soon as the collection fails. Race every wait against it. */
  readonly lost: Promise<never>;
  /** Leaves in order. */
  leave(frames: number): void;
}

/** Binds the inherited token, says what `role` needs, waits for the buffers and maps them. */
export async function join(role: Role, monitor: MonitorClient, image?: SourceImage): Promise<Session> {
  const sysmem = Sysmem.inherited({ name: role });
  const collection = sysmem.bindInherited();
  collection.setConstraints(constraintsFor(role, image));
  const buffers = await collection.waitForBuffers();
  for (const buffer of buffers) buffer.bytes();
  monitor.joined({
    inodes: BigUint64Array.from([...buffers].map((buffer) => BigInt(buffer.vmo?.inode ?? 0))),
    writable: [...buffers].every((buffer) => buffer.isWritable),
  });
  return {
    buffers,
    lost: loss(collection),
    leave(frames) {
      buffers.close();
      collection.release();
      monitor.finished({ frames: BigInt(frames) });
      monitor.close();
      sysmem.close();
    },
  };
}

function loss(collection: Collection): Promise<never> {
  const lost = collection.closed.then((): Promise<never> => {
    if (collection.isReleased) return new Promise<never>(() => {});
    throw new CollectionLostError("the buffer collection is closed: another participant is gone");
  });
  // Whoever waits sees the rejection; when nobody does, it is not an unhandled one.
  lost.catch(() => {});
  return lost;
}
