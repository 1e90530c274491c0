/** `sysmem.inspect/Inspector` as any client sees it. */
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { MAX_INSPECT_CONNECTIONS, MAX_INSPECT_TEXT_BYTES } from "#base";
import { PixelFormat } from "#gen/fuchsia_images2";
import {
  AllocationState,
  Awaited,
  Error as InspectError,
  EventKind,
  HolderKind,
  Inspector,
  type InspectorClient,
  NodeKind,
  Severity,
} from "#gen/sysmem_inspect";
import { mayInspect } from "../../src/daemon/inspect/access.ts";
import { clip, fill } from "../../src/daemon/inspect/pages.ts";
import { Node } from "#gen/sysmem_inspect";
import { image, raw } from "./constraints.ts";
import { World } from "./world.ts";

const world = new World();
const clients: InspectorClient[] = [];
const inspector = (): InspectorClient => {
  const path = join(world.svc, Inspector.discoverableName as string);
  const client = Inspector.bind(world.kernel.connect(path));
  clients.push(client);
  return client;
};
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await world.clear();
});
afterAll(() => world.close());

/** Two participants with buffers. */
async function allocated() {
  const root = world.collection("frames");
  const camera = world.local("camera", await root.duplicate(), image(PixelFormat.NV12));
  const display = world.local("display", root, image(PixelFormat.NV12, { bytesPerRowDivisor: 256 }));
  const buffers = await camera.waitForBuffers();
  return { camera, display, buffers, id: buffers.collectionId };
}

