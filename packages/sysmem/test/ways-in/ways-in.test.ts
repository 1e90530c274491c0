/**
 * Every way to an Allocator channel ends at the same thing: one scenario through all of them. And whoever fails, by
 * whichever way it came, fails only what is its own.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { type Collection, inheritedChannel, Sysmem } from "#client";
import { type Daemon, serve } from "#daemon";
import { Allocator } from "#gen/fuchsia_sysmem2";
import { createLinuxKernel, type LinuxKernel } from "#kernel";
import { eventually } from "../kernel/collect.ts";
import { test } from "../support/leaks.ts";
import { Program, sourceArguments, startClient, startSysmem } from "./programs.ts";
import { expectedReport, runScenario } from "./scenario.ts";

const ALLOCATOR = Allocator.discoverableName as string;

/** A server in this process, and somebody who has nothing to do with the client under test. */
interface House {
  readonly root: string;
  readonly svc: string;
  readonly kernel: LinuxKernel;
  readonly daemon: Daemon;
  readonly bystander: Sysmem;
  readonly untouched: Collection;
}

async function withHouse(use: (house: House) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), "sysmem-ways-"));
  const svc = join(root, "svc");
  const kernel = createLinuxKernel();
  const daemon = serve({ svc, kernel });
  const bystander = Sysmem.connect({ svc, kernel, name: "bystander" });
  const untouched = bystander.allocateNonSharedCollection();
  await untouched.sync();
  try {
    await use({ root, svc, kernel, daemon, bystander, untouched });
    // Whatever happened: this collection has not noticed, and others can still be had.
    await untouched.sync();
    expect(await runScenario(bystander)).toEqual(expectedReport);
  } finally {
    untouched.release();
    bystander.close();
    await daemon.server.shutdown({ waitForBuffers: true });
    await daemon.close();
    kernel.close();
    rmSync(root, { recursive: true });
  }
}

/** A way in: starts a client that uses it, in the mode given. What else it starts ends with `cleanUp`. */
interface Way {
  readonly name: string;
  /** Whose process the server sees behind the Allocator channel. */
  readonly seenAs: "client" | "parent";
  start(house: House, mode: string): Promise<{ readonly client: Program; readonly cleanUp: () => Promise<void> }>;
}

const nothingElse = async (): Promise<void> => {};

/** A broker that stands in front of `upstream`; resolves when it accepts. */
async function startBroker(svc: string, upstream: string): Promise<Program> {
  const broker = startSysmem("broker", "--svc", svc, "--upstream", upstream);
  expect(await broker.said(0)).toMatchObject({ event: "ready", svc });
  return broker;
}

const ways: readonly Way[] = [
  {
    name: "the service directory",
    seenAs: "client",
    start: async ({ svc }, mode) => ({ client: startClient(mode, "directory", svc), cleanUp: nothingElse }),
  },
  {
    name: "DriverConnector",
    seenAs: "client",
    start: async ({ svc }, mode) => ({ client: startClient(mode, "connector", svc), cleanUp: nothingElse }),
  },
  {
    name: "a broker",
    seenAs: "client",
    async start({ root, svc }, mode) {
      const broker = await startBroker(join(root, "brokered"), svc);
      return { client: startClient(mode, "directory", join(root, "brokered")), cleanUp: () => broker.end("SIGTERM") };
    },
  },
  {
    name: "the connector of a broker behind a broker",
    seenAs: "client",
    async start({ root, svc }, mode) {
      const first = await startBroker(join(root, "first"), svc);
      const second = await startBroker(
        join(root, "brokered"),
        join(root, "first", "fuchsia.hardware.sysmem.DriverConnector"),
      );
      const cleanUp = async () => void (await Promise.all([first.end("SIGTERM"), second.end("SIGTERM")]));
      return { client: startClient(mode, "connector", join(root, "brokered")), cleanUp };
    },
  },
  {
    name: "an inherited descriptor",
    seenAs: "parent",
    async start({ svc, kernel }, mode) {
      const channel = kernel.connect(join(svc, ALLOCATOR));
      const child = spawn(process.execPath, [...sourceArguments("fixtures/client.ts"), mode, "inherited"], {
        stdio: ["ignore", "pipe", "inherit", kernel.descriptorOf(channel)],
        env: { ...process.env, SYSMEM_ALLOCATOR_FD: "3" },
      });
      channel.close();
      return { client: new Program(child), cleanUp: nothingElse };
    },
  },
  {
    name: "a worker thread",
    seenAs: "client",
    start: async ({ svc }, mode) => ({ client: startClient(mode, "worker", svc), cleanUp: nothingElse }),
  },
];

