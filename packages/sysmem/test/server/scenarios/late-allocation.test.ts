/** Lifecycle contract 11, statements 83 to 94. */
import { expect, test as base } from "vitest";
import type { BufferCollectionClient, BufferCollectionConstraints } from "#gen/fuchsia_sysmem2";
import { PAGE, raw } from "../support/constraints.ts";
import { type FakeWorld, worldFixture } from "../support/fixture.ts";

const test = base.extend(worldFixture);

type C = BufferCollectionClient;

/** Two participants camping on three buffers each, allocated. */
async function sixBuffers(world: FakeWorld, minCount?: number): Promise<[C, C]> {
  const second = raw(PAGE, 3, minCount === undefined ? {} : { count: minCount });
  const [a, b] = (await world.participants(raw(PAGE, 3), second)) as [C, C];
  expect((await world.info(a)).buffers).toHaveLength(minCount ?? 6);
  return [a, b];
}

/** A participant attached to a collection, with its constraints set. */
async function attached(world: FakeWorld, to: C, constraints: BufferCollectionConstraints): Promise<C> {
  const collection = world.bind(await world.attach(to));
  collection.setConstraints({ constraints });
  return collection;
}

test("L83: with every buffer counted for, an attached participant that camps on one fails, and the root works", async ({
  world,
}) => {
  const [a, b] = await sixBuffers(world);
  const late = await attached(world, b, raw(PAGE, 1));
  await world.fails(late);
  await world.closed(late);
  await world.alive(a, b);
  expect(world.server.snapshot().recentFailures).toMatchObject([{ attempt: "late" }]);
});

test("L84: spare buffers are given to an attached participant, and they are the same buffers", async ({ world }) => {
  const [a, b] = await sixBuffers(world, 8);
  const late = await attached(world, b, raw(PAGE, 2));
  const [first, second] = [await world.info(a), await world.info(late)];
  expect(second.buffers).toHaveLength(8);
  for (let i = 0; i < 8; i++) expect(world.vmo(second, i).koid).toBe(world.vmo(first, i).koid);
  expect(second.settings).toEqual(first.settings);
});

test("L85: attached before the initial allocation comes to the same as attached after it", async ({ world }) => {
  const [a, b] = (await world.family(2)) as [C, C];
  const late = world.bind(await world.attach(b));
  late.setConstraints({ constraints: raw(PAGE, 1) });
  const pending = await world.pending(late);
  a.setConstraints({ constraints: raw(PAGE, 3) });
  b.setConstraints({ constraints: raw(PAGE, 3) });
  expect((await world.info(a)).buffers).toHaveLength(6);
  await world.closed(late);
  expect(pending.outcome()).toEqual({ kind: "error", error: "CONSTRAINTS_INTERSECTION_EMPTY" });
});

test("L86: an attached participant that prefers another coherency domain gets the existing one", async ({ world }) => {
  const { collection, info } = await world.allocated(raw(PAGE, 1, { count: 3 }));
  const late = await attached(world, collection, raw(PAGE, 1, { ram: true, display: 1 }));
  const joined = await world.info(late);
  expect(joined.settings?.bufferSettings?.coherencyDomain).toBe(info.settings?.bufferSettings?.coherencyDomain);
});

test("L87: a maximum size below the existing one fails the attached participant alone", async ({ world }) => {
  const { collection } = await world.allocated(raw(2 * PAGE, 1, { count: 3 }));
  const late = await attached(world, collection, raw(1, 1, { maxSize: 2 * PAGE - 1 }));
  await world.fails(late);
  await world.alive(collection);
});

test("L88: an attached participant with empty constraints gets the settings and no VMOs", async ({ world }) => {
  const { collection, info } = await world.allocated(raw(PAGE, 2));
  const late = await attached(world, collection, {});
  const joined = await world.info(late);
  expect(joined.buffers?.map((buffer) => buffer.vmo)).toEqual([undefined, undefined]);
  expect(joined.settings).toEqual(info.settings);
});

test("L89: what a failed participant had been granted is free for the next", async ({ world }) => {
  const { collection } = await world.allocated(raw(PAGE, 1, { count: 3 }));
  const first = await attached(world, collection, raw(PAGE, 2));
  await world.info(first);
  const tooMany = await attached(world, collection, raw(PAGE, 2));
  await world.fails(tooMany);
  first.close();
  await world.settle();
  const next = await attached(world, collection, raw(PAGE, 2));
  expect((await world.info(next)).buffers).toHaveLength(3);
});

test("L90: an attached token that nobody turns in does not delay the root", async ({ world }) => {
  const collection = world.nonShared();
  await world.attach(collection);
  collection.setConstraints({ constraints: raw() });
  expect((await world.info(collection)).buffers).toHaveLength(1);
});