describe("the inspector", () => {
  it("lists what each process and each user uses, with their limits", async () => {
    const { buffers } = await allocated();
    const client = inspector();
    const { accounts = [], more } = await client.listAccounts({});
    const { perProcess, perUser } = world.daemon.server.context.accounts.quotas;
    const sizeBytes = BigInt(world.daemon.server.snapshot().collections[0]?.buffers[0]?.sizeBytes ?? 0);
    const used = { collections: 1n, nodes: 2n, buffers: 2n, bytes: 2n * sizeBytes };
    expect(sizeBytes).toBeGreaterThan(0n);
    expect([accounts.length, more]).toEqual([2, false]);
    expect(accounts[0]).toMatchObject({
      pid: process.pid,
      command: expect.stringContaining("node"),
      used,
      limits: { bytes: BigInt(perProcess?.bytes ?? 0), descriptors: BigInt(perProcess?.descriptors ?? 0) },
    });
    expect(accounts[1]).toMatchObject({
      uid: process.getuid?.(),
      used,
      limits: { bytes: BigInt(perUser?.bytes ?? 0) },
    });
    expect([accounts[0]?.uid, accounts[1]?.pid, accounts[1]?.limits?.nodes]).toEqual([undefined, undefined, undefined]);
    expect((await client.listAccounts({ skip: 1 })).accounts).toHaveLength(1);
    const { quotas = [] } = await client.getServer();
    expect(quotas.find(({ name }) => name === "perUser.bytes")).toMatchObject({
      uid: process.getuid?.(),
      used: used.bytes,
      limit: BigInt(perUser?.bytes ?? 0),
    });
    buffers.close();
  });

  it("lists collections, nodes and buffers", async () => {
    const { buffers, id } = await allocated();
    const client = inspector();
    const { collections } = await client.listCollections({});
    expect(collections).toMatchObject([
      {
        collectionId: id,
        name: "frames",
        allocation: AllocationState.ALLOCATED,
        nodeCount: 2,
        bufferCount: 2,
        pixelFormat: PixelFormat.NV12,
        size: { width: 640, height: 480 },
        pids: Int32Array.of(process.pid),
      },
    ]);
    expect(await client.listCollections({ after: id })).toMatchObject({ collections: [], more: false });
    const nodes = await client.listNodes({ collectionId: id });
    expect(nodes.ok && nodes.value.nodes).toMatchObject([
      { client: "display", kind: NodeKind.COLLECTION, awaited: Awaited.NOTHING, pid: process.pid, isAllocated: true },
      { client: "camera", kind: NodeKind.COLLECTION, awaited: Awaited.NOTHING, pid: process.pid, isAllocated: true },
    ]);
    const list = await client.listBuffers({ collectionId: id });
    const inodes = [...buffers].map(({ vmo }) => BigInt(vmo?.inode ?? 0));
    expect(list.ok && list.value.buffers?.map(({ inode }) => inode)).toEqual(inodes);
    buffers.close();
  });

  it("says who decided each setting", async () => {
    const { buffers, id } = await allocated();
    const result = await inspector().getDecisions({ collectionId: id });
    const decisions = result.ok ? (result.value.decisions ?? []) : [];
    const row = decisions.find(({ setting }) => setting === "image_format_constraints.bytes_per_row_divisor");
    expect(row).toMatchObject({
      value: "256",
      decidedBy: [{ participant: "display", field: "image_format_constraints[0].bytes_per_row_divisor" }],
    });
    expect(decisions.map(({ setting }) => setting)).toContain("buffer_settings.heap");
    buffers.close();
  });

  it("gives back the constraints of a node as it sent them", async () => {
    const { buffers, id } = await allocated();
    const client = inspector();
    const nodes = await client.listNodes({ collectionId: id });
    const camera = nodes.ok ? nodes.value.nodes?.find((node) => node.client === "camera") : undefined;
    const answer = await client.getConstraints({ collectionId: id, nodeId: camera?.nodeId });
    expect(answer.ok && answer.value.constraints).toMatchObject(image(PixelFormat.NV12));
    buffers.close();
  });

  it("finds descriptors, mappings and channels in processes, and what is weak", async () => {
    const { buffers, id } = await allocated();
    buffers.at(0).bytes();
    const result = await inspector().listHolders({ collectionId: id });
    const holders = result.ok ? (result.value.holders ?? []) : [];
    const ours = { pid: process.pid, isWeak: false, client: "camera" };
    const of = (kind: HolderKind) => holders.filter((one) => one.kind === kind);
    expect(of(HolderKind.DESCRIPTOR)).toMatchObject([
      { ...ours, bufferIndex: 0, isWritable: true },
      { ...ours, bufferIndex: 1, isWritable: true },
    ]);
    expect(of(HolderKind.MAPPING)).toMatchObject([{ ...ours, bufferIndex: 0, isWritable: true }]);
    expect(of(HolderKind.CHANNEL).map(({ client }) => client)).toEqual(expect.arrayContaining(["camera", "display"]));
    expect(of(HolderKind.SERVER).length).toBe(2);
    buffers.close();
  });

  it("says what a collection waits for", async () => {
    const root = world.collection("stalled");
    world.local("late", await root.duplicate());
    const client = inspector();
    const { collections } = await client.listCollections({});
    const detail = await client.getCollection({ collectionId: collections?.[0]?.collectionId });
    expect(detail.ok && detail.value.findings?.map(({ severity, field }) => [severity, field])).toContainEqual([
      Severity.WAITING,
      "Allocator.BindSharedCollection",
    ]);
  });

  it("answers NOT_FOUND for what is not there", async () => {
    const client = inspector();
    const notFound = { ok: false, error: InspectError.NOT_FOUND };
    expect(await client.getCollection({ collectionId: 1n })).toEqual(notFound);
    expect(await client.getCollection({})).toEqual(notFound);
    expect(await client.listNodes({ collectionId: 1n })).toEqual(notFound);
    expect(await client.listHolders({ collectionId: 1n })).toEqual(notFound);
    expect(await client.getConstraints({ collectionId: 1n, nodeId: 1n })).toEqual(notFound);
    expect(await client.getFailure({ failureId: 99n })).toEqual(notFound);
    expect(await client.getFailure({})).toEqual(notFound);
    for (const failureId of [undefined, 99n, 2n ** 64n - 1n]) {
      expect(await client.listFailedNodes({ failureId })).toEqual(notFound);
      expect(await client.getFailedConstraints({ failureId, nodeId: 1n })).toEqual(notFound);
    }
  });

  it("tells the nodes of what failed, as they were, and what each had said", async () => {
    const root = world.collection("bad");
    const group = root.createGroup();
    const choice = await group.createChild();
    const sensor = world.local("sensor", choice, image(PixelFormat.NV12));
    group.seal();
    const panel = world.local("panel", root, image(PixelFormat.B8G8R8A8));
    await Promise.allSettled([sensor.waitForBuffers(), panel.waitForBuffers()]);
    const client = inspector();
    const failureId = (await client.listFailures({})).failures?.[0]?.failureId;
    const answer = await client.listFailedNodes({ failureId });
    const { nodes = [], more, isShortened } = answer.ok ? answer.value : {};
    expect([more, isShortened]).toEqual([false, false]);
    expect(nodes).toMatchObject([
      { client: "panel", kind: NodeKind.COLLECTION, awaited: Awaited.NOTHING, pid: process.pid, isAllocated: false },
      { isGroup: true },
      { client: "sensor", hasConstraints: true },
    ]);
    const [panelNode, groupNode, sensorNode] = nodes;
    expect([sensorNode?.parentId, groupNode?.parentId]).toEqual([groupNode?.nodeId, panelNode?.nodeId]);
    const said = await client.getFailedConstraints({ failureId, nodeId: sensorNode?.nodeId });
    expect(said.ok && said.value.constraints).toMatchObject(image(PixelFormat.NV12));
    const none = await client.getFailedConstraints({ failureId, nodeId: groupNode?.nodeId });
    expect(none).toEqual({ ok: true, value: {} });
    const second = await client.listFailedNodes({ failureId, skip: 2 });
    expect(second.ok && second.value.nodes?.map(({ client: name }) => name)).toEqual(["sensor"]);
  });

  it("tells the tree of a participant that broke the rules, and none of an Allocator's failure", async () => {
    const root = world.collection("rude");
    const polite = world.local("polite", await root.duplicate());
    const rude = world.local("rude", root, raw());
    rude.setConstraints(raw());
    await polite.closed;
    const careless = world.connect("careless");
    careless.allocator.bindSharedCollection({});
    await careless.allocator.closed;
    const client = inspector();
    const [ofAllocator, ofRude] = (await client.listFailures({})).failures ?? [];
    expect(ofAllocator?.participant).toBe("careless");
    expect(await client.listFailedNodes({ failureId: ofAllocator?.failureId })).toEqual({
      ok: false,
      error: InspectError.NOT_FOUND,
    });
    const answer = await client.listFailedNodes({ failureId: ofRude?.failureId });
    expect(answer.ok && answer.value.nodes).toMatchObject([
      { client: "rude", nodeId: ofRude?.nodeId },
      { client: "polite", awaited: Awaited.SET_CONSTRAINTS },
    ]);
  });

  it("pages through more collections than a message holds", async () => {
    const allocator = world.connect("many");
    const tokens = Array.from({ length: 300 }, (_, i) =>
      allocator.allocateSharedCollection().setName(`${i} ${"n".repeat(50)}`),
    );
    await tokens.at(-1)?.sync();
    const client = inspector();
    const ids: bigint[] = [];
    let calls = 0;
    for (let more: boolean | undefined = true; more; calls++) {
      const page = await client.listCollections({ after: ids.at(-1) });
      ids.push(...(page.collections ?? []).map(({ collectionId }) => collectionId ?? 0n));
      more = page.more;
    }
    expect(calls).toBeGreaterThan(1);
    expect(new Set(ids).size).toBe(300);
    const few = await client.listCollections({ maxCount: 3 });
    expect([few.collections?.length, few.more]).toEqual([3, true]);
    for (const token of tokens) token.release();
    await allocator.allocator.validateBufferCollectionToken({ tokenServerKoid: 1n });
  });

  it("tells what happens to who watches, and records nothing for others", async () => {
    const client = inspector();
    const first = await client.watch({});
    const token = world.collection("watched");
    const page = await client.watch({ cursor: first.cursor });
    expect(page.events?.[0]).toMatchObject({ kind: EventKind.COLLECTION_CREATED, client: "director" });
    const { observers } = world.daemon.server.context;
    expect(observers.isEmpty).toBe(false);
    client.close();
    await world.until(() => observers.isEmpty);
    token.release();
  });

  it("closes who watches twice at once", async () => {
    const client = inspector();
    const { cursor } = await client.watch({});
    const both = [client.watch({ cursor }), client.watch({ cursor })].map((one) => one.catch(() => "closed"));
    expect(await Promise.all(both)).toEqual(["closed", "closed"]);
  });

  it(`serves ${MAX_INSPECT_CONNECTIONS} connections and not one more`, async () => {
    const all = Array.from({ length: MAX_INSPECT_CONNECTIONS }, inspector);
    await Promise.all(all.map((client) => client.getServer()));
    await expect(inspector().getServer()).rejects.toThrow();
    all[0]?.close();
    await expect(all[1]?.getServer()).resolves.toMatchObject({ server: { pid: process.pid } });
  });
});