describe.each(ways)("by way of $name", ({ start, seenAs }) => {
  test("the client gets what every client gets", () =>
    withHouse(async (house) => {
      const { client, cleanUp } = await start(house, "scenario");
      expect(await client.said(0)).toEqual(expectedReport);
      expect(await client.ended()).toBe(0);
      await cleanUp();
      const own = () => house.daemon.server.snapshot().collections.length === 1;
      await eventually(own);
    }));

  test("a client that misbehaves and dies costs nobody else anything, and the server knows whose process it was", () =>
    withHouse(async (house) => {
      const { client, cleanUp } = await start(house, "fail");
      expect(await client.said(0)).toMatchObject({ misbehaved: client.pid });
      const { server } = house.daemon;
      const fault = server.context.domainFailures.records.find(({ cause }) => cause === "deviation");
      expect(fault).toMatchObject({ pid: seenAs === "client" ? client.pid : process.pid });
      // Its collection is another context: that of a channel of its own, which lives while the client does.
      await house.untouched.sync();
      await client.end("SIGKILL");
      await eventually(() => server.snapshot().collections.length === 1);
      await cleanUp();
    }));
});

describe("by way of a worker thread", () => {
  test("a thread that misbehaves and is terminated leaves its process able to go on", () =>
    withHouse(async ({ svc }) => {
      const client = startClient("fail", "worker", svc);
      expect(await client.said(1)).toEqual({ survivor: expectedReport });
      await client.end();
    }));
});

describe("embedded in the client's own process", () => {
  test("the client gets what every client gets", async () => {
    const client = startClient("scenario", "embedded");
    expect(await client.said(0)).toEqual(expectedReport);
    expect(await client.ended()).toBe(0);
  });

  test("another process that misbehaves and dies costs the host nothing", async () => {
    const kernel = createLinuxKernel();
    const host = await Sysmem.embedded({ kernel });
    const untouched = host.allocateNonSharedCollection();
    await untouched.sync();
    const channel = host.newAllocatorChannel();
    const child = spawn(process.execPath, [...sourceArguments("fixtures/client.ts"), "fail", "inherited"], {
      stdio: ["ignore", "pipe", "inherit", kernel.descriptorOf(channel)],
      env: { ...process.env, SYSMEM_ALLOCATOR_FD: "3" },
    });
    channel.close();
    const client = new Program(child);
    expect(await client.said(0)).toEqual({ misbehaved: client.pid });
    await client.end("SIGKILL");
    await eventually(() => host.server.snapshot().collections.length === 1);
    await untouched.sync();
    expect(await runScenario(host)).toEqual(expectedReport);
    untouched.release();
    await host.shutdown();
    kernel.close();
  });
});

describe("a daemon that systemd activates", () => {
  /** What systemd does: listens, and starts the daemon with the sockets from descriptor 3 on. */
  async function activate(root: string, names: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Program> {
    const kernel = createLinuxKernel();
    mkdirSync(join(root, "made"));
    mkdirSync(join(root, "svc"));
    const listeners = names.map((name) => kernel.listen(join(root, "made", name), {}, (channel) => channel.close()));
    const descriptors = listeners.map((listener) => (listener as unknown as { borrow(): number }).borrow());
    const env = { ...process.env, LISTEN_FDS: String(names.length), ...more };
    const child = spawn(
      "/bin/sh",
      [
        "-c",
        'LISTEN_PID=$$ exec "$0" "$@"',
        process.execPath,
        ...sourceArguments("fixtures/sysmem.ts"),
        "serve",
        "--svc",
        join(root, "svc"),
      ],
      { stdio: ["ignore", "pipe", "ignore", ...descriptors], env },
    );
    // The files go elsewhere first, so that closing the listeners here does not remove them.
    for (const name of names) renameSync(join(root, "made", name), join(root, "svc", name));
    for (const listener of listeners) listener.close();
    kernel.close();
    return new Program(child);
  }

  test("serves the sockets that it was given, by name or by path, and leaves their files", async () => {
    const root = mkdtempSync(join(tmpdir(), "sysmem-activated-"));
    const svc = join(root, "svc");
    const names = [ALLOCATOR, "fuchsia.hardware.sysmem.DriverConnector"];
    const daemon = await activate(root, names, { LISTEN_FDNAMES: `${ALLOCATOR}:sysmem.socket` });
    expect(await daemon.said(0)).toMatchObject({ event: "ready", services: { length: 2 } });
    const failing = startClient("fail", "directory", svc);
    expect(await failing.said(0)).toEqual({ misbehaved: failing.pid });
    const clients = ["directory", "connector"].map((way) => startClient("scenario", way, svc));
    await failing.end("SIGKILL");
    for (const client of clients) {
      expect(await client.said(0)).toEqual(expectedReport);
      expect(await client.ended()).toBe(0);
    }
    await daemon.end("SIGTERM");
    expect(names.map((name) => existsSync(join(svc, name)))).toEqual([true, true]);
    rmSync(root, { recursive: true });
  });
});

test("an inherited channel can be taken once", () => {
  const kernel = createLinuxKernel();
  const env = { SYSMEM_ALLOCATOR_FD: "not a number" };
  expect(() => inheritedChannel("SYSMEM_ALLOCATOR_FD", env)).toThrow(/not a descriptor number/);
  expect(() => inheritedChannel("SYSMEM_ALLOCATOR_FD", env)).toThrow(/is not set/);
  kernel.close();
});
