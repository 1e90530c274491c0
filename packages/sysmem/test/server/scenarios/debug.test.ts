/** Lifecycle contract 11, statements 140 to 151. */
import { expect, test as base } from "vitest";
import type { BufferCollectionClient } from "#gen/fuchsia_sysmem2";
import { PAGE, raw } from "../support/constraints.ts";
import { type FakeWorld, fakeWorld, endWorld, worldFixture } from "../support/fixture.ts";

const test = base.extend(worldFixture);

type C = BufferCollectionClient;

/** Debug info of the node at this place of the breadth-first order, of the only collection. */
function clientOf(world: FakeWorld, index: number): { client: string; clientId: bigint } {
  const node = world.server.snapshot().collections[0]?.nodes[index];
  return { client: node?.client ?? "no such node", clientId: node?.clientId ?? -1n };
}

const stalls = (world: FakeWorld) => world.errors("no allocation yet").length;

test("L140: the name of strictly highest priority wins, and the first among equals", async ({ world }) => {
  const collection = world.nonShared();
  for (const [priority, name] of [
    [5, "c"],
    [100, "a"],
    [6, "b"],
    [100, "z"],
  ] as const) {
    collection.setName({ priority, name });
  }
  await collection.sync();
  expect(world.server.snapshot().collections[0]?.name).toBe("a");
});

test("a first name of priority 0 takes effect", async ({ world }) => {
  const collection = world.nonShared();
  collection.setName({ priority: 0, name: "zero" });
  await collection.sync();
  expect(world.server.snapshot().collections[0]?.name).toBe("zero");
});

test("L141: a second SetDebugClientInfo remembers the first", async ({ world }) => {
  const root = await world.root();
  root.setDebugClientInfo({ name: "x", id: 1n });
  root.setDebugClientInfo({ name: "y", id: 2n });
  await root.sync();
  expect(clientOf(world, 0)).toEqual({ client: "y (was x)", clientId: 2n });
});

test("L142: the binding allocator's info replaces what was queued on the token", async ({ world }) => {
  const root = await world.root();
  const allocator = world.allocator();
  allocator.setDebugClientInfo({ name: "A", id: 3n });
  root.setDebugClientInfo({ name: "bad", id: 4n });
  await world.bind(root, allocator).sync();
  expect(clientOf(world, 0)).toEqual({ client: "A", clientId: 3n });
});

test("L143: an allocator without info leaves the token's", async ({ world }) => {
  const root = await world.root();
  root.setDebugClientInfo({ name: "token's", id: 4n });
  await world.bind(root).sync();
  expect(clientOf(world, 0)).toEqual({ client: "token's", clientId: 4n });
});

test("a root gets its allocator's info, and children a copy of their parent's at that moment", async ({ world }) => {
  const allocator = world.allocator();
  allocator.setDebugClientInfo({ name: "maker" });
  const root = world.shared(allocator);
  await world.dup(root);
  root.setDebugClientInfo({ name: "renamed" });
  await root.sync();
  expect([clientOf(world, 0).client, clientOf(world, 1).client]).toEqual(["renamed (was maker)", "maker"]);
});

test("L144: the debug name of an attached token comes from the attaching collection", async ({ world }) => {
  const collection = world.nonShared();
  await world.attach(collection);
  expect(clientOf(world, 1).client).toBe("from AttachToken()");
  collection.setDebugClientInfo({ name: "n", id: 5n });
  await world.attach(collection);
  expect(clientOf(world, 2)).toEqual({ client: "n then AttachToken()", clientId: 5n });
});

test("L145: SetDebugClientInfo without a name fails the domain; without an id the id is 0", async ({ world }) => {
  const root = await world.root();
  root.setDebugClientInfo({ name: "first", id: 9n });
  root.setDebugClientInfo({ name: "second" });
  await root.sync();
  expect(clientOf(world, 0)).toEqual({ client: "second (was first)", clientId: 0n });
  root.setDebugClientInfo({ id: 1n });
  await world.closed(root);
});

