/** Lifecycle contract 11, statements 113 to 132. */
import { expect, test as base } from "vitest";
import { Rights } from "#base";
import { type BufferCollectionClient, Error } from "#gen/fuchsia_sysmem2";
import { asEventPair, asVmo } from "#kernel";
import { CPU_READ, PAGE, raw } from "../support/constraints.ts";
import { worldFixture } from "../support/fixture.ts";
import { unexpected } from "../support/world.ts";

const test = base.extend(worldFixture);

type C = BufferCollectionClient;

test("L113: a tracker with a huge number waits for allocation, and then fires at once", async ({ world }) => {
  const collection = world.nonShared();
  const early = world.lifetime(collection, 0xffff_ffff);
  await collection.sync();
  expect(early.isPeerClosed()).toBe(false);
  collection.setConstraints({ constraints: raw() });
  await world.info(collection);
  const late = world.lifetime(collection, 1);
  await collection.sync();
  await world.settle();
  expect([early.isPeerClosed(), late.isPeerClosed()]).toEqual([true, true]);
});

test("L114: a tracker for N-2 fires when two of N buffers are gone everywhere, the server included", async ({
  world,
}) => {
  const { collection, info } = await world.allocated(raw(PAGE, 4));
  const tracker = world.lifetime(collection, 2);
  await collection.sync();
  world.leave(collection);
  world.vmo(info, 3).close();
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(false);
  world.vmo(info, 1).close();
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(true);
});

test("L115: while a strong node is open, VMOs that clients close fire nothing", async ({ world }) => {
  const { collection, info } = await world.allocated(raw(PAGE, 2));
  const tracker = world.lifetime(collection, 1);
  world.closeVmos(info);
  await collection.sync();
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(false);
  expect((await world.info(collection)).buffers?.[0]?.vmo).toBeDefined();
});

test("L116: trackers fire when the initial allocation fails", async ({ world }) => {
  const [a, b] = (await world.family(2)) as [C, C];
  const tracker = world.lifetime(a, 0);
  a.setConstraints({ constraints: raw(PAGE) });
  b.setConstraints({ constraints: raw(2 * PAGE) });
  await world.closed(a, b);
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(true);
});

test("L117: AttachNodeTracking on a token survives its binding and fires when the subtree is removed", async ({
  world,
}) => {
  const root = await world.root();
  const tracking = world.nodeTracking(root);
  const collection = world.bind(root);
  await collection.sync();
  expect(tracking.isPeerClosed()).toBe(false);
  collection.close();
  await world.settle();
  expect(tracking.isPeerClosed()).toBe(true);
});

test("L118: AttachNodeTracking on an ordinary child that leaves waits for the root", async ({ world }) => {
  const [a, b] = (await world.participants(raw(), raw())) as [C, C];
  const tracking = world.nodeTracking(b);
  await world.info(b);
  world.leave(b);
  await world.settle();
  expect(tracking.isPeerClosed()).toBe(false);
  a.close();
  await world.settle();
  expect(tracking.isPeerClosed()).toBe(true);
});

test("L119: 256 AttachNodeTracking on one node are accepted, and one more fails the domain", async ({ world }) => {
  const root = await world.root();
  const tracked = Array.from({ length: 256 }, () => world.nodeTracking(root));
  await world.alive(root);
  expect(tracked.some((end) => end.isPeerClosed())).toBe(false);
  const last = world.nodeTracking(root);
  await world.closed(root);
  await world.settle();
  expect([...tracked, last].every((end) => end.isPeerClosed())).toBe(true);
});

test("L120: one id through token, group, collection, result and GetVmoInfo", async ({ world }) => {
  const root = await world.root();
  const { bufferCollectionId: id } = await root.getBufferCollectionId();
  const group = await world.group(root);
  const child = world.bind(await world.child(group));
  group.allChildrenPresent();
  const collection = world.bind(root);
  expect((await group.getBufferCollectionId()).bufferCollectionId).toBe(id);
  expect((await collection.getBufferCollectionId()).bufferCollectionId).toBe(id);
  for (const c of [collection, child]) c.setConstraints({ constraints: raw() });
  const info = await world.info(collection);
  expect(info.bufferCollectionId).toBe(id);
  const answer = await world.allocator().getVmoInfo({ vmo: world.vmo(info, 0).duplicate() });
  expect(answer.ok && answer.value.bufferCollectionId).toBe(id);
});

