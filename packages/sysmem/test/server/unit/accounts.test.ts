/** Accounts and quotas: who is charged for what, and what happens past a limit. */
import { expect, test } from "vitest";
import { type BufferCollectionConstraints, BufferCollectionToken } from "#gen/fuchsia_sysmem2";
import type { QuotaOptions } from "#server";
import { Accounts, describeBreach } from "../../../src/server/accounts/accounts.ts";
import { PAGE, raw } from "../support/constraints.ts";
import { endWorld, type FakeWorld, fakeWorld } from "../support/fixture.ts";
import { flexibleMessage, type RawChannel } from "../support/raw-channel.ts";

const ALICE = { pid: 10, uid: 1_000, gid: 1_000 };
const ALICE_TOO = { pid: 11, uid: 1_000, gid: 1_000 };
const BOB = { pid: 20, uid: 2_000, gid: 2_000 };

test("a process is charged, and its user with it", () => {
  const accounts = new Accounts();
  accounts.of(ALICE).charge({ nodes: 2, buffers: 1, bytes: 100 });
  accounts.of(ALICE_TOO).charge({ nodes: 1 });
  const used = { connections: 0, collections: 0, buffers: 1, bytes: 100, pendingBytes: 0 };
  expect(accounts.usage()).toEqual([
    { holder: "process", id: 10, ...used, nodes: 2, descriptors: 3 },
    { holder: "process", id: 11, ...used, buffers: 0, bytes: 0, nodes: 1, descriptors: 1 },
    { holder: "user", id: 1_000, ...used, nodes: 3, descriptors: 4 },
  ]);
  accounts.of(ALICE).refund({ nodes: 2, buffers: 1, bytes: 100 });
  accounts.of(ALICE_TOO).refund({ nodes: 1 });
  expect(accounts.usage()).toEqual([]);
});

test("a limit holds up to itself, for a process and for its user, and for nobody else", () => {
  const accounts = new Accounts({ perProcess: { nodes: 4 }, perUser: { nodes: 6 } });
  const [first, second, other] = [accounts.of(ALICE), accounts.of(ALICE_TOO), accounts.of(BOB)];
  first.charge({ nodes: 3 });
  expect(first.check({ nodes: 1 })).toBeUndefined();
  expect(first.check({ nodes: 2 })).toMatchObject({ holder: "process", kind: "nodes", limit: 4, used: 3, asked: 2 });
  expect(second.check({ nodes: 3 })).toBeUndefined();
  const breach = second.check({ nodes: 4 });
  expect(breach).toMatchObject({ holder: "user", pid: 11, uid: 1_000, limit: 6, used: 3 });
  expect(breach && describeBreach(breach)).toBe(
    "quota of nodes is used up by user 1000 (last by process 11): 3 and 4 more, of 6",
  );
  expect(other.check({ nodes: 4 })).toBeUndefined();
});

test("descriptors follow from what costs them", () => {
  const account = new Accounts({ perProcess: { descriptors: 2 } }).of(ALICE);
  expect(account.check({ buffers: 1, nodes: 1 })).toBeUndefined();
  expect(account.check({ buffers: 1, nodes: 1, connections: 1 })).toMatchObject({ kind: "descriptors", asked: 3 });
});

test("more is not refunded than was charged", () => {
  expect(() => new Accounts().of(ALICE).refund({ nodes: 1 })).toThrow("no more is refunded");
});

/** A server with quotas for the one process that its clients are. */
async function withQuotas(perProcess: QuotaOptions["perProcess"], body: (world: FakeWorld) => Promise<void>) {
  const world = fakeWorld({ quotas: { perProcess } });
  await body(world);
  await endWorld(world);
  expect(world.server.context.accounts.usage()).toEqual([]);
}

/** Answers to `Sync`, and how many of them the kernel keeps for one channel (see `kernel/fake/channel.ts`). */
const REPLY_BYTES = 32;
const IN_KERNEL = Math.floor(212_992 / (768 + REPLY_BYTES));

function askWithoutReading(channel: RawChannel, count: number): void {
  const sync = BufferCollectionToken.descriptor.methods.find((method) => method.name === "sync");
  for (let txid = 1; txid <= count; txid += 1) channel.write(flexibleMessage(sync?.ordinal ?? 0n, txid), []);
}

