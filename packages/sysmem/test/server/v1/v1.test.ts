/** What is v1's own: statuses, epitaphs, defaults, deprecated ordinals, and v1 beside v2. Interface contract 6 and 7. */
import { expect, test as base } from "vitest";
import { type Channel, Rights, Status } from "#base";
import { PixelFormat } from "#gen/fuchsia_images2";
import * as v1 from "#gen/fuchsia_sysmem";
import { Allocator, BufferCollection, BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import { CPU_READ_WRITE, PAGE, raw } from "../support/constraints.ts";
import { endWorld, type FakeWorld, fakeWorld, worldFixture } from "../support/fixture.ts";
import { v1Constraints } from "./constraints.ts";

const test = base.extend(worldFixture);
const SAME = Rights.SAME_RIGHTS;

function connect(world: FakeWorld): v1.AllocatorClient {
  const [client, server] = world.kernel.createChannel();
  const given = world.clientProcess.give(server, world.serverProcess) as Channel;
  world.server.serveAllocator(given, { version: "v1" });
  return world.keep(v1.Allocator.bind(client));
}

function shared(world: FakeWorld, allocator = connect(world)): v1.BufferCollectionTokenClient {
  const { proxy, server } = v1.BufferCollectionToken.createProxy(world.kernel);
  allocator.allocateSharedCollection({ tokenRequest: server });
  return world.keep(proxy);
}

function bind(world: FakeWorld, token: Channel, allocator = connect(world)): v1.BufferCollectionClient {
  const { proxy, server } = v1.BufferCollection.createProxy(world.kernel);
  allocator.bindSharedCollection({
    token: v1.BufferCollectionToken.clientEnd(token),
    bufferCollectionRequest: server,
  });
  return world.keep(proxy);
}

function nonShared(world: FakeWorld, allocator = connect(world)): v1.BufferCollectionClient {
  const { proxy, server } = v1.BufferCollection.createProxy(world.kernel);
  allocator.allocateNonSharedCollection({ collectionRequest: server });
  return world.keep(proxy);
}

const constraints = () =>
  v1Constraints({ minBufferCountForCamping: 1, usage: { cpu: CPU_READ_WRITE }, memory: { minSizeBytes: PAGE } });

async function waited(world: FakeWorld, collection: v1.BufferCollectionClient) {
  const answer = await collection.waitForBuffersAllocated();
  for (const { vmo } of answer.bufferCollectionInfo.buffers) if (vmo) world.keep(vmo);
  return answer;
}

/** A v2 root with a v1 and a v2 child, all bound. */
async function mixed(world: FakeWorld) {
  const root = await world.root();
  const [one, other] = [await world.dup(root), await world.dup(root)];
  return { old: bind(world, one.unbind().take()), present: world.bind(other), root: world.bind(root) };
}

test("L34: a wait before SetConstraints stays, and is answered after the allocation", async ({ world }) => {
  const collection = nonShared(world);
  const answer = waited(world, collection);
  await world.settle();
  collection.setConstraints({ hasConstraints: true, constraints: constraints() });
  expect((await answer).status).toBe(Status.OK);
  expect(world.logs.some(({ message }) => message.includes("before SetConstraints"))).toBe(true);
});

test("CheckBuffersAllocated is UNAVAILABLE until there is a result", async ({ world }) => {
  const collection = nonShared(world);
  expect(await collection.checkBuffersAllocated()).toEqual({ status: Status.ERR_UNAVAILABLE });
  collection.setConstraints({ hasConstraints: true, constraints: constraints() });
  await waited(world, collection);
  expect(await collection.checkBuffersAllocated()).toEqual({ status: Status.OK });
});

test("has_constraints false: no VMOs, and the constraints are not looked at", async ({ world }) => {
  const { old, present, root } = await mixed(world);
  old.setConstraints({ hasConstraints: false, constraints: v1Constraints({ imageFormatConstraintsCount: 100 }) });
  present.setConstraints({ constraints: raw() });
  root.setConstraints({ constraints: raw() });
  const { status, bufferCollectionInfo } = await waited(world, old);
  expect([status, bufferCollectionInfo.bufferCount]).toEqual([Status.OK, 2]);
  expect(bufferCollectionInfo.buffers.every(({ vmo }) => !vmo)).toBe(true);
});

test("a participant of each generation gets the same memory", async ({ world }) => {
  const { old, present, root } = await mixed(world);
  root.setConstraints({});
  old.setConstraints({ hasConstraints: true, constraints: constraints() });
  present.setConstraints({ constraints: raw() });
  const { bufferCollectionInfo } = await waited(world, old);
  const info = await world.info(present);
  const koid = (handle: unknown) => (handle as { koid: string } | undefined)?.koid;
  expect(bufferCollectionInfo.buffers.slice(0, 2).map(({ vmo }) => koid(vmo))).toEqual(
    info.buffers?.map(({ vmo }) => koid(vmo)),
  );
  expect(bufferCollectionInfo.buffers.slice(2).every(({ vmo }) => !vmo)).toBe(true);
});

test("L60: an unclean close of one generation reaches the other as INTERNAL", async ({ world }) => {
  const { old, present, root } = await mixed(world);
  await old.sync();
  present.close();
  expect(await old.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_INTERNAL });
  expect(await root.closed).toMatchObject({ status: Status.ERR_INTERNAL });
});

