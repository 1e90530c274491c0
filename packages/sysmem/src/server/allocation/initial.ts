/** The initial allocation: once, for the tree's root. Lifecycle contract 6.3. */
import { assert } from "#base";
import type { BufferMemory } from "#kernel";
import type { Heap } from "#heaps";
import { describeBreach } from "../accounts/accounts.ts";
import type { LogicalBufferCollection } from "../collection/logical-buffer-collection.ts";
import { LogicalBuffer } from "../buffers/logical-buffer.ts";
import { handedOutVmoGone, settle } from "../buffers/lifetime.ts";
import type { DomainError } from "../domain-error.ts";
import type { Node } from "../tree/node.ts";
import type { AttemptOutcome } from "./check.ts";
import { BufferAllocation } from "./buffer-allocation.ts";
import { type Decision, negotiateInitial } from "./negotiation.ts";
import { applySelection, reportDecision, reportFailure, subtreeFailed, subtreeSucceeded } from "./outcome.ts";

/** @param recheck looks again at the whole tree; called when the heap has answered, before waiting inputs are let in. */
export function attemptInitialAllocation(
  collection: LogicalBufferCollection,
  root: Node,
  recheck: () => void,
): AttemptOutcome {
  const outcome = negotiateInitial(collection, root);
  switch (outcome.kind) {
    case "postponed":
      collection.allocation = { kind: "postponed" };
      return "postponed";
    case "failed":
      reportFailure(collection, root, "initial", outcome.error, outcome.reason, outcome.inquiry);
      fail(collection, root, outcome.error);
      return "final";
    case "decided":
      reportDecision(collection, root, "initial", outcome);
      return startAllocating(collection, root, outcome, recheck);
  }
}

/** Asks the heap for the buffers, and holds the collection's inputs back until it has answered. */
function startAllocating(
  collection: LogicalBufferCollection,
  root: Node,
  decision: Decision,
  recheck: () => void,
): AttemptOutcome {
  const { context } = collection;
  const { decided } = decision;
  const sinceNs = context.clock.nowNs();
  const bytesPerBuffer = Number(decided.settings.bufferSettings.rawVmoSize);
  const charge = { buffers: decided.bufferCount, bytes: decided.bufferCount * bytesPerBuffer };
  const breach = collection.account.check(charge);
  if (breach !== undefined) {
    context.logger.error({ ...collection.describe(), breach }, describeBreach(breach));
    reportFailure(collection, root, "initial", "NO_MEMORY", describeBreach(breach));
    fail(collection, root, "NO_MEMORY");
    return "final";
  }
  collection.chargedBytesPerBuffer = bytesPerBuffer;
  collection.account.charge(charge);
  collection.allocation = { kind: "allocating", decided, heap: decision.heap, sinceNs };
  collection.gate.close();
  collection.setPaused(true);
  applySelection(decision);
  const allocation = new BufferAllocation(collection, decision);
  allocation.run().then(
    (result) =>
      collection.enter(() => {
        if (result.ok) {
          finish(collection, root, decision.heap, result.value, sinceNs, recheck);
        } else {
          context.logger.error(
            { ...collection.describe(collection.root), err: result.error },
            "no memory for the buffers of this collection",
          );
          const { error } = result;
          finishWithout(collection, root, error instanceof Error ? error.message : String(error));
        }
      }),
    (exception: unknown) =>
      collection.enter(() => {
        finishWithout(collection, root, "an exception in the server");
        throw exception;
      }),
  );
  return "pending";
}

function finish(
  collection: LogicalBufferCollection,
  root: Node,
  heap: Heap,
  memories: BufferMemory[],
  sinceNs: number,
  recheck: () => void,
): void {
  const { context, allocation } = collection;
  assert(allocation.kind === "allocating", "buffers arrive while they are being allocated");
  collection.allocation = { kind: "allocated", decided: allocation.decided, heap, atNs: context.clock.nowNs() };
  collection.holdsStrongVmos = collection.root !== undefined;
  collection.strongBuffers = memories.length;
  collection.existingBuffers = memories.length;
  memories.forEach((memory, index) => {
    const buffer = new LogicalBuffer(collection, index, memory, heap);
    collection.buffers.set(index, buffer);
    context.vmos.add(buffer);
    memory.onChildGone((childId) => collection.enter(() => handedOutVmoGone(buffer, childId)));
  });
  if (collection.root === undefined) {
    // The tree failed meanwhile (its heap or the server went): nobody has seen these buffers.
    for (const buffer of collection.buffers.values()) settle(buffer);
    return;
  }
  collection.emit(() => ({
    type: "allocated",
    buffers: memories.map((memory, index) => ({ index, inode: memory.inode, sizeBytes: memory.sizeBytes })),
    durationNs: context.clock.nowNs() - sinceNs,
  }));
  stopStallWarning(collection);
  subtreeSucceeded(collection, root);
  // Others may have become possible; then the inputs that waited are let in.
  recheck();
  collection.setPaused(false);
  collection.gate.open();
}

/** @param why in words */
function finishWithout(collection: LogicalBufferCollection, root: Node, why: string): void {
  assert(collection.allocation.kind === "allocating", "buffers fail while they are being allocated");
  collection.refundBuffers(collection.allocation.decided.bufferCount);
  if (collection.root === undefined) {
    collection.allocation = { kind: "failed", error: "NO_MEMORY" };
    collection.goIfDone();
    return;
  }
  reportFailure(collection, root, "initial", "NO_MEMORY", `the heap gave no memory: ${why}`);
  fail(collection, root, "NO_MEMORY");
}

function fail(collection: LogicalBufferCollection, root: Node, error: DomainError): void {
  collection.allocation = { kind: "failed", error };
  stopStallWarning(collection);
  subtreeFailed(collection, root, error, "initial allocation failed");
}

function stopStallWarning(collection: LogicalBufferCollection): void {
  const { stallWarning, context } = collection;
  stallWarning.cancel();
  if (stallWarning.fired > 0) {
    const elapsedMs = Math.round((context.clock.nowNs() - collection.createdAtNs) / 1e6);
    context.logger.info({ ...collection.describe(), elapsedMs }, "this collection has a result after all");
  }
}