async function refused(world: FakeWorld, constraints: BufferCollectionConstraints): Promise<void> {
  const collection = world.nonShared();
  collection.setConstraints({ constraints });
  await world.fails(collection, "NO_MEMORY");
}

test("buffers beyond the quota are NO_MEMORY with a log line that names the client, and fit again later", () =>
  withQuotas({ bytes: 3 * PAGE }, async (world) => {
    const { collection, info } = await world.allocated(raw(PAGE, 2));
    const process = { holder: "process", buffers: 2, bytes: 2 * PAGE, collections: 1, nodes: 1 };
    expect(world.server.snapshot().usage[0]).toMatchObject(process);
    expect(world.server.snapshot().quotas).toEqual({ perProcess: { bytes: 3 * PAGE } });
    await refused(world, raw(PAGE, 2));
    const [line] = world.errors("quota of bytes");
    expect(line?.fields).toMatchObject({ breach: { limit: 3 * PAGE, used: 2 * PAGE, asked: 2 * PAGE } });
    expect(world.server.snapshot().recentFailures.at(-1)?.error).toBe("NO_MEMORY");
    world.leave(collection);
    for (const index of [0, 1]) world.vmo(info, index).close();
    await world.settle();
    await world.allocated(raw(PAGE, 3));
  }));

test("a collection beyond the quota costs that Allocator and nothing else", () =>
  withQuotas({ collections: 2 }, async (world) => {
    const allocator = world.allocator();
    const first = world.nonShared(allocator);
    const second = world.nonShared(allocator);
    await second.sync();
    const third = world.nonShared(allocator);
    await allocator.closed;
    await third.closed;
    await first.sync();
    expect(world.errors("protocol deviation")[0]?.fields.detail).toMatch("quota of collections is used up by process");
  }));

test("nodes beyond the quota are a deviation of who asks for them", () =>
  withQuotas({ nodes: 3 }, async (world) => {
    const root = await world.root();
    await world.dup(root);
    await world.dup(root);
    world.duplicate(root);
    await root.closed;
  }));

test("a connection beyond the quota is closed", () =>
  withQuotas({ connections: 1 }, async (world) => {
    const first = world.allocator();
    const second = world.allocator();
    await second.closed;
    expect(first.isClosed).toBe(false);
    first.close();
    await world.settle();
    const collection = world.nonShared();
    await collection.sync();
  }));

test("what nobody reads is charged up to the quota; then the channel that is not read fails, and no other", () =>
  withQuotas({ pendingBytes: 3 * REPLY_BYTES }, async (world) => {
    const pending = () => world.server.snapshot().usage[0]?.pendingBytes;
    const [one, other, healthy] = [await world.root(), await world.root(), await world.root()];
    const [slow, silent] = [await world.rawDup(one), await world.rawDup(other)];
    const { descriptors } = world.server.snapshot().usage[0] ?? {};
    for (const channel of [slow, silent]) channel.pause();
    askWithoutReading(slow, IN_KERNEL + 2);
    await world.settle();
    expect(pending()).toBe(2 * REPLY_BYTES);
    askWithoutReading(silent, IN_KERNEL + 1);
    await world.settle();
    expect(world.server.snapshot().usage[0]).toMatchObject({ pendingBytes: 3 * REPLY_BYTES, descriptors });
    askWithoutReading(silent, 1);
    await world.closed(other);
    expect(pending()).toBe(2 * REPLY_BYTES);
    const why = "the peer does not read: quota of pendingBytes is used up by process";
    expect(world.logs.some(({ fields }) => String(fields.detail).startsWith(why))).toBe(true);
    slow.resume();
    await world.settle();
    expect(pending()).toBe(0);
    expect(slow.packets).toHaveLength(IN_KERNEL + 2);
    await world.alive(one, healthy);
  }));

test("buffers that no heap had cost nothing", () =>
  withQuotas({ bytes: 4 * PAGE }, async (world) => {
    world.serverProcess.faults.nextMemoryErrors.push(undefined, "NO_MEMORY");
    await refused(world, raw(PAGE, 4));
    await world.settle();
    await world.allocated(raw(PAGE, 4));
  }));
