/** Lifecycle contract 11, statements 43 to 62. */
import { expect, test as base } from "vitest";
import { type BufferCollectionClient, BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import { InvariantError } from "#base";
import { KernelError } from "#kernel";
import { raw } from "../support/constraints.ts";
import { endWorld, fakeWorld, worldFixture } from "../support/fixture.ts";
import { flexibleMessage } from "../support/raw-channel.ts";

const test = base.extend(worldFixture);

type C = BufferCollectionClient;

test("L43: an ordinary node's unclean close before allocation fails its parent", async ({ world }) => {
  const [parent, child] = (await world.family(2)) as [C, C];
  parent.setConstraints({ constraints: raw() });
  const wait = await world.pending(parent);
  child.close();
  await world.closed(parent);
  expect(wait.outcome()).toEqual({ kind: "closed" });
});

test("L44: after allocation as well, and the parent's VMOs still read and write", async ({ world }) => {
  const [parent, child] = (await world.participants(raw(), raw())) as [C, C];
  const info = await world.info(parent);
  child.close();
  await world.closed(parent);
  const mapping = world.vmo(info, 0).map({ writable: true });
  mapping.bytes[7] = 42;
  expect(mapping.bytes[7]).toBe(42);
  mapping.unmap();
});

test("L45: a dispensable node's unclean close before allocation fails its parent", async ({ world }) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setDispensable();
  const [parent, child] = [world.bind(root), world.bind(token)];
  await child.sync();
  child.close();
  await world.closed(parent);
});

test("L46: after allocation a dispensable node's unclean close is its own affair", async ({ world }) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setDispensable();
  const [parent, child] = [world.bind(root), world.bind(token)];
  for (const c of [parent, child]) c.setConstraints({ constraints: raw() });
  await world.info(parent);
  child.close();
  await world.settle();
  await world.alive(parent);
});

test("L47: a dispensable node falls with its ordinary child, and its parent stands", async ({ world }) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setDispensable();
  const below = await world.dup(token);
  const [parent, child, grandchild] = [world.bind(root), world.bind(token), world.bind(below)];
  for (const c of [parent, child, grandchild]) c.setConstraints({ constraints: raw() });
  await world.info(parent);
  grandchild.close();
  await world.closed(child);
  await world.alive(parent);
});

test("L48: a dispensable node falls with its parent", async ({ world }) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setDispensable();
  const [parent, child] = [world.bind(root), world.bind(token)];
  for (const c of [parent, child]) c.setConstraints({ constraints: raw() });
  await world.info(parent);
  parent.close();
  await world.closed(child);
});

test("L49: a dispensable leaf that leaves cleanly before allocation fails its parent", async ({ world }) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setDispensable();
  const [parent, child] = [world.bind(root), world.bind(token)];
  child.setConstraints({ constraints: raw() });
  world.leave(child);
  await world.closed(parent);
});

test("L50: the count of a dispensable leaf that left after allocation can be used again", async ({ world }) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setDispensable();
  const [parent, child] = [world.bind(root), world.bind(token)];
  parent.setConstraints({ constraints: raw(4096, 1) });
  child.setConstraints({ constraints: raw(4096, 2) });
  expect((await world.info(parent)).buffers).toHaveLength(3);
  const tracking = world.nodeTracking(child);
  await child.sync();
  world.leave(child);
  await world.settle();
  expect(tracking.isPeerClosed()).toBe(true);
  const attached = world.bind(await world.attach(parent));
  attached.setConstraints({ constraints: raw(4096, 2) });
  expect((await world.info(attached)).buffers).toHaveLength(3);
});

test("L51: the count of an ordinary node that left after allocation stays taken", async ({ world }) => {
  const [parent, child] = (await world.participants(raw(4096, 1), raw(4096, 2))) as [C, C];
  await world.info(parent);
  world.leave(child);
  await world.settle();
  const attached = world.bind(await world.attach(parent));
  attached.setConstraints({ constraints: raw(4096, 1) });
  await world.fails(attached);
  await world.alive(parent);
});

