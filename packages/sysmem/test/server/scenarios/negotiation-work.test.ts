/** A negotiation that would stop the server for everybody is not begun. */
import { expect, test } from "vitest";
import { constraintsWork } from "../../../src/server/allocation/work.ts";
import { defaultServerLimits } from "#server";
import { ColorSpace, PixelFormat, PixelFormatModifier } from "#gen/fuchsia_images2";
import type { BufferCollectionConstraints, ImageFormatConstraints } from "#gen/fuchsia_sysmem2";
import { PAGE, raw } from "../support/constraints.ts";
import { endWorld, fakeWorld } from "../support/fixture.ts";

const image = (sizes: number): ImageFormatConstraints => ({
  pixelFormat: PixelFormat.R8G8B8A8,
  pixelFormatModifier: PixelFormatModifier.LINEAR,
  colorSpaces: [ColorSpace.SRGB],
  minSize: { width: 16, height: 16 },
  requiredMaxSizeList: Array.from({ length: sizes }, (_, i) => ({ width: 17 + i, height: 17 + i })),
});

const withImages = (...images: ImageFormatConstraints[]): BufferCollectionConstraints => ({
  ...raw(PAGE, 1, { maxSize: 1 << 20 }),
  imageFormatConstraints: images,
});

test("the work of one participant grows with its formats and their lists", () => {
  expect(constraintsWork(undefined)).toBe(2);
  expect(constraintsWork(raw())).toBe(2);
  expect(constraintsWork(withImages(image(0)))).toBe(2 + 5);
  expect(constraintsWork(withImages(image(10), image(0)))).toBe(2 + 15 + 5);
  const open = { ...image(0), pixelFormatModifier: PixelFormatModifier.DO_NOT_CARE };
  expect(constraintsWork(withImages(open))).toBe(2 + 64 * 5);
  const pair = { pixelFormat: PixelFormat.NV12, pixelFormatModifier: PixelFormatModifier.LINEAR };
  expect(constraintsWork(withImages({ ...image(0), pixelFormatAndModifiers: [pair, pair] }))).toBe(2 + 3 * 5);
});

test("a dozen participants with every format they can name stay far below the quota", () => {
  const participant = withImages(...Array.from({ length: 64 }, () => image(8)));
  expect(12 * constraintsWork(participant) * 4).toBeLessThan(defaultServerLimits.maxNegotiationWork);
});

test("the quota holds at its bound, and counts combinations of group children", async () => {
  // Root and two children of a group, each 7 units, and two combinations.
  const enough = 3 * 7 * 2;
  for (const [maxNegotiationWork, expected] of [
    [enough, "ok"],
    [enough - 1, "UNSPECIFIED"],
  ] as const) {
    const world = fakeWorld({ limits: { maxNegotiationWork } });
    const root = await world.root();
    const group = await world.group(root);
    const children = [await world.child(group), await world.child(group)];
    group.allChildrenPresent();
    const collections = [root, ...children].map((token) => world.bind(token));
    for (const collection of collections) collection.setConstraints({ constraints: withImages(image(0)) });
    const [first] = collections as [(typeof collections)[0]];
    if (expected === "ok") await world.info(first);
    else {
      await world.fails(first, expected);
      expect(world.errors("allocation failed")[0]?.fields.reason).toContain("maxNegotiationWork");
    }
    await endWorld(world);
  }
});

test("a late attempt counts those who are allocated already", async () => {
  // The first alone needs 7 units; with the one who attaches it is 14.
  for (const [maxNegotiationWork, expected] of [
    [14, "ok"],
    [13, "UNSPECIFIED"],
  ] as const) {
    const world = fakeWorld({ limits: { maxNegotiationWork } });
    const first = world.nonShared();
    const late = world.bind(await world.attach(first));
    first.setConstraints({ constraints: { ...withImages(image(0)), minBufferCount: 3 } });
    await world.info(first);
    late.setConstraints({ constraints: withImages(image(0)) });
    if (expected === "ok") await world.info(late);
    else {
      await world.fails(late, expected);
      expect(world.errors("allocation failed")[0]?.fields.reason).toContain("maxNegotiationWork");
    }
    await world.alive(first);
    await endWorld(world);
  }
});