test("L91: nested attached participants that were ready before the root are resolved with it, outer first", async ({
  world,
}) => {
  const collection = world.nonShared();
  const outer = world.bind(await world.attach(collection));
  const inner = world.bind(await world.attach(outer));
  for (const c of [outer, inner]) c.setConstraints({ constraints: raw(PAGE, 1) });
  const waits = [await world.pending(outer), await world.pending(inner)];
  expect(waits.map((wait) => wait.outcome())).toEqual([undefined, undefined]);
  collection.setConstraints({ constraints: raw(PAGE, 1, { count: 3 }) });
  await world.settle();
  expect(waits.map((wait) => wait.outcome()?.kind)).toEqual(["ok", "ok"]);
  const decided = world.events.filter((event) => event.type === "allocation-decided");
  expect(decided.map((event) => event.type === "allocation-decided" && event.attempt)).toEqual([
    "initial",
    "late",
    "late",
  ]);
});

test("L92: a group under an attached token tries its children in order and closes the others", async ({ world }) => {
  const { collection, info } = await world.allocated(raw(PAGE, 1, { count: 3 }));
  const token = await world.attach(collection);
  const group = await world.group(token);
  const tokens = [await world.child(group), await world.child(group), await world.child(group)];
  const holder = world.bind(token);
  holder.setConstraints({});
  const [tooMany, fits, spare] = tokens.map((each) => world.bind(each)) as [C, C, C];
  tooMany.setConstraints({ constraints: raw(PAGE, 3) });
  fits.setConstraints({ constraints: raw(PAGE, 2) });
  spare.setConstraints({ constraints: raw(PAGE, 1) });
  group.allChildrenPresent();
  const joined = await world.info(fits);
  expect(world.vmo(joined, 0).koid).toBe(world.vmo(info, 0).koid);
  await world.closed(tooMany, spare);
  await world.alive(collection, holder, group);
});

test("L93: AttachToken on a weak collection fails its domain", async ({ world }) => {
  const root = await world.root();
  const token = await world.dup(root);
  token.setWeak();
  const [strong, weak] = [world.bind(root), world.bind(token)];
  await expect(world.attach(weak)).rejects.toThrow("cannot go on");
  await world.closed(strong, weak);
});

test("L94: trackers of an attached participant that fails close at once although buffers exist", async ({ world }) => {
  const { collection } = await world.allocated(raw(PAGE, 3));
  const late = world.bind(await world.attach(collection));
  const tracker = world.lifetime(late, 0);
  late.setConstraints({ constraints: raw(PAGE, 1) });
  await world.closed(late);
  await world.settle();
  expect(tracker.isPeerClosed()).toBe(true);
  await world.alive(collection);
});

test("an attached token that is still unbound when the initial allocation fails is closed with the rest", async ({
  world,
}) => {
  const [a, b] = (await world.family(2)) as [C, C];
  const token = await world.attach(a);
  a.setConstraints({ constraints: raw(PAGE) });
  b.setConstraints({ constraints: raw(2 * PAGE) });
  await world.closed(a, b, token);
});

test("late attachment with padding in force fails as in the original, unless the server allows it", async ({
  world,
}) => {
  const padded = (): BufferCollectionConstraints => ({
    usage: { cpu: 1 },
    minBufferCountForCamping: 1,
    minBufferCount: 3,
    imageFormatConstraints: [
      {
        pixelFormat: 1,
        pixelFormatModifier: 0n,
        colorSpaces: [9],
        minSize: { width: 450, height: 450 },
        maxSize: { width: 450, height: 450 },
        bytesPerRowDivisor: 64,
        padForBlockSize: { width: 4, height: 4 },
      },
    ],
  });
  const { collection, info } = await world.allocated(padded());
  expect(info.settings?.bufferSettings?.rawVmoSize).toBeGreaterThan(835_200n);
  const refused = await attached(world, collection, { ...padded(), minBufferCount: undefined });
  await world.fails(refused);
  await world.closed(refused);
  const failure = world.server.snapshot().recentFailures[0];
  expect(failure).toMatchObject({ attempt: "late", error: "CONSTRAINTS_INTERSECTION_EMPTY" });
  expect(world.server.explainFailure(failure?.failureId ?? 0)?.summary).toContain(
    "nobody can join these buffers any more: R8G8B8A8 LINEAR: the image and its padding take",
  );
  world.server.context.lateAttachmentWithPadding = true;
  const late = await attached(world, collection, { ...padded(), minBufferCount: undefined });
  expect((await world.info(late)).settings).toEqual(info.settings);
});