test("L146: without an allocation there are exactly two stall warnings, at 5 s and 35 s, that name who is not ready", async ({
  world,
}) => {
  const [a, b] = (await world.family(2)) as [C, C];
  a.setConstraints({ constraints: raw() });
  b.setDebugClientInfo({ name: "slow", id: 1n });
  const root = await world.root();
  await world.alive(a, b, root);
  for (const [seconds, count] of [
    [4.9, 0],
    [0.2, 2],
    [29.8, 2],
    [0.2, 4],
    [400, 4],
  ] as const) {
    world.clock.advance(seconds * 1e9);
    expect(stalls(world)).toBe(count);
  }
  const waiting = world.errors("collection: no constraints");
  expect(waiting.some((line) => line.fields.client === "slow")).toBe(true);
  expect(world.errors("token: not bound")).toHaveLength(2);
});

test("L147: SetDebugTimeoutLogDeadline moves the warnings", async ({ world }) => {
  const root = await world.root();
  root.setDebugTimeoutLogDeadline({ deadline: BigInt(world.clock.nowNs() + 1e9) });
  await root.sync();
  for (const [seconds, count] of [
    [0.9, 0],
    [0.2, 1],
    [29.8, 1],
    [0.2, 2],
    [400, 2],
  ] as const) {
    world.clock.advance(seconds * 1e9);
    expect(stalls(world)).toBe(count);
  }
});

test("L148: a deadline after the first warning, or after allocation, has no effect; a late result is reported", async ({
  world,
}) => {
  const collection = world.nonShared();
  await collection.sync();
  world.clock.advance(5.1e9);
  collection.setDebugTimeoutLogDeadline({ deadline: BigInt(world.clock.nowNs() + 1e9) });
  await collection.sync();
  world.clock.advance(5e9);
  expect(stalls(world)).toBe(1);
  collection.setConstraints({ constraints: raw() });
  await world.info(collection);
  expect(world.logs.filter((line) => line.message.includes("has a result after all"))).toHaveLength(1);
  collection.setDebugTimeoutLogDeadline({ deadline: BigInt(world.clock.nowNs() + 1e9) });
  await collection.sync();
  world.clock.advance(400e9);
  expect(stalls(world)).toBe(1);
});

test("L149: an unbound attached token after allocation gives no stall warning", async ({ world }) => {
  const { collection } = await world.allocated(raw());
  await world.attach(collection);
  world.clock.advance(400e9);
  expect(stalls(world)).toBe(0);
});

test("L150: a group fallback that succeeds logs no error; with verbose logging it appears at INFO", async ({
  world,
}) => {
  for (const isVerbose of [false, true]) {
    const token = await world.root();
    if (isVerbose) token.setVerboseLogging();
    const group = await world.group(token);
    const [first, second] = [world.bind(await world.child(group)), world.bind(await world.child(group))];
    const root = world.bind(token);
    group.allChildrenPresent();
    root.setConstraints({ constraints: raw(PAGE) });
    first.setConstraints({ constraints: raw(2 * PAGE) });
    second.setConstraints({ constraints: raw(PAGE) });
    await world.info(root);
    expect(world.logs.filter((line) => line.level === "error")).toEqual([]);
    const passedOver = world.logs.filter((line) => line.level === "info" && line.message.includes("passed over"));
    expect(passedOver).toHaveLength(isVerbose ? 1 : 0);
  }
});

