/** Lifecycle contract 11, statements 63 to 82. */
import { expect, test as base } from "vitest";
import { Heaps, SystemRamHeap } from "#heaps";
import type { BufferCollectionClient, BufferCollectionTokenClient } from "#gen/fuchsia_sysmem2";
import { PAGE, raw } from "../support/constraints.ts";
import { endWorld, type FakeWorld, fakeWorld, worldFixture } from "../support/fixture.ts";
import { unexpected } from "../support/world.ts";

const test = base.extend(worldFixture);

type C = BufferCollectionClient;

/** A root and a group below it with so many children, all of them bound. */
async function choice(world: FakeWorld, children: number) {
  const token = await world.root();
  const group = await world.group(token);
  const tokens: BufferCollectionTokenClient[] = [];
  for (let i = 0; i < children; i++) tokens.push(await world.child(group));
  return { root: world.bind(token), group, children: tokens.map((child) => world.bind(child)), tokens };
}

test("L63: with two of three participants ready, waits stay pending", async ({ world }) => {
  const [a, b] = (await world.family(3)) as [C, C, C];
  for (const c of [a, b]) c.setConstraints({ constraints: raw() });
  expect((await world.pending(a)).outcome()).toBeUndefined();
  expect((await world.pending(b)).outcome()).toBeUndefined();
});

test("L64: the third one completes all pending waits, in order and with handles of their own", async ({ world }) => {
  const [a, b, c] = (await world.family(3)) as [C, C, C];
  for (const each of [a, b]) each.setConstraints({ constraints: raw() });
  const waits = [await world.pending(a), await world.pending(a), await world.pending(b)];
  c.setConstraints({ constraints: raw() });
  await world.settle();
  const infos = waits.map((wait) => {
    const outcome = wait.outcome();
    return outcome?.kind === "ok" ? outcome.info : unexpected("a wait was not answered");
  });
  expect(infos.map((info) => info.buffers?.length)).toEqual([3, 3, 3]);
  expect(new Set(infos.map((info) => world.vmo(info, 0).koid)).size).toBe(1);
});

test("L65: a group that is not sealed holds allocation back until AllChildrenPresent", async ({ world }) => {
  const { root, group, children } = await choice(world, 1);
  for (const c of [root, ...children]) c.setConstraints({ constraints: raw() });
  const wait = await world.pending(root);
  expect(wait.outcome()).toBeUndefined();
  group.allChildrenPresent();
  await world.settle();
  expect(wait.outcome()?.kind).toBe("ok");
});

test("L66: an unready token in the second child holds allocation back although the first child would do", async ({
  world,
}) => {
  const token = await world.root();
  const group = await world.group(token);
  const [first, second] = [await world.child(group), await world.child(group)];
  const [root, child] = [world.bind(token), world.bind(first)];
  group.allChildrenPresent();
  for (const c of [root, child]) c.setConstraints({ constraints: raw() });
  const wait = await world.pending(child);
  expect(wait.outcome()).toBeUndefined();
  const other = world.bind(second);
  other.setConstraints({ constraints: raw() });
  await world.settle();
  expect(wait.outcome()?.kind).toBe("ok");
});

test("L67: of two satisfiable children the first is chosen, and the other's channel closes", async ({ world }) => {
  const { root, group, children } = await choice(world, 2);
  for (const c of [root, ...children]) c.setConstraints({ constraints: raw() });
  group.allChildrenPresent();
  expect((await world.info(children[0] as C)).buffers).toHaveLength(2);
  await world.closed(children[1] as C);
  await world.alive(root, group);
});

test("L68: an incompatible first child is passed over and closed, and the root succeeds", async ({ world }) => {
  const { root, group, children } = await choice(world, 2);
  root.setConstraints({ constraints: raw(PAGE) });
  children[0]?.setConstraints({ constraints: raw(2 * PAGE) });
  children[1]?.setConstraints({ constraints: raw(PAGE) });
  group.allChildrenPresent();
  await world.info(root);
  await world.info(children[1] as C);
  await world.closed(children[0] as C);
});