describe("access", () => {
  const other = { pid: process.pid, uid: 4_294_967, gid: 4_294_967 };
  it("is the server's user's, the superuser's and a configured group's", () => {
    expect(mayInspect({ ...other, uid: process.geteuid?.() ?? 0 }, undefined)).toBe(true);
    expect(mayInspect({ ...other, uid: 0 }, undefined)).toBe(true);
    expect(mayInspect(other, undefined)).toBe(false);
    expect(mayInspect(other, 4_294_967)).toBe(true);
    expect(mayInspect({ ...other, pid: 0 }, 12)).toBe(false);
  });
});

describe("pages", () => {
  it("cut texts at whole characters", () => {
    expect(clip("ä".repeat(MAX_INSPECT_TEXT_BYTES / 2))).toHaveLength(MAX_INSPECT_TEXT_BYTES / 2);
    const cut = clip("ä".repeat(MAX_INSPECT_TEXT_BYTES));
    expect(cut.endsWith("ä...")).toBe(true);
    expect(new TextEncoder().encode(cut).length).toBeLessThanOrEqual(MAX_INSPECT_TEXT_BYTES);
  });

  it("end where the next item does not fit, and hold at least one", () => {
    const nodes = Array.from({ length: 5 }, (_, i): Node => ({ nodeId: BigInt(i), client: "c".repeat(1000) }));
    expect(fill(nodes, Node).items.length).toBe(5);
    expect(fill(nodes, Node, { maxBytes: 3000 })).toMatchObject({ items: { length: 2 }, more: true });
    expect(fill(nodes, Node, { maxBytes: 1 })).toMatchObject({ items: { length: 1 }, more: true });
    expect(fill(nodes, Node, { maxCount: 4 })).toMatchObject({ items: { length: 4 }, more: true });
    expect(fill([], Node)).toEqual({ items: [], more: false });
  });
});