test("L121: GetVmoInfo tells id and index, and close_weak_asap for weak VMOs alone", async ({ world }) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setWeak();
  const [strong, weak] = [world.bind(root), world.bind(token)];
  strong.setConstraints({ constraints: raw(PAGE, 2) });
  weak.setConstraints({ constraints: raw(PAGE, 0) });
  const [i, j] = [await world.info(strong), await world.info(weak)];
  const allocator = world.allocator();
  const first = await allocator.getVmoInfo({ vmo: world.vmo(i, 1).duplicate() });
  expect(first.ok && [first.value.bufferIndex, first.value.closeWeakAsap]).toEqual([1n, undefined]);
  const second = await allocator.getVmoInfo({ vmo: world.vmo(j, 1).duplicate() });
  expect(second.ok && [second.value.bufferIndex, second.value.bufferCollectionId]).toEqual([1n, i.bufferCollectionId]);
  expect(second.ok && world.keep(asEventPair(second.value.closeWeakAsap ?? unexpected())).isPeerClosed()).toBe(false);
});

test("L122: memory of other origin, and a client's own re-open of a sysmem VMO, are NOT_FOUND", async ({ world }) => {
  const { info } = await world.allocated(raw());
  const foreign = await world.clientProcess.createMemory(PAGE, { name: "foreign" });
  const allocator = world.allocator();
  for (const vmo of [foreign.vmo.duplicate(), world.clientProcess.reopen(world.vmo(info, 0), "read")]) {
    expect(await allocator.getVmoInfo({ vmo })).toEqual({ ok: false, error: Error.NOT_FOUND });
  }
  const shut = world.clientProcess.reopen(world.vmo(info, 0), "path");
  expect(await allocator.getVmoInfo({ vmo: shut })).toEqual({ ok: false, error: Error.HANDLE_ACCESS_DENIED });
  foreign.close();
});

test("L123: GetVmoInfo without vmo is PROTOCOL_DEVIATION, and the allocator stays usable", async ({ world }) => {
  const allocator = world.allocator();
  for (const request of [{}, { needWeak: true }]) {
    expect(await allocator.getVmoInfo(request)).toEqual({ ok: false, error: Error.PROTOCOL_DEVIATION });
  }
  await world.alive(world.nonShared(allocator));
});

test("L124: need_weak after the strong side is gone is NO_MORE_STRONG_VMO_HANDLES", async ({ world }) => {
  const { collection, info } = await world.allocated(raw());
  const allocator = world.allocator();
  const made = await allocator.getVmoInfo({ vmo: world.vmo(info, 0).duplicate(), needWeak: true });
  const weak = made.ok ? world.keep(asVmo(made.value.weakVmo ?? unexpected())) : unexpected();
  const end = made.ok ? world.keep(asEventPair(made.value.closeWeakAsap ?? unexpected())) : unexpected();
  world.leave(collection);
  world.closeVmos(info);
  await world.settle();
  expect(end.isPeerClosed()).toBe(true);
  const again = await allocator.getVmoInfo({ vmo: weak.duplicate(), needWeak: true });
  expect(again).toEqual({ ok: false, error: Error.NO_MORE_STRONG_VMO_HANDLES });
});

test("weak_vmo has no more rights than the handle that was shown", async ({ world }) => {
  const [a, b] = (await world.participants(raw(), raw(PAGE, 1, { cpu: CPU_READ }))) as [C, C];
  const [writer, reader] = [await world.info(a), await world.info(b)];
  const allocator = world.allocator();
  const rights = [];
  for (const info of [writer, reader]) {
    const made = await allocator.getVmoInfo({ vmo: world.vmo(info, 0).duplicate(), needWeak: true });
    if (!made.ok) unexpected();
    world.keep(asEventPair(made.value.closeWeakAsap ?? unexpected()));
    rights.push((world.keep(asVmo(made.value.weakVmo ?? unexpected())).rights & Rights.WRITE) !== 0);
  }
  expect(rights).toEqual([true, false]);
});

