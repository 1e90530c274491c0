/**
 * Ends of channels can be duplicated on Linux, and those of Zircon cannot: whoever keeps a duplicate must not be able to hold
 * up others. Lifecycle contract 10.
 */
import { expect } from "vitest";
import { Allocator, BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import { raw } from "../support/constraints.ts";
import { linuxTest as test } from "../support/linux-world.ts";

test("a bind is the end of the token's stream although its sender keeps a duplicate", async ({ world }) => {
  const end = await world.bareRoot();
  const kept = world.duplicateEnd(end);
  const collection = world.bindBare(end);
  collection.setConstraints({ constraints: raw() });
  expect((await world.info(collection)).buffers).toHaveLength(1);
  // Nothing more can be said on it.
  expect(kept.write(new Uint8Array(16), [])).toBe(false);
  await world.alive(collection);
});

test("a token's end that is sent twice costs its own domain at most", async ({ world }) => {
  const other = world.nonShared();
  const allocator = world.allocator();
  const end = await world.bareRoot();
  const again = world.duplicateEnd(end);
  const bound = world.bindBare(end, allocator);
  const unbound = world.bindBare(again, allocator);
  expect(await unbound.closed).toMatchObject({ cause: "peer-closed" });
  // Both were read in one turn, so that the first was still pending.
  expect(await bound.closed).toMatchObject({ cause: "peer-closed" });
  await world.alive(other);
  await allocator.validateBufferCollectionToken({ tokenServerKoid: 1n });
});

test("after the conversion a duplicate of the token's end is an unknown token", async ({ world }) => {
  const end = await world.bareRoot();
  const again = world.duplicateEnd(end);
  const bound = world.bindBare(end);
  await world.alive(bound);
  expect(await world.bindBare(again).closed).toMatchObject({ cause: "peer-closed" });
  await world.alive(bound);
});

test("a released token that is bound hears BAD_STATE through a duplicate", async ({ world }) => {
  const end = await world.bareRoot();
  const kept = BufferCollectionToken.bind(world.duplicateEnd(end));
  kept.release();
  const bound = world.bindBare(end);
  expect(await bound.closed).toMatchObject({ cause: "peer-closed" });
  expect(await kept.closed).toMatchObject({ cause: "epitaph", status: -20 });
});

test("the server's close reaches a client although somebody keeps a duplicate of the server's end", async ({
  world,
}) => {
  const [client, server] = world.linux.createChannel();
  world.duplicateEnd(server);
  const allocator = world.keep(Allocator.bind(client));
  world.server.serveAllocator(server);
  allocator.bindSharedCollection({});
  expect(await allocator.closed).toMatchObject({ cause: "epitaph", status: -1 });
});
