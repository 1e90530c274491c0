/** Lifecycle contract 11, statements 17 to 27. */
import { expect, test as base } from "vitest";
import { Rights } from "#base";
import type { BufferCollectionClient } from "#gen/fuchsia_sysmem2";
import { CPU_READ, DISPLAY_LAYER, raw } from "../support/constraints.ts";
import { type FakeWorld, worldFixture } from "../support/fixture.ts";
import { SAME } from "../support/world.ts";

const test = base.extend(worldFixture);

/** Whether the participant's VMO can be written. */
async function isWritable(world: FakeWorld, collection: BufferCollectionClient): Promise<boolean> {
  return (world.vmo(await world.info(collection), 0).rights & Rights.WRITE) !== 0;
}

test("L17: Duplicate with mask 0 works, is logged as an error and reduces no rights", async ({ world }) => {
  const root = await world.root();
  const child = world.bind(await world.dup(root, 0));
  const parent = world.bind(root);
  for (const c of [parent, child]) c.setConstraints({ constraints: raw() });
  expect(await isWritable(world, child)).toBe(true);
  expect(world.errors("rights_attenuation_mask 0 is deprecated")).toHaveLength(1);
});

test("L18: DuplicateSync with a zero among the masks is not answered and fails the domain", async ({ world }) => {
  const root = await world.root();
  const other = await world.dup(root);
  await expect(root.duplicateSync({ rightsAttenuationMasks: [SAME, 0] as never })).rejects.toThrow("cannot go on");
  await world.closed(root, other);
});

test("DuplicateSync gives as many known tokens as masks, in order, and an empty list for none", async ({ world }) => {
  const root = await world.root();
  const { tokens = [] } = await root.duplicateSync({
    rightsAttenuationMasks: [SAME, Rights.READ | Rights.MAP] as never,
  });
  const [full, readOnly] = tokens.map((end) => world.bind(end));
  const parent = world.bind(root);
  for (const c of [parent, full, readOnly]) c?.setConstraints({ constraints: raw() });
  expect(await isWritable(world, full as BufferCollectionClient)).toBe(true);
  expect(await isWritable(world, readOnly as BufferCollectionClient)).toBe(false);
  const another = await world.root();
  expect((await another.duplicateSync({ rightsAttenuationMasks: [] })).tokens).toEqual([]);
});

test("L19: CreateChild with mask 0 closes the root's channel", async ({ world }) => {
  const root = await world.root();
  const group = await world.group(root);
  await expect(world.child(group, 0)).rejects.toThrow("cannot go on");
  await world.closed(root, group);
});

test("L20: CreateChildrenSync with a zero among the masks is not answered and closes the root's channel", async ({
  world,
}) => {
  const root = await world.root();
  const group = await world.group(root);
  await expect(group.createChildrenSync({ rightsAttenuationMasks: [SAME, 0] as never })).rejects.toThrow(
    "cannot go on",
  );
  await world.closed(root, group);
});

test("L21: AttachToken with mask 0 fails the collection's domain", async ({ world }) => {
  const [parent, other] = (await world.family(2)) as [BufferCollectionClient, BufferCollectionClient];
  await expect(world.attach(parent, 0)).rejects.toThrow("cannot go on");
  await world.closed(parent, other);
});

test("L22: CreateChild without a mask gives the group's rights", async ({ world }) => {
  const root = await world.root();
  const group = await world.group(root);
  const child = world.bind(await world.child(group));
  group.allChildrenPresent();
  const parent = world.bind(root);
  for (const c of [parent, child]) c.setConstraints({ constraints: raw() });
  expect(await isWritable(world, child)).toBe(true);
});

test("L23: Duplicate without a mask fails the domain", async ({ world }) => {
  const root = await world.root();
  const other = await world.dup(root);
  const [mine, theirs] = world.kernel.createChannel();
  root.duplicate({ tokenRequest: theirs as never });
  await world.closed(root, other);
  await world.settle();
  expect(mine.relatedKoid()).toBe(0);
  mine.close();
});

test("L24: rights taken away at one level do not come back below", async ({ world }) => {
  const root = await world.root();
  const child = await world.dup(root, Rights.READ | Rights.MAP | Rights.TRANSFER);
  const grandchild = await world.dup(child, 0xffff_ffff);
  const [a, b, c] = [root, child, grandchild].map((token) => world.bind(token)) as [
    BufferCollectionClient,
    BufferCollectionClient,
    BufferCollectionClient,
  ];
  for (const each of [a, b, c]) each.setConstraints({ constraints: raw() });
  expect([await isWritable(world, a), await isWritable(world, b), await isWritable(world, c)]).toEqual([
    true,
    false,
    false,
  ]);
});

test("L25: SAME_RIGHTS at every level and write usage give a writable VMO", async ({ world }) => {
  const [, , third] = await world.participants(raw(), raw(), raw());
  const vmo = world.vmo(await world.info(third as BufferCollectionClient), 0);
  expect(vmo.rights & (Rights.WRITE | Rights.READ | Rights.MAP)).toBe(Rights.WRITE | Rights.READ | Rights.MAP);
  expect(vmo.rights & Rights.EXECUTE).toBe(0);
});

test("L26: a participant that only reads gets no WRITE although its mask allows it", async ({ world }) => {
  const [writer, reader] = (await world.participants(raw(), raw(4096, 1, { cpu: CPU_READ }))) as [
    BufferCollectionClient,
    BufferCollectionClient,
  ];
  expect([await isWritable(world, writer), await isWritable(world, reader)]).toEqual([true, false]);
});

test("L27: display usage alone gives no WRITE", async ({ world }) => {
  const [writer, display] = (await world.participants(raw(), raw(4096, 1, { display: DISPLAY_LAYER }))) as [
    BufferCollectionClient,
    BufferCollectionClient,
  ];
  expect([await isWritable(world, writer), await isWritable(world, display)]).toEqual([true, false]);
});
