/** The shared flow of 2018, sentence by sentence. Source: interface contract 8.1. */
import { expect, test as base, vi } from "vitest";
import { Rights, Status } from "#base";
import { MAX_BUFFER_COUNT, PixelFormatType, videoUsageHwProtected } from "#gen/fuchsia_sysmem_v2018";
import { type EventPair, KernelError } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { endWorld, type FakeWorld, fakeWorld, worldFixture } from "../support/fixture.ts";
import { flexibleMessage } from "../support/raw-channel.ts";
import { ask, connect, NOTHING, READ, spec, statusOf, tokenPair, vmosOf, WRITE } from "./clients.ts";

const test = base.extend(worldFixture);

/** One coordinator's call, and a connection for each participant. */
function share(world: FakeWorld, peer: EventPair, bufferCount = 2) {
  return ask(world, connect(world).allocateSharedCollection({ bufferCount, spec: spec(), tokenPeer: peer }));
}

function bind(world: FakeWorld, token: EventPair, usage = READ, allocator = connect(world)) {
  return ask(world, allocator.bindSharedCollection({ usage, token }));
}

test("the coordinator hands out duplicates of its token, and everybody who binds one gets the same buffers", async ({
  world,
}) => {
  const { token, peer } = tokenPair(world);
  const coordinator = share(world, peer);
  const producer = bind(world, token.duplicate(), WRITE);
  const consumer = bind(world, token);
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(producer.outcome()).toMatchObject({ status: Status.OK, collection: { bufferCount: 2, vmoSize: 8192n } });
  expect(vmosOf(producer).map(({ koid }) => koid)).toEqual(vmosOf(consumer).map(({ koid }) => koid));
});

test("usages combine, and each participant has the rights of its own", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  share(world, peer, 1);
  const writer = bind(world, token.duplicate(), WRITE);
  const reader = bind(world, token);
  await world.settle();
  const mayWrite = [writer, reader].map((asked) => ((vmosOf(asked)[0]?.rights ?? 0) & Rights.WRITE) !== 0);
  expect(mayWrite).toEqual([true, false]);
  const decided = world.events.find((event) => event.type === "allocation-decided");
  expect(decided).toMatchObject({ participants: { length: 3 }, bufferCount: 1 });
});

test("tokens are matched before their peer arrives, and after", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const early = bind(world, token.duplicate());
  expect(await statusOf(world, early)).toBeUndefined();
  const coordinator = share(world, peer);
  expect(await statusOf(world, early)).toBeUndefined();
  const late = bind(world, token);
  expect(await Promise.all([early, late, coordinator].map((asked) => statusOf(world, asked)))).toEqual([0, 0, 0]);
  expect(world.server.snapshot().collections).toHaveLength(1);
});

test("the server closes a token when it is paired, and not before", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const watch = world.keep(peer.duplicate());
  const early = bind(world, token);
  await world.settle();
  expect(watch.isPeerClosed()).toBe(false);
  share(world, peer);
  expect(await statusOf(world, early)).toBe(Status.OK);
  expect(watch.isPeerClosed()).toBe(true);
});

test("nobody is answered while a token is left anywhere", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const [kept, given] = [world.keep(token.duplicate()), token.duplicate()];
  const coordinator = share(world, peer);
  const participant = bind(world, given);
  token.close();
  expect(await statusOf(world, coordinator)).toBeUndefined();
  expect(await statusOf(world, participant)).toBeUndefined();
  expect(world.server.snapshot().collections).toEqual([]);
  kept.close();
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(await statusOf(world, participant)).toBe(Status.OK);
});

test("nobody is answered before the allocation is over", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const held = world.holdMemory();
  const coordinator = share(world, peer);
  const participant = bind(world, token);
  expect(await statusOf(world, coordinator)).toBeUndefined();
  expect(await statusOf(world, participant)).toBeUndefined();
  held.release();
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(await statusOf(world, participant)).toBe(Status.OK);
});

test("a coordinator that wants buffers binds a duplicate of its own token, on the same connection", async ({
  world,
}) => {
  const { token, peer } = tokenPair(world);
  const allocator = connect(world);
  const coordinator = ask(world, allocator.allocateSharedCollection({ bufferCount: 1, spec: spec(), tokenPeer: peer }));
  const own = bind(world, token, WRITE, allocator);
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(vmosOf(own)).toHaveLength(1);
});

test("several descriptors of one token are one token: it is gone when the last of them is", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const duplicates = Array.from({ length: 5 }, () => world.keep(token.duplicate()));
  const coordinator = share(world, peer);
  bind(world, token);
  for (const duplicate of duplicates) {
    expect(await statusOf(world, coordinator)).toBeUndefined();
    duplicate.close();
  }
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
});