test("L151: an allocated collection is shown with name, buffers and heap until its last VMO is closed", async ({
  world,
}) => {
  const collection = world.nonShared();
  collection.setName({ priority: 1, name: "shown" });
  collection.setConstraints({ constraints: raw(PAGE, 2) });
  const info = await world.info(collection);
  const shown = {
    name: "shown",
    bufferCount: 2,
    heapType: "fuchsia.sysmem.heap.HEAP_TYPE.SYSTEM_RAM",
    allocation: "allocated",
  };
  expect(world.server.snapshot().collections).toMatchObject([shown]);
  world.leave(collection);
  world.vmo(info, 0).close();
  await world.settle();
  expect(world.server.snapshot().collections).toMatchObject([{ ...shown, nodes: [], existingBuffers: 1 }]);
  world.vmo(info, 1).close();
  await world.settle();
  expect(world.server.snapshot().collections).toEqual([]);
});

test("watchers hear a collection's whole life, in order", async ({ world }) => {
  const { collection, info } = await world.allocated(raw());
  world.leave(collection);
  world.closeVmos(info);
  await world.settle();
  expect(world.events.map((event) => event.type)).toEqual([
    "collection-created",
    "token-bound",
    "constraints-set",
    "allocation-decided",
    "allocated",
    "vmo-delivered",
    "node-orphaned",
    "domain-failed",
    "strong-vmos-gone",
    "buffer-freed",
    "collection-gone",
  ]);
});

test("quotas: nodes, collections, waits and trackers are bounded, on both sides of the bound", async () => {
  const world = fakeWorld({
    limits: {
      maxNodesPerCollection: 3,
      maxCollections: 2,
      maxPendingWaitsPerNode: 2,
      maxLifetimeTrackersPerCollection: 2,
      maxVmosPerBuffer: 2,
    },
  });
  const root = await world.root();
  const [a] = [await world.dup(root), await world.dup(root)];
  await world.alive(root, a);
  await expect(world.dup(root)).rejects.toThrow("cannot go on");
  await world.closed(root);
  expect(world.errors("protocol deviation")[0]?.fields.detail).toContain("maxNodesPerCollection");

  const [first, second] = [world.nonShared(), world.nonShared()];
  await world.alive(first, second);
  const allocator = world.allocator();
  world.nonShared(allocator);
  await world.closed(allocator);

  const other = world.bind(await world.attach(second));
  other.setConstraints({ constraints: raw() });
  const waits = [await world.pending(other), await world.pending(other)];
  await world.alive(other);
  await world.pending(other);
  await world.closed(other);
  expect(waits.map((wait) => wait.outcome())).toEqual([{ kind: "closed" }, { kind: "closed" }]);

  world.lifetime(second, 0);
  world.lifetime(second, 0);
  second.setConstraints({ constraints: raw() });
  await world.info(second);
  await world.info(second);
  expect(await world.wait(second)).toEqual({ kind: "error", error: "UNSPECIFIED" });
  world.lifetime(second, 0);
  await world.closed(second);
  await endWorld(world);
});

test("more buffers than one message can carry are no result", async ({ world }) => {
  const [a, b] = (await world.participants(raw(1, 60, { maxSize: PAGE }), raw(1, 4, { maxSize: PAGE }))) as [C, C];
  expect((await world.info(a)).buffers).toHaveLength(64);
  await world.alive(a, b);
  const [c, d] = (await world.family(2)) as [C, C];
  d.setConstraints({});
  const waiting = world.wait(d);
  await world.alive(d);
  c.setConstraints({ constraints: raw(1, 65, { maxSize: PAGE }) });
  expect(await waiting).toEqual({ kind: "error", error: "CONSTRAINTS_INTERSECTION_EMPTY" });
});

test("a weak result that does not fit into one message is refused, and the participant lives on", async ({ world }) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setWeak();
  const [strong, weak] = [world.bind(root), world.bind(token)];
  strong.setConstraints({ constraints: raw(1, 33, { maxSize: PAGE }) });
  weak.setConstraints({ constraints: raw(1, 0, { maxSize: PAGE }) });
  expect((await world.info(strong)).buffers).toHaveLength(33);
  // Each weak VMO comes with its close_weak_asap: 66 handles.
  expect(await world.wait(weak)).toEqual({ kind: "error", error: "UNSPECIFIED" });
  await world.alive(strong, weak);
});
