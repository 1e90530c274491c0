/** Lifecycle contract 11, statements 28 to 42. */
import { describe, expect, test as base } from "vitest";
import type { BufferCollectionClient, BufferCollectionTokenClient } from "#gen/fuchsia_sysmem2";
import { raw } from "../support/constraints.ts";
import { worldFixture } from "../support/fixture.ts";

const test = base.extend(worldFixture);

type Pair = [BufferCollectionClient, BufferCollectionClient];

test("L28: a second Release fails the domain", async ({ world }) => {
  const [a, b] = (await world.family(2)) as Pair;
  a.release();
  a.release();
  await world.closed(a, b);
});

describe("L29: messages on a released token", () => {
  const messages: [string, (token: BufferCollectionTokenClient) => unknown][] = [
    ["Sync", (token) => token.sync()],
    ["SetName", (token) => token.setName({ priority: 1, name: "x" })],
    ["GetNodeRef", (token) => token.getNodeRef()],
    ["Duplicate", (token) => token.duplicateSync({ rightsAttenuationMasks: [] })],
    ["SetWeak", (token) => token.setWeak()],
  ];
  for (const [name, send] of messages) {
    test(`L29: ${name} after Release on a token fails the domain`, async ({ world }) => {
      const root = await world.root();
      const other = await world.dup(root);
      root.release();
      const sent = Promise.resolve(send(root)).catch(() => "refused");
      await world.closed(root, other);
      await sent;
    });
  }
});

test("L30: SetDispensable after Release on a token does nothing visible", async ({ world }) => {
  const root = await world.root();
  const other = await world.dup(root);
  root.release();
  root.setDispensable();
  await world.settle();
  await world.alive(other);
  expect(root.isClosed).toBe(false);
});

test("L31: SetConstraints twice fails the domain", async ({ world }) => {
  const [a, b] = (await world.family(2)) as Pair;
  a.setConstraints({ constraints: raw() });
  a.setConstraints({ constraints: raw() });
  await world.closed(a, b);
});

test("L32: SetConstraints after Release fails the domain", async ({ world }) => {
  const [a, b] = (await world.family(2)) as Pair;
  a.release();
  a.setConstraints({ constraints: raw() });
  await world.closed(a, b);
});

test("L33: a wait before SetConstraints fails the domain", async ({ world }) => {
  const [a, b] = (await world.family(2)) as Pair;
  expect(await world.wait(a)).toEqual({ kind: "closed" });
  await world.closed(a, b);
});

test("L35: a check before SetConstraints answers PENDING, and the channel stays open", async ({ world }) => {
  const [a] = (await world.family(2)) as Pair;
  expect(await world.check(a)).toBe("PENDING");
  await world.alive(a);
});

test("L36: Release before AllChildrenPresent on a group closes the root's channel", async ({ world }) => {
  const root = await world.root();
  const group = await world.group(root);
  const child = await world.child(group);
  group.release();
  await world.closed(root, group, child);
});

test("L37: AllChildrenPresent on a group without children closes the root's channel", async ({ world }) => {
  const root = await world.root();
  const group = await world.group(root);
  group.allChildrenPresent();
  await world.closed(root, group);
});

describe("L38: a sealed group takes no further children", () => {
  for (const what of ["createChild", "createChildrenSync", "allChildrenPresent"] as const) {
    test(`L38: ${what} after AllChildrenPresent closes the root's channel`, async ({ world }) => {
      const root = await world.root();
      const group = await world.group(root);
      await world.child(group);
      group.allChildrenPresent();
      await world.alive(group);
      let sent: Promise<unknown> = Promise.resolve();
      if (what === "createChild") sent = world.child(group);
      else if (what === "createChildrenSync") sent = group.createChildrenSync({ rightsAttenuationMasks: [] });
      else group.allChildrenPresent();
      sent.catch(() => "refused");
      await world.closed(root, group);
    });
  }
});

test("L39: a released token holds allocation back until its end closes", async ({ world }) => {
  const root = await world.root();
  const child = world.bind(await world.dup(root));
  root.release();
  child.setConstraints({ constraints: raw(4096, 2) });
  const wait = await world.pending(child);
  expect(wait.outcome()).toBeUndefined();
  expect(await world.check(child)).toBe("PENDING");
  root.close();
  await world.settle();
  const outcome = wait.outcome();
  expect(outcome?.kind === "ok" && outcome.info.buffers).toHaveLength(2);
});

test("L40: a collection released after SetConstraints does not hold allocation back, and its constraints count", async ({
  world,
}) => {
  const [a, b] = (await world.family(2)) as Pair;
  a.setConstraints({ constraints: raw(4096, 2) });
  a.release();
  b.setConstraints({ constraints: raw(4096, 3) });
  expect((await world.info(b)).buffers).toHaveLength(5);
});

test("L41: constraints of a collection that has left count", async ({ world }) => {
  const [a, b] = (await world.family(2)) as Pair;
  a.setConstraints({ constraints: raw(4096, 2) });
  world.leave(a);
  await world.settle();
  b.setConstraints({ constraints: raw(4096, 3) });
  expect((await world.info(b)).buffers).toHaveLength(5);
});

test("L42: a collection that left before SetConstraints adds nothing and holds nothing back", async ({ world }) => {
  const [a, b] = (await world.family(2)) as Pair;
  world.leave(a);
  b.setConstraints({ constraints: raw(4096, 3) });
  expect((await world.info(b)).buffers).toHaveLength(3);
});

test("required fields: a missing one fails the domain", async ({ world }) => {
  const sends: ((node: BufferCollectionClient) => void)[] = [
    (node) => node.setName({ priority: 1 }),
    (node) => node.setName({ name: "x" }),
    (node) => node.setDebugClientInfo({ id: 1n }),
    (node) => node.setDebugTimeoutLogDeadline({}),
    (node) => node.attachNodeTracking({}),
    (node) => node.attachToken({}),
    (node) => node.attachLifetimeTracking({ buffersRemaining: 1 }),
  ];
  for (const send of sends) {
    const [a, b] = (await world.family(2)) as Pair;
    send(a);
    await world.closed(a, b);
  }
  const collection = world.nonShared();
  const { mine, theirs } = world.eventPair();
  collection.attachLifetimeTracking({ serverEnd: theirs });
  await world.closed(collection);
  expect(mine.isPeerClosed()).toBe(true);
});

test("a client that releases its only token is no error: nobody is left who could miss the buffers", async ({
  world,
}) => {
  const root = await world.root();
  world.leave(root);
  await world.settle();
  expect(world.server.snapshot().collections).toEqual([]);
  expect(world.logs.filter(({ level }) => level === "error")).toEqual([]);
  expect(world.logs.map(({ message }) => message)).toContain("the last client of this collection has left");
  // One of two that leaves takes nothing from the other, whose end then is a failure.
  const [one, other] = [await world.root(), await world.root()];
  const child = await world.dup(one);
  world.leave(one);
  await world.alive(child, other);
  child.close();
  await world.settle();
  expect(world.errors("this collection fails")).toHaveLength(1);
});