test("one client may bind two duplicates, and takes part twice", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const allocator = connect(world);
  share(world, peer, 1);
  const reader = bind(world, token.duplicate(), READ, allocator);
  const writer = bind(world, token, WRITE, allocator);
  await world.settle();
  expect([vmosOf(reader).length, vmosOf(writer).length]).toEqual([1, 1]);
});

test("a token that is never bound: once it is closed, buffers for nobody are NOT_SUPPORTED", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const coordinator = share(world, peer);
  await world.settle();
  expect(await statusOf(world, coordinator)).toBeUndefined();
  token.close();
  expect(await statusOf(world, coordinator)).toBe(Status.ERR_NOT_SUPPORTED);
  expect(world.server.snapshot().collections).toEqual([]);
});

test("two shared collections at once have nothing to do with each other", async ({ world }) => {
  const [one, two] = [tokenPair(world), tokenPair(world)];
  const allocator = connect(world);
  const [first, second] = [one, two].map(({ peer }, index) =>
    ask(world, allocator.allocateSharedCollection({ bufferCount: index + 1, spec: spec(), tokenPeer: peer })),
  ) as [ReturnType<typeof share>, ReturnType<typeof share>];
  const ofTwo = bind(world, two.token, READ, allocator);
  expect(await statusOf(world, second)).toBe(Status.OK);
  expect(await statusOf(world, first)).toBeUndefined();
  expect(vmosOf(ofTwo)).toHaveLength(2);
  const ofOne = bind(world, one.token, READ, allocator);
  expect(await statusOf(world, first)).toBe(Status.OK);
  expect(vmosOf(ofOne)).toHaveLength(1);
});

test("phases of different collections may overlap in every order", async ({ world }) => {
  const pairs = Array.from({ length: 4 }, () => tokenPair(world));
  const early = pairs.map(({ token }) => bind(world, token.duplicate(), WRITE));
  const coordinators = pairs.toReversed().map(({ peer }) => share(world, peer, 1));
  const late = pairs.map(({ token }) => bind(world, token));
  await world.settle();
  for (const asked of [...early, ...late]) expect(vmosOf(asked)).toHaveLength(1);
  for (const asked of coordinators) expect(await statusOf(world, asked)).toBe(Status.OK);
  const koids = pairs.map((_, i) => [early[i], late[i]].map((asked) => asked && vmosOf(asked)[0]?.koid));
  for (const [a, b] of koids) expect(a).toBe(b);
  expect(new Set(koids.map(([a]) => a)).size).toBe(4);
});

test("usages that exclude each other fail for all with NOT_SUPPORTED", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const coordinator = share(world, peer);
  const decoder = bind(world, token.duplicate(), { ...NOTHING, video: videoUsageHwProtected | 1 });
  const reader = bind(world, token);
  const statuses = [coordinator, decoder, reader].map((asked) => statusOf(world, asked));
  expect(await Promise.all(statuses)).toEqual(Array(3).fill(Status.ERR_NOT_SUPPORTED));
});

test("too little memory fails for all with NO_MEMORY", async () => {
  const serverProcess = createFakeKernel();
  serverProcess.faults.memoryLimitBytes = 8_192;
  const world = fakeWorld({ serverProcess });
  const { token, peer } = tokenPair(world);
  const coordinator = share(world, peer, 2);
  const participant = bind(world, token);
  expect(await statusOf(world, coordinator)).toBe(Status.ERR_NO_MEMORY);
  expect(await statusOf(world, participant)).toBe(Status.ERR_NO_MEMORY);
  await endWorld(world);
});

test.for([1, MAX_BUFFER_COUNT])("%i buffers can be shared", async (count, { task: _task }) => {
  const world = fakeWorld();
  const { token, peer } = tokenPair(world);
  const coordinator = share(world, peer, count);
  const participant = bind(world, token);
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(vmosOf(participant)).toHaveLength(count);
  await endWorld(world);
});

test.for([0, MAX_BUFFER_COUNT + 1])(
  "%i buffers are INVALID_ARGS at once, and so is every token",
  async (count, { task: _task }) => {
    const world = fakeWorld();
    const { token, peer } = tokenPair(world);
    const early = bind(world, token.duplicate());
    await world.settle();
    const coordinator = share(world, peer, count);
    expect(await statusOf(world, coordinator)).toBe(Status.ERR_INVALID_ARGS);
    const late = bind(world, token);
    expect(await statusOf(world, early)).toBe(Status.ERR_INVALID_ARGS);
    expect(await statusOf(world, late)).toBe(Status.ERR_INVALID_ARGS);
    await endWorld(world);
  },
);

