/** What the fake kernel adds to the port: processes that die, faults, and an order of delivery that a seed decides. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { type Channel, type Handle, InvariantError } from "#base";
import { asVmo, createLinuxKernel, isVmo, type Vmo } from "#kernel";
import { createFakeKernel, createSteppedScheduler, type FakeKernel, seededRandom } from "#kernel/fake";
import { collect, message, numberOf, someTurns } from "./collect.ts";

/** A server and a client on one machine, connected. */
async function connected(kernel: FakeKernel = createFakeKernel()): Promise<{
  server: FakeKernel;
  client: FakeKernel;
  serverEnd: Channel;
  clientEnd: Channel;
}> {
  const client = kernel.spawn({ pid: 7, uid: 8, gid: 9 });
  const accepted = new Promise<Channel>((resolve) => {
    kernel.listen("/svc/service", {}, (channel, peer) => {
      expect(peer).toEqual({ pid: 7, uid: 8, gid: 9 });
      resolve(channel);
    });
  });
  const clientEnd = client.connect("/svc/service");
  return { server: kernel, client, serverEnd: await accepted, clientEnd };
}

describe("a killed process", () => {
  test("closes its channels after what it had sent, and hears nothing any more", async () => {
    const { server, client, serverEnd, clientEnd } = await connected();
    const heard = collect(clientEnd);
    clientEnd.write(message(1), []);
    serverEnd.write(message(2), []);
    client.kill();
    const received = collect(serverEnd);
    expect(await received.closed()).toEqual({ kind: "peer-closed" });
    expect(received.packets.map(({ bytes }) => numberOf(bytes))).toEqual([1]);
    await someTurns();
    expect(heard.packets).toHaveLength(0);
    expect(heard.closings).toHaveLength(0);
    expect(client.openHandleCount).toBe(0);
    expect(server.openHandleCount).toBe(0);
  });

  test("lets go of VMOs it held, mapped, or had not received yet", async () => {
    const { server, client, serverEnd, clientEnd } = await connected();
    const memory = await server.createMemory(4_096, { name: "fake" });
    const gone: number[] = [];
    memory.onChildGone((childId) => gone.push(childId));
    const received = collect(clientEnd, ({ handles }) => {
      const [vmo] = handles as [Vmo];
      asVmo(vmo).map();
      vmo.close();
      clientEnd.pause();
    });
    const mapped = memory.handOut({ writable: true });
    const unread = memory.handOut({ writable: false });
    serverEnd.write(message(1), [mapped.vmo]);
    serverEnd.write(message(2), [unread.vmo]);
    await received.packet(0);
    await someTurns();
    expect(client.openMappingCount).toBe(1);
    expect(memory.liveChildren.size).toBe(2);
    client.kill();
    await someTurns();
    expect(new Set(gone)).toEqual(new Set([mapped.childId, unread.childId]));
    memory.close();
    expect(server.usedMemoryBytes).toBe(0);
  });

  test("leaves a stale service, which another may replace", async () => {
    const machine = createFakeKernel();
    const first = machine.spawn();
    first.listen("/svc/service", {}, () => {});
    const early = machine.connect("/svc/service");
    first.kill();
    await expect(collect(early).closed()).resolves.toEqual({ kind: "peer-closed" });
    expect(() => machine.connect("/svc/service")).toThrow(/nobody listens/);
    const listener = machine.spawn().listen("/svc/service", {}, (channel) => channel.close());
    machine.connect("/svc/service").close();
    listener.close();
    expect(() => machine.connect("/svc/service")).toThrow(/nothing is there/);
  });

  test("gets no answer about memory it had asked for", async () => {
    const kernel = createFakeKernel();
    let isAnswered = false;
    void kernel.createMemory(4_096, { name: "late" }).then(() => {
      isAnswered = true;
    });
    kernel.kill();
    await someTurns();
    expect(isAnswered).toBe(false);
    expect(kernel.usedMemoryBytes).toBe(0);
  });
});