test("L52: an attached token's unclean close, before or after allocation, leaves the attaching collection alone", async ({
  world,
}) => {
  const collection = world.nonShared();
  (await world.attach(collection)).close();
  await world.settle();
  await world.alive(collection);
  collection.setConstraints({ constraints: raw() });
  await world.info(collection);
  (await world.attach(collection)).close();
  await world.settle();
  await world.alive(collection);
});

test("L53: an attached token falls with the attaching collection", async ({ world }) => {
  const collection = world.nonShared();
  const attached = await world.attach(collection);
  collection.close();
  await world.closed(attached);
});

test("L54: SetDispensable on an attached token changes nothing", async ({ world }) => {
  const collection = world.nonShared();
  const attached = await world.attach(collection);
  attached.setDispensable();
  await attached.sync();
  attached.close();
  await world.settle();
  await world.alive(collection);
});

test("L55: an attached token released and closed without children is removed, and its tracking closes", async ({
  world,
}) => {
  const collection = world.nonShared();
  const attached = await world.attach(collection);
  const tracking = world.nodeTracking(attached);
  world.leave(attached);
  await world.settle();
  expect(tracking.isPeerClosed()).toBe(true);
  await world.alive(collection);
});

test("L56: in nested attachments the inner one falls with the outer, and the root stands", async ({ world }) => {
  const { collection } = await world.allocated(raw(4096, 1));
  const outer = world.bind(await world.attach(collection));
  outer.setConstraints({ constraints: raw(4096, 0) });
  await world.info(outer);
  const inner = world.bind(await world.attach(outer));
  inner.setConstraints({ constraints: raw(4096, 0) });
  await world.info(inner);
  outer.close();
  await world.closed(inner);
  await world.alive(collection);
});

test("L57: a group child's unclean close before allocation closes the root", async ({ world }) => {
  const root = await world.root();
  const group = await world.group(root);
  const child = await world.child(group);
  child.close();
  await world.closed(root, group);
});

test("L58: when everybody has left after allocation VMOs stay usable, and trackers fire with the last of them", async ({
  world,
}) => {
  const [a, b] = (await world.participants(raw(), raw())) as [C, C];
  const [infoA, infoB] = [await world.info(a), await world.info(b)];
  const tracker = world.lifetime(a, 0);
  await a.sync();
  world.leave(a, b);
  await world.settle();
  const mapping = world.vmo(infoA, 0).map({ writable: true });
  mapping.bytes[0] = 1;
  mapping.unmap();
  world.closeVmos(infoA);
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(false);
  world.closeVmos(infoB);
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(true);
  expect(world.server.snapshot().collections).toEqual([]);
});

test("L59: when everybody leaves before allocation nothing is allocated and the collection disappears", async ({
  world,
}) => {
  const [a, b] = (await world.family(2)) as [C, C];
  a.setConstraints({ constraints: raw() });
  world.leave(a);
  await world.settle();
  world.leave(b);
  await world.settle();
  expect(world.server.snapshot().collections).toEqual([]);
  expect(world.events.some((event) => event.type === "allocation-decided")).toBe(false);
});

test("L62: an unknown method on a collection fails its domain", async ({ world }) => {
  const root = await world.root();
  const other = await world.dup(root);
  const channel = await world.rawDup(root);
  channel.write(flexibleMessage(0x0123_4567_89ab_cdefn), []);
  await world.closed(root, other);
  expect(channel.isPeerClosed()).toBe(true);
});

test("a packet that is no message fails the domain, even after Release", async ({ world }) => {
  const root = await world.root();
  const channel = await world.rawDup(root);
  const release = BufferCollectionToken.descriptor.methods.find((method) => method.name === "release");
  channel.write(flexibleMessage(release?.ordinal ?? 0n), []);
  await world.settle();
  await world.alive(root);
  channel.write(new Uint8Array(16), []);
  await world.closed(root);
});

