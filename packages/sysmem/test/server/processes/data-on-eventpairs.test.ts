/**
 * An eventpair carries nothing, but on Linux it is a socket. A descriptor in the queue of an end that the server holds would live as
 * long as that end does, and the server may be waiting for the last of just this descriptor. Transport contract 2.
 */
import { expect } from "vitest";
import type { Handle } from "#base";
import { BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import { asEventPair, type EventPair } from "#kernel";
import { eventually, message } from "../../kernel/collect.ts";
import { sendRaw } from "../../kernel/raw.ts";
import { raw } from "../support/constraints.ts";
import { type LinuxWorld, linuxTest as test } from "../support/linux-world.ts";

/** Sends a duplicate of `handle` where nothing may be sent. */
function send(world: LinuxWorld, eventPair: EventPair, handle: Handle): void {
  sendRaw(world.linux.descriptorOf(eventPair), message(1), [world.linux.descriptorOf(handle)]);
}

for (const moment of ["before", "after"] as const) {
  test(`a VMO that is sent over a lifetime tracker ${moment} it is attached keeps no buffer alive`, async ({
    world,
  }) => {
    const { collection, info } = await world.allocated(raw());
    const [mine, theirs] = world.linux.createEventPair();
    world.keep(mine);
    if (moment === "before") send(world, mine, world.vmo(info, 0));
    collection.attachLifetimeTracking({ serverEnd: theirs, buffersRemaining: 0 });
    await collection.sync();
    if (moment === "after") send(world, mine, world.vmo(info, 0));
    expect(mine.isPeerClosed()).toBe(false);
    world.closeVmos(info);
    world.leave(collection);
    await eventually(() => mine.isPeerClosed());
    await eventually(() => world.server.snapshot().collections.length === 0);
  });

  test(`a node whose channel is sent over its tracker ${moment} that is attached ends with its client`, async ({
    world,
  }) => {
    const end = await world.bareRoot();
    const kept = world.duplicateEnd(end);
    const token = world.keep(BufferCollectionToken.bind(end));
    const other = await world.dup(token);
    const [mine, theirs] = world.linux.createEventPair();
    if (moment === "before") send(world, mine, kept);
    token.attachNodeTracking({ serverEnd: theirs });
    await token.sync();
    if (moment === "after") send(world, mine, kept);
    for (const each of [mine, kept, token]) each.close();
    await world.closed(other);
  });
}

test("a strong VMO that is sent over close_weak_asap keeps no buffer alive", async ({ world }) => {
  const token = await world.root();
  const weakToken = await world.dup(token);
  weakToken.setWeak();
  const [strong, weak] = [world.bind(token), world.bind(weakToken)];
  for (const collection of [strong, weak]) collection.setConstraints({ constraints: raw() });
  const [strongInfo, weakInfo] = [await world.info(strong), await world.info(weak)];
  const closeWeakAsap = asEventPair(weakInfo.buffers?.[0]?.closeWeakAsap as EventPair);
  send(world, closeWeakAsap, world.vmo(strongInfo, 0));
  expect(closeWeakAsap.isPeerClosed()).toBe(false);
  world.closeVmos(strongInfo);
  world.leave(strong);
  await eventually(() => closeWeakAsap.isPeerClosed());
  await world.closed(weak);
});
