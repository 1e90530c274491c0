/** Errors say which participant and which field made it impossible. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { AllocationError, type Collection, Sysmem } from "#client";
import { serve } from "#daemon";
import { createLinuxKernel, type Kernel } from "#kernel";
import { createFakeKernel } from "#kernel/fake";
import { test } from "../support/leaks.ts";
import { inWorld, overEachKernel, pair, raw, READ, rejection, WRITE } from "./worlds.ts";

const SMALL = raw(READ, 1n, 4_096n);
const LARGE = raw(WRITE, 8_192n);

/** What any error about SMALL and LARGE must say. */
function expectConflict(error: unknown): void {
  expect(error).toBeInstanceOf(AllocationError);
  const { message, explanation } = error as AllocationError;
  expect(message).toMatch(/^cannot allocate .*camera.*8192/);
  expect(message).toContain("display");
  expect(message).not.toMatch(/\(0, node/);
  // What it may have been is for those who do not know what it was.
  expect(message).not.toContain("or its group took another child");
  expect(explanation?.kind).toBe("negotiation");
  expect(explanation?.requirements.map(({ participant, field }) => `${participant}: ${field}`).sort()).toEqual([
    "camera: buffer_memory_constraints.min_size_bytes",
    "display: buffer_memory_constraints.max_size_bytes",
  ]);
  const values = explanation?.requirements.map(({ value }) => Number(value)).sort((a, b) => a - b);
  expect(values).toEqual([4_096, 8_192]);
  expect(explanation?.relaxations.length).toBeGreaterThan(0);
  expect(explanation?.relaxations[0]).toMatchObject({ isEnough: true, text: expect.any(String) });
}

/** Fails the negotiation of two, and returns what each of them is told. */
async function conflict(sysmem: Sysmem): Promise<unknown[]> {
  const { root, camera, display } = await pair(sysmem);
  root.release();
  display.setConstraints(SMALL);
  const waiting = rejection(display.waitForBuffers());
  await display.sync();
  camera.setConstraints(LARGE);
  // Sent after the failing message: there is nobody left to answer it.
  const late = rejection(camera.waitForBuffers());
  const errors = await Promise.all([waiting, late]);
  camera.release();
  display.release();
  return errors;
}

overEachKernel(
  "an embedded server's explanation reaches who waited and who came too late to wait",
  async ({ sysmem }) => {
    const [waiting, late] = await conflict(sysmem);
    expect(waiting).toMatchObject({ code: "CONSTRAINTS_INTERSECTION_EMPTY", error: 6 });
    expectConflict(waiting);
    expectConflict(late);
  },
);

overEachKernel("who is gone is named to the others", async ({ sysmem }) => {
  const { root, camera, display } = await pair(sysmem);
  await camera.sync();
  display.setConstraints(SMALL);
  const waiting = rejection(display.waitForBuffers());
  await display.sync();
  camera.node.close();
  expect(await waiting).toMatchObject({
    explanation: { kind: "participant", summary: expect.stringMatching(/^camera.* went without Release$/) },
  });
  root.release();
  display.release();
});

test("without explain, and from a server that has forgotten, there is an error all the same", async () => {
  const kernel: Kernel = createFakeKernel();
  const sysmem = await Sysmem.embedded({ kernel, explain: false });
  for (const error of await conflict(sysmem)) {
    expect((error as AllocationError).explanation).toBeUndefined();
    expect((error as AllocationError).message).toMatch(/^cannot allocate .*: .*\([A-Z_]+\)$/);
  }
  await sysmem.shutdown();
  const forgetful = await Sysmem.embedded({ kernel, limits: { rememberedFailures: 0 } });
  for (const error of await conflict(forgetful)) expect((error as AllocationError).explanation).toBeUndefined();
  await forgetful.shutdown();
  kernel.close();
});

test("participants of the same name are told apart", async () => {
  await inWorld(createFakeKernel(), async ({ sysmem }) => {
    const root = sysmem.allocateSharedCollection();
    const other = await root.duplicate();
    const [camera, display] = [sysmem.bind(root), sysmem.bind(other)];
    camera.setDebugClientInfo("twin").setConstraints(LARGE);
    display.setDebugClientInfo("twin").setConstraints(SMALL);
    const error = (await rejection(camera.waitForBuffers())) as AllocationError;
    const names = new Set(error.explanation?.requirements.map(({ participant }) => participant));
    expect(names.size).toBe(2);
    for (const name of names) expect(name).toMatch(/^twin \(node \d+\)$/);
    camera.release();
    display.release();
  });
});

test("too little memory is its own explanation", async () => {
  await inWorld(createLinuxKernel(), async ({ sysmem }) => {
    const greedy = sysmem.allocateNonSharedCollection().setName("greedy");
    greedy.setConstraints({ ...raw(WRITE, 1n << 46n), minBufferCount: 1 });
    const error = (await rejection(greedy.waitForBuffers())) as AllocationError;
    expect(["NO_MEMORY", "CONSTRAINTS_INTERSECTION_EMPTY", "CHANNEL_CLOSED"]).toContain(error.code);
    expect(error.message).toContain('cannot allocate "greedy"');
    greedy.release();
  });
});

test("a wait is given up by its signal, at once where it is aborted already, and can be repeated", async () => {
  for (const kernel of [createLinuxKernel(), createFakeKernel()]) {
    await inWorld(kernel, async ({ sysmem }) => {
      const { root, camera, display } = await pair(sysmem);
      camera.setConstraints(raw(WRITE));
      const controller = new AbortController();
      const given = rejection(camera.waitForBuffers({ signal: controller.signal }));
      await camera.sync();
      controller.abort(new TypeError("no patience"));
      expect(await given).toMatchObject({ code: "CANCELED", cause: { message: "no patience" } });
      expect(await rejection(camera.waitForBuffers({ signal: controller.signal }))).toMatchObject({ code: "CANCELED" });
      root.release();
      display.setConstraints(raw(READ));
      // The answer to the wait that was given up comes with handles of its own, which nobody wants any more.
      const [mine, theirs] = await Promise.all([camera.waitForBuffers(), display.waitForBuffers()]);
      mine.close();
      theirs.close();
      camera.release();
      display.release();
    });
  }
});

overEachKernel("a wait ends when its own participant releases", async ({ sysmem }) => {
  const { root, camera, display } = await pair(sysmem);
  camera.setConstraints(raw(WRITE));
  const waiting = rejection(camera.waitForBuffers());
  await camera.sync();
  camera.release();
  expect(await waiting).toMatchObject({ code: "RELEASED" });
  root.release();
  display.release();
});

/** A daemon in this process, for clients that know only its sockets. */
async function withDaemon(use: (connect: (explain?: boolean) => Sysmem, svc: string) => Promise<void>): Promise<void> {
  const svc = mkdtempSync(join(tmpdir(), "sysmem-explain-"));
  const kernel = createLinuxKernel();
  const daemon = serve({ svc, kernel });
  const connections: Sysmem[] = [];
  try {
    await use((explain) => {
      const connection = Sysmem.connect({ svc, kernel, explain });
      connections.push(connection);
      return connection;
    }, svc);
  } finally {
    for (const connection of connections) connection.close();
    await daemon.server.shutdown();
    await daemon.close();
    kernel.close();
    rmSync(svc, { recursive: true });
  }
}

test("over a socket the same explanation is asked of sysmem.inspect", async () => {
  await withDaemon(async (connect, svc) => {
    const [waiting, late] = await conflict(connect());
    expect(waiting).toMatchObject({ code: "CONSTRAINTS_INTERSECTION_EMPTY" });
    expectConflict(waiting);
    expectConflict(late);
    for (const error of await conflict(connect(false))) expect((error as AllocationError).explanation).toBeUndefined();
    rmSync(join(svc, "sysmem.inspect.Inspector"));
    for (const error of await conflict(connect())) expect((error as AllocationError).explanation).toBeUndefined();
  });
});

test("an inspector that does not answer is waited for no longer than the deadline", async () => {
  const svc = mkdtempSync(join(tmpdir(), "sysmem-explain-"));
  const kernel = createLinuxKernel();
  const sysmem = await Sysmem.embedded({ kernel });
  const held: { close(): void }[] = [];
  const allocator = kernel.listen(join(svc, "fuchsia.sysmem2.Allocator"), {}, (channel) =>
    sysmem.server.serveAllocator(channel),
  );
  const inspector = kernel.listen(join(svc, "sysmem.inspect.Inspector"), {}, (channel) => held.push(channel));
  const client = Sysmem.connect({ svc, kernel });
  for (const error of await conflict(client)) expect((error as AllocationError).explanation).toBeUndefined();
  expect(held.length).toBeGreaterThan(0);
  for (const channel of held) channel.close();
  client.close();
  allocator.close();
  inspector.close();
  await sysmem.shutdown();
  kernel.close();
  rmSync(svc, { recursive: true });
});

overEachKernel("a child that its group did not take is told so, without a culprit", async ({ sysmem }) => {
  const root = sysmem.allocateSharedCollection();
  const group = root.createGroup();
  const taken: Collection = sysmem.bind(await group.createChild());
  const left: Collection = sysmem.bind(await group.createChild());
  group.seal();
  root.release();
  group.release();
  taken.setConstraints(raw(WRITE));
  const waiting = rejection(left.setConstraints(raw(WRITE)).waitForBuffers());
  const buffers = await taken.waitForBuffers();
  const error = (await waiting) as AllocationError;
  expect(error.explanation).toBeUndefined();
  expect(error.message).toMatch(/group took another child|no common solution/);
  buffers.close();
  taken.release();
});