describe("a fake machine", () => {
  test("runs out of memory where a test wants it, and gets it back", async () => {
    const kernel = createFakeKernel();
    kernel.faults.memoryLimitBytes = 10_000;
    const first = await kernel.createMemory(8_192, { name: "first" });
    await expect(kernel.createMemory(4_096, { name: "second" })).rejects.toMatchObject({ code: "NO_MEMORY" });
    const { vmo } = first.handOut({ writable: true });
    first.close();
    expect(kernel.usedMemoryBytes).toBe(8_192);
    vmo.close();
    expect(kernel.usedMemoryBytes).toBe(0);
    (await kernel.createMemory(4_096, { name: "third" })).close();
  });

  test("fails the calls a test names", async () => {
    const kernel = createFakeKernel();
    kernel.faults.nextMemoryErrors.push("NO_MEMORY", undefined, "NO_RESOURCES");
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => kernel.createMemory(1, { name: "any" })));
    expect(outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason.code : "made"))).toEqual([
      "NO_MEMORY",
      "made",
      "NO_RESOURCES",
      "made",
    ]);
  });

  test("gives handles to other processes as inheritance does", async () => {
    const kernel = createFakeKernel();
    const child = kernel.spawn();
    const [left, right] = kernel.createChannel();
    const given = kernel.give(right, child) as Channel;
    expect(right.isClosed).toBe(true);
    expect(given.koid).toBe(left.relatedKoid());
    expect([kernel.openHandleCount, child.openHandleCount]).toEqual([1, 1]);
    child.kill();
    await expect(collect(left).closed()).resolves.toEqual({ kind: "peer-closed" });
  });

  test("tells a process's own re-open from what was handed out", async () => {
    const kernel = createFakeKernel();
    const memory = await kernel.createMemory(4_096, { name: "reopen" });
    const { vmo, childId } = memory.handOut({ writable: true });
    const own = (["read", "write", "path"] as const).map((access) => kernel.reopen(vmo, access));
    expect(own.map((each) => memory.identify(each))).toEqual([undefined, undefined, undefined]);
    expect(own[2]?.rights).toBe(0);
    expect(memory.identify(vmo)).toBe(childId);
    for (const each of [...own, vmo, memory]) each.close();
    expect(kernel.usedMemoryBytes).toBe(0);
  });

  test("delivers packets that are no messages as the end of the channel", async () => {
    for (const [bytes, handles] of [
      [15, 0],
      [65_537, 1],
      [16, 65],
    ] as const) {
      const kernel = createFakeKernel();
      const [left, right] = kernel.createChannel();
      const events: Handle[] = Array.from({ length: handles }, () => kernel.createEvent());
      kernel.writeRaw(left, new Uint8Array(bytes), events);
      expect((await collect(right).closed()).kind).toBe("malformed");
      left.close();
      expect(kernel.openHandleCount).toBe(0);
    }
  });

  test("takes no handles of other machines' or kernels' making", () => {
    const kernel = createFakeKernel();
    const [left] = kernel.createChannel();
    const foreign = { objectType: 5, isClosed: false, close() {}, [Symbol.dispose]() {} } as Handle;
    expect(() => left.write(message(1), [foreign])).toThrow(InvariantError);
    expect(isVmo(foreign)).toBe(false);
  });

  test("loads nothing of the real kernel, nor does importing that load the foreign function interface", () => {
    // This file imports both and opens only the fake.
    expect(createLinuxKernel).toBeTypeOf("function");
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes("koffi"));
    expect(loaded).toEqual([]);
    for (const file of ["channel", "events", "fake-kernel", "index", "machine", "memory", "scheduler"]) {
      const text = readFileSync(new URL(`../../src/kernel/fake/${file}.ts`, import.meta.url), "utf8");
      expect(text).not.toMatch(/from "(koffi|.*ffi\/.*|node:.*)"/);
    }
  });
});

describe("the stepped scheduler", () => {
  /** The order in which packets on several channels arrive under a seed. */
  async function orderOf(seed: number): Promise<string> {
    const scheduler = createSteppedScheduler(seededRandom(seed));
    const kernel = createFakeKernel({ scheduler });
    const order: string[] = [];
    for (const name of ["a", "b", "c"]) {
      const [left, right] = kernel.createChannel();
      right.start({
        onMessage: (bytes) => order.push(`${name}${numberOf(bytes)}`),
        onClosed: () => order.push(`${name}.`),
      });
      for (let number = 0; number < 3; number += 1) left.write(message(number), []);
      left.close();
    }
    expect(order).toEqual([]);
    await scheduler.run();
    expect(scheduler.pendingCount).toBe(0);
    return order.join(" ");
  }

  test("gives one order for one seed, and others for others", async () => {
    const orders = await Promise.all([1, 2, 3, 4, 5].map(orderOf));
    expect(await Promise.all([1, 2, 3, 4, 5].map(orderOf))).toEqual(orders);
    expect(new Set(orders).size).toBeGreaterThan(1);
    for (const order of orders) {
      for (const name of ["a", "b", "c"]) {
        const own = order.split(" ").filter((entry) => entry.startsWith(name));
        expect(own).toEqual([`${name}0`, `${name}1`, `${name}2`, `${name}.`]);
      }
    }
  });

  test("runs at most as many tasks as it is told", async () => {
    const scheduler = createSteppedScheduler(() => 0);
    const again = () => scheduler.schedule(again, again);
    again();
    expect(await scheduler.run(5)).toBe(5);
    expect(scheduler.pendingCount).toBe(1);
    expect(scheduler.step()).toBe(true);
  });
});
