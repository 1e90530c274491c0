/** Lifecycle contract 11, statements 1 to 16. */
import { expect, test as base } from "vitest";
import { Status } from "#base";
import { BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import { raw } from "../support/constraints.ts";
import { worldFixture } from "../support/fixture.ts";
import { flexibleMessage } from "../support/raw-channel.ts";

const test = base.extend(worldFixture);

test("L1: a fresh allocator makes a token that answers Sync", async ({ world }) => {
  await world.alive(world.shared());
});

test("L2: after Duplicate and Sync the new token is known", async ({ world }) => {
  const allocator = world.allocator();
  const root = await world.root();
  const child = await world.dup(root);
  for (const token of [root, child]) {
    const tokenServerKoid = BigInt(token.relatedKoid());
    expect(await allocator.validateBufferCollectionToken({ tokenServerKoid })).toEqual({ isKnown: true });
  }
});

test("L3: a channel that was never given to the server is not known, and nothing closes", async ({ world }) => {
  const allocator = world.allocator();
  const { mine } = world.strangeToken();
  for (const koid of [BigInt(mine.koid), 0n, 2n ** 64n - 1n]) {
    expect(await allocator.validateBufferCollectionToken({ tokenServerKoid: koid })).toEqual({ isKnown: false });
  }
  expect(allocator.isClosed).toBe(false);
});

test("L4: once bound and synced, the old token is not known any more", async ({ world }) => {
  const allocator = world.allocator();
  const token = await world.root();
  const tokenServerKoid = BigInt(token.relatedKoid());
  const collection = world.bind(token);
  await collection.sync();
  expect(await allocator.validateBufferCollectionToken({ tokenServerKoid })).toEqual({ isKnown: false });
});

test("L5: a root token released and closed is not known, though another client keeps the collection", async ({
  world,
}) => {
  const allocator = world.allocator();
  const root = await world.root();
  const child = await world.dup(root);
  const tokenServerKoid = BigInt(root.relatedKoid());
  world.leave(root);
  await world.settle();
  expect(await allocator.validateBufferCollectionToken({ tokenServerKoid })).toEqual({ isKnown: false });
  await world.alive(child);
});

test("L6: binding an unknown token closes the collection without an epitaph, and the allocator goes on", async ({
  world,
}) => {
  const allocator = world.allocator();
  const { mine, end } = world.strangeToken();
  const collection = world.bind(end, allocator);
  expect(await collection.closed).toMatchObject({ cause: "peer-closed" });
  await world.settle();
  expect(mine.relatedKoid()).toBe(0);
  await world.alive(world.nonShared(allocator));
});

test("L7: a token bound before its Duplicate was handled costs the collection, then its parent", async ({ world }) => {
  const root = await world.root();
  const [clientEnd, serverEnd] = BufferCollectionToken.createEndpoints(world.kernel);
  const collection = world.bind(clientEnd);
  expect(await collection.closed).toMatchObject({ cause: "peer-closed" });
  root.duplicate({ rightsAttenuationMask: 0xffff_ffff, tokenRequest: serverEnd });
  await world.closed(root);
  expect(world.errors("a Sync was probably missing")).toHaveLength(1);
});

test("L8: Duplicate, Duplicate, Bind, SetConstraints without any Sync: both duplicates are waited for", async ({
  world,
}) => {
  const allocator = world.allocator();
  const root = world.shared(allocator);
  const [first, second] = [world.duplicate(root), world.duplicate(root)];
  const collection = world.bind(root, allocator);
  collection.setConstraints({ constraints: raw() });
  const wait = await world.pending(collection);
  expect(wait.outcome()).toBeUndefined();
  world.leave(first);
  const other = world.bind(second, allocator);
  other.setConstraints({ constraints: raw() });
  expect((await world.info(other)).buffers).toHaveLength(2);
  await world.settle();
  expect(wait.outcome()?.kind).toBe("ok");
});

test("L9: messages queued on the token are handled before those queued on the collection", async ({ world }) => {
  const allocator = world.allocator();
  const root = world.shared(allocator);
  root.setName({ priority: 5, name: "from the token" });
  const collection = world.bind(root, allocator);
  collection.setName({ priority: 5, name: "from the collection" });
  await collection.sync();
  expect(world.server.snapshot().collections[0]?.name).toBe("from the token");
});

test("L10: binding a released token fails the domain, and the token's epitaph is BAD_STATE", async ({ world }) => {
  const root = await world.root();
  const other = await world.dup(root);
  root.release();
  const endpoint = world.endpointOf(root);
  const epitaphs: number[] = [];
  const close = endpoint.close.bind(endpoint);
  // The client has given its end away, and with it the view of the epitaph.
  endpoint.close = (epitaph) => {
    epitaphs.push(epitaph);
    close(epitaph);
  };
  await other.sync();
  const collection = world.bind(root);
  expect(await collection.closed).toMatchObject({ cause: "peer-closed" });
  await world.closed(other);
  expect(epitaphs[0]).toBe(Status.ERR_BAD_STATE);
});

test("L11: Release queued on a token behind a bind that is handled first fails the domain", async ({ world }) => {
  const root = await world.root();
  const other = await world.dup(root);
  // Nothing orders different channels: here the server is late in reading this token's.
  const endpoint = world.endpointOf(root);
  endpoint.pause();
  root.release();
  const collection = world.bind(root);
  await world.settle();
  await world.alive(other);
  endpoint.resume();
  await world.closed(other);
  expect(await collection.closed).toMatchObject({ cause: "peer-closed" });
});

test("L12: AllocateSharedCollection without token_request closes that allocator, and no other", async ({ world }) => {
  const [bad, good] = [world.allocator(), world.allocator()];
  const collection = world.nonShared(bad);
  await collection.sync();
  bad.allocateSharedCollection({});
  await world.closed(bad);
  await world.alive(collection, world.nonShared(good));
});

test("L13: BindSharedCollection lacking a field closes the allocator and costs the token's collection", async ({
  world,
}) => {
  const root = await world.root();
  const other = await world.dup(root);
  const allocator = world.allocator();
  allocator.bindSharedCollection({ token: root.unbind() });
  await world.closed(allocator, other);
});

test("L15: an allocator closed after binding leaves its collections alone", async ({ world }) => {
  const allocator = world.allocator();
  const collection = world.bind(world.shared(allocator), allocator);
  await collection.sync();
  allocator.close();
  await world.settle();
  collection.setConstraints({ constraints: raw() });
  expect((await world.info(collection)).buffers).toHaveLength(1);
});

test("L16: AllocateNonSharedCollection allocates without any token", async ({ world }) => {
  const { info } = await world.allocated(raw(10_000, 2, { maxSize: 20_000 }));
  expect(info.buffers).toHaveLength(2);
  expect(info.settings?.bufferSettings).toMatchObject({ sizeBytes: 10_000n, rawVmoSize: 12_288n });
  expect(world.vmo(info, 0).sizeBytes).toBe(12_288);
});

test("L14: an unknown method on an allocator closes only that allocator", async ({ world }) => {
  const [bad, good] = [world.rawAllocator(), world.allocator()];
  bad.write(flexibleMessage(0x0123_4567_89ab_cdefn), []);
  await world.settle();
  expect(bad.isPeerClosed()).toBe(true);
  await world.alive(world.nonShared(good));
});