test("L61: SetConstraints twice is INVALID_ARGS, Close twice BAD_STATE", async ({ world }) => {
  const { old: twice } = await mixed(world);
  for (let i = 0; i < 2; i++) twice.setConstraints({ hasConstraints: false, constraints: constraints() });
  expect(await twice.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_INVALID_ARGS });
  const gone = nonShared(world);
  for (let i = 0; i < 2; i++) gone.close_();
  expect(await gone.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_BAD_STATE });
});

test("L76: an unselected child's wait gets no answer, and its epitaph is NOT_SUPPORTED", async ({ world }) => {
  const root = await world.root();
  const group = await world.group(root);
  const [chosen, other] = [world.bind(await world.child(group)), await world.child(group)];
  group.allChildrenPresent();
  const loser = bind(world, other.unbind().take());
  const answer = loser.waitForBuffersAllocated().then(
    () => "answered",
    () => "closed",
  );
  loser.setConstraints({ hasConstraints: true, constraints: constraints() });
  chosen.setConstraints({ constraints: raw() });
  world.bind(root).setConstraints({ constraints: raw() });
  expect(await answer).toBe("closed");
  expect(await loser.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_NOT_SUPPORTED });
});

test.for([true, false])(
  "L111: a v1 collection may be weak only below an ancestor's consent (%s)",
  async (consents, { task: _task }) => {
    const world = fakeWorld();
    const root = await world.root();
    const parent = await world.dup(root);
    parent.setWeak();
    parent.setWeakOk({ forChildNodesAlso: consents });
    const child = await world.dup(parent);
    const weak = bind(world, child.unbind().take());
    const [strong, middle] = [world.bind(root), world.bind(parent)];
    for (const node of [strong, middle]) node.setConstraints({ constraints: raw() });
    weak.setConstraints({ hasConstraints: true, constraints: constraints() });
    if (consents) {
      expect((await waited(world, weak)).bufferCollectionInfo.buffers[0]?.vmo).toBeDefined();
    } else {
      await expect(waited(world, weak)).rejects.toThrow();
      expect(await weak.closed).toMatchObject({ status: Status.ERR_INVALID_ARGS });
    }
    await endWorld(world);
  },
);

test("conflicting constraints are NOT_SUPPORTED, with a struct that holds nothing", async ({ world }) => {
  const token = shared(world);
  const [end] = (await token.duplicateSync({ rightsAttenuationMasks: [SAME] })).tokens;
  if (end === undefined) expect.fail("no token");
  const [one, other] = [bind(world, token.unbind().take()), bind(world, end.take())];
  const sized = (bytes: number) =>
    v1Constraints({ usage: { cpu: 1 }, memory: { minSizeBytes: bytes, maxSizeBytes: bytes }, minBufferCount: 1 });
  one.setConstraints({ hasConstraints: true, constraints: sized(PAGE) });
  const answer = one.waitForBuffersAllocated();
  await world.settle();
  other.setConstraints({ hasConstraints: true, constraints: sized(2 * PAGE) });
  expect(await answer).toMatchObject({ status: Status.ERR_NOT_SUPPORTED, bufferCollectionInfo: { bufferCount: 0 } });
  expect(await other.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_NOT_SUPPORTED });
});

test("constraints without a meaning close the channel with INVALID_ARGS, and the allocator lives", async ({
  world,
}) => {
  const allocator = connect(world);
  const image = { layers: 2 };
  for (const bad of [
    v1Constraints({ imageFormatConstraintsCount: 33 }),
    v1Constraints({ images: [{ colorSpacesCount: 33 }] }),
    v1Constraints({ images: [image] }),
    v1Constraints({ memory: { heapPermittedCount: 33 } }),
  ]) {
    const collection = nonShared(world, allocator);
    collection.setConstraints({ hasConstraints: true, constraints: bad });
    expect(await collection.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_INVALID_ARGS });
  }
  await nonShared(world, allocator).sync();
});

test("a format that v1 has no name for is NOT_SUPPORTED to the v1 participant only", async ({ world }) => {
  const { old, present, root } = await mixed(world);
  root.setConstraints({});
  old.setConstraints({ hasConstraints: true, constraints: v1Constraints({ usage: { cpu: 1 }, minBufferCount: 1 }) });
  present.setConstraints({
    constraints: {
      usage: { cpu: 1 },
      imageFormatConstraints: [{ pixelFormat: PixelFormat.P010, colorSpaces: [6], minSize: { width: 64, height: 64 } }],
    },
  });
  expect(await waited(world, old)).toMatchObject({ status: Status.ERR_NOT_SUPPORTED });
  expect(await old.checkBuffersAllocated()).toEqual({ status: Status.ERR_NOT_SUPPORTED });
  expect((await world.info(present)).buffers).toHaveLength(1);
});