test("GetVmoInfo answers exactly what was asked: settings, constraints_ok, vmo_settings_match", async ({ world }) => {
  const { info } = await world.allocated(raw(PAGE, 2));
  const { info: same } = await world.allocated(raw(PAGE, 1));
  const { info: bigger } = await world.allocated(raw(2 * PAGE, 1));
  const allocator = world.allocator();
  const ask = async (options: object) => {
    const answer = await allocator.getVmoInfo({ vmo: world.vmo(info, 0).duplicate(), ...options });
    return answer.ok ? answer.value : unexpected();
  };
  expect(Object.entries(await ask({})).filter(([, value]) => value !== undefined)).toHaveLength(2);
  expect((await ask({ needSingleBufferSettings: true })).singleBufferSettings).toEqual(info.settings);
  expect((await ask({ constraintsToCheck: raw(PAGE, 100) })).constraintsOk).toBe(true);
  expect((await ask({ constraintsToCheck: raw(2 * PAGE, 0) })).constraintsOk).toBe(false);
  const match = async (other: typeof info, ignore?: boolean) =>
    (
      await ask({
        vmoSettingsToCheck: world.vmo(other, 0).duplicate(),
        ...(ignore !== undefined && { vmoSettingsToCheckIgnoreSize: ignore }),
      })
    ).vmoSettingsMatch;
  expect(await match(info)).toBe(true);
  expect(await match(same)).toBe(true);
  expect(await match(bigger)).toBe(false);
  expect(await match(bigger, true)).toBe(true);
});

test("L125: must_match_vmo that is not a sysmem VMO fails the domain at SetConstraints", async ({ world }) => {
  const [a, b] = (await world.family(2)) as [C, C];
  const foreign = await world.clientProcess.createMemory(PAGE, { name: "foreign" });
  a.setConstraints({ constraints: raw(), mustMatchVmo: foreign.vmo.duplicate() });
  await world.closed(a, b);
  foreign.close();
});

test("L126: must_match_vmo of other settings than can be met is CONSTRAINTS_INTERSECTION_EMPTY", async ({ world }) => {
  const { info } = await world.allocated(raw(2 * PAGE));
  const [a, b] = (await world.family(2)) as [C, C];
  a.setConstraints({ constraints: raw(PAGE) });
  const pending = await world.pending(a);
  b.setConstraints({ constraints: { usage: { cpu: 1 } }, mustMatchVmo: world.vmo(info, 0).duplicate() });
  await world.closed(a, b);
  expect(pending.outcome()).toEqual({ kind: "error", error: "CONSTRAINTS_INTERSECTION_EMPTY" });
  const matching = world.nonShared();
  matching.setConstraints({
    constraints: { usage: { cpu: 1 }, minBufferCountForCamping: 1 },
    mustMatchVmo: world.vmo(info, 0).duplicate(),
  });
  expect((await world.info(matching)).settings).toEqual(info.settings);
});

test("L127 L128: IsAlternateFor over the wire", async ({ world }) => {
  const root = await world.root();
  const [x, y] = [await world.dup(root), await world.dup(root)];
  expect(await x.isAlternateFor(await y.getNodeRef())).toEqual({ ok: true, value: { isAlternate: false } });
  const group = await world.group(root);
  const [a, b] = [await world.child(group), await world.child(group)];
  const below = await world.dup(b);
  expect(await a.isAlternateFor(await below.getNodeRef())).toEqual({ ok: true, value: { isAlternate: true } });
});

test("L129: a node_ref of another collection, or any event, is NOT_FOUND and the channel stays open", async ({
  world,
}) => {
  const [a, b] = [await world.root(), await world.root()];
  for (const ref of [await b.getNodeRef(), { nodeRef: world.kernel.createEvent() }]) {
    expect(await a.isAlternateFor(ref)).toEqual({ ok: false, error: Error.NOT_FOUND });
  }
  await world.alive(a);
});

test("L130: alternates stay alternates after their group was released and closed", async ({ world }) => {
  const root = await world.root();
  const group = await world.group(root);
  const [a, b] = [await world.child(group), await world.child(group)];
  group.allChildrenPresent();
  await group.sync();
  world.leave(group);
  await world.settle();
  expect(await a.isAlternateFor(await b.getNodeRef())).toEqual({ ok: true, value: { isAlternate: true } });
});

test("L131: a node_ref taken from a token works once that is a collection", async ({ world }) => {
  const root = await world.root();
  const group = await world.group(root);
  const [a, b] = [await world.child(group), await world.child(group)];
  const ref = await a.getNodeRef();
  await world.bind(a).sync();
  expect(await b.isAlternateFor(ref)).toEqual({ ok: true, value: { isAlternate: true } });
});

test("L132: IsAlternateFor without node_ref fails the domain", async ({ world }) => {
  const root = await world.root();
  const other = await world.dup(root);
  await expect(root.isAlternateFor({})).rejects.toThrow("cannot go on");
  await world.closed(root, other);
});