test("a spec that no format suits is NOT_SUPPORTED for all", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const image = { pixelFormat: { type: PixelFormatType.MJPEG } };
  const request = { bufferCount: 1, spec: spec(image), tokenPeer: peer };
  const coordinator = ask(world, connect(world).allocateSharedCollection(request));
  const participant = bind(world, token);
  expect(await statusOf(world, coordinator)).toBe(Status.ERR_NOT_SUPPORTED);
  expect(await statusOf(world, participant)).toBe(Status.ERR_NOT_SUPPORTED);
});

test("a bad usage is INVALID_ARGS for that participant alone, whose token is used up", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const coordinator = share(world, peer);
  const bad = bind(world, token.duplicate(), NOTHING);
  expect(await statusOf(world, bad)).toBe(Status.ERR_INVALID_ARGS);
  const good = bind(world, token);
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(vmosOf(good)).toHaveLength(2);
});

test("a token peer can be given once", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const again = peer.duplicate();
  const first = share(world, peer);
  await world.settle();
  expect(await statusOf(world, share(world, again))).toBe(Status.ERR_INVALID_ARGS);
  const participant = bind(world, token);
  expect(await statusOf(world, first)).toBe(Status.OK);
  expect(await statusOf(world, participant)).toBe(Status.OK);
});

/** The next end of an eventpair that is to be watched cannot be. */
function refuseWatch({ token }: { readonly token: EventPair }): void {
  const ends = Object.getPrototypeOf(token) as EventPair;
  vi.spyOn(ends, "onPeerClosed").mockImplementationOnce(() => {
    throw new KernelError("NO_RESOURCES", "cannot watch: as the test wishes");
  });
}

test("a token peer that cannot be watched costs its coordinator, and leaves its tokens without a peer", async ({
  world,
}) => {
  const pair = tokenPair(world);
  const early = bind(world, pair.token.duplicate());
  await world.settle();
  refuseWatch(pair);
  expect(await statusOf(world, share(world, pair.peer))).toBe("closed");
  expect(await statusOf(world, early)).toBe(Status.ERR_INVALID_ARGS);
  expect(await statusOf(world, bind(world, pair.token))).toBe(Status.ERR_INVALID_ARGS);
});

test("a token that cannot be watched costs its participant, whose usage has no part in the allocation", async ({
  world,
}) => {
  const pair = tokenPair(world);
  refuseWatch(pair);
  const decoder = bind(world, pair.token.duplicate(), { ...NOTHING, video: videoUsageHwProtected | 1 });
  expect(await statusOf(world, decoder)).toBe("closed");
  const coordinator = share(world, pair.peer);
  const participant = bind(world, pair.token);
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(vmosOf(participant)).toHaveLength(2);
});

test("a token is no peer: given as one it is refused, and nobody waits for it any more", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const first = share(world, peer);
  expect(await statusOf(world, first)).toBeUndefined();
  expect(await statusOf(world, share(world, token))).toBe(Status.ERR_INVALID_ARGS);
  expect(await statusOf(world, first)).toBe(Status.ERR_NOT_SUPPORTED);
});

test("a coordinator that dies before it gave the peer leaves its tokens without one: INVALID_ARGS", async ({
  world,
}) => {
  const { token, peer } = tokenPair(world);
  const early = bind(world, token.duplicate());
  expect(await statusOf(world, early)).toBeUndefined();
  peer.close();
  expect(await statusOf(world, early)).toBe(Status.ERR_INVALID_ARGS);
  expect(await statusOf(world, bind(world, token))).toBe(Status.ERR_INVALID_ARGS);
});

test("a coordinator that dies after it gave the peer costs the participants nothing", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const coordinator = connect(world);
  const asked = ask(world, coordinator.allocateSharedCollection({ bufferCount: 2, spec: spec(), tokenPeer: peer }));
  const participant = bind(world, token.duplicate());
  await world.settle();
  coordinator.close();
  // Its descriptors go with it.
  token.close();
  expect(await statusOf(world, asked)).toBe("closed");
  expect(vmosOf(participant)).toHaveLength(2);
});

test("when coordinator and participants are dead nothing is allocated, and nothing is left", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const [coordinator, other] = [connect(world), connect(world)];
  ask(world, coordinator.allocateSharedCollection({ bufferCount: 2, spec: spec(), tokenPeer: peer }));
  bind(world, token.duplicate(), READ, other);
  await world.settle();
  coordinator.close();
  other.close();
  token.close();
  await world.settle();
  expect(world.events.filter((event) => event.type === "collection-created")).toEqual([]);
});

