/** What an application does with tokens, collections and buffers. */
import { expect } from "vitest";
import { Rights } from "#base";
import { SharedBuffers, Sysmem } from "#client";
import { ColorSpace, PixelFormat } from "#gen/fuchsia_images2";
import { eventually } from "../kernel/collect.ts";
import { overEachKernel, pair, raw, READ, rejection, WRITE } from "./worlds.ts";

overEachKernel("two participants see the same bytes, and only who writes may", async ({ sysmem }) => {
  const { root, camera, display } = await pair(sysmem);
  root.release();
  camera.setConstraints(raw(WRITE, 5_000n));
  display.setConstraints(raw(READ));
  const [mine, theirs] = await Promise.all([camera.waitForBuffers(), display.waitForBuffers()]);
  expect([mine.count, theirs.count]).toEqual([2, 2]);
  expect(mine.collectionId).toBe(theirs.collectionId);
  for (const [index, buffer] of [...mine].entries()) {
    expect(buffer.index).toBe(index);
    expect(buffer.bytes().length).toBe(5_000);
    buffer.bytes()[4_999] = index + 1;
    expect(theirs.at(index).bytes()[4_999]).toBe(index + 1);
    expect([buffer.isWritable, theirs.at(index).isWritable]).toEqual([true, false]);
    expect(buffer.vmo?.koid).toBe(theirs.at(index).vmo?.koid);
  }
  mine.close();
  theirs.close();
  camera.release();
  display.release();
});

overEachKernel(
  "closing, releasing and disposing twice is harmless; using afterwards is refused by name",
  async (world) => {
    const { sysmem, kernel } = world;
    const { root, camera, display } = await pair(sysmem);
    camera.setConstraints(raw(WRITE));
    display.setConstraints(raw(READ));
    root.release();
    root.release();
    root[Symbol.dispose]();
    const buffers = await camera.waitForBuffers();
    const view = buffers.at(0).bytes();
    view[0] = 7;
    buffers.at(0).close();
    buffers.close();
    buffers[Symbol.dispose]();
    expect(buffers.at(0).isClosed).toBe(true);
    if (kernel.name === "linux") expect(view[0]).toBe(0);
    expect(() => buffers.at(0).bytes()).toThrow("buffer 0 is closed");
    expect(() => buffers.at(0).onCloseAsap(() => {})).toThrow("buffer 0 is closed");
    expect(() => buffers.at(9)).toThrow("there is no buffer 9 among 2");
    camera.release();
    camera.release();
    await camera[Symbol.asyncDispose]();
    display[Symbol.dispose]();
    expect(camera.isReleased).toBe(true);
    const late = "a collection that is released";
    expect(() => camera.setName("x")).toThrow(`setName() on ${late}`);
    expect(() => camera.setDebugClientInfo("x")).toThrow(`setDebugClientInfo() on ${late}`);
    expect(() => camera.setConstraints(undefined)).toThrow(`setConstraints() on ${late}`);
    await expect(camera.waitForBuffers()).rejects.toThrow(`waitForBuffers() on ${late}`);
    await expect(camera.attachToken()).rejects.toThrow(`attachToken() on ${late}`);
    await expect(camera.sync()).rejects.toThrow(`sync() on ${late}`);
    const used = "a token that was bound, released or handed over";
    expect(root.isUsedUp).toBe(true);
    expect(() => root.setName("x")).toThrow(`setName() on ${used}`);
    expect(() => root.setDebugClientInfo("x")).toThrow(`setDebugClientInfo() on ${used}`);
    expect(() => root.setDispensable()).toThrow(`setDispensable() on ${used}`);
    expect(() => root.createGroup()).toThrow(`createGroup() on ${used}`);
    expect(() => root.take()).toThrow(`take() on ${used}`);
    expect(() => sysmem.bind(root)).toThrow(`take() on ${used}`);
    await expect(root.duplicate()).rejects.toThrow(`duplicate() on ${used}`);
    await expect(root.sync()).rejects.toThrow(`sync() on ${used}`);
  },
);

overEachKernel(
  "a connection that is closed gives nothing away and leaves nothing behind",
  async ({ sysmem, kernel }) => {
    const connection = Sysmem.over(sysmem.newAllocatorChannel(), { kernel, name: "guest" });
    const token = connection.allocateSharedCollection();
    const other = await token.duplicate();
    connection.close();
    connection.close();
    connection[Symbol.dispose]();
    await connection.closed;
    for (const use of [
      () => connection.allocateSharedCollection(),
      () => connection.allocateNonSharedCollection(),
      () => connection.bind(other),
      () => connection.setDebugClientInfo("x"),
    ]) {
      expect(use).toThrow("it was closed on this side");
    }
    await expect(connection.isTokenKnown(token)).rejects.toThrow("it was closed on this side");
    // Binding used `other` up: it is gone, and its domain with it.
    await token.closed;
    token.release();
  },
);

