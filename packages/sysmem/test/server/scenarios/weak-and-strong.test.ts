/** Lifecycle contract 11, statements 95 to 112. */
import { expect, test as base } from "vitest";
import type { BufferCollectionClient, BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import { PAGE, raw } from "../support/constraints.ts";
import { type FakeWorld, worldFixture } from "../support/fixture.ts";

const test = base.extend(worldFixture);

type C = BufferCollectionClient;

/** A strong root and a weak child that consents, both constrained. */
async function strongAndWeak(
  world: FakeWorld,
  strong: BufferCollectionConstraints = raw(),
  weak: BufferCollectionConstraints = raw(PAGE, 0),
): Promise<[C, C]> {
  const root = await world.root();
  const token = await world.dup(root);
  token.setWeak();
  const [p, c] = [world.bind(root), world.bind(token)];
  c.setWeakOk({});
  p.setConstraints({ constraints: strong });
  c.setConstraints({ constraints: weak });
  return [p, c];
}

test("L95: SetWeak on a constrained collection or a sealed group fails the domain", async ({ world }) => {
  const [a, b] = (await world.family(2)) as [C, C];
  b.setConstraints({ constraints: raw() });
  b.setWeak();
  await world.closed(a, b);
  const root = await world.root();
  const group = await world.group(root);
  await world.child(group);
  group.allChildrenPresent();
  group.setWeak();
  await world.closed(root, group);
});

test("L96 L98: SetWeak makes children weak that are created later, and the node itself may wait without SetWeakOk", async ({
  world,
}) => {
  const root = await world.root();
  const middle = await world.dup(root);
  const before = await world.dup(middle);
  middle.setWeak();
  const after = await world.dup(middle);
  after.setWeakOk({});
  const [p, m, b, a] = [root, middle, before, after].map((token) => world.bind(token)) as [C, C, C, C];
  for (const c of [p, m, b, a]) c.setConstraints({ constraints: raw() });
  const hasEnd = async (c: C) => (await world.info(c)).buffers?.[0]?.closeWeakAsap !== undefined;
  expect([await hasEnd(p), await hasEnd(m), await hasEnd(b), await hasEnd(a)]).toEqual([false, true, false, true]);
});

test("L97: a child that inherited weakness and never consented fails at its wait, allocation possible or not", async ({
  world,
}) => {
  const root = await world.root();
  const strong = await world.dup(root);
  root.setWeak();
  const token = await world.dup(root);
  const [p, c] = [world.bind(root), world.bind(token)];
  for (const each of [p, c]) each.setConstraints({ constraints: raw() });
  expect(await world.wait(c)).toEqual({ kind: "closed" });
  await world.closed(p, strong);
});

test("L99: SetWeakOk for children counts for children made afterwards and for no earlier one", async ({ world }) => {
  for (const isEarly of [false, true]) {
    const root = await world.root();
    const middle = await world.dup(root);
    middle.setWeak();
    const early = await world.dup(middle);
    middle.setWeakOk({ forChildNodesAlso: true });
    const late = await world.dup(middle);
    const [p, m, e, l] = [root, middle, early, late].map((token) => world.bind(token)) as [C, C, C, C];
    for (const c of [p, m, e, l]) c.setConstraints({ constraints: raw() });
    if (isEarly) expect(await world.wait(e)).toEqual({ kind: "closed" });
    else expect((await world.info(l)).buffers?.[0]?.closeWeakAsap).toBeDefined();
  }
});

test("L100: a later SetWeakOk without the flag leaves the flag for children set", async ({ world }) => {
  const root = await world.root();
  const middle = await world.dup(root);
  middle.setWeak();
  middle.setWeakOk({ forChildNodesAlso: true });
  middle.setWeakOk({});
  const token = await world.dup(middle);
  const [p, m, c] = [root, middle, token].map((each) => world.bind(each)) as [C, C, C];
  for (const each of [p, m, c]) each.setConstraints({ constraints: raw() });
  expect((await world.info(c)).buffers?.[0]?.closeWeakAsap).toBeDefined();
});

test("L101: SetWeakOk after a wait fails the domain, even of a strong node", async ({ world }) => {
  const { collection } = await world.allocated(raw());
  collection.setWeakOk({});
  await world.closed(collection);
});

test("L102: a weak collection gets VMOs and close_weak_asap, a strong one VMOs alone", async ({ world }) => {
  const [p, c] = await strongAndWeak(world, raw(PAGE, 2));
  const [strong, weak] = [await world.info(p), await world.info(c)];
  expect(strong.buffers?.map((b) => [b.vmo !== undefined, b.closeWeakAsap !== undefined])).toEqual([
    [true, false],
    [true, false],
  ]);
  expect(weak.buffers?.map((b) => [b.vmo !== undefined, b.closeWeakAsap !== undefined])).toEqual([
    [true, true],
    [true, true],
  ]);
});

test("L103: a weak collection with empty constraints gets close_weak_asap and no VMO", async ({ world }) => {
  const [, c] = await strongAndWeak(world, raw(), {});
  const [buffer] = (await world.info(c)).buffers ?? [];
  expect([buffer?.vmo, buffer?.closeWeakAsap !== undefined]).toEqual([undefined, true]);
});

test("L104: each weak delivery is a VMO of its own; all are the same memory, as the strong ones are", async ({
  world,
}) => {
  const [p, c] = await strongAndWeak(world);
  const [one, two, strong] = [await world.info(c), await world.info(c), await world.info(p)];
  expect(new Set([one, two, strong].map((info) => world.vmo(info, 0).koid)).size).toBe(1);
  world.leave(p);
  world.closeVmos(strong);
  world.closeVmos(one);
  await world.settle();
  const [buffer] = world.server.snapshot().collections[0]?.buffers ?? [];
  expect(buffer).toMatchObject({ strongVmos: 0, weakVmos: 1, isStrongSideGone: true });
});

test("L105: with every strong node gone and a strong VMO held, weak nodes go on and nothing is signalled", async ({
  world,
}) => {
  const [p, c] = await strongAndWeak(world);
  const [strong, weak] = [await world.info(p), await world.info(c)];
  world.leave(p);
  await world.settle();
  await world.alive(c);
  expect(world.closeWeakAsap(weak, 0).isPeerClosed()).toBe(false);
  expect((await world.info(c)).buffers?.[0]?.vmo).toBeDefined();
  world.closeVmos(strong);
});

test("L106: the last strong VMO of one buffer signals that buffer alone", async ({ world }) => {
  const [p, c] = await strongAndWeak(world, raw(PAGE, 3));
  const [strong, weak] = [await world.info(p), await world.info(c)];
  world.leave(p);
  world.vmo(strong, 1).close();
  await world.settle();
  expect([0, 1, 2].map((i) => world.closeWeakAsap(weak, i).isPeerClosed())).toEqual([false, true, false]);
  await world.alive(c);
});

test("L107 L108: the last strong VMO of the last buffer closes weak nodes; trackers wait for the weak VMOs", async ({
  world,
}) => {
  const [p, c] = await strongAndWeak(world, raw(PAGE, 2));
  const [strong, weak] = [await world.info(p), await world.info(c)];
  const tracker = world.lifetime(c, 0);
  await c.sync();
  world.leave(p);
  world.closeVmos(strong);
  await world.closed(c);
  expect([0, 1].map((i) => world.closeWeakAsap(weak, i).isPeerClosed())).toEqual([true, true]);
  expect(tracker.isPeerClosed()).toBe(false);
  world.closeVmos(weak);
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(true);
});

test("L109: buffers that are freed come back from a weak wait with neither VMO nor close_weak_asap", async ({
  world,
}) => {
  const [p, c] = await strongAndWeak(world, raw(PAGE, 2));
  const [strong, weak] = [await world.info(p), await world.info(c)];
  world.leave(p);
  world.vmo(strong, 0).close();
  world.vmo(weak, 0).close();
  await world.settle();
  const again = await world.info(c);
  expect(again.buffers?.map((b) => [b.vmo !== undefined, b.closeWeakAsap !== undefined])).toEqual([
    [false, false],
    [true, true],
  ]);
});

test("a buffer whose strong side is gone but which still exists comes back with close_weak_asap, signalled, and no VMO", async ({
  world,
}) => {
  const [p, c] = await strongAndWeak(world, raw(PAGE, 2));
  const [strong] = [await world.info(p), await world.info(c)];
  world.leave(p);
  world.vmo(strong, 0).close();
  await world.settle();
  const again = await world.info(c);
  expect(again.buffers?.[0]?.vmo).toBeUndefined();
  expect(world.closeWeakAsap(again, 0).isPeerClosed()).toBe(true);
});

test("L110: when the only strong node leaves before allocation, weak nodes are closed although they are not ready", async ({
  world,
}) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setWeak();
  const c = world.bind(token);
  await c.sync();
  world.leave(root);
  await world.closed(c);
});

