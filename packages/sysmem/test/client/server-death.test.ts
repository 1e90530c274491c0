/** A server in a process of its own, and what its sudden end means to whoever is talking to it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, expect } from "vitest";
import { AllocationError, ConnectError, Sysmem } from "#client";
import { isSysmemError } from "#base";
import { Allocator } from "#gen/fuchsia_sysmem2";
import { createLinuxKernel, KernelError } from "#kernel";
import { test } from "../support/leaks.ts";
import { pair, raw, READ, rejection, WRITE } from "./worlds.ts";

const ALLOCATOR = Allocator.discoverableName as string;
const FIXTURE = fileURLToPath(new URL("fixtures/sysmem.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "sysmem-death-"));
let svc: string;
let next = 0;

beforeEach(() => {
  svc = join(root, `svc-${next++}`);
  mkdirSync(svc);
});
afterAll(() => rmSync(root, { recursive: true }));

async function startServer(): Promise<ChildProcess> {
  const args = ["--conditions=sysmem:source", "--import", "tsx", FIXTURE, "serve", "--svc", svc];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  if (child.stdout !== null) await once(child.stdout, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exit = once(child, "close");
  child.kill("SIGKILL");
  await exit;
}

test("a server that is killed: waits, calls and messages fail by name, buffers stay, everything closes", async () => {
  const server = await startServer();
  const kernel = createLinuxKernel();
  const sysmem = Sysmem.connect({ svc, kernel, name: "survivor" });
  const { root: token, camera, display } = await pair(sysmem);
  const own = sysmem.allocateNonSharedCollection().setConstraints(raw(READ | WRITE));
  const held = await own.waitForBuffers();
  const group = token.createGroup();
  await token.sync();
  display.setConstraints(raw(READ));
  const attempts = [
    display.waitForBuffers(),
    camera.sync(),
    camera.attachToken(),
    token.duplicate(),
    group.createChild(),
    sysmem.isTokenKnown(token),
  ].map(rejection);
  // The wait has no answer before the server is gone; the others may.
  const settled = Promise.allSettled(attempts);
  await kill(server);
  const [waiting] = await settled;
  expect(waiting).toMatchObject({
    value: { code: "SERVER_GONE", message: expect.stringContaining("the server is gone") },
  });
  await Promise.all([display.closed, camera.closed, own.closed, token.closed, group.closed, sysmem.closed]);
  for (const use of [
    () => camera.setName("late"),
    () => camera.setConstraints(raw(WRITE)),
    () => token.setName("late"),
    () => token.createGroup(),
    () => token.setDispensable(),
    () => sysmem.allocateSharedCollection(),
    () => sysmem.allocateNonSharedCollection(),
    () => sysmem.setDebugClientInfo("late"),
    () => group.seal(),
    () => sysmem.bind(token),
  ]) {
    expect(use).toThrow(/cannot go on with/);
  }
  expect(await rejection(camera.waitForBuffers())).toBeInstanceOf(AllocationError);
  for (const promise of [camera.sync(), camera.attachToken(), sysmem.vmoInfo(held.at(0).vmo as never)]) {
    expect(isSysmemError(await rejection(promise))).toBe(true);
  }
  held.at(0).bytes()[0] = 1;
  expect(held.at(0).bytes()[0]).toBe(1);
  held.close();
  for (const one of [camera, display, own, token, group]) one.release();
  sysmem.close();
  // Its sockets are still there.
  expect(await attempt({ svc, kernel })).toMatchObject({ code: "NO_SERVER", path: join(svc, ALLOCATOR) });
  const again = await startServer();
  const second = Sysmem.connect({ svc, kernel });
  const fresh = second.allocateNonSharedCollection().setConstraints(raw(READ | WRITE));
  (await fresh.waitForBuffers()).close();
  fresh.release();
  second.close();
  await kill(again);
  kernel.close();
});

async function attempt(options: Parameters<typeof Sysmem.connect>[0]): Promise<unknown> {
  return rejection(Promise.resolve().then(() => Sysmem.connect(options)));
}

test("there is no server: nothing there, no socket, a broken path, a server that closes at once", async () => {
  const kernel = createLinuxKernel();
  expect(await attempt({ svc, kernel })).toMatchObject({
    code: "NO_SERVER",
    message: expect.stringContaining("start one with: sysmem serve"),
  });
  writeFileSync(join(svc, ALLOCATOR), "");
  expect(await attempt({ svc, kernel })).toMatchObject({ code: "NO_SERVER" });
  expect(await attempt({ svc: join(svc, ALLOCATOR), kernel })).toBeInstanceOf(ConnectError);
  expect(await attempt({ svc: join(svc, "x".repeat(200)), kernel })).toBeInstanceOf(ConnectError);
  rmSync(join(svc, ALLOCATOR));
  const listener = kernel.listen(join(svc, ALLOCATOR), {}, (channel) => channel.close());
  try {
    const refused = Sysmem.connect({ svc, kernel, name: "refused" });
    await refused.closed;
    refused.close();
  } catch (error) {
    // The kernel may know of the close before the name is sent.
    expect(error).toMatchObject({ code: "NO_SERVER" });
  }
  listener.close();
  kernel.close();
});

test("a socket that this user may not connect to", async () => {
  const kernel = createLinuxKernel();
  const listener = kernel.listen(join(svc, ALLOCATOR), { mode: 0o000 }, (channel) => channel.close());
  // Root may connect to everything: the refusal itself is then the kernel's, told in its place.
  const refusing = {
    ...Object.fromEntries(Object.entries(kernel)),
    connect() {
      throw new KernelError("ACCESS_DENIED", "cannot connect: permission denied", "EACCES");
    },
  };
  const used = process.getuid?.() === 0 ? (refusing as never) : kernel;
  expect(await attempt({ svc, kernel: used })).toMatchObject({
    code: "ACCESS_DENIED",
    message: `cannot connect to ${join(svc, ALLOCATOR)}: this user may not`,
  });
  chmodSync(join(svc, ALLOCATOR), 0o600);
  listener.close();
  kernel.close();
});