overEachKernel("a token tells whether it is known, and can be adopted by who received its channel", async (world) => {
  const { sysmem, kernel } = world;
  const token = sysmem.allocateSharedCollection();
  await token.sync();
  expect(await sysmem.isTokenKnown(token)).toBe(true);
  const channel = token.take();
  expect(await sysmem.isTokenKnown(channel)).toBe(true);
  const [stranger, far] = kernel.createChannel();
  expect(await sysmem.isTokenKnown(stranger)).toBe(false);
  far.close();
  expect(await sysmem.isTokenKnown(stranger)).toBe(false);
  stranger.close();
  const adopted = sysmem.adoptToken(channel);
  const copy = await adopted.duplicate();
  adopted.release();
  copy[Symbol.dispose]();
});

overEachKernel("as many tokens as were asked for, 1 to 64", async ({ sysmem }) => {
  const token = sysmem.allocateSharedCollection();
  await expect(token.duplicateMany(65)).rejects.toMatchObject({ code: "COUNT_EXCEEDS_LIMIT" });
  const many = await token.duplicateMany(64);
  expect(many).toHaveLength(64);
  for (const one of many) one.release();
  token.release();
});

overEachKernel("rights that a token lost do not come back", async ({ sysmem }) => {
  const root = sysmem.allocateSharedCollection();
  const weak = await root.duplicate({ rights: Rights.READ | Rights.MAP | Rights.DUPLICATE | Rights.TRANSFER });
  const [strong, masked] = [sysmem.bind(root), sysmem.bind(weak)];
  strong.setConstraints(raw(WRITE));
  masked.setConstraints(raw(READ | WRITE));
  const [all, less] = await Promise.all([strong.waitForBuffers(), masked.waitForBuffers()]);
  expect([all.at(0).isWritable, less.at(0).isWritable]).toEqual([true, false]);
  all.close();
  less.close();
  strong.release();
  masked.release();
});

overEachKernel("a participant that asks for nothing learns the settings and has no memory", async ({ sysmem }) => {
  const { root, camera, display } = await pair(sysmem);
  root.release();
  camera.setConstraints(raw(WRITE));
  display.setConstraints(undefined);
  const [mine, none] = await Promise.all([camera.waitForBuffers(), display.waitForBuffers()]);
  expect(none.settings).toEqual(mine.settings);
  expect(none.at(0).vmo).toBeUndefined();
  expect(none.at(0).isWritable).toBe(false);
  expect(() => none.at(0).bytes()).toThrow("cannot map buffer 0: this participant has no VMO for it");
  none.close();
  mine.close();
  camera.release();
  display.release();
});

overEachKernel("buffers outlive their collection, and each wait brings handles of its own", async ({ sysmem }) => {
  const collection = sysmem.allocateNonSharedCollection().setConstraints(raw(READ | WRITE));
  const first = await collection.waitForBuffers();
  const second = await collection.waitForBuffers();
  collection.release();
  await collection.closed;
  first.at(0).bytes()[1] = 9;
  first.close();
  expect(second.at(0).bytes()[1]).toBe(9);
  second.close();
  await eventually(() => sysmem.server.snapshot().collections.length === 0);
});

overEachKernel("what a VMO is", async ({ sysmem, kernel }) => {
  const collection = sysmem.allocateNonSharedCollection().setConstraints(raw(READ | WRITE));
  const buffers = await collection.waitForBuffers();
  const vmo = buffers.at(0).vmo;
  if (vmo === undefined) throw new TypeError("a participant with usage has a VMO");
  const info = await sysmem.vmoInfo(vmo);
  expect(info).toMatchObject({ bufferCollectionId: buffers.collectionId, bufferIndex: 0n });
  const foreign = await kernel.createMemory(4_096, { name: "foreign" });
  const child = foreign.handOut({ writable: true }).vmo;
  await expect(sysmem.vmoInfo(child)).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringContaining(`cannot find out which buffer VMO ${child.koid} is`),
  });
  child.close();
  foreign.close();
  expect(vmo.isClosed).toBe(false);
  buffers.close();
  collection.release();
});