test("when the last strong node's leaving sets off the allocation, weak waits are answered before the end comes", async ({
  world,
}) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setWeak();
  const c = world.bind(token);
  c.setConstraints({ constraints: raw() });
  const pending = await world.pending(c);
  world.leave(root);
  await world.closed(c);
  const outcome = pending.outcome();
  expect(outcome?.kind).toBe("ok");
  expect(outcome?.kind === "ok" && world.closeWeakAsap(outcome.info, 0).isPeerClosed()).toBe(true);
});

test("SetWeak on the only node before allocation fails the collection", async ({ world }) => {
  const root = await world.root();
  root.setWeak();
  await world.closed(root);
});

test("L112: a weak VMO held 5 s after the strong side is gone is complained about once, and nothing else happens", async ({
  world,
}) => {
  const [p, c] = await strongAndWeak(world, raw(PAGE, 2));
  c.setDebugClientInfo({ name: "hoarder", id: 9n });
  const [strong, weak] = [await world.info(p), await world.info(c)];
  world.leave(p);
  world.vmo(strong, 0).close();
  await world.settle();
  world.clock.advance(4.9e9);
  expect(world.errors("this weak VMO is still held")).toEqual([]);
  world.clock.advance(0.2e9);
  const complaints = world.errors("this weak VMO is still held");
  expect(complaints).toHaveLength(1);
  expect(complaints[0]?.fields).toMatchObject({ bufferIndex: 0, client: "hoarder", clientId: "9" });
  world.clock.advance(60e9);
  expect(world.errors("this weak VMO is still held")).toHaveLength(1);
  await world.alive(c);
  world.vmo(weak, 0).close();
  await world.settle();
  const freed = world.events.find((event) => event.type === "buffer-freed");
  expect(freed?.type === "buffer-freed" && freed.weakDurationNs).toBeGreaterThan(60e9);
});

test("a weak VMO given back within 5 s is not complained about", async ({ world }) => {
  const [p, c] = await strongAndWeak(world);
  const [strong, weak] = [await world.info(p), await world.info(c)];
  world.leave(p);
  world.closeVmos(strong);
  await world.settle();
  world.closeVmos(weak);
  await world.settle();
  world.clock.advance(60e9);
  expect(world.errors("this weak VMO is still held")).toEqual([]);
});