test("one token channel takes messages of both generations, and its epitaph is that of the last", async ({ world }) => {
  const root = await world.root();
  const other = await world.dup(root);
  const channel = other.unbind().take();
  const old = v1.BufferCollectionToken.bind(channel);
  await old.sync();
  const again = BufferCollectionToken.bind(old.unbind().take());
  await again.sync();
  const last = world.keep(v1.BufferCollectionToken.bind(again.unbind().take()));
  await last.duplicateSync({ rightsAttenuationMasks: [] });
  for (let i = 0; i < 2; i++) last.close_();
  expect(await last.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_BAD_STATE });
  expect(await root.closed).toMatchObject({ status: Status.ERR_INTERNAL });
});

test("a token of v1 is known to v2 and bound there, and the other way round", async ({ world }) => {
  const old = shared(world);
  await old.sync();
  const tokenServerKoid = BigInt(old.relatedKoid());
  expect(await world.allocator().validateBufferCollectionToken({ tokenServerKoid })).toEqual({ isKnown: true });
  const present = world.bind(BufferCollectionToken.clientEnd(old.unbind().take()));
  await present.sync();
  const back = await world.root();
  await bind(world, back.unbind().take()).sync();
  expect(await connect(world).validateBufferCollectionToken({ tokenServerKoid })).toEqual({ isKnown: false });
});

test("the ordinals from before Node existed still work, on tokens and on collections", async ({ world }) => {
  const token = shared(world);
  token.deprecatedSetName({ priority: 1, name: "by an old token" });
  token.deprecatedSetDebugClientInfo({ name: "old", id: 7n });
  token.deprecatedSetDebugTimeoutLogDeadline({ deadline: 5_000_000_000_000n });
  await token.deprecatedSync();
  const collection = bind(world, token.unbind().take());
  collection.deprecatedSetName({ priority: 2, name: "by an old collection" });
  collection.deprecatedSetDebugClientInfo({ name: "older", id: 8n });
  await collection.deprecatedSync();
  const [snapshot] = world.server.snapshot().collections;
  expect(snapshot?.name).toBe("by an old collection");
  expect(snapshot?.nodes[0]).toMatchObject({ client: "older (was old)", clientId: 8n });
  for (let i = 0; i < 2; i++) collection.deprecatedClose();
  expect(await collection.closed).toMatchObject({ status: Status.ERR_BAD_STATE });
  const leaving = shared(world);
  leaving.deprecatedClose();
  leaving.close();
  await world.settle();
  expect(world.server.snapshot().collections).toEqual([]);
});

test("an Allocator's SetDebugClientInfo reaches collections and no tokens, and ConnectToSysmem2Allocator takes a copy", async ({
  world,
}) => {
  const allocator = connect(world);
  allocator.setDebugClientInfo({ name: "maker", id: 3n });
  await shared(world, allocator).sync();
  await nonShared(world, allocator).sync();
  const [client, server] = Allocator.createEndpoints(world.kernel);
  allocator.connectToSysmem2Allocator({ allocatorRequest: server });
  allocator.setDebugClientInfo({ name: "renamed", id: 4n });
  const present = world.keep(Allocator.bind(client));
  const { proxy, server: end } = BufferCollection.createProxy(world.kernel);
  present.allocateNonSharedCollection({ collectionRequest: end });
  await world.keep(proxy).sync();
  const clients = world.server.snapshot().collections.map(({ nodes }) => nodes[0]?.client);
  expect(clients).toEqual(["", "maker", "maker"]);
  allocator.close();
  await world.settle();
  await world.alive(proxy);
});

test("a quota that is used up closes a v1 Allocator with NO_RESOURCES", async () => {
  const world = fakeWorld({ limits: { maxCollections: 1 } });
  const allocator = connect(world);
  const first = shared(world, allocator);
  await first.sync();
  shared(world, allocator);
  expect(await allocator.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_NO_RESOURCES });
  await first.sync();
  await endWorld(world);
});

test("IsAlternateFor: NOT_FOUND for an event that is no node's, and the channel stays open", async ({ world }) => {
  const token = shared(world);
  const event = world.kernel.createEvent();
  expect(await token.isAlternateFor({ nodeRef: event })).toEqual({ ok: false, error: Status.ERR_NOT_FOUND });
  const { nodeRef } = await token.getNodeRef();
  expect(await token.isAlternateFor({ nodeRef })).toEqual({ ok: true, value: { isAlternate: false } });
});