test("L69: a first child that was released cleanly can be selected, and the second child's channel closes", async ({
  world,
}) => {
  const token = await world.root();
  const group = await world.group(token);
  const [first, second] = [await world.child(group), await world.child(group)];
  world.leave(first);
  await world.settle();
  const [root, other] = [world.bind(token), world.bind(second)];
  for (const c of [root, other]) c.setConstraints({ constraints: raw() });
  group.allChildrenPresent();
  expect((await world.info(root)).buffers).toHaveLength(1);
  await world.closed(other);
});

test("L70: of two sibling groups the later one in depth-first pre-order falls back", async ({ world }) => {
  const token = await world.root();
  const groups = [await world.group(token), await world.group(token)];
  const children: C[][] = [];
  for (const group of groups) {
    children.push([world.bind(await world.child(group)), world.bind(await world.child(group))]);
  }
  const root = world.bind(token);
  root.setConstraints({ constraints: raw(PAGE, 1, { maxCount: 2 }) });
  for (const [first, second] of children) {
    first?.setConstraints({ constraints: raw(PAGE, 1) });
    second?.setConstraints({ constraints: raw(PAGE, 0) });
  }
  for (const group of groups) group.allChildrenPresent();
  await world.info(root);
  await world.info(children[0]?.[0] as C);
  await world.info(children[1]?.[1] as C);
  await world.closed(children[0]?.[1] as C, children[1]?.[0] as C);
});

test("L71: a nested group hidden by its parent's choice closes with all its children", async ({ world }) => {
  const { root, group, children, tokens } = await choice(world, 1);
  const second = await world.child(group);
  const nested = await world.group(second);
  const hidden = [await world.child(nested), await world.child(nested)].map((child) => world.bind(child));
  const holder = world.bind(second);
  nested.allChildrenPresent();
  group.allChildrenPresent();
  expect(tokens).toHaveLength(1);
  for (const c of [root, ...children, holder, ...hidden]) c.setConstraints({ constraints: raw() });
  await world.info(root);
  await world.closed(nested, holder, ...hidden);
});

test("L72: a chain of 63 nested groups that fail on every deep branch is solved: only reachable combinations count", async ({
  world,
}) => {
  let token = await world.root();
  const root = token;
  const groups = [];
  const good: BufferCollectionTokenClient[] = [];
  const deep: BufferCollectionTokenClient[] = [];
  for (let level = 0; level < 63; level++) {
    const group = await world.group(token);
    groups.push(group);
    const next = await world.child(group);
    good.push(await world.child(group));
    if (level > 0) deep.push(token);
    token = next;
  }
  deep.push(token);
  const top = world.bind(root);
  const fallbacks = good.map((each) => world.bind(each));
  const bad = deep.map((each) => world.bind(each));
  top.setConstraints({ constraints: raw(PAGE) });
  for (const [i, c] of fallbacks.entries()) c.setConstraints({ constraints: raw(i === 0 ? PAGE : 2 * PAGE) });
  for (const c of bad) c.setConstraints({ constraints: raw(2 * PAGE) });
  for (const group of groups) group.allChildrenPresent();
  expect((await world.info(top)).buffers).toHaveLength(2);
  await world.info(fallbacks[0] as C);
  await world.closed(...bad);
});

test("L73: more than 64 failing combinations give TOO_MANY_GROUP_CHILD_COMBINATIONS", async ({ world }) => {
  const { root, group, children } = await choice(world, 65);
  const wait = world.wait(root);
  root.setConstraints({ constraints: raw(PAGE) });
  expect(await wait).toEqual({ kind: "closed" });
  const again = await choice(world, 65);
  again.root.setConstraints({ constraints: raw(PAGE) });
  const pending = await world.pending(again.root);
  for (const c of again.children) c.setConstraints({ constraints: raw(2 * PAGE) });
  again.group.allChildrenPresent();
  await world.closed(again.root);
  expect(pending.outcome()).toEqual({ kind: "error", error: "TOO_MANY_GROUP_CHILD_COMBINATIONS" });
  await world.closed(group, ...children);
});