test("a participant that dies while it waits has no part in the allocation, and the others go on", async ({
  world,
}) => {
  const { token, peer } = tokenPair(world);
  const dying = connect(world);
  // On its own it would make the allocation impossible.
  bind(world, token.duplicate(), { ...NOTHING, video: videoUsageHwProtected }, dying);
  const coordinator = share(world, peer);
  await world.settle();
  dying.close();
  await world.settle();
  const participant = bind(world, token);
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(vmosOf(participant)).toHaveLength(2);
});

test("a participant that dies before the peer arrived gives its token back", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const dying = connect(world);
  bind(world, token, READ, dying);
  await world.settle();
  expect(peer.isPeerClosed()).toBe(false);
  dying.close();
  await world.settle();
  expect(peer.isPeerClosed()).toBe(true);
  expect(await statusOf(world, share(world, peer))).toBe(Status.ERR_NOT_SUPPORTED);
});

test("a client that breaks the rules of its channel ends its own calls only", async ({ world }) => {
  const { token, peer } = tokenPair(world);
  const [client, server] = world.kernel.createChannel();
  world.server.serveAllocator(world.clientProcess.give(server, world.serverProcess) as never, { version: "v2018" });
  const coordinator = share(world, peer);
  client.write(flexibleMessage(0x0123_4567_89ab_cdefn), []);
  await world.settle();
  expect(client.relatedKoid()).toBe(0);
  client.close();
  const participant = bind(world, token);
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(await statusOf(world, participant)).toBe(Status.OK);
});

test("what is no eventpair costs its sender the channel", async ({ world }) => {
  const allocator = connect(world);
  const [mine, other] = world.kernel.createChannel();
  world.keep(mine);
  const asked = ask(
    world,
    allocator.bindSharedCollection({ usage: READ, token: other as never }).catch(Promise.reject),
  );
  expect(await statusOf(world, asked)).toBe("closed");
});

test("at most maxCollections token peers are waited for", async () => {
  const world = fakeWorld({ limits: { maxCollections: 2 } });
  const pairs = [tokenPair(world), tokenPair(world), tokenPair(world)] as const;
  const [first, second, third] = pairs.map(({ peer }) => share(world, peer, 1));
  if (first === undefined || second === undefined || third === undefined) throw new TypeError("there are three");
  expect(await statusOf(world, third)).toBe("closed");
  expect(world.errors("this Allocator is closed")).toHaveLength(1);
  const participants = pairs.map(({ token }) => bind(world, token));
  expect(await statusOf(world, first)).toBe(Status.OK);
  expect(await statusOf(world, second)).toBe(Status.OK);
  expect(await statusOf(world, participants[2] as never)).toBe(Status.ERR_INVALID_ARGS);
  await endWorld(world);
});

test("at most maxNodesPerCollection less one take part", async () => {
  const world = fakeWorld({ limits: { maxNodesPerCollection: 3 } });
  const { token, peer } = tokenPair(world);
  const coordinator = share(world, peer, 1);
  const participants = [token.duplicate(), token.duplicate(), token].map((end) => bind(world, end));
  expect(await statusOf(world, coordinator)).toBe(Status.OK);
  expect(await Promise.all(participants.map((asked) => statusOf(world, asked)))).toEqual([0, 0, "closed"]);
  await endWorld(world);
});

test("more early tokens than a collection has room for fail with NO_MEMORY when their peer arrives", async () => {
  const world = fakeWorld({ limits: { maxNodesPerCollection: 3 } });
  const { token, peer } = tokenPair(world);
  const participants = [token.duplicate(), token.duplicate(), token].map((end) => bind(world, end));
  await world.settle();
  const coordinator = share(world, peer, 1);
  const all = [coordinator, ...participants].map((asked) => statusOf(world, asked));
  expect(await Promise.all(all)).toEqual(Array(4).fill(Status.ERR_NO_MEMORY));
  await endWorld(world);
});

test("a server that shuts down lets go of tokens and peers", async ({ world }) => {
  const [one, two] = [tokenPair(world), tokenPair(world)];
  const coordinator = share(world, one.peer);
  const early = bind(world, two.token);
  await world.settle();
  await world.server.shutdown();
  expect(await statusOf(world, coordinator)).toBe("closed");
  expect(await statusOf(world, early)).toBe("closed");
  expect([one.token.isPeerClosed(), two.peer.isPeerClosed()]).toEqual([true, true]);
});