test("an unclean close of one collection changes nothing for another", async ({ world }) => {
  const [one, other] = [world.nonShared(), world.nonShared()];
  await other.sync();
  one.close();
  await world.settle();
  other.setConstraints({ constraints: raw() });
  expect((await world.info(other)).buffers).toHaveLength(1);
});

test("an exception in one collection's handling fails that collection, is logged with its tree, and nobody else notices", async () => {
  const world = fakeWorld();
  const [unlucky, other] = [await world.root(), await world.root()];
  const child = await world.dup(unlucky);
  const { createEvent } = world.serverProcess;
  world.serverProcess.createEvent = () => {
    throw new InvariantError("a mistake of ours");
  };
  await expect(unlucky.getNodeRef()).rejects.toThrow("cannot go on");
  world.serverProcess.createEvent = createEvent;
  await world.closed(unlucky, child);
  await world.alive(other);
  const [line] = world.errors("an exception fails this collection");
  expect(line?.fields.tree).toHaveLength(2);
  await endWorld(world, 1);
});

test("a machine without resources costs the domain of the node that asked, is logged with who and why, and nobody else notices", async () => {
  const world = fakeWorld();
  const { collection, info } = await world.allocated(raw());
  const late = await world.attach(collection);
  late.setDebugClientInfo({ name: "late", id: 7n });
  const { createEvent } = world.serverProcess;
  world.serverProcess.createEvent = () => {
    throw new KernelError("NO_RESOURCES", "cannot create an event: EMFILE", "EMFILE");
  };
  await expect(late.getNodeRef()).rejects.toThrow("cannot go on");
  world.serverProcess.createEvent = createEvent;
  await world.closed(late);
  await world.alive(collection);
  const [line] = world.errors("the machine has not enough for this channel");
  expect(line?.fields).toMatchObject({
    client: "late (was from AttachToken())",
    clientId: "7",
    message: "GetNodeRef",
    err: { errno: "EMFILE" },
  });
  const [failure] = world.server.context.domainFailures.records;
  expect(failure).toMatchObject({
    client: "late (was from AttachToken())",
    cause: "no resources",
    nodeCount: 1,
    isRoot: false,
  });
  world.closeVmos(info);
  await endWorld(world);
});

test("a kernel that runs out of channels in the middle of DuplicateSync costs that collection and no handle", async () => {
  const world = fakeWorld();
  const [unlucky, other] = [await world.root(), await world.root()];
  const { createChannel } = world.serverProcess;
  let left = 2;
  world.serverProcess.createChannel = () => {
    if (left-- === 0) throw new KernelError("NO_RESOURCES", "cannot create a channel: no descriptors left");
    return createChannel.call(world.serverProcess);
  };
  const masks = [0xffff_ffff, 0xffff_ffff, 0xffff_ffff] as never;
  await expect(unlucky.duplicateSync({ rightsAttenuationMasks: masks })).rejects.toThrow("cannot go on");
  world.serverProcess.createChannel = createChannel;
  await world.closed(unlucky);
  await world.alive(other);
  await endWorld(world);
});

test("a kernel that refuses to hand out a VMO costs that wait alone", async ({ world }) => {
  const { collection } = await world.allocated(raw(4096, 2));
  const { createEventPair } = world.serverProcess;
  const weakToken = await world.root();
  const token = await world.dup(weakToken);
  token.setWeak();
  const [strong, weak] = [world.bind(weakToken), world.bind(token)];
  for (const c of [strong, weak]) c.setConstraints({ constraints: raw() });
  await world.info(strong);
  world.serverProcess.createEventPair = () => {
    throw new KernelError("NO_RESOURCES", "cannot create an eventpair: no descriptors left");
  };
  expect(await world.wait(weak)).toEqual({ kind: "error", error: "UNSPECIFIED" });
  world.serverProcess.createEventPair = createEventPair;
  expect((await world.info(weak)).buffers).toHaveLength(2);
  await world.alive(strong, collection);
});
