/** Lifecycle contract 11: the statements about fuchsia.sysmem (v1) beside v2, and about the privileged protocol. */
import { expect, test as base } from "vitest";
import { type Channel, Status } from "#base";
import * as hardware from "#gen/fuchsia_hardware_sysmem";
import * as v1 from "#gen/fuchsia_sysmem";
import { BufferCollectionToken, type BufferCollectionTokenClient } from "#gen/fuchsia_sysmem2";
import { CPU_READ_WRITE, PAGE, raw } from "../support/constraints.ts";
import { type FakeWorld, worldFixture } from "../support/fixture.ts";

const test = base.extend(worldFixture);

/** Size of the struct on the wire. */
const CONSTRAINTS_BYTES = 7_760;

/** One page, one camping buffer; what is not named is zero, which v1 takes for "no matter". */
function someConstraints(camping = 1): v1.BufferCollectionConstraints {
  const blank = v1.BufferCollectionConstraints.decode(new Uint8Array(CONSTRAINTS_BYTES));
  return {
    ...blank,
    usage: { ...blank.usage, cpu: CPU_READ_WRITE },
    minBufferCountForCamping: camping,
    hasBufferMemoryConstraints: true,
    bufferMemoryConstraints: { ...blank.bufferMemoryConstraints, minSizeBytes: PAGE, cpuDomainSupported: true },
  };
}
const noConstraints = { hasConstraints: false, constraints: someConstraints() };
const withConstraints = { hasConstraints: true, constraints: someConstraints() };

function v1Allocator(world: FakeWorld): v1.AllocatorClient {
  const [client, server] = world.kernel.createChannel();
  world.server.serveAllocator(world.clientProcess.give(server, world.serverProcess) as Channel, { version: "v1" });
  return world.keep(v1.Allocator.bind(client));
}

/** A v2 token, bound by a v1 allocator. */
function bindV1(world: FakeWorld, token: BufferCollectionTokenClient): v1.BufferCollectionClient {
  const { proxy, server } = v1.BufferCollection.createProxy(world.kernel);
  const end = v1.BufferCollectionToken.clientEnd(token.unbind().take());
  v1Allocator(world).bindSharedCollection({ token: end, bufferCollectionRequest: server });
  return world.keep(proxy);
}

async function waitV1(collection: v1.BufferCollectionClient): Promise<{ status: number; count: number } | "closed"> {
  try {
    const { status, bufferCollectionInfo: info } = await collection.waitForBuffersAllocated();
    for (const { vmo } of info.buffers) vmo?.close();
    return { status, count: info.bufferCount };
  } catch {
    return "closed";
  }
}

test("L34: a v1 wait before SetConstraints stays pending and completes after allocation", async ({ world }) => {
  const collection = bindV1(world, await world.root());
  const wait = waitV1(collection);
  await collection.sync();
  collection.setConstraints(withConstraints);
  expect(await wait).toEqual({ status: Status.OK, count: 1 });
});

test("L60: after an unclean close, v1 and v2 peers alike get the epitaph INTERNAL", async ({ world }) => {
  const root = await world.root();
  const [first, second] = [await world.dup(root), await world.dup(root)];
  const [v2, older, dying] = [world.bind(root), bindV1(world, first), world.bind(second)];
  await v2.sync();
  await older.sync();
  await dying.sync();
  dying.close();
  await world.closed(v2);
  expect(await older.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_INTERNAL });
});

test("L61: a v1 collection's own deviation tells its status: INVALID_ARGS for a second SetConstraints", async ({
  world,
}) => {
  const root = await world.root();
  const other = await world.dup(root);
  const collection = bindV1(world, root);
  collection.setConstraints(withConstraints);
  collection.setConstraints(withConstraints);
  expect(await collection.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_INVALID_ARGS });
  await world.closed(other);
});

test("L61: and BAD_STATE for a second Close", async ({ world }) => {
  const collection = bindV1(world, await world.root());
  collection.close_();
  collection.close_();
  expect(await collection.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_BAD_STATE });
});

test("L73 L78: v1 waits and epitaphs carry the mapped status of a failed negotiation", async ({ world }) => {
  const root = await world.root();
  const older = bindV1(world, await world.dup(root));
  older.setConstraints(withConstraints);
  const wait = waitV1(older);
  await older.sync();
  world.bind(root).setConstraints({ constraints: raw(1, 1, { maxSize: 1 }) });
  expect(await wait).toEqual({ status: Status.ERR_NOT_SUPPORTED, count: 0 });
  expect(await older.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_NOT_SUPPORTED });
});

test("L76: the epitaph of an unselected v1 child is NOT_SUPPORTED", async ({ world }) => {
  const root = await world.root();
  const group = await world.group(root);
  const [first, second] = [await world.child(group), await world.child(group)];
  const [chosen, unselected] = [world.bind(first), bindV1(world, second)];
  group.allChildrenPresent();
  unselected.setConstraints(noConstraints);
  const wait = waitV1(unselected);
  await unselected.sync();
  for (const c of [chosen, world.bind(root)]) c.setConstraints({ constraints: raw() });
  expect(await wait).toBe("closed");
  expect(await unselected.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_NOT_SUPPORTED });
});

test("L111: a v1 collection may be weak by an ancestor's consent for its children, and not without", async ({
  world,
}) => {
  for (const consents of [true, false]) {
    const root = await world.root();
    const middle = await world.dup(root);
    middle.setWeak();
    middle.setWeakOk({ forChildNodesAlso: consents });
    const older = bindV1(world, await world.dup(middle));
    const [p, m] = [world.bind(root), world.bind(middle)];
    for (const c of [p, m]) c.setConstraints({ constraints: raw() });
    older.setConstraints(noConstraints);
    const outcome = await waitV1(older);
    if (consents) expect(outcome).toEqual({ status: Status.OK, count: 2 });
    else expect(await older.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_INVALID_ARGS });
  }
});

test("one token takes the messages of both generations", async ({ world }) => {
  const root = await world.root();
  const child = await world.dup(root);
  const older = world.keep(v1.BufferCollectionToken.bind(child.unbind().take()));
  await older.sync();
  const [client, server] = v1.BufferCollectionToken.createEndpoints(world.kernel);
  older.duplicate({ rightsAttenuationMask: 0xffff_ffff, tokenRequest: server });
  await older.sync();
  const newer = world.keep(BufferCollectionToken.bind(client.take()));
  await world.alive(newer, root);
});

test("L139: RegisterHeap with an unknown number closes that Sysmem channel with INVALID_ARGS", async ({ world }) => {
  const [client, server] = world.kernel.createChannel();
  world.server.serveSysmem(world.clientProcess.give(server, world.serverProcess) as Channel);
  const sysmem = world.keep(hardware.Sysmem.bind(client));
  const [heapClient, heapServer] = hardware.Heap.createEndpoints(world.kernel);
  world.keep(heapServer);
  sysmem.registerHeap({ heap: 0x1000_0000_0007_7777n, heapConnection: heapClient });
  expect(await sysmem.closed).toMatchObject({ cause: "epitaph", status: Status.ERR_INVALID_ARGS });
  await world.alive(world.nonShared());
});