test("L74: exactly 64 failing combinations give CONSTRAINTS_INTERSECTION_EMPTY", async ({ world }) => {
  const { root, group, children } = await choice(world, 64);
  root.setConstraints({ constraints: raw(PAGE) });
  const pending = await world.pending(root);
  for (const c of children) c.setConstraints({ constraints: raw(2 * PAGE) });
  group.allChildrenPresent();
  await world.closed(root);
  expect(pending.outcome()).toEqual({ kind: "error", error: "CONSTRAINTS_INTERSECTION_EMPTY" });
});

test("L75: when memory runs out for the first combination that fits, no later one is tried", async ({ world }) => {
  const { root, group, children } = await choice(world, 2);
  root.setConstraints({ constraints: raw() });
  for (const c of children) c.setConstraints({ constraints: raw() });
  const pending = await world.pending(root);
  world.serverProcess.faults.nextMemoryErrors.push("NO_MEMORY");
  group.allChildrenPresent();
  await world.closed(root, group, ...children);
  expect(pending.outcome()).toEqual({ kind: "error", error: "NO_MEMORY" });
  expect(world.events.filter((event) => event.type === "allocation-decided")).toHaveLength(1);
});

test("L76: a wait pending on an unselected child gets no reply; the channel closes", async ({ world }) => {
  const { root, group, children } = await choice(world, 2);
  for (const c of [root, ...children]) c.setConstraints({ constraints: raw() });
  const pending = await world.pending(children[1] as C);
  group.allChildrenPresent();
  await world.closed(children[1] as C);
  expect(pending.outcome()).toEqual({ kind: "closed" });
});

test("L77: a dispensable group child that is not selected does not disturb the root", async ({ world }) => {
  const token = await world.root();
  const group = await world.group(token);
  const [first, second] = [await world.child(group), await world.child(group)];
  second.setDispensable();
  await second.sync();
  const [root, a, b] = [world.bind(token), world.bind(first), world.bind(second)];
  group.allChildrenPresent();
  for (const c of [root, a, b]) c.setConstraints({ constraints: raw() });
  await world.info(a);
  await world.closed(b);
  await world.alive(root, a);
});

test("L78: incompatible constraints: pending waits get the error, then every channel closes", async ({ world }) => {
  const [a, b] = (await world.family(2)) as [C, C];
  a.setConstraints({ constraints: raw(PAGE) });
  const pending = await world.pending(a);
  b.setConstraints({ constraints: raw(2 * PAGE) });
  await world.closed(a, b);
  expect(pending.outcome()).toEqual({ kind: "error", error: "CONSTRAINTS_INTERSECTION_EMPTY" });
  const [failure] = world.server.snapshot().recentFailures;
  expect(failure).toMatchObject({ attempt: "initial", error: "CONSTRAINTS_INTERSECTION_EMPTY" });
  expect(failure?.reason).not.toBe("");
  expect(failure?.participants).toHaveLength(2);
});

test("a failed negotiation is explained afterwards: who demands what that excludes each other", async ({ world }) => {
  const [a, b] = (await world.family(2)) as [C, C];
  a.setDebugClientInfo({ name: "camera", id: 1n });
  b.setDebugClientInfo({ name: "display", id: 2n });
  a.setConstraints({ constraints: raw(PAGE) });
  b.setConstraints({ constraints: raw(2 * PAGE) });
  await world.closed(a, b);
  const [failure] = world.server.snapshot().recentFailures;
  const explanation = world.server.explainFailure(failure?.failureId ?? 0)?.explanation;
  const demands = explanation?.requirements.map(({ participant, field }) => `${participant.split(" ")[0]} ${field}`);
  expect(new Set(demands)).toEqual(
    new Set(["camera buffer_memory_constraints.max_size_bytes", "display buffer_memory_constraints.min_size_bytes"]),
  );
  expect(world.server.explainFailure(1_000)).toBeUndefined();
});

test("L79: a wait sent after the failure sees only the closed channel", async ({ world }) => {
  const [a, b] = (await world.participants(raw(PAGE), raw(2 * PAGE))) as [C, C];
  await world.closed(a, b);
  expect(await world.wait(a)).toEqual({ kind: "closed" });
});