overEachKernel("a group is built, sealed and released in this order", async ({ sysmem }) => {
  const root = sysmem.allocateSharedCollection();
  const group = root.createGroup();
  const [large, small] = [sysmem.bind(await group.createChild()), sysmem.bind(await group.createChild())];
  expect(() => group.release()).toThrow("release() on a group that is not sealed");
  group.seal();
  expect(group.isSealed).toBe(true);
  expect(() => group.seal()).toThrow("seal() on a group that is sealed");
  await expect(group.createChild()).rejects.toThrow("createChild() on a group that is sealed");
  const rest = sysmem.bind(root).setConstraints(raw(READ, 1n, 4_096n));
  large.setConstraints(raw(WRITE, 1_048_576n));
  small.setConstraints(raw(WRITE));
  const buffers = await small.waitForBuffers();
  expect(await rejection(large.waitForBuffers())).toMatchObject({ code: expect.stringMatching(/CLOSED|EMPTY/) });
  buffers.close();
  group.release();
  group.release();
  group[Symbol.dispose]();
  small.release();
  rest.release();
});

overEachKernel("a group that is given up before it is sealed fails the collection", async ({ sysmem }) => {
  const root = sysmem.allocateSharedCollection();
  const group = root.createGroup();
  const child = await group.createChild();
  group[Symbol.dispose]();
  await root.closed;
  await child.closed;
  expect(() => root.setName("x")).toThrow(/cannot go on with/);
  root.release();
  child.release();
});

overEachKernel("weak buffers say when they should be closed", async ({ sysmem }) => {
  const strong = sysmem.allocateNonSharedCollection().setConstraints(raw(READ | WRITE));
  const held = await strong.waitForBuffers();
  const token = await strong.attachToken();
  token.node.setWeak();
  const weak = sysmem.bind(token);
  weak.node.setWeakOk({});
  weak.setConstraints({ usage: { cpu: READ } });
  const buffers = await weak.waitForBuffers();
  const said: string[] = [];
  buffers.at(0).onCloseAsap(() => said.push("close"));
  const stop = buffers.at(0).onCloseAsap(() => said.push("stopped"));
  stop();
  stop();
  expect(held.at(0).onCloseAsap(() => said.push("strong"))).toBeTypeOf("function");
  weak.release();
  strong.release();
  held.close();
  await eventually(() => said.length > 0);
  buffers.close();
  expect(said).toEqual(["close"]);
});

overEachKernel("planes of an image are where the settings say", async ({ sysmem }) => {
  const collection = sysmem.allocateNonSharedCollection().setConstraints({
    usage: { cpu: READ | WRITE },
    minBufferCount: 1,
    bufferMemoryConstraints: { cpuDomainSupported: true },
    imageFormatConstraints: [
      {
        pixelFormat: PixelFormat.NV12,
        colorSpaces: [ColorSpace.REC709],
        minSize: { width: 2, height: 2 },
        maxSize: { width: 128, height: 64 },
        requiredMaxSize: { width: 100, height: 50 },
        bytesPerRowDivisor: 64,
      },
    ],
  });
  const buffers = await collection.waitForBuffers();
  const layout = buffers.layout();
  expect(layout).toMatchObject({
    size: { width: 100, height: 50 },
    pixelFormat: PixelFormat.NV12,
    colorSpace: ColorSpace.REC709,
    bytesPerRow: 128,
    sizeBytes: 128 * 75,
    planes: [
      { plane: 0, offset: 0, rowBytes: 128, rows: 50 },
      { plane: 1, offset: 6_400, rowBytes: 128, rows: 25 },
    ],
  });
  const [luma, chroma] = [buffers.at(0).plane(layout, 0), buffers.at(0).plane(layout, 1)];
  expect([luma.length, chroma.length]).toEqual([6_400, 3_200]);
  chroma[0] = 3;
  expect(buffers.at(0).bytes()[6_400]).toBe(3);
  expect(() => buffers.at(0).plane(layout, 2)).toThrow("an image of 2 planes has no plane 2");
  expect(buffers.layout({ width: 2, height: 2 }).bytesPerRow).toBe(64);
  const refuse = (width: number, height: number) => () => buffers.layout({ width, height });
  expect(refuse(200, 2)).toThrow("an image of 200 by 2 pixels: the settings allow 2 by 2 to 128 by 64");
  expect(refuse(3, 2)).toThrow(/multiples of 2 by 2/);
  expect(refuse(128, 64)).toThrow(/it needs 12288 bytes, and a buffer has \d+/);
  buffers.close();
  collection.release();
  const none = new SharedBuffers({}, 1n, []);
  expect(() => none.layout()).toThrow("cannot lay out an image: the buffers are raw memory");
});