test("L80: without a participant that implies a size, CONSTRAINTS_INTERSECTION_EMPTY", async ({ world }) => {
  const [a, b] = (await world.family(2)) as [C, C];
  a.setConstraints({ constraints: { usage: { cpu: 1 }, minBufferCountForCamping: 1 } });
  const pending = await world.pending(a);
  b.setConstraints({});
  await world.closed(a, b);
  expect(pending.outcome()).toEqual({ kind: "error", error: "CONSTRAINTS_INTERSECTION_EMPTY" });
});

test("nobody with constraints at all is CONSTRAINTS_INTERSECTION_EMPTY, too", async ({ world }) => {
  const token = await world.root();
  const group = await world.group(token);
  const child = await world.child(group);
  world.leave(token, child);
  await world.settle();
  group.allChildrenPresent();
  await world.closed(group);
  expect(world.server.snapshot().recentFailures[0]?.error).toBe("CONSTRAINTS_INTERSECTION_EMPTY");
});

test("L81: the one-of-N rule of a group holds after the group was released and closed", async ({ world }) => {
  const { root, group, children } = await choice(world, 2);
  group.allChildrenPresent();
  await group.sync();
  world.leave(group);
  await world.settle();
  for (const c of [root, ...children]) c.setConstraints({ constraints: raw() });
  expect((await world.info(root)).buffers).toHaveLength(2);
  await world.closed(children[1] as C);
});

test("L82: a collection that needs secure memory waits until that is ready", async () => {
  let heaps: Heaps | undefined;
  const world = fakeWorld({
    heaps: (kernel) => {
      heaps = new Heaps();
      heaps.register(new SystemRamHeap(kernel));
      heaps.setSecureMemory("not-ready");
      return heaps;
    },
  });
  const collection = world.nonShared();
  collection.setConstraints({ constraints: { ...raw(PAGE, 1, { secure: true }), usage: { video: 8 } } });
  const pending = await world.pending(collection);
  expect(pending.outcome()).toBeUndefined();
  expect(await world.check(collection)).toBe("PENDING");
  class SecureHeap extends SystemRamHeap {
    override readonly id = { heapType: "test.sysmem.heap.HEAP_TYPE.SECURE", id: 0n };
    override readonly properties = {
      coherencyDomainSupport: { cpu: false, ram: false, inaccessible: true },
      needClear: false,
      needFlush: false,
      isSecure: true,
    };
  }
  heaps?.register(new SecureHeap(world.serverProcess));
  await world.settle();
  expect(pending.outcome()).toBeUndefined();
  heaps?.setSecureMemory("ready");
  await world.settle();
  const outcome = pending.outcome();
  // Which heaps qualify is negotiation's affair; that the attempt is made, and is final, is decided here.
  expect(outcome).toBeDefined();
  expect(world.server.context.heaps.secureMemory).toBe("ready");
  await endWorld(world);
});

test("messages and deaths while the buffers are being made wait for them, and other collections do not", async ({
  world,
}) => {
  const [a, b] = (await world.family(2)) as [C, C];
  a.setConstraints({ constraints: raw() });
  await a.sync();
  const { release } = world.holdMemory();
  b.setConstraints({ constraints: raw() });
  await world.settle();
  expect(world.server.snapshot().collections[0]?.allocation).toBe("allocating");
  let synced = false;
  const follow = async () => {
    await a.sync();
    synced = true;
  };
  void follow();
  b.close();
  await world.settle();
  expect(synced).toBe(false);
  const other = world.nonShared();
  await other.sync();
  release();
  // As if the allocation had taken no time: Sync is answered, then the death of b fails the tree.
  await world.closed(a);
  expect(synced).toBe(true);
  expect(world.events.some((event) => event.type === "allocated")).toBe(true);
});

test("a server shut down while buffers are being made gives them back", async ({ world }) => {
  const { release } = world.holdMemory();
  const collection = world.nonShared();
  collection.setConstraints({ constraints: raw(PAGE, 3) });
  await world.settle();
  void world.server.shutdown();
  await world.closed(collection);
  release();
  await world.settle();
  expect(world.serverProcess.usedMemoryBytes).toBe(0);
  expect(world.server.snapshot().collections).toEqual([]);
});
